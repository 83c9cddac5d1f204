"""Small networks that see the last two days of a lot and of those around it, and forecast all steps at once.

Pinball loss over all quantiles (Koenker and Bassett 1978), the median's heavier; AdamW on one cycle (Loshchilov and
Hutter 2019, Smith 2018).
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from rich.progress import Progress
from torch import Tensor, nn
from torch.nn import functional

from features.covariate_ring import RECENT
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

_FEWEST_STEPS = 75
"""With fewer the weights hardly leave where chance put them, however few rows there are."""

_SMALLEST_COVARIATE, _NO_WEIGHT = 1e-6, 1e30
"""A covariate may be counted in a large unit; divided by the other it is nothing."""


class Network(nn.Module):
    """Everything seen of a lot, in one row, to quantiles of what the base leaves at each step."""

    def __init__(self, config: ParkingConfig, recipe: Recipe) -> None:
        super().__init__()
        self.steps, self.quantiles = config.horizon_steps, len(config.quantiles)
        inside = len(SEEN) + self.steps * len(AHEAD) + 2 * (len(_OTHER) + _HOURS + _KINDS)
        self.covariates = len(config.covariates)
        told = (RECENT + config.ring.horizon_steps, self.covariates)
        inside += told[0] * told[1]
        width = recipe.network_width
        if self.covariates:
            self.register_buffer("covariate_scale", torch.stack([torch.zeros(told), torch.ones(told)]))
        self.register_buffer("seen_scale", torch.stack([torch.zeros(len(SEEN)), torch.ones(len(SEEN))]))
        self.register_buffer("ahead_scale", torch.stack([torch.zeros(len(AHEAD)), torch.ones(len(AHEAD))]))
        self.register_buffer("calendar_scale", torch.stack([torch.zeros(len(_OTHER)), torch.ones(len(_OTHER))]))
        self.first = nn.Linear(inside, width)
        self.blocks = nn.ModuleList([nn.Linear(width, width) for _ in range(recipe.network_blocks)])
        self.last = nn.Linear(width, self.steps * self.quantiles)
        with torch.no_grad():
            self.last.weight *= 0.3

    calendar_scale: Tensor
    seen_scale: Tensor
    ahead_scale: Tensor
    covariate_scale: Tensor

    def forward(self, inputs: Inputs) -> Tensor:
        """(entity, step, quantile), shares of the capacity, to be added to the base; not sorted."""
        seen = _scaled(inputs["seen"], inputs["seen_mask"], self.seen_scale)
        ahead = _scaled(inputs["ahead"], inputs["ahead_mask"], self.ahead_scale).flatten(1)
        ends = [self._calendar(inputs["calendar"][:, at]) for at in (0, -1)]
        told = []
        if self.covariates:
            told = [_scaled(inputs["covariate"], inputs["covariate_mask"], self.covariate_scale).flatten(1)]
        hidden = functional.silu(self.first(torch.cat([seen, ahead, *ends, *told], dim=1)))
        for block in self.blocks:
            hidden = hidden + functional.silu(block(hidden))
        found: Tensor = self.last(hidden).view(-1, self.steps, self.quantiles) * _OUTPUT
        return found

    def _calendar(self, row: Tensor) -> Tensor:
        """(entity, column): hour and type of day as one of many, the rest as it is."""
        hours = torch.arange(_HOURS, device=row.device)
        kinds = torch.arange(_KINDS, device=row.device)
        hour = (row[:, _HOUR].floor().unsqueeze(1) == hours).to(row.dtype)
        kind = (row[:, _KIND].unsqueeze(1) == kinds).to(row.dtype)
        other = ((row[:, _OTHER] - self.calendar_scale[0]) / self.calendar_scale[1]).clamp(-_FURTHEST, _FURTHEST)
        return torch.cat([hour, kind, other], dim=1)


class Networks(nn.Module):
    """Some that differ by chance alone; what they answer is their mean."""

    def __init__(self, each: Sequence[Network]) -> None:
        super().__init__()
        self.each = nn.ModuleList(each)

    def forward(self, inputs: Inputs) -> Tensor:
        """As ``Network``."""
        answers = [network(inputs) for network in self.each]
        return torch.stack(answers).mean(dim=0)


def _scaled(values: Tensor, mask: Tensor, scale: Tensor) -> Tensor:
    """Around zero, and zero where unknown."""
    return torch.where(mask, ((values - scale[0]) / scale[1]).clamp(-_FURTHEST, _FURTHEST), 0.0)


def fit_network(
    parts: Iterable[Drawn],
    count: int,
    base: Base,
    config: ParkingConfig,
    recipe: Recipe,
    seed: int,
    bar: Progress,
    on_step: Callable[[object], None] = lambda _: None,
) -> Networks:
    """Fit on rows that come part by part, as many steps on each.

    Args:
        parts: of the rows, each of all times alike; at least one.
        count: of the parts.
        base: what the networks' answer is added to.
        config: of the features.
        recipe: settings of the fit.
        seed: of the weights and of the order of rows.
        bar: shows steps done and time left.
        on_step: is called after each step; what it raises ends the fit.
    """
    courses: list[_Course] = []
    for drawn in parts:
        if not courses:
            steps = _steps(count * len(drawn), config, recipe) // count * count
            courses = [_Course(drawn, base, config, recipe, steps, seed + at) for at in range(recipe.networks)]
        for step in bar.track(range(courses[0].steps // count), description="fitting the networks"):
            for course in courses:
                course.learn(drawn)
            on_step(step)
        # Before the next is drawn: two at once would be most of the memory.
        del drawn
    return Networks([course.network.eval() for course in courses])


class _Course:
    """One network's cycle of learning."""

    def __init__(self, first: Drawn, base: Base, config: ParkingConfig, recipe: Recipe, steps: int, seed: int) -> None:
        torch.manual_seed(seed)
        self.network, self.base, self.steps = _scaled_to(first, Network(config, recipe)).train(), base, steps
        self.batch, self.chance = recipe.network_batch, np.random.default_rng(seed)
        self.levels = torch.tensor(config.quantiles)
        self.weight = torch.where(self.levels == MEDIAN, _MEDIAN_WEIGHT, 1.0)
        rate = recipe.network_learning_rate
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=rate, weight_decay=1e-2)
        self.cycle = torch.optim.lr_scheduler.OneCycleLR(self.optimizer, rate, total_steps=steps + 1, pct_start=0.1)

    def learn(self, drawn: Drawn) -> None:
        """One step on a batch of some rows."""
        some = torch.from_numpy(self.chance.integers(0, len(drawn), self.batch))
        batch, free = drawn.some(some), drawn.free[some]
        left = (free - self.base(batch)).unsqueeze(2)
        known = ~torch.isnan(left)
        over = torch.nan_to_num(left) - self.network(batch)
        loss = torch.maximum(self.levels * over, (self.levels - 1) * over) * self.weight * known
        self.optimizer.zero_grad(set_to_none=True)
        (10 * loss.sum() / known.sum().clamp(min=1)).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.cycle.step()


