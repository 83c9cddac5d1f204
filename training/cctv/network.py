"""The detector's network: a picture and its two differences to boxes and scores, from three strides at once."""

import torch
from torch import Tensor, nn

from features.cctv.kinds import KINDS

STRIDES = (4, 8, 16)
"""Of the levels that answer; what is looked at more coarsely only gives them context."""

_CHANNELS = 5
_SCALES = (1 / 255, 1 / 255, 1 / 255, 1 / 64, 1 / 64)
"""Blue, green, red, slow and fast difference: a difference of 64 grey levels is as much as a picture's whole range."""
_RARE = -4.6
"""Bias of the scores: at first nothing is anything, as nearly everywhere is true (Lin et al. 2017, 1708.02002)."""
_LARGEST = 5.0
"""Logarithm of the largest side in strides: no exponential overflows while the network is still wild."""


class Network(nn.Module):
    """What is exported: ``views`` to ``boxes`` and ``scores``; ``raw`` is what the fit sees.

    Args:
        width: channels at stride 2; deeper levels have multiples of it.
    """

    scale: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        w2, w4, w8, w16, w32 = width, 2 * width, 4 * width, 6 * width, 8 * width
        self.register_buffer("scale", torch.tensor(_SCALES).reshape(1, _CHANNELS, 1, 1))
        self.stem = _unit(_CHANNELS, w2, side=3, stride=2)
        self.at4 = nn.Sequential(_unit(w2, w4, side=3, stride=2), Split(w4, w4, 1))
        self.at8 = nn.Sequential(_unit(w4, w8, side=3, stride=2), Split(w8, w8, 3))
        self.at16 = nn.Sequential(_unit(w8, w16, side=3, stride=2), Split(w16, w16, 3))
        self.at32 = nn.Sequential(_unit(w16, w32, side=3, stride=2), Around(w32), Split(w32, w32, 1))
        self.narrow32, self.join16 = _unit(w32, w8), Split(w16 + w8, w8, 1)
        self.narrow16, self.join8 = _unit(w8, w8), Split(w8 + w8, w8, 2)
        self.narrow8, self.join4 = _unit(w8, w4), Fused(w4 + w4, w4)
        self.heads = nn.ModuleList([Head(taken, taken, is_finest=taken == w4) for taken in (w4, w8, w8)])

    def forward(self, views: Tensor) -> tuple[Tensor, Tensor]:
        """Boxes (view, place, 4), left, top, right, bottom in pixels, and scores (view, place, kind), 0 to 1.

        Args:
            views: (view, 5, height, width): blue, green, red, slow and fast difference, 0 to 255.
        """
        boxes, logits = self.raw(views)
        return boxes, logits.sigmoid()

    def raw(self, views: Tensor) -> tuple[Tensor, Tensor]:
        """Boxes as above, and the logarithms of the scores' odds."""
        at4 = self.at4(self.stem(views * self.scale))
        at8 = self.at8(at4)
        at16 = self.at16(at8)
        coarse = self.narrow32(self.at32(at16))
        seen16 = self.join16(torch.cat([_twice(coarse), at16], dim=1))
        seen8 = self.join8(torch.cat([_twice(self.narrow16(seen16)), at8], dim=1))
        seen4 = self.join4(torch.cat([_twice(self.narrow8(seen8)), at4], dim=1))
        answers = [
            _boxes(head(level), stride)
            for head, level, stride in zip(self.heads, (seen4, seen8, seen16), STRIDES, strict=True)
        ]
        return torch.cat([boxes for boxes, _ in answers], dim=1), torch.cat([logits for _, logits in answers], dim=1)


