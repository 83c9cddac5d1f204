"""What a parking model sees, by name: of each lot now, of each of its targets, and of the calendar there."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.parking.config import ParkingConfig
from features.parking.profile import Clock, Profiles
from features.parking.state import TRAITS, ParkingState
from features.series import FloatArray

IntArray = npt.NDArray[np.int64]

_HOLD_H = 3
"""Hours for which the newest count stands, where none came since."""
_LAGS_H = (1, 2, 3, 6, 12, 24)
_MEANS_H = (6, 24, 168)
_AROUND_LAGS_H = (1, 3)
_LEAST_KNOWN = 0.25
"""Share of a city's lots whose counts tell of the city: a caller may send one lot's alone."""
_DAYS_BACK = (1, 2, 7, 14)
"""Days before a target whose same time is seen."""

SEEN = (
    "free now",
    "deviation now",
    "age of it",
    "readings alike",
    "change of the last reading",
    *(f"free {hours} h ago" for hours in _LAGS_H[:3]),
    *(f"deviation {hours} h ago" for hours in _LAGS_H),
    *(f"mean deviation of {hours} h" for hours in _MEANS_H),
    "deviation of the city",
    *(f"deviation of the city {hours} h ago" for hours in _AROUND_LAGS_H),
    "mean deviation of the city of 24 h",
    "deviation of its like",
    *(f"deviation of its like {hours} h ago" for hours in _AROUND_LAGS_H),
    *TRAITS,
    "spaces",
)
"""Of a lot at an issue time; shares of its capacity, but for ages (h), readings (h) and spaces (log 10)."""

AHEAD = (
    "profile",
    "profile minus that of now",
    "profile of its class of day",
    "spread of the profile",
    "days behind the profile",
    "typical of the city",
    *(f"free {days} d before" for days in _DAYS_BACK),
    *(f"deviation {days} d before" for days in _DAYS_BACK[::2]),
    "deviation of the city 1 d before",
)
"""Of a lot at a target; shares of its capacity, but for days."""

CALENDAR = ("hour", "day of the week", "holiday", "eve", "morrow", "cosine of year", "sine of year", "ahead h")
"""Of a target."""

_YEAR_DAYS = 365.2425


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sight:
    """What was known at some issue times.

    Attributes:
        values: (time, lot), free shares.
        still: (time, lot), readings in a row that were the same.
        usual: of the rows, and of those ahead.
        clock: likewise.
        flags: (time, 3), of ``features.calendar``.
        latest: (issue,), row of the newest reading of each.
    """

    values: FloatArray
    still: IntArray
    usual: Profiles
    clock: Clock
    flags: FloatArray
    latest: IntArray

    def deviation(self, rows: IntArray) -> FloatArray:
        """What was free minus what was usual, at rows of any shape: (..., lot)."""
        found: FloatArray = self.values[rows] - self.usual.level[rows]
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Now:
    """The newest count of each lot that still stands; all (issue, lot).

    Attributes:
        free: share; NaN where there is none.
        deviation: from what was usual then; NaN likewise, and where nothing is usual.
        age_h: hours since.
        froze: the newest readings are of a feed that stands still.
    """

    free: FloatArray
    deviation: FloatArray
    age_h: FloatArray
    froze: npt.NDArray[np.bool_]


def now_of(sight: Sight, state: ParkingState, config: ParkingConfig) -> Now:
    """The newest count of each lot, held for a few hours."""
    free = np.full((len(sight.latest), len(state.entities)), np.nan, dtype=np.float32)
    deviation, age_h = free.copy(), free.copy()
    for back in range(_HOLD_H * config.steps_per_hour + 1):
        found = sight.values[sight.latest - back]
        first = np.isnan(free) & ~np.isnan(found)
        free = np.where(first, found, free)
        deviation = np.where(first, sight.deviation(sight.latest - back), deviation)
        age_h = np.where(first, np.float32(back / config.steps_per_hour), age_h)
    return Now(free=free, deviation=deviation, age_h=age_h, froze=sight.still[sight.latest] > config.frozen_steps)


def seen_of(sight: Sight, now: Now, state: ParkingState, config: ParkingConfig) -> FloatArray:
    """(issue, lot, ``SEEN``)."""
    hour, latest = config.steps_per_hour, sight.latest
    lags = [latest - hours * hour for hours in _LAGS_H]
    city = [_of_city(sight.deviation(latest - hours * hour), state) for hours in (0, *_AROUND_LAGS_H)]
    like = [_of_its_like(sight.deviation(latest - hours * hour), state) for hours in (0, *_AROUND_LAGS_H)]
    shape = now.free.shape
    parts = [
        now.free,
        now.deviation,
        now.age_h,
        sight.still[latest] / np.float32(hour),
        sight.values[latest] - sight.values[latest - 1],
        *(sight.values[rows] for rows in lags[:3]),
        *(sight.deviation(rows) for rows in lags),
        *(_mean(sight, hours * hour) for hours in _MEANS_H),
        *city,
        _of_city(_mean(sight, 24 * hour), state),
        *like,
        *(np.broadcast_to(trait, shape) for trait in state.trait),
        np.broadcast_to(np.log10(np.maximum(state.capacity, 1)), shape),
    ]
    return np.stack(parts, axis=-1).astype(np.float32)


def ahead_of(sight: Sight, now: Now, state: ParkingState, config: ParkingConfig) -> FloatArray:
    """(issue, lot, step, ``AHEAD``)."""
    targets = sight.latest[:, None] + np.arange(1, config.horizon_steps + 1)
    usual, day = sight.usual, config.steps_per_day
    level = usual.level[targets]
    before = [_at(sight.values, targets - days * day, sight.latest) for days in _DAYS_BACK]
    off = [before[at] - usual.level[targets - _DAYS_BACK[at] * day] for at in (0, 2)]
    parts = [
        level,
        # From what was usual when the newest count was taken.
        level - (now.free - now.deviation)[:, None],
        usual.near[targets],
        usual.spread[targets],
        usual.days[targets],
        state.typical[sight.clock.slot[targets], sight.clock.kind[targets]],
        *before,
        *off,
        _of_city(off[0], state),
    ]
    return np.ascontiguousarray(np.stack(parts, axis=-1).astype(np.float32).transpose(0, 2, 1, 3))


def calendar_of(sight: Sight, config: ParkingConfig) -> FloatArray:
    """(issue, step, ``CALENDAR``)."""
    steps = np.arange(1, config.horizon_steps + 1)
    targets = sight.latest[:, None] + steps
    clock = sight.clock
    hour = clock.slot[targets] * (config.step_min / 60)
    angle = 2 * np.pi * (clock.day[targets] / _YEAR_DAYS)
    # Thursday was the first day of 1970.
    week_day = (clock.day[targets] + 3) % 7
    ahead = np.broadcast_to(steps * (config.step_min / 60), targets.shape)
    flags = np.moveaxis(sight.flags[targets], -1, 0)
    return np.stack([hour, week_day, *flags, np.cos(angle), np.sin(angle), ahead], axis=-1).astype(np.float32)


def _at(values: FloatArray, rows: IntArray, latest: IntArray) -> FloatArray:
    """(issue, step, lot): what was known of those rows at each issue time."""
    known = rows <= latest[:, None]
    found = values[np.where(known, rows, 0)]
    return np.where(known[..., None], found, np.float32(np.nan))


def _mean(sight: Sight, steps: int) -> FloatArray:
    """(issue, lot): mean deviation over the newest readings."""
    total = np.zeros((len(sight.latest), sight.values.shape[1]), dtype=np.float32)
    count = np.zeros_like(total)
    # One after the other: of many issue times the same as of one.
    for back in range(steps):
        deviation = sight.deviation(sight.latest - back)
        known = ~np.isnan(deviation)
        total += np.where(known, deviation, np.float32(0))
        count += known
    return np.where(count > 0, total / np.maximum(count, 1), np.float32(np.nan)).astype(np.float32)


def _of_city(deviation: FloatArray, state: ParkingState) -> FloatArray:
    """The mean over each lot's city, (..., lot) to (..., lot); NaN where too few of its lots are known."""
    found = np.full(deviation.shape, np.nan, dtype=np.float32)
    for city in np.unique(state.city):
        lots = np.flatnonzero(state.city == city)
        own = np.ascontiguousarray(deviation[..., lots])
        known = ~np.isnan(own)
        count = known.sum(axis=-1)
        enough = (count >= _LEAST_KNOWN * len(lots)) & (count > 0)
        mean = np.where(known, own, np.float32(0)).sum(axis=-1, dtype=np.float64) / np.maximum(count, 1)
        found[..., lots] = np.where(enough, mean, np.nan)[..., None]
    return found


def _of_its_like(deviation: FloatArray, state: ParkingState) -> FloatArray:
    """The mean over the lots that fill most alike, (issue, lot)."""
    total, count = np.zeros(deviation.shape, dtype=np.float32), np.zeros(deviation.shape, dtype=np.float32)
    for columns in state.neighbour:
        there = ~np.isnan(columns)
        one = deviation[..., np.where(there, columns, 0).astype(np.int64)]
        known = there & ~np.isnan(one)
        total += np.where(known, one, np.float32(0))
        count += known
    return np.where(count > 0, total / np.maximum(count, 1), np.float32(np.nan)).astype(np.float32)
