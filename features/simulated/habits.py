"""When drivers want to park, and for how long: by who they are, the kind of day and the hour; no chance in it."""

from dataclasses import dataclass
from math import erf, log, sqrt

import numpy as np
import numpy.typing as npt

from features.simulated.lots import LotKind

FloatArray = npt.NDArray[np.float64]

LONGEST_STAY_H = 24
_HOUR = np.arange(24) + 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Habit:
    """One reason to park, or for a resident to drive away.

    Attributes:
        wish: (kind of day, 24) which share of those who drive by want to, 1 = a usual workday's height; kinds of day
            are those of ``demand.day_kind``.
        stay: (25,), share of those who came n hours before an instant that are still there; none of the hour that
            starts with it.
        rain: how many of 1 a downpour keeps away.
    """

    wish: FloatArray
    stay: FloatArray
    rain: float


def _around(hour: float, width_h: float) -> FloatArray:
    return np.asarray(np.exp(-(((_HOUR - hour) / width_h) ** 2)), dtype=np.float64)


def _between(first: float, last: float) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(first - _HOUR)) / (1 + np.exp((_HOUR - last) / 0.8)), dtype=np.float64)


def _stay(median_h: float, sigma: float) -> FloatArray:
    """Of a lognormal stay; who comes in an hour comes at its middle."""
    left = [0.5 + 0.5 * erf(log((back - 0.5) / median_h) / sigma / sqrt(2)) for back in range(1, LONGEST_STAY_H + 1)]
    return np.concatenate([[0.0], 1 - np.array(left)])


def _habit(hours: FloatArray, days: tuple[float, float, float, float], stay: tuple[float, float], rain: float) -> Habit:
    return Habit(wish=np.outer(days, hours), stay=_stay(*stay), rain=rain)


# Of each kind of lot: those who work, and those who shop, eat or run an errand. Days: workday, Saturday, day off,
# feast. Rain fills a roof a little, and empties bays in the open.
HABITS = {
    LotKind.GARAGE: (
        _habit(_around(8.7, 1.2), (1.0, 0.14, 0.06, 0.03), (9.2, 0.22), -0.02),
        _habit(_between(10.5, 19.5), (1.0, 1.25, 1.12, 0.6), (1.9, 0.6), -0.05),
    ),
    LotKind.ON_STREET: (
        _habit(_around(8.7, 1.2), (1.0, 0.2, 0.1, 0.1), (8.0, 0.3), 0.1),
        _habit(_between(8.5, 19.5), (1.0, 1.05, 0.7, 0.4), (0.75, 0.7), 0.4),
    ),
    LotKind.RESIDENT: (
        _habit(_around(7.6, 1.2), (1.0, 0.22, 0.08, 0.05), (10.6, 0.18), 0.0),
        _habit(_between(9.0, 18.5), (1.0, 1.3, 1.2, 1.0), (2.2, 0.7), 0.3),
    ),
}