class Split(nn.Module):
    """Half of the channels go through residual layers, half past them (Wang et al. 2019, 1911.11929)."""

    def __init__(self, taken: int, given: int, layers: int) -> None:
        super().__init__()
        half = given // 2
        self.through, self.past = _unit(taken, half), _unit(taken, half)
        self.layers = nn.ModuleList(
            [nn.Sequential(_unit(half, half), _unit(half, half, side=3)) for _ in range(layers)]
        )
        self.joined = _unit(2 * half, given)

    def forward(self, x: Tensor) -> Tensor:
        """The same height and width."""
        through = self.through(x)
        for layer in self.layers:
            through = through + layer(through)
        joined: Tensor = self.joined(torch.cat([through, self.past(x)], dim=1))
        return joined


class Around(nn.Module):
    """Each place sees the strongest of a wide neighbourhood, at three widths (He et al. 2015, 1406.4729)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.narrow, self.pool = _unit(channels, half), nn.MaxPool2d(5, stride=1, padding=2)
        self.joined = _unit(4 * half, channels)

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        near = self.narrow(x)
        wide = self.pool(near)
        wider = self.pool(wide)
        joined: Tensor = self.joined(torch.cat([near, wide, wider, self.pool(wider)], dim=1))
        return joined


class Fused(nn.Module):
    """A cheap joint for the finest level, where a full layer would cost as much as the rest together."""

    def __init__(self, taken: int, given: int) -> None:
        super().__init__()
        self.narrow, self.near = _unit(taken, given), _unit(given, given, side=3, groups=given)

    def forward(self, x: Tensor) -> Tensor:
        """The same height and width."""
        narrow = self.narrow(x)
        joined: Tensor = narrow + self.near(narrow)
        return joined


class Head(nn.Module):
    """From a level to its box and its kinds."""

    def __init__(self, taken: int, inner: int, *, is_finest: bool) -> None:
        super().__init__()
        self.shared = _separable(taken, inner) if is_finest else _unit(taken, inner, side=3)
        self.kinds, self.sides = _separable(inner, inner), _separable(inner, inner)
        self.logits, self.box = nn.Conv2d(inner, len(KINDS), 1), nn.Conv2d(inner, 4, 1)
        nn.init.constant_(self.logits.bias, _RARE)  # type: ignore[arg-type]

    def forward(self, level: Tensor) -> tuple[Tensor, Tensor]:
        """Middle and logarithms of the sides (view, 4, row, column), logits of kinds (view, kind, row, column)."""
        shared = self.shared(level)
        return self.box(self.sides(shared)), self.logits(self.kinds(shared))


def places(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Where the answers of a picture sit: middles (place, 2) in pixels, and strides (place,)."""
    middles, strides = [], []
    for stride in STRIDES:
        middles.append((_grid(height // stride, width // stride) + 0.5) * stride)
        strides.append(torch.full((len(middles[-1]),), float(stride)))
    return torch.cat(middles), torch.cat(strides)


def _grid(rows: int, columns: int) -> Tensor:
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    return torch.stack([x, y], dim=-1).reshape(-1, 2).float()


def _boxes(answer: tuple[Tensor, Tensor], stride: int) -> tuple[Tensor, Tensor]:
    sides, logits = answer
    # Counted in the graph, so that it takes pictures of any size.
    down = torch.ones_like(sides[:, :1, :, :]).cumsum(dim=2) - 0.5
    right = torch.ones_like(sides[:, :1, :, :]).cumsum(dim=3) - 0.5
    middle = (torch.cat([right, down], dim=1) + sides[:, :2]) * stride
    half = sides[:, 2:].clamp(max=_LARGEST).exp() * (stride / 2)
    boxes = torch.cat([middle - half, middle + half], dim=1)
    return boxes.flatten(2).transpose(1, 2), logits.flatten(2).transpose(1, 2)


def _twice(x: Tensor) -> Tensor:
    return nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")


def _unit(taken: int, given: int, *, side: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(taken, given, side, stride=stride, padding=side // 2, groups=groups, bias=False),
        nn.BatchNorm2d(given, momentum=0.03),
        nn.ReLU(inplace=True),
    )


def _separable(taken: int, given: int) -> nn.Sequential:
    return nn.Sequential(_unit(taken, taken, side=3, groups=taken), _unit(taken, given))
