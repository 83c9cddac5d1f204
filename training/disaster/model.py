"""One family of forecasts: where a quantity will be and how far it may be off, from which quantiles and odds are read.

Each *target* (the quantity at a horizon, what is compared with thresholds then, and the worst of it on the way there)
has an expected change, a linear core and boosted trees on its residual, and a scale of its own errors. Quantiles are
those of the standardised errors that the model made on years it had not seen; the probability that a threshold is
reached is a logistic function of how many scales it lies from what is expected and from where the quantity stands,
fitted on the same errors (Platt 1999), so that more of the quantity can only make it likelier.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from features.disaster.config import DisasterConfig
from features.disaster.criteria import Group, groups
from training.disaster.core import Design, Inputs

SLOPES = 4
"""Terms of the logistic function that grow with the quantity: the distance of what is expected, the part above, the
distance of what is now, and whether it is met."""

TERMS = SLOPES + 2
"""And a constant, and the scale."""

FURTHEST = 15.0
"""Scales: what lies further away is as good as certain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Where each kind of target stands among the columns: the quantity first, then value and peak of each group.

    The value of a plain group is the quantity, and is not forecast twice.
    """

    horizons: int
    groups: tuple[Group, ...]

    @property
    def count(self) -> int:
        """Columns in all."""
        return self.horizons * (1 + sum(1 if group.plain else 2 for group in self.groups))

    def value(self, group: int) -> slice:
        """Columns of what a group compares at each horizon."""
        return slice(0, self.horizons) if self.groups[group].plain else self._slice(group, 0)

    def peak(self, group: int) -> slice:
        """Columns of the worst of it up to each horizon."""
        return self._slice(group, 0 if self.groups[group].plain else 1)

    def _slice(self, group: int, further: int) -> slice:
        before = 1 + sum(1 if one.plain else 2 for one in self.groups[:group]) + further
        return slice(self.horizons * before, self.horizons * (before + 1))


def targets_of(config: DisasterConfig) -> Targets:
    """The targets of a hazard."""
    return Targets(horizons=len(config.horizons_steps), groups=groups(config.hazard))


class Core(nn.Module):
    """The linear part: expected change and log of the scale of every target, on the scale that is forecast on."""

    def __init__(self, config: DisasterConfig) -> None:
        super().__init__()
        count = targets_of(config).count
        self.design = Design(config)
        self.log = config.hazard.log
        self.register_buffer("weight", torch.zeros(self.design.width, count))
        self.register_buffer("spread", torch.zeros(self.design.width, count))
        self.register_buffer("narrowest", torch.zeros(count))
        self.register_buffer("widest", torch.ones(count))

    weight: Tensor
    spread: Tensor
    narrowest: Tensor
    widest: Tensor

    def forward(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Change (row, target) and scale (row, target)."""
        columns = self.design(self.design.rows(inputs))
        scale = torch.exp((columns @ self.spread).clamp(-20.0, 20.0))
        return columns @ self.weight, torch.maximum(torch.minimum(scale, self.widest), self.narrowest)


def onto(values: Tensor, *, log: bool) -> Tensor:
    """The scale that is forecast on."""
    return torch.log(values.clamp(min=1.0)) if log else values


class Odds(nn.Module):
    """From change and scale to quantiles and probabilities."""

    def __init__(self, config: DisasterConfig, quantiles: int) -> None:
        super().__init__()
        self.targets, self.log = targets_of(config), config.hazard.log
        self.low, self.high = config.hazard.plausible
        self.register_buffer("errors", torch.zeros(self.targets.horizons, quantiles))
        kinds = 2 * len(self.targets.groups)
        self.register_buffer("terms", torch.zeros(kinds, self.targets.horizons, TERMS))

    errors: Tensor
    terms: Tensor

    def forward(self, now: Tensor, value: Tensor, change: Tensor, scale: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Quantiles (row, horizon, quantile), within and met (row, level, horizon)."""
        base = onto(now, log=self.log).unsqueeze(1)
        first = slice(0, self.targets.horizons)
        middle = base + change[:, first]
        level = middle.unsqueeze(2) + scale[:, first].unsqueeze(2) * self.errors
        level = (torch.exp(level) if self.log else level).clamp(self.low, self.high)
        within, met = [], []
        for number, group in enumerate(self.targets.groups):
            at, on_the_way = self.targets.value(number), self.targets.peak(number)
            for threshold in group.thresholds:
                on = _on(value[:, number], threshold, group)
                there = onto(torch.tensor(threshold), log=self.log)
                arguments = base, there, on, group.rises
                then = torch.sigmoid(logit(self.terms[2 * number], change[:, at], scale[:, at], *arguments))
                ever = logit(self.terms[2 * number + 1], change[:, on_the_way], scale[:, on_the_way], *arguments)
                met.append(then)
                within.append(torch.maximum(torch.sigmoid(ever), then))
        return level, _no_less_later(_no_more_higher(within, self.targets)), _no_more_higher(met, self.targets)


def logit(
    terms: Tensor, change: Tensor, scale: Tensor, base: Tensor, threshold: Tensor, on: Tensor, rises: bool
) -> Tensor:
    """(row, horizon): log odds that the threshold is reached.

    Args:
        terms: (horizon, ``TERMS``).
        change: (row, horizon), expected.
        scale: (row, horizon), of its errors.
        base: (row, 1), where the quantity stands.
        threshold: on the scale that is forecast on.
        on: (row, 1), 1 where it is reached now.
        rises: whether it is reached from below.
    """
    return (arguments(change, scale, base, threshold, on, rises) * terms).sum(-1)


def arguments(change: Tensor, scale: Tensor, base: Tensor, threshold: Tensor, on: Tensor, rises: bool) -> Tensor:
    """(row, horizon, ``TERMS``): what the log odds are linear in."""
    sign = 1.0 if rises else -1.0
    above, now = (
        (sign * each / scale).clamp(-FURTHEST, FURTHEST) for each in (base + change - threshold, base - threshold)
    )
    one = torch.ones_like(above)
    return torch.stack([above, above.clamp(min=0.0), now, on.expand_as(above), one, torch.log(scale)], dim=-1)


def _on(value: Tensor, threshold: float, group: Group) -> Tensor:
    reached = value >= threshold if group.rises else value <= threshold
    return reached.to(value.dtype).unsqueeze(1)


def _no_more_higher(found: list[Tensor], targets: Targets) -> Tensor:
    """(row, level, horizon): of a group's levels a higher one is never likelier than a lower; in the table's order."""
    ordered: dict[int, Tensor] = {}
    place = 0
    for group in targets.groups:
        before: Tensor | None = None
        for level in group.levels:
            one = found[place] if before is None else torch.minimum(found[place], before)
            ordered[level], before, place = one, one, place + 1
    return torch.stack([ordered[level] for level in sorted(ordered)], dim=1)


def _no_less_later(within: Tensor) -> Tensor:
    """A longer time holds a shorter one."""
    found = [within[..., 0]]
    for at in range(1, within.shape[-1]):
        found.append(torch.maximum(found[-1], within[..., at]))
    return torch.stack(found, dim=-1)
