"""A small network that sees the last two days of a lot and of those around it, and forecasts all steps at once.

Pinball loss over all quantiles (Koenker and Bassett 1978), the median's heavier; AdamW on one cycle (Loshchilov and
Hutter 2019, Smith 2018).
"""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import torch
from rich.progress import Progress
from torch import Tensor, nn
from torch.nn import functional

from features.parking.config import ParkingConfig
from features.parking.sight import AHEAD, CALENDAR, SEEN
from features.quantiles import MEDIAN
from training.parking.lessons import Drawn
from training.parking.model import Base, Inputs
from training.parking.recipe import Recipe

_HOUR, _KIND = CALENDAR.index("hour"), CALENDAR.index("type of day")
_OTHER = [at for at in range(len(CALENDAR)) if at not in (_HOUR, _KIND)]
_KINDS, _HOURS = 8, 24
_MEDIAN_WEIGHT = 3.0
_OUTPUT = 0.1
"""Share of the capacity that one unit of the last layer stands for: errors are of that size."""
_FURTHEST = 8.0
"""Beyond so far from the mean, in units of the input's scale, lies an outlier, not a lesson."""
_SCALE = 2.0
"""Standard deviations that are one unit of an input: smaller inputs overfit less, by half a per cent a day ahead."""


class Network(nn.Module):
    """Everything seen of a lot, in one row, to quantiles of what the base leaves at each step."""

    def __init__(self, config: ParkingConfig, recipe: Recipe) -> None:
        super().__init__()
        self.steps, self.quantiles = config.horizon_steps, len(config.quantiles)
        inside = len(SEEN) + self.steps * len(AHEAD) + 2 * (len(_OTHER) + _HOURS + _KINDS)
        width = recipe.network_width
        self.register_buffer("seen_scale", torch.stack([torch.zeros(len(SEEN)), torch.ones(len(SEEN))]))
        self.register_buffer("ahead_scale", torch.stack([torch.zeros(len(AHEAD)), torch.ones(len(AHEAD))]))
        self.first = nn.Linear(inside, width)
        self.blocks = nn.ModuleList([nn.Linear(width, width) for _ in range(recipe.network_blocks)])
        self.last = nn.Linear(width, self.steps * self.quantiles)
        with torch.no_grad():
            self.last.weight *= 0.3

    seen_scale: Tensor
    ahead_scale: Tensor

    def forward(self, inputs: Inputs) -> Tensor:
        """(entity, step, quantile), shares of the capacity, to be added to the base; not sorted."""
        seen = _scaled(inputs["seen"], inputs["seen_mask"], self.seen_scale)
        ahead = _scaled(inputs["ahead"], inputs["ahead_mask"], self.ahead_scale).flatten(1)
        ends = [_calendar(inputs["calendar"][:, at]) for at in (0, -1)]
        hidden = functional.silu(self.first(torch.cat([seen, ahead, *ends], dim=1)))
        for block in self.blocks:
            hidden = hidden + functional.silu(block(hidden))
        found: Tensor = self.last(hidden).view(-1, self.steps, self.quantiles) * _OUTPUT
        return found


def _scaled(values: Tensor, mask: Tensor, scale: Tensor) -> Tensor:
    """Around zero, and zero where unknown."""
    return torch.where(mask, ((values - scale[0]) / scale[1]).clamp(-_FURTHEST, _FURTHEST), 0.0)


def _calendar(row: Tensor) -> Tensor:
    """(entity, column): hour and type of day as one of many, the rest as it is."""
    hours = torch.arange(_HOURS, device=row.device)
    kinds = torch.arange(_KINDS, device=row.device)
    hour = (row[:, _HOUR].floor().unsqueeze(1) == hours).to(row.dtype)
    kind = (row[:, _KIND].unsqueeze(1) == kinds).to(row.dtype)
    return torch.cat([hour, kind, row[:, _OTHER] / _FURTHEST], dim=1)


def fit_network(
    parts: Iterable[Drawn],
    count: int,
    base: Base,
    config: ParkingConfig,
    recipe: Recipe,
    seed: int,
    bar: Progress,
    on_step: Callable[[object], None] = lambda _: None,
) -> Network:
    """Fit on rows that come part by part, as many steps on each.

    Args:
        parts: of the rows, each of all times alike; at least one.
        count: of the parts.
        base: what the network's answer is added to.
        config: of the features.
        recipe: settings of the fit.
        seed: of the weights and of the order of rows.
        bar: shows steps done and time left.
        on_step: is called after each step; what it raises ends the fit.
    """
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    network = Network(config, recipe)
    course: _Course | None = None
    for drawn in parts:
        if course is None:
            network.seen_scale, network.ahead_scale = (_moments(drawn.inputs[name]) for name in ("seen", "ahead"))
            course = _Course(network, base, config, recipe, _steps(count * len(drawn), recipe) // count * count)
        for step in bar.track(range(course.steps // count), description="fitting the network"):
            some = torch.from_numpy(chance.integers(0, len(drawn), recipe.network_batch))
            course.learn(drawn.some(some), drawn.free[some])
            on_step(step)
    return network.eval()


class _Course:
    """One cycle of learning."""

    def __init__(self, network: Network, base: Base, config: ParkingConfig, recipe: Recipe, steps: int) -> None:
        self.network, self.base, self.steps = network.train(), base, steps
        self.levels = torch.tensor(config.quantiles)
        self.weight = torch.where(self.levels == MEDIAN, _MEDIAN_WEIGHT, 1.0)
        rate = recipe.network_learning_rate
        self.optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-2)
        self.cycle = torch.optim.lr_scheduler.OneCycleLR(self.optimizer, rate, total_steps=steps + 1, pct_start=0.1)

    def learn(self, batch: Inputs, free: Tensor) -> None:
        """One step on one batch: inputs, and what came, (row, step), NaN where nothing did."""
        left = (free - self.base(batch)).unsqueeze(2)
        known = ~torch.isnan(left)
        over = torch.nan_to_num(left) - self.network(batch)
        loss = torch.maximum(self.levels * over, (self.levels - 1) * over) * self.weight * known
        self.optimizer.zero_grad(set_to_none=True)
        (10 * loss.sum() / known.sum().clamp(min=1)).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.cycle.step()


def _steps(rows: int, recipe: Recipe) -> int:
    """So many steps that each row is seen ``network_passes`` times, and never more than are worth it."""
    return max(20, min(recipe.network_steps, round(recipe.network_passes * rows / recipe.network_batch)))


def _moments(values: Tensor) -> Tensor:
    """(2, column): mean and standard deviation of what is known; 0 and 1 where nothing is, or all is one."""
    flat = values.reshape(-1, values.shape[-1]).numpy()
    some = flat[:: max(1, len(flat) // 200_000)].astype(np.float64)
    known = ~np.isnan(some)
    with np.errstate(invalid="ignore"):
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, some, 0).sum(axis=0) / count
        spread = np.sqrt((np.where(known, some - mean, 0) ** 2).sum(axis=0) / count)
    found: npt.NDArray[np.float32] = np.stack([mean, np.where(spread > 1e-6, _SCALE * spread, 1)]).astype(np.float32)
    return torch.from_numpy(found)
