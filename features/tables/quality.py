"""What is odd about measurements on a regular clock: gaps, stuck runs, spikes and level shifts.

Every array is (time, entity) as in ``Panel``; nothing here changes a value.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.series import FloatArray

STUCK_READINGS = 6
SPIKE_ROBUST_SD = 10.0
SHIFT_RATIO = 1.4
SHIFT_WEEKS = 2
# The factor that makes a median absolute deviation estimate a normal standard deviation.
_MAD_TO_SD = 1.4826
# With fewer weeks a median at one hour of the week is the reading itself.
_WEEKS_FOR_WEEKLY_SHAPE = 5

BoolArray = npt.NDArray[np.bool_]
IndexArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Runs:
    """Stretches of consecutive rows, ordered by entity, then time; all (run,).

    Attributes:
        entity: the column.
        start: the first row.
        length: how many rows.
    """

    entity: IndexArray
    start: IndexArray
    length: IndexArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A change of level that lasts.

    Attributes:
        entity: the column.
        row: the first row of the first week on the new level.
        ratio: new level over old, e.g. 0.5 where traffic halved.
    """

    entity: int
    row: int
    ratio: float


def gaps(values: FloatArray) -> Runs:
    """Runs without a value, those before the first and after the last measurement included.

    >>> gaps(np.array([[1], [np.nan], [np.nan], [4]], dtype=np.float32)).length.tolist()
    [2]
    """
    return _runs(np.isnan(values))


def stuck_runs(values: FloatArray) -> Runs:
    """Runs of at least ``STUCK_READINGS`` equal readings in a row that are not zero (an empty road is really empty).

    >>> stuck_runs(np.array([[3], [5], [5], [5], [5], [5], [5], [2]], dtype=np.float32)).start.tolist()
    [1]
    """
    repeats = np.zeros(values.shape, dtype=np.bool_)
    repeats[1:] = (values[1:] == values[:-1]) & (values[1:] != 0)
    runs = _runs(repeats)
    long = runs.length + 1 >= STUCK_READINGS
    return Runs(entity=runs.entity[long], start=runs.start[long] - 1, length=runs.length[long] + 1)


def spikes(values: FloatArray, *, steps_per_day: int) -> BoolArray:
    """Single readings that leap away from both neighbours and back.

    What is usual (each entity's median at that time of the week) is taken off; a reading is a spike where it differs
    from the median of itself and its two neighbours by more than ``SPIKE_ROBUST_SD`` robust standard deviations: the
    Hampel identifier (Hampel 1974; Pearson 2002, "Outliers in process modeling and identification") with a window of
    three. Readings beside a missing one are not judged.

    Args:
        values: (time, entity).
        steps_per_day: rows of one day.

    Returns:
        (time, entity), True at a spike.
    """
    rest = values - _usual(values, steps_per_day)
    leap = np.full(values.shape, np.nan, dtype=np.float32)
    before, here, after = rest[:-2], rest[1:-1], rest[2:]
    middle = np.maximum(np.minimum(before, after), np.minimum(np.maximum(before, after), here))
    leap[1:-1] = np.abs(here - middle)
    # Most readings are their own median, so the spread is not taken over leaps but over step-to-step changes, or over
    # what is usual at that time of the week where that is more: a rush hour varies more than a night.
    change = np.abs(np.diff(rest, axis=0))
    spread = np.maximum(nan_median(change), _usual(np.abs(rest), steps_per_day)) * _MAD_TO_SD
    return np.asarray((leap > SPIKE_ROBUST_SD * spread) & (spread > 0))


