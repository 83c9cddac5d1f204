"""One global model of all lots, in three layers that each forecast what the one before leaves.

The *base* is the profile and what is left by then of the deviation from it; *networks* add quantiles of what that
leaves; *boosted trees* move the median, and say how likely the lot is full. Quantiles are the median and the network's
distances from it, stretched lot by lot by its errors on what training had not seen (conformalised quantile regression,
Romano, Patterson and Candes 2019), and brought into agreement with the probability of being full: each level lies on
its side of the threshold.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from features.covariate_ring import RECENT
from features.parking.config import ParkingConfig
from features.parking.sight import SEEN

Inputs = dict[str, Tensor]

MISSING = -9.0
"""What stands in a row of trees where nothing is known: no share, hour or day comes near."""

_UNKNOWN = -1e6
"""The same of a covariate, whose unit may be any."""

NARROWEST = 0.002
"""Share of the capacity: no quantile but the median is thought nearer, or a closed lot would be forecast to the bay."""

MOST_FREE = 1.1
"""Share of the capacity that a forecast may reach: what counts as a reading."""

_SEEN_BY_TREES = (
    *(name for name in SEEN if "deviation" not in name or name.startswith("mean")),
    "deviation 0 h ago",
    *(f"deviation of the city {hours} h ago" for hours in (0, 1, 2, 4, 8, 16, 23)),
    *(f"deviation of its like {hours} h ago" for hours in (0, 1, 2, 4, 8)),
    "deviation of all 0 h ago",
)
_TREE_COLUMNS = [SEEN.index(name) for name in _SEEN_BY_TREES]
_NOW, _FREE = SEEN.index("deviation 0 h ago"), SEEN.index("free now")
_BEFORE = [SEEN.index(f"deviation {hours} h ago") for hours in (1, 2, 3, 4, 5, 6, 8, 10, 12, 18, 24, 36)]


def groups(config: ParkingConfig) -> list[range]:
    """Steps, counted from 0, that share their trees: the nearer, the fewer.

    >>> groups(ParkingConfig())
    [range(0, 1), range(1, 3), range(3, 6), range(6, 12), range(12, 24)]
    """
    hour = config.steps_per_hour
    edges = [edge for edge in dict.fromkeys((0, 1, hour, 3 * hour, 6 * hour, 12 * hour)) if edge < config.horizon_steps]
    return [range(first, last) for first, last in pairwise([*edges, config.horizon_steps])]


class Base(nn.Module):
    """The profile, and what is left by then of the deviation from it."""

    def __init__(self, config: ParkingConfig) -> None:
        super().__init__()
        self.register_buffer("rho", torch.zeros(config.horizon_steps))

    rho: Tensor

    def forward(self, inputs: Inputs) -> Tensor:
        """(entity, step), share of the capacity."""
        reach = torch.where(inputs["now_mask"], inputs["now_deviation"], 0.0).unsqueeze(1) * self.rho
        return torch.where(inputs["profile_mask"], inputs["profile"], 0.0) + reach


def tree_rows(inputs: Inputs, base: Tensor, quantiles: Tensor, steps: range) -> Tensor:
    """What trees split on, (entity * step, column), entities outermost.

    Args:
        inputs: of the model.
        base: (entity, step).
        quantiles: (entity, step, quantile), of the network, base and all, rising.
        steps: of the group, counted from 0.
    """
    at = slice(steps.start, steps.stop)
    seen, mask = inputs["seen"], inputs["seen_mask"]
    whole = torch.where(mask, seen, MISSING)[:, _TREE_COLUMNS]
    # Trees split on one column at a time: how a deviation came about must stand in one.
    since = torch.where(
        mask[:, _BEFORE] & mask[:, _NOW : _NOW + 1], seen[:, _NOW : _NOW + 1] - seen[:, _BEFORE], MISSING
    )
    shared = torch.cat([whole, since], dim=1)
    middle = quantiles[:, at, quantiles.shape[2] // 2]
    free, known = seen[:, _FREE : _FREE + 1], mask[:, _FREE : _FREE + 1]
    moves = [torch.where(known, each - free, MISSING) for each in (base[:, at], middle)]
    ahead = torch.where(inputs["ahead_mask"][:, at], inputs["ahead"][:, at], MISSING)
    wide = quantiles[:, at, -1] - quantiles[:, at, 0]
    columns = torch.stack([base[:, at], *moves, wide], dim=2)
    each = [ahead, inputs["calendar"][:, at], columns, quantiles[:, at]]
    if "covariate" in inputs:
        newest, at_target = _covariates(inputs, steps)
        shared, each = torch.cat([shared, newest], dim=1), [*each, at_target]
    rows = torch.cat([shared.unsqueeze(1).expand(-1, len(steps), -1), *each], dim=2)
    return rows.flatten(0, 1).clamp(-1e6, 1e6)


def _covariates(inputs: Inputs, steps: range) -> tuple[Tensor, Tensor]:
    """The newest of each covariate that is known, (entity, name), and that of each target, (entity, step, name)."""
    told = torch.where(inputs["covariate_mask"], inputs["covariate"], _UNKNOWN)
    newest = told[:, RECENT - 1]
    # Latest first, then that of the issue time itself, where a forecast or a station tells it already.
    for at in (*range(RECENT - 2, -1, -1), RECENT):
        newest = torch.where(inputs["covariate_mask"][:, at], told[:, at], newest)
    ahead = RECENT + 1
    return newest, told[:, ahead + steps.start : ahead + steps.stop]


class Odds(nn.Module):
    """From network and trees to quantiles in spaces and the probability of being full."""

    def __init__(self, config: ParkingConfig) -> None:
        super().__init__()
        self.full_share, self.median = config.full_share, len(config.quantiles) // 2
        self.register_buffer("levels", torch.tensor(config.quantiles))

    levels: Tensor

    def forward(
        self, quantiles: Tensor, moved: Tensor, odds: Tensor, width: Tensor, capacity: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Free spaces (entity, step, quantile) and full (entity, step, 1).

        Args:
            quantiles: (entity, step, quantile), of the network, base and all, rising.
            moved: (entity, step), by which trees move the median.
            odds: (entity, step), log odds of being full.
            width: (entity, outer quantile, step), by which each distance from the median is stretched, none below 0.
            capacity: (entity,), spaces; NaN where unknown.
        """
        at = self.median
        middle = (quantiles[..., at] + moved).clamp(0.0, MOST_FREE).unsqueeze(2)
        low, high = self.distances(quantiles)
        stretch = width.clamp(min=0.0).transpose(1, 2)
        found = torch.cat([middle - low * stretch[..., :at], middle, middle + high * stretch[..., at:]], dim=2)
        free = rising(found.clamp(0.0, MOST_FREE), at)
        full = torch.sigmoid(odds.clamp(-30.0, 30.0)).unsqueeze(2)
        spaces = capacity.reshape(-1, 1, 1)
        # Of a lot whose capacity nobody knows no share can be told: added and taken away again it is unknown.
        return agreed(free, full, self.levels, self.full_share) * spaces, full + (spaces - spaces)

    def distances(self, quantiles: Tensor) -> tuple[Tensor, Tensor]:
        """How far the network's quantiles lie below and above its median, (entity, step, quantile of that side)."""
        middle = quantiles[..., self.median : self.median + 1]
        low, high = middle - quantiles[..., : self.median], quantiles[..., self.median + 1 :] - middle
        return low.clamp(min=NARROWEST), high.clamp(min=NARROWEST)


def agreed(free: Tensor, full: Tensor, levels: Tensor, full_share: float) -> Tensor:
    """As ``features.parking.odds.agreed``, of shares: levels up to ``full`` lie at most at the threshold."""
    return torch.where(levels <= full, free.clamp(max=full_share), free.clamp(min=full_share))


def rising(quantiles: Tensor, median: int) -> Tensor:
    """The same, each no less than the one before it; the median stays."""
    found = [quantiles[..., median]]
    for at in range(median - 1, -1, -1):
        found.insert(0, torch.minimum(quantiles[..., at], found[0]))
    for at in range(median + 1, quantiles.shape[-1]):
        found.append(torch.maximum(quantiles[..., at], found[-1]))
    return torch.stack(found, dim=-1)
