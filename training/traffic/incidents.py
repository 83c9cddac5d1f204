"""Incidents of known truth, put into real measurements: what a detector of abnormal flow is judged by."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from features.series import Panel

_LOSSES = (0.4, 0.9)
_GAINS = (0.5, 1.2)
_LOW_SHARE = 0.75
_PAIR_SHARE = 0.3
_LENGTHS = (2, 8)
# Two incidents of one link lie further apart than a watch remembers.
_APART_STEPS = 48
# At night a few vehicles fewer are nothing that anyone could see, or would act upon.
_BUSY_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A stretch in which some links carry another flow than they would have.

    Attributes:
        links: columns of the panel; two of one site, or one.
        first: row of the first interval.
        last: row after the last.
        factor: what the flow was multiplied by.
    """

    links: tuple[int, ...]
    first: int
    last: int
    factor: float

    @property
    def direction(self) -> str:
        """``low`` or ``high``."""
        return "low" if self.factor < 1 else "high"


def inject(
    panel: Panel, rows: range, count: int, *, seed: int, sites: Sequence[str]
) -> tuple[Panel, tuple[Incident, ...]]:
    """The panel with incidents in ``rows``: flow down by 40-90 % or up by 50-120 %, for two to eight steps.

    Args:
        panel: left untouched.
        rows: where they may lie, whole.
        count: how many are tried; one that would meet another, a gap or a quiet hour is left out.
        seed: of every choice.
        sites: (entity,), links of one site get a pair's incidents together.
    """
    chance = np.random.default_rng(seed)
    values, found = panel.values.copy(), []
    taken = np.zeros(values.shape, dtype=np.bool_)
    usual = np.nanmean(panel.values[: rows.start], axis=0)
    for _ in range(count):
        link, length = int(chance.integers(values.shape[1])), int(chance.integers(_LENGTHS[0], _LENGTHS[1] + 1))
        first = int(chance.integers(rows.start, rows.stop - length))
        low, pair, size = chance.random() < _LOW_SHARE, chance.random() < _PAIR_SHARE, chance.random()
        others = [at for at, site in enumerate(sites) if site == sites[link] and at != link]
        links = (link, *others[:1]) if pair else (link,)
        stretch = np.s_[first : first + length, list(links)]
        clear = np.s_[max(first - _APART_STEPS, 0) : first + length + _APART_STEPS, list(links)]
        busy = panel.values[stretch] >= _BUSY_SHARE * usual[list(links)]
        if taken[clear].any() or not busy.all():
            continue
        loss, gain = (ends[0] + size * (ends[1] - ends[0]) for ends in (_LOSSES, _GAINS))
        factor = round(1 - loss if low else 1 + gain, 3)
        values[stretch] = np.round(values[stretch] * factor)
        taken[stretch] = True
        found.append(Incident(links=links, first=first, last=first + length, factor=factor))
    return replace(panel, values=values), tuple(found)
