"""What the model is linear in, and what its trees split on; both are made inside the graph from one table's inputs."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from features.disaster.config import DisasterConfig
from features.series import unit_of

Inputs = Mapping[str, Tensor]

UNBOUNDED = 1e9
"""In any unit: no reading lies further away."""

STANDING = ("lag", "highest", "lowest", "mean")
"""Features that rise by as much as all of their readings do."""


class Design(nn.Module):
    """Columns in standard deviations from their mean in training; what is missing is as usual, zero.

    The slopes of the linear core may differ by regime, so that it reaches beyond what it has seen; trees see what
    changed rather than where it stood. Where a hazard's changes are shares of it (``log``), more of it than was ever
    seen changes as the most that was seen: how fast 200 ug/m3 of dust disperse says nothing of 800.

    Attributes:
        mean: (column,), of features and calendar in training.
        scale: (column,), their standard deviations.
        most: the latest reading of the quantity, in its unit here; what is beyond it is taken off its features.
        low: (regime,), where each regime begins to count, in its feature's unit.
        high: (regime,), where it counts in full.
    """

    mean: Tensor
    scale: Tensor
    most: Tensor
    with_it: Tensor
    low: Tensor
    high: Tensor
    minus: Tensor

    def __init__(self, config: DisasterConfig) -> None:
        super().__init__()
        names = [each.name for each in config.features]
        columns, regimes = len(names) + len(config.calendar), config.hazard.regimes
        self.at = [names.index(regime.feature) for regime in regimes]
        self.register_buffer("mean", torch.zeros(columns))
        self.register_buffer("scale", torch.ones(columns))
        self.now = config.own_latest
        self.register_buffer("most", torch.tensor(UNBOUNDED))
        own = config.features[self.now].signal
        standing = [each.signal == own and each.kind in STANDING for each in config.features]
        self.register_buffer("with_it", torch.tensor(standing + [False] * len(config.calendar), dtype=torch.float32))
        self.register_buffer("low", torch.tensor([regime.low for regime in regimes]))
        self.register_buffer("high", torch.tensor([regime.high for regime in regimes]))
        # Whose latest value is subtracted from each feature before trees see it: its own column for none.
        self.register_buffer("minus", torch.tensor(_references(config), dtype=torch.int64))

    @property
    def width(self) -> int:
        """Columns of ``forward``."""
        return (1 + len(self.mean)) * (1 + len(self.at))

    def rows(self, inputs: Inputs) -> Tensor:
        """(row, column): features and calendar."""
        values = torch.cat([inputs["feature"], inputs["calendar"]], dim=1)
        known = torch.cat([inputs["feature_mask"], torch.ones_like(inputs["calendar"], dtype=torch.bool)], dim=1)
        latest = torch.where(known[:, self.now], values[:, self.now], self.most)
        beyond = (latest - self.most).clamp(min=0.0).unsqueeze(1)
        return torch.where(known, (values - beyond * self.with_it - self.mean) / self.scale, 0.0)

    def regimes(self, rows: Tensor) -> Tensor:
        """(row, regime): how far each counts, 0 to 1."""
        there = rows[:, self.at] * self.scale[self.at] + self.mean[self.at]
        return ((there - self.low) / (self.high - self.low)).clamp(0.0, 1.0)

    def forward(self, rows: Tensor) -> Tensor:
        """(row, ``width``): a constant and the columns, once by themselves and once for each regime."""
        first = torch.cat([torch.ones_like(rows[:, :1]), rows], dim=1)
        if not self.at:
            return first
        share = self.regimes(rows)
        return torch.cat([first, *(first * share[:, at : at + 1] for at in range(len(self.at)))], dim=1)

    def tree_rows(self, inputs: Inputs) -> Tensor:
        """(row, column): features less their reference, in the feature's own unit, 0 where either is missing."""
        seen, known = inputs["feature"], inputs["feature_mask"]
        reference, there = seen[:, self.minus], known[:, self.minus]
        own = self.minus == torch.arange(len(self.minus))
        apart = torch.where(own, seen, seen - reference)
        both = known & (there | own)
        apart = torch.where(both, apart, 0.0)
        return torch.cat([apart, inputs["calendar"]], dim=1).clamp(-1e6, 1e6)


def rising_columns(config: DisasterConfig) -> list[bool]:
    """Of each column that trees see, whether more of it may only raise the risk.

    A lag tells where things came from, and the more there was before, the less it is rising now.
    """
    found = []
    for each, minus in zip(config.features, _references(config), strict=True):
        signal = config.hazard.signals[each.signal]
        own = config.features[minus] == each
        found.append(signal.rising and ((each.kind == "lag" and each.steps == 0 and own) or each.kind == "change"))
    return found + [False] * len(config.calendar)


def _references(config: DisasterConfig) -> list[int]:
    """Column of each feature's reference: the latest of its signal, of another gauge the place's own latest."""
    hazard, found = config.hazard, []
    latest = {each.signal: at for at, each in enumerate(config.features) if each.kind == "lag" and each.steps == 0}
    own = config.features[config.own_latest].signal
    for at, each in enumerate(config.features):
        signal = hazard.signals[each.signal]
        alike = unit_of(signal.quantity) == unit_of(hazard.quantity) and signal.power == hazard.signals[own].power
        if latest.get(each.signal) == at:
            elsewhere = each.signal != own and alike and "stage" in signal.quantity
            found.append(latest[own] if elsewhere else at)
        elif each.kind in STANDING and each.signal in latest:
            found.append(latest[each.signal])
        else:
            found.append(at)
    return found
