"""One global model of all lots: boosted trees on what persistence of a lot's deviation from its profile leaves.

For each group of horizons three sets of trees: the median's, on the residual of ``profile + rho * deviation now``; the
size of its errors; and the log odds that the lot is full. Quantiles are the median and multiples of that size, fitted
lot by lot on what training had not seen (split conformal prediction, Lei and others 2018, normalised as there), and
brought into agreement with the probability of being full: each level lies on its side of the threshold.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from features.parking.config import ParkingConfig
from features.parking.sight import AHEAD, CALENDAR, SEEN

Inputs = dict[str, Tensor]

MISSING = -9.0
"""What stands in a row where nothing is known: no share, hour or day comes near."""

SMALLEST_SCALE = 0.003
"""Share of the capacity: no error is thought smaller, or a closed lot would be forecast to the bay."""

MOST_FREE = 1.1
"""Share of the capacity that a forecast may reach: what counts as a reading."""

NAMES = (*SEEN, *AHEAD, *CALENDAR, "reach", "level")
"""Columns of a row of trees; ``reach`` is rho times the deviation now, ``level`` the profile and it."""

_FALLS_WITH = (
    "free now",
    "free 1 h ago",
    "free 2 h ago",
    "free 3 h ago",
    "profile",
    "profile of its class of day",
    "free 1 d before",
    "free 2 d before",
    "free 7 d before",
    "free 14 d before",
    "typical of the city",
    "spaces",
    "level",
)


def full_falls_with() -> list[int]:
    """(column,), -1 where more can only make a lot less likely to be full, else 0.

    >>> full_falls_with()[NAMES.index("free now")]
    -1
    """
    return [-1 if name in _FALLS_WITH else 0 for name in NAMES]


def groups(config: ParkingConfig) -> list[range]:
    """Steps, counted from 0, that share their trees: the nearer, the fewer.

    >>> groups(ParkingConfig())
    [range(0, 1), range(1, 3), range(3, 6), range(6, 12), range(12, 24)]
    """
    hour = config.steps_per_hour
    edges = [edge for edge in dict.fromkeys((0, 1, hour, 3 * hour, 6 * hour, 12 * hour)) if edge < config.horizon_steps]
    return [range(first, last) for first, last in pairwise([*edges, config.horizon_steps])]


class Rows(nn.Module):
    """What trees split on, and the base that the median's are added to."""

    def __init__(self, config: ParkingConfig) -> None:
        super().__init__()
        self.register_buffer("rho", torch.zeros(config.horizon_steps))

    rho: Tensor

    def base(self, inputs: Inputs) -> Tensor:
        """(entity, step): the profile, and what is left by then of the deviation from it; share of the capacity."""
        reach = torch.where(inputs["now_mask"], inputs["now_deviation"], 0.0).unsqueeze(1) * self.rho
        return torch.where(inputs["profile_mask"], inputs["profile"], 0.0) + reach

    def forward(self, inputs: Inputs, steps: range) -> Tensor:
        """(entity * step, column), entities outermost."""
        at = slice(steps.start, steps.stop)
        seen = torch.where(inputs["seen_mask"], inputs["seen"], MISSING).unsqueeze(1).expand(-1, len(steps), -1)
        ahead = torch.where(inputs["ahead_mask"][:, at], inputs["ahead"][:, at], MISSING)
        base = self.base(inputs)[:, at]
        reach = torch.where(inputs["now_mask"], inputs["now_deviation"], 0.0).unsqueeze(1) * self.rho[at]
        last = torch.stack([reach, base], dim=2)
        return torch.cat([seen, ahead, inputs["calendar"][:, at], last], dim=2).flatten(0, 1).clamp(-1e6, 1e6)


class Odds(nn.Module):
    """From what the trees say to quantiles in spaces and the probability of being full."""

    def __init__(self, config: ParkingConfig) -> None:
        super().__init__()
        self.full_share, self.below = config.full_share, len(config.quantiles) // 2
        self.register_buffer("levels", torch.tensor(config.quantiles))

    levels: Tensor

    def forward(
        self, base: Tensor, median: Tensor, log_scale: Tensor, odds: Tensor, width: Tensor, capacity: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Free spaces (entity, step, quantile) and full (entity, step, 1).

        Args:
            base: (entity, step), share.
            median: (entity, step), what is added to it.
            log_scale: (entity, step), of the errors.
            odds: (entity, step), log odds of being full.
            width: (entity, outer quantile, step), distances from the median in scales, none below 0.
            capacity: (entity,), spaces; NaN where unknown.
        """
        middle = (base + median).clamp(0.0, MOST_FREE)
        scale = torch.exp(log_scale.clamp(-20.0, 5.0)).clamp(min=SMALLEST_SCALE).unsqueeze(2)
        away = width.clamp(min=0.0).transpose(1, 2) * scale
        low, high = middle.unsqueeze(2) - away[..., : self.below], middle.unsqueeze(2) + away[..., self.below :]
        free = rising(torch.cat([low, middle.unsqueeze(2), high], dim=2).clamp(0.0, MOST_FREE), self.below)
        full = torch.sigmoid(odds.clamp(-30.0, 30.0)).unsqueeze(2)
        return agreed(free, full, self.levels, self.full_share) * capacity.reshape(-1, 1, 1), full


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