def level_shifts(values: FloatArray, *, steps_per_day: int) -> list[Shift]:
    """Changes of level by at least ``SHIFT_RATIO`` (or its inverse) that last ``SHIFT_WEEKS`` weeks or longer.

    The level of a week is the median of its readings, each over what is usual at its time; a week of which less than
    half was measured has none, and the weeks around it are compared instead.

    Args:
        values: (time, entity), of which only positive ratios make sense.
        steps_per_day: rows of one day.

    Returns:
        Shifts by entity, then time.
    """
    steps_per_week = 7 * steps_per_day
    weeks = len(values) // steps_per_week
    if weeks < 2 * SHIFT_WEEKS:
        return []
    shape = _usual(values, steps_per_day)
    relative = np.divide(values, shape, out=np.full_like(values, np.nan), where=shape > 0)
    weekly = relative[: weeks * steps_per_week].reshape(weeks, steps_per_week, -1)
    level = nan_median(weekly, axis=1)
    level[np.isnan(weekly).mean(axis=1) > 0.5] = np.nan
    return [
        Shift(entity=entity, row=week * steps_per_week, ratio=ratio)
        for entity in range(values.shape[1])
        for week, ratio in _shifts_of_one(level[:, entity])
    ]


def nan_median(values: FloatArray, axis: int = 0) -> FloatArray:
    """The median along ``axis`` of what was measured, NaN where nothing was; many times faster than numpy's own.

    >>> nan_median(np.array([[1.0], [np.nan], [3.0]], dtype=np.float32)).tolist()
    [2.0]
    """
    ordered = np.sort(values, axis=axis)  # NaN comes last
    count = np.isfinite(ordered).sum(axis=axis, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=axis)
    high = np.take_along_axis(ordered, np.minimum(count // 2, ordered.shape[axis] - 1), axis=axis)
    return np.asarray(((low + high) / 2).squeeze(axis), dtype=np.float32)


def _usual(values: FloatArray, steps_per_day: int) -> FloatArray:
    """(time, entity): the median of each entity's readings at that time of the week, or of the day in a short panel."""
    period = steps_per_day * (7 if len(values) >= _WEEKS_FOR_WEEKLY_SHAPE * 7 * steps_per_day else 1)
    cycles = -(-len(values) // period)
    padded = np.full((cycles * period, values.shape[1]), np.nan, dtype=np.float32)
    padded[: len(values)] = values
    shape = nan_median(padded.reshape(cycles, period, -1))
    return np.tile(shape, (cycles, 1))[: len(values)]


def _runs(flags: BoolArray) -> Runs:
    edges = np.zeros((flags.shape[1], len(flags) + 1), dtype=np.int8)
    edges[:, :-1] = flags.T
    edges[:, 1:] -= flags.T
    entity, start = np.nonzero(edges == 1)
    _, stop = np.nonzero(edges == -1)
    return Runs(entity=entity, start=start, length=stop - start)


def _shifts_of_one(level: FloatArray) -> list[tuple[int, float]]:
    weeks = np.flatnonzero(~np.isnan(level))
    known = level[weeks]
    found = []
    at = SHIFT_WEEKS
    while at + SHIFT_WEEKS <= len(known):
        ratio = _ratio(known, at, at)
        if ratio == 1 and _ratio(known, at + 1, at + 1) == 1:
            # A change in the middle of a week leaves that week in between: it is then passed over.
            ratio = _ratio(known, at, at + 1)
        if ratio != 1:
            found.append((int(weeks[at]), ratio))
        at += 1 if ratio == 1 else SHIFT_WEEKS
    return found


def _ratio(known: FloatArray, at: int, first: int) -> float:
    """How the level changed from the weeks before ``at`` to those from ``first`` on; 1 where it did not, or not enough.

    The weeks that differ least are compared, so that all of them lie on either side of the change.
    """
    old, new = known[at - SHIFT_WEEKS : at], known[first : first + SHIFT_WEEKS]
    if len(new) < SHIFT_WEEKS or old.min() <= 0 or new.min() <= 0:
        return 1.0
    rise, fall = float(new.min() / old.max()), float(new.max() / old.min())
    return rise if rise >= SHIFT_RATIO else fall if fall <= 1 / SHIFT_RATIO else 1.0
