"""When bays can be lent: windows in which so many stay free that hardly an owner is turned away.

An owner is turned away where, at any time of a window, fewer spaces are free than were lent. Shortfalls come in
clusters: of a window's hours not each is a risk of its own. What they amount to is that of independent hours to the
power of the extremal index (Leadbetter 1983, 'Extremes and local dependence in stationary sequences'), which is fitted
on what training had not seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of steps in which bays can be lent.

    Attributes:
        first: step of its beginning, counted from 1.
        last: step of its end, the last one that must hold.
        risk: probability that an owner is turned away in it.
    """

    first: int
    last: int
    risk: float


def joint_risk(short: Sequence[float] | Array, extremal_index: float) -> float:
    """The probability that it falls short at any of some steps.

    Never less than at the worst of them, never more than if each came by itself.

    Args:
        short: (step,), the probability at each.
        extremal_index: 1 of steps that have nothing to do with each other, near 0 where one decides all.

    >>> round(joint_risk([0.02, 0.02], 1.0), 4), round(joint_risk([0.02, 0.02], 0.5), 4)
    (0.0396, 0.02)
    """
    each = np.asarray(short, dtype=np.float64)
    if not len(each):
        return 0.0
    together = 1 - float(np.prod((1 - each) ** extremal_index))
    return max(together, float(each.max()))


def windows(short: Array, *, most_risk: float, extremal_index: float, least_steps: int = 2) -> list[Window]:
    """The windows in which the risk stays within bounds: the longest first found, none overlapping, in order of time.

    Args:
        short: (step,), probability at each that fewer spaces are free than are lent; NaN where nothing is known, which
            is never safe.
        most_risk: of turning an owner away in a window.
        extremal_index: of the shortfalls.
        least_steps: readings that a window must span, its two ends counted.

    >>> [(one.first, one.last) for one in windows(np.array([0.3, 0.0, 0.01, 0.0, 0.4, 0.0, 0.0]), most_risk=0.05,
    ...                                          extremal_index=0.5)]
    [(2, 4), (6, 7)]
    """
    found: list[Window] = []
    free = [range(len(short))]
    while free:
        span = free.pop()
        best = _longest(short, span, most_risk, extremal_index)
        if best is None or best.last - best.first + 1 < least_steps:
            continue
        found.append(best)
        free += [range(span.start, best.first - 1), range(best.last, span.stop)]
    return sorted(found, key=lambda one: one.first)


def _longest(short: Array, span: range, most_risk: float, extremal_index: float) -> Window | None:
    """The longest window within a span, the least risky of several."""
    best: Window | None = None
    start, together = span.start, 0.0
    logs = np.log1p(-np.minimum(np.nan_to_num(short, nan=1.0), 1 - 1e-12)) * extremal_index
    for stop in range(span.start + 1, span.stop + 1):
        if not short[stop - 1] <= most_risk:
            start, together = stop, 0.0
            continue
        together += logs[stop - 1]
        while 1 - np.exp(together) > most_risk:
            together -= logs[start]
            start += 1
        if best is None or stop - start >= best.last - best.first + 1:
            one = Window(first=start + 1, last=stop, risk=joint_risk(short[start:stop], extremal_index))
            if best is None or (stop - start, -one.risk) > (best.last - best.first + 1, -best.risk):
                best = one
    return best
