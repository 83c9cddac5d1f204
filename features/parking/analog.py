"""What came after hours like these: the mean of the past days' courses, each as heavy as its last hours resemble now's.

A kernel regression on the recent course (Nadaraya 1964, Watson 1964), days of another class discounted.
"""

import numpy as np
import numpy.typing as npt

from features.calendar import DAY_CLASSES
from features.parking.config import ParkingConfig
from features.parking.profile import Clock
from features.series import FloatArray

IntArray = npt.NDArray[np.int64]

_DAYS = 35
_HOURS = 8
"""Of the recent course that is compared."""
_HOURS_FADE = 0.8
_DAYS_FADE = 0.97
_KERNEL = 0.07
"""Share of the capacity by which two courses may differ and still be much alike."""
_OTHER_CLASS = 0.15
"""Weight of a working day for a Sunday, and the like."""
_LEAST = 1e-4


def analogs(
    values: FloatArray, now: FloatArray, clock: Clock, latest: IntArray, config: ParkingConfig
) -> tuple[FloatArray, FloatArray]:
    """Expected change from what is free now, and how the past days' changes differ.

    Args:
        values: (time, lot), free shares that were known.
        now: (issue, lot), the newest of them, held.
        clock: of the rows, and of those ahead.
        latest: (issue,), row of the newest reading of each.
        config: of the features.

    Returns:
        (issue, step, lot) each, shares; NaN where no such day is known.
    """
    day, steps = config.steps_per_day, np.arange(1, config.horizon_steps + 1)
    targets = latest[:, None] + steps
    kind = DAY_CLASSES[clock.kind]
    shape = (*targets.shape, values.shape[1])
    weight, total, squares = (np.zeros(shape, dtype=np.float32) for _ in range(3))
    recent = [values[latest - hour * config.steps_per_hour] for hour in range(_HOURS)]
    recent[0] = now
    fade = np.float32(1)
    for back in range(1, _DAYS + 1):
        fade *= np.float32(_DAYS_FADE)
        then = latest - back * day
        alike = _alike(values, recent, then, config) * fade + np.float32(_LEAST)
        same = np.where(kind[targets - back * day] == kind[targets], np.float32(1), np.float32(_OTHER_CLASS))
        change = values[targets - back * day] - values[then][:, None]
        known = ~np.isnan(change)
        each = np.where(known, alike[:, None] * same[..., None], np.float32(0))
        change = np.where(known, change, np.float32(0))
        weight += each
        total += each * change
        squares += each * change * change
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(weight > 0, total / weight, np.float32(np.nan))
        spread = np.sqrt(np.maximum(squares / weight - mean * mean, 0))
    return mean.astype(np.float32), spread.astype(np.float32)


def _alike(values: FloatArray, recent: list[FloatArray], then: IntArray, config: ParkingConfig) -> FloatArray:
    """(issue, lot): 1 where the courses are the same, 0 where they are not, or nothing of them is known."""
    distance, weight = np.zeros(recent[0].shape, dtype=np.float32), np.zeros(recent[0].shape, dtype=np.float32)
    share = np.float32(1)
    for hour, now in enumerate(recent):
        off = values[then - hour * config.steps_per_hour] - now
        known = ~np.isnan(off)
        distance += np.where(known, share * off * off, np.float32(0))
        weight += np.where(known, share, np.float32(0))
        share *= np.float32(_HOURS_FADE)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = distance / weight
    found: FloatArray = np.where(weight > 0, np.exp(-mean / np.float32(2 * _KERNEL**2)), np.float32(0))
    return found
