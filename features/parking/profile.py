"""What is usual at each time of the week: for every row the mean of such rows before it, none less than a day old."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.calendar import DAY_CLASSES, Days
from features.clock import wall_clock
from features.parking.config import ParkingConfig
from features.series import FloatArray

IntArray = npt.NDArray[np.int64]

_SUNDAY, _HOLIDAY = 6, 7
_SAME_TYPE_FADES = 0.8
"""Weight of such a day beside the next newer one of the same day of the week."""
_SAME_CLASS_FADES = 0.8
"""Weight of a working day beside the next newer one."""
_TYPICAL_WEIGHT = 0.3
"""Of what is typical of the city's lots, beside one for the newest day of the lot's own: who has no history starts there."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profiles:
    """What was usual for each row, as far as was known a day before it; all (time, lot), free shares.

    Attributes:
        level: mean of the days of the same day of the week, the newer the heavier, drawn to what is typical.
        near: the same of all days of the same class: working days, Saturdays, Sundays and holidays.
        spread: standard deviation around the first mean; NaN with fewer than two days.
        days: weight of the days behind the level; 0 where there are none.
    """

    level: FloatArray
    near: FloatArray
    spread: FloatArray
    days: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clock:
    """Where rows stand on the local clock.

    Attributes:
        day: (time,), local days since 1970.
        slot: (time,), of the local day.
        kind: (time,), index into ``DAY_TYPES``.
    """

    day: IntArray
    slot: IntArray
    kind: IntArray

    @classmethod
    def of(cls, times: npt.NDArray[np.datetime64], known: Days, config: ParkingConfig) -> "Clock":
        """The clock of some instants, (time,) datetime64 UTC, whose days are ``known``."""
        day, minute = wall_clock(times, config.timezone)
        return cls(day=day, slot=minute // config.step_min, kind=known.day_type)


def profiles(values: FloatArray, clock: Clock, typical: FloatArray, config: ParkingConfig, first: int) -> Profiles:
    """What was usual for each row from ``first`` on.

    Args:
        values: (row, lot), what was known; rows of ``clock`` beyond them lie ahead.
        clock: of the rows.
        typical: (slot, day type, lot), of the state.
        config: of the features.
        first: rows before it are given as NaN.
    """
    rows, lots = len(clock.day), values.shape[1]
    shape = (rows, lots)
    level, near, spread, days = (np.full(shape, np.nan, dtype=np.float32) for _ in range(4))
    at = _rows_by_day(clock, config)
    for day in range(int(clock.day[first]), int(clock.day[-1]) + 1):
        mine = at[day - int(clock.day[0])]
        chosen = mine[mine >= first]
        if not len(chosen):
            continue
        own, around = _Mean(len(chosen), lots), _Mean(len(chosen), lots)
        kind = int(clock.kind[chosen[0]])
        for back in range(1, min(config.profile_days, day - int(clock.day[0])) + 1):
            past = at[day - back - int(clock.day[0])][clock.slot[chosen]]
            some = past[past >= 0]
            if not len(some) or DAY_CLASSES[clock.kind[some[0]]] != DAY_CLASSES[kind]:
                continue
            # Whatever lies ahead by up to a day knows what is a day older than itself.
            old = (past >= 0) & (past <= chosen - config.steps_per_day) & (past < len(values))
            found = np.where(old[:, None], values[np.where(old, past, 0)], np.float32(np.nan))
            around.add(found, _SAME_CLASS_FADES)
            if _week_day(int(clock.kind[some[0]])) == _week_day(kind):
                own.add(found, _SAME_TYPE_FADES)
        usual = typical[clock.slot[chosen], clock.kind[chosen]]
        level[chosen], near[chosen] = own.mean(usual), around.mean(usual)
        spread[chosen], days[chosen] = own.spread(), own.weight
    # The hour that comes twice where clocks go back is as usual as the first time.
    first_time = at[clock.day - clock.day[0], clock.slot]
    for each in (level, near, spread, days):
        each[first:] = each[np.maximum(first_time[first:], first)]
    return Profiles(level=level, near=near, spread=spread, days=days)


def _week_day(kind: int) -> int:
    """A public holiday runs like a Sunday."""
    return _SUNDAY if kind == _HOLIDAY else kind


def _rows_by_day(clock: Clock, config: ParkingConfig) -> IntArray:
    """(day, slot): the row of each local time, the first of two where clocks go back; -1 where there is none."""
    found = np.full((int(clock.day[-1] - clock.day[0]) + 1, config.steps_per_day), -1, dtype=np.int64)
    # Backwards, so that the first of two stays.
    found[(clock.day - clock.day[0])[::-1], clock.slot[::-1]] = np.arange(len(clock.day))[::-1]
    return found


class _Mean:
    """Running weighted moments of the days found, newest first; each add is one elementwise step, so that of many
    rows comes the same as of one."""

    def __init__(self, rows: int, lots: int) -> None:
        self.weight = np.zeros((rows, lots), dtype=np.float32)
        self._next = np.ones((rows, lots), dtype=np.float32)
        self._sum = np.zeros((rows, lots), dtype=np.float32)
        self._squares = np.zeros((rows, lots), dtype=np.float32)

    def add(self, values: FloatArray, fades: float) -> None:
        known = ~np.isnan(values)
        weight = np.where(known, self._next, np.float32(0))
        value = np.where(known, values, np.float32(0))
        self.weight += weight
        self._sum += weight * value
        self._squares += weight * value * value
        self._next = np.where(known, self._next * np.float32(fades), self._next)

    def mean(self, typical: FloatArray) -> FloatArray:
        drawn = np.where(np.isnan(typical), np.float32(0), np.float32(_TYPICAL_WEIGHT))
        total = self.weight + drawn
        with np.errstate(invalid="ignore", divide="ignore"):
            found = (self._sum + drawn * np.where(np.isnan(typical), np.float32(0), typical)) / total
        return np.where(total > 0, found, np.float32(np.nan)).astype(np.float32)

    def spread(self) -> FloatArray:
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = self._sum / self.weight
            variance = np.maximum(self._squares / self.weight - mean * mean, 0)
        # One day alone has a weight of one.
        return np.where(self.weight > 1, np.sqrt(variance), np.float32(np.nan)).astype(np.float32)