def _scaled_to(drawn: Drawn, network: Network) -> Network:
    """The network, its inputs scaled to these rows."""
    network.seen_scale, network.ahead_scale = (_moments(drawn.inputs[name]) for name in ("seen", "ahead"))
    network.calendar_scale = _calendar_scale(drawn.shared["calendar"])
    if "covariate" in drawn.shared:
        network.covariate_scale = _told(drawn.shared["covariate"], drawn.shared["covariate_mask"])
    return network


def _calendar_scale(calendar: Tensor) -> Tensor:
    """(2, column): zero, and how far each column goes; what was always the same is divided away."""
    own = calendar[..., _OTHER].flatten(0, 1)
    least, most = own.amin(0), own.amax(0)
    most_off = torch.maximum(least.abs(), most.abs())
    return torch.stack([torch.zeros_like(most), torch.where(most > least, most_off, _NO_WEIGHT)])


def _told(values: Tensor, mask: Tensor) -> Tensor:
    """(2, recent + 1 + step, name): mean and standard deviation of each covariate.

    Where training never saw one, or always the same, it is divided away: weights of chance would meet the first
    forecast of weather that comes.
    """
    found = _moments(torch.where(mask, values, torch.nan)).unsqueeze(1).repeat(1, values.shape[1], 1)
    low = torch.where(mask, values, torch.inf).amin(0)
    high = torch.where(mask, values, -torch.inf).amax(0)
    found[1] = torch.where(high - low > _SMALLEST_COVARIATE, found[1], _NO_WEIGHT)
    return found


def _steps(rows: int, config: ParkingConfig, recipe: Recipe) -> int:
    """So many steps that each hour is seen ``network_passes`` times, and never more than are worth it."""
    hours = rows / config.steps_per_hour
    return min(recipe.network_steps, max(_FEWEST_STEPS, round(recipe.network_passes * hours / recipe.network_batch)))


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
