"""Share windows, back-tested: how often an owner would have been turned away, beside how often it was said."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from features.parking.odds import Array
from features.parking.sharing import windows
from training.parking.replay import Issue, shortfall
from training.parking.sample import Past

MOST_RISK = 0.05
"""That is back-tested."""

SHARES = (0.1, 0.25, 0.5)
"""Of a lot's bays that are offered."""

HOURS = (0, 6, 12, 18)
"""Local hours at which windows are offered."""

_EXTREMAL = (1.0, 0.5, 0.25)
_UNFORESEEN = (0.0, 0.0005, 0.001, 0.0015, 0.002, 0.0025, 0.003, 0.0035, 0.004, 0.005, 0.006, 0.008)
_MOST_TIMES = 60
"""Times and shares of bays by which the risks are fitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What became of windows that were offered.

    Attributes:
        count: windows offered of which it is known how they ended.
        stated: mean risk that was stated.
        failed: share in which fewer bays were free than were lent.
        hours: mean length.
        lots: that had one.
    """

    count: int
    stated: float
    failed: float
    hours: float
    lots: int


@dataclass(slots=True, kw_only=True, eq=False)
class Offering:
    """Remembers, at some hours of the day, what was forecast and came, to offer windows on it afterwards.

    Attributes:
        past: the counts.
        learned: (lot,), whether a lot is judged.
        short: (lot and share of bays, step) of each time: probability of a shortfall.
        came: likewise, whether there was one; NaN where nothing was counted.
    """

    past: Past
    learned: npt.NDArray[np.bool_]
    hour: npt.NDArray[np.int64]
    short: list[Array] = field(default_factory=list)
    came: list[Array] = field(default_factory=list)

    def add(self, issue: Issue) -> None:
        """Take in a forecast, where it is made at one of ``HOURS``."""
        if self.hour[issue.row] not in HOURS:
            return
        capacity = self.past.start.capacity
        for share in SHARES:
            bays = np.maximum(np.floor(share * capacity), 1)
            short = shortfall(issue, self.past, bays)
            came = np.where(np.isnan(issue.came), np.nan, issue.came < bays[:, None])
            self.short.append(short[self.learned])
            self.came.append(came[self.learned])

    def offers(self, extremal_index: float, unforeseen_risk: float) -> Offers:
        """What became of the windows at that extremal index and that risk of what nobody foresees."""
        told = self.told(extremal_index, unforeseen_risk)
        if not len(told):
            return Offers(count=0, stated=float("nan"), failed=float("nan"), hours=float("nan"), lots=0)
        stated, failed, steps = told[:, :3].mean(axis=0)
        return Offers(
            count=len(told),
            stated=float(stated),
            failed=float(failed),
            hours=float(steps) * self.past.config.step_min / 60,
            lots=len(np.unique(told[:, 3])),
        )

    def told(self, extremal_index: float, unforeseen_risk: float, every: int = 1) -> npt.NDArray[np.float64]:
        """(window, 4): the risk that was stated, whether it failed, its steps from end to end, and its lot.

        Args:
            extremal_index: of ``features.parking.sharing``.
            unforeseen_risk: likewise.
            every: only of every so-manieth time and share of bays.
        """
        found = []
        for short, came in zip(self.short[::every], self.came[::every], strict=True):
            for lot in np.flatnonzero(short.min(axis=1) <= MOST_RISK):
                for one in windows(
                    short[lot], most_risk=MOST_RISK, extremal_index=extremal_index, unforeseen_risk=unforeseen_risk
                ):
                    known = came[lot, one.first - 1 : one.last]
                    has_failed = bool(np.nansum(known))
                    # A window that nobody counted to its end may have failed unseen; one that failed did.
                    if has_failed or not np.isnan(known).any():
                        found.append((one.risk, has_failed, one.last - one.first, lot))
        return np.array(found, dtype=np.float64).reshape(-1, 4)


def fit_risk(found: Offering) -> tuple[float, float]:
    """The extremal index and the risk of what nobody foresees at which windows fail as often as is said.

    Both are 1 and 0 where nothing was offered.
    """
    # Neighbouring times tell the same: some of them are enough.
    every = max(1, len(found.short) // _MOST_TIMES)
    best, least = (1.0, 0.0), np.inf
    for extremal_index in _EXTREMAL:
        for unforeseen_risk in _UNFORESEEN:
            told = found.told(extremal_index, unforeseen_risk, every)
            # By halves, the safer and the riskier: one error must not make up for another.
            halves = np.array_split(told[np.argsort(told[:, 0], kind="stable")], 2) if len(told) else []
            off = sum(abs(float(one[:, 1].mean() - one[:, 0].mean())) for one in halves if len(one))
            if len(told) and off < least:
                best, least = (extremal_index, unforeseen_risk), off
    return best
