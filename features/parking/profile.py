"""What is usual at each time of the week: for every row means of such rows before it, none less than a day old."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from features.calendar import DAY_CLASSES, Days
from features.clock import wall_clock
from features.parking.config import ParkingConfig
from features.series import FloatArray

IntArray = npt.NDArray[np.int64]

_SATURDAY, _SUNDAY, _HOLIDAY = 5, 6, 7
_FADES = 0.8
"""Weight of a day beside the next newer one of its kind."""
_FADES_FAST = 0.5
_TYPICAL_WEIGHT = 0.3
"""Of what is typical of its city, beside one for the newest day of the lot's own: who has no history starts there."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profiles:
    """What was usual for each row, as far as was known a day before it; all (time, lot), free shares.

    Attributes:
        level: mean of the days of the same day of the week, the newer the heavier, drawn to what is typical; a public
            holiday counts as a Sunday.
        fast: the same, the newest days heavier still.
        even: the same, all days alike.
        near: mean of all days of the same class: working days, Saturdays, Sundays and holidays.
        saturday: of the lot's own Saturdays, whatever day it is; NaN where there was none.
        sunday: of its Sundays and holidays, likewise.
        spread: standard deviation around the first mean; NaN with fewer than two days.
        days: weight of the days behind the level; 0 where there are none.
    """

    level: FloatArray
    fast: FloatArray
    even: FloatArray
    near: FloatArray
    saturday: FloatArray
    sunday: FloatArray
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
    shape = (len(clock.day), values.shape[1])
    whole = {field.name: np.full(shape, np.nan, dtype=np.float32) for field in fields(Profiles)}
    at = _rows_by_day(clock, config)
    for day in range(int(clock.day[first]), int(clock.day[-1]) + 1):
        mine = at[day - int(clock.day[0])]
        chosen = mine[mine >= first]
        if len(chosen):
            for name, found in _of_day(values, clock, typical, config, at, day, chosen).items():
                whole[name][chosen] = found
    # The hour that comes twice where clocks go back is as usual as the first time.
    first_time = np.maximum(at[clock.day - clock.day[0], clock.slot], first)
    for each in whole.values():
        each[first:] = each[first_time[first:]]
    return Profiles(**whole)


def _of_day(
    values: FloatArray,
    clock: Clock,
    typical: FloatArray,
    config: ParkingConfig,
    at: IntArray,
    day: int,
    chosen: IntArray,
) -> dict[str, FloatArray]:
    """What ``Profiles`` holds of the rows of one day."""
    shape = (len(chosen), values.shape[1])
    level, fast, even, near, saturday, sunday = (
        _Mean(shape, fades) for fades in (_FADES, _FADES_FAST, 1.0, _FADES, _FADES, _FADES)
    )
    kind = _week_day(int(clock.kind[chosen[0]]))
    for back in range(1, min(config.profile_days, day - int(clock.day[0])) + 1):
        past = at[day - back - int(clock.day[0])][clock.slot[chosen]]
        some = past[past >= 0]
        if not len(some):
            continue
        other = _week_day(int(clock.kind[some[0]]))
        wanted = [level, fast, even] if other == kind else []
        wanted += [near] if DAY_CLASSES[other] == DAY_CLASSES[kind] else []
        wanted += {_SATURDAY: [saturday], _SUNDAY: [sunday]}.get(other, [])
        if wanted:
            # Whatever lies ahead by up to a day knows what is a day older than itself.
            old = (past >= 0) & (past <= chosen - config.steps_per_day) & (past < len(values))
            found = np.where(old[:, None], values[np.where(old, past, 0)], np.float32(np.nan))
            for mean in wanted:
                mean.add(found)
    usual, nothing = typical[clock.slot[chosen], clock.kind[chosen]], np.full(shape, np.nan, dtype=np.float32)
    means = {"level": level, "fast": fast, "even": even, "near": near}
    return {
        **{name: mean.drawn_to(usual) for name, mean in means.items()},
        "saturday": saturday.drawn_to(nothing),
        "sunday": sunday.drawn_to(nothing),
        "spread": level.spread(),
        "days": level.weight,
    }


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
    """Running weighted moments of the days found, newest first.

    Each add is one elementwise step, so that of many rows comes the same as of one.
    """

    def __init__(self, shape: tuple[int, int], fades: float) -> None:
        self.weight = np.zeros(shape, dtype=np.float32)
        self._fades = np.float32(fades)
        self._next = np.ones(shape, dtype=np.float32)
        self._sum = np.zeros(shape, dtype=np.float32)
        self._squares = np.zeros(shape, dtype=np.float32)

    def add(self, values: FloatArray) -> None:
        known = ~np.isnan(values)
        weight = np.where(known, self._next, np.float32(0))
        value = np.where(known, values, np.float32(0))
        self.weight += weight
        self._sum += weight * value
        self._squares += weight * value * value
        self._next = np.where(known, self._next * self._fades, self._next)

    def drawn_to(self, typical: FloatArray) -> FloatArray:
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
