"""When bays can be lent: windows in which so many stay free that hardly an owner is turned away.

An owner is turned away where, at any time of a window, fewer spaces are free than were lent. Shortfalls come in
clusters: of a window's hours not each is a risk of its own. What they amount to is that of independent hours to the
power of the extremal index (Leadbetter 1983, 'Extremes and local dependence in stationary sequences'), which is fitted
on what training had not seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, log1p, nan

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]

_CERTAIN = 1 - 1e-12


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
        extremal_index: 1 of steps that have nothing to do with each other, near 0 where one decides all; above 1 where
            shortfalls come more often than the tails of the forecast say.

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
    each = [float(one) for one in short]
    # Plain numbers: a window is found in some dozen sums, for which arrays take ten times as long.
    logs = [log1p(-min(one, _CERTAIN)) * extremal_index if one <= most_risk else nan for one in each]
    found: list[Window] = []
    free = [range(len(each))]
    while free:
        span = free.pop()
        best = _longest(logs, span, log1p(-most_risk))
        if best is None or len(best) < least_steps:
            continue
        risk = joint_risk(each[best.start : best.stop], extremal_index)
        found.append(Window(first=best.start + 1, last=best.stop, risk=risk))
        free += [range(span.start, best.start), range(best.stop, span.stop)]
    return sorted(found, key=lambda one: one.first)


def _longest(logs: Sequence[float], span: range, least: float) -> range | None:
    """The longest run within a span whose logarithms sum up to ``least`` or more, the safest of several."""
    best, safest = None, 0.0
    start, together = span.start, 0.0
    for at in span:
        if isnan(logs[at]):
            start, together = at + 1, 0.0
            continue
        together += logs[at]
        while together < least:
            together -= logs[start]
            start += 1
        run = range(start, at + 1)
        if len(run) and (best is None or (len(run), together) > (len(best), safest)):
            best, safest = run, together
    return best
