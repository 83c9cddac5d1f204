"""Share windows, back-tested: how often an owner would have been turned away, beside how often it was said."""

from collections.abc import Sequence
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

_GRID = np.array([0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.5, 2.2, 3.3, 5.0, 7.5])


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

    def offers(self, extremal_index: float) -> Offers:
        """What became of the windows at that extremal index."""
        stated, failed, length, lots = [], [], [], set()
        for short, came in zip(self.short, self.came, strict=True):
            for lot in np.flatnonzero(short.min(axis=1) <= MOST_RISK):
                for one in windows(short[lot], most_risk=MOST_RISK, extremal_index=extremal_index):
                    known = came[lot, one.first - 1 : one.last]
                    # A window that nobody counted to its end may have failed unseen; one that failed did.
                    if np.isnan(known).any() and not np.nansum(known):
                        continue
                    stated.append(one.risk)
                    failed.append(bool(np.nansum(known)))
                    length.append(one.last - one.first)
                    lots.add(int(lot))
        step_h = self.past.config.step_min / 60
        return Offers(
            count=len(stated),
            stated=float(np.mean(stated)) if stated else float("nan"),
            failed=float(np.mean(failed)) if failed else float("nan"),
            hours=float(np.mean(length)) * step_h if length else float("nan"),
            lots=len(lots),
        )


def fit_extremal_index(found: Offering, grid: Sequence[float] | Array = _GRID) -> float:
    """The extremal index at which the windows fail as often as is said; 1 where nothing could be offered."""
    off = []
    for index in grid:
        offered = found.offers(float(index))
        off.append(abs(offered.failed - offered.stated) if offered.count else np.inf)
    return float(grid[int(np.argmin(off))]) if np.isfinite(off).any() else 1.0
