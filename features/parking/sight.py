"""What a parking model sees, by name: of each lot now, of each of its targets, and of the calendar there."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.calendar import AroundHolidays
from features.parking.analog import analogs
from features.parking.around import of_all, of_city, of_its_like
from features.parking.config import ParkingConfig
from features.parking.profile import Clock, Profiles
from features.parking.state import TRAITS, ParkingState
from features.series import FloatArray

IntArray = npt.NDArray[np.int64]

SILENT_H = 3
"""Hours without a count after which a feed counts as silent."""
_HOLD_H = 12
"""Hours for which the newest count is still seen, with its age, where none came since."""
_OWN_H, _AROUND_H = 48, 24
"""Hours of deviations that are seen: of the lot, and of those around it."""
_EVERYWHERE_H = (0, 4, 8, 12, 16, 20)
_FADE = 0.97
"""Of a deviation from hour to hour, where nothing is counted."""
_CHANGES = 4
"""Newest readings before the last whose change since is seen."""
_MEANS_H = (6, 24, 168)
_SUNDAY_H = 12
"""Hours that tell whether a day runs like a Sunday."""
_SUNDAY_LEAST = 0.003
"""Mean square by which a Sunday must differ for it to be told."""
_DAYS_BACK = (1, 2, 3, 4, 5, 6, 7, 14)
"""Days before a target whose same time is seen: no more than the state keeps deviations of."""
_CHANGE_DAYS_BACK = (1, 2, 3, 7)
"""Days before of which is seen how the deviation went on from the hour of the issue to that of the target."""
_AROUND_DAYS_BACK = (1, 7)

SEEN = (
    "free now",
    "age of it",
    "readings alike",
    *(f"change since {back} readings before" for back in range(1, _CHANGES + 1)),
    *(f"deviation {hours} h ago" for hours in range(_OWN_H)),
    *(f"deviation of the city {hours} h ago" for hours in range(_AROUND_H)),
    *(f"deviation of its like {hours} h ago" for hours in range(_AROUND_H)),
    *(f"deviation of all {hours} h ago" for hours in _EVERYWHERE_H),
    *(f"mean deviation of {hours} h" for hours in _MEANS_H),
    "mean deviation of the city of 24 h",
    "mean deviation of its like of 24 h",
    "like a Sunday",
    "like a Sunday in the city",
    *TRAITS,
    "spaces",
)
"""Of a lot at an issue time; shares of its capacity, but for ages (h), readings (h) and spaces (log 10)."""

AHEAD = (
    "profile",
    "profile minus that of now",
    "fast profile minus profile",
    "even profile minus profile",
    "profile of its class of day minus profile",
    "profile of Saturdays minus profile",
    "profile of Sundays minus profile",
    "the same, as far as the city is like a Sunday",
    "spread of the profile",
    "days behind the profile",
    "typical of the city",
    "change by analogy minus that of the profile",
    "spread of the analogies",
    *(f"deviation {days} d before" for days in _DAYS_BACK),
    *(f"change of deviation {days} d before" for days in _CHANGE_DAYS_BACK),
    *(f"deviation of the city {days} d before" for days in _AROUND_DAYS_BACK),
    *(f"deviation of its like {days} d before" for days in _AROUND_DAYS_BACK),
)
"""Of a lot at a target; shares of its capacity, but for days."""

SEASON = (
    "days since the turn of the year",
    "cosine of year",
    "sine of year",
    "cosine of half year",
    "sine of half year",
)
"""Of ``CALENDAR``: the time of year."""

CALENDAR = (
    "hour",
    "type of day",
    "holiday",
    "eve",
    "morrow",
    "regional holiday",
    "regional holiday next day",
    "days until a holiday",
    "days since a holiday",
    *SEASON,
    "ahead h",
)
"""Of a target; the type of day as ``features.calendar.DAY_TYPES``."""

_YEAR_DAYS = 365.2425


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sight:
    """What was known at some issue times.

    Attributes:
        values: (time, lot), free shares as counted.
        trusted: (time, lot), the same without those of feeds that froze: what others, and what is usual, rest on.
        alike: (time, lot), readings in a row that were the same.
        usual: of the rows, and of those ahead.
        held: (time, lot), what was free minus what was usual; where nothing was counted the last of some hours, faded.
        clock: likewise.
        flags: (time, 3), of ``features.calendar``.
        around: (time,), likewise.
        latest: (issue,), row of the newest reading of each.
    """

    values: FloatArray
    trusted: FloatArray
    alike: FloatArray
    usual: Profiles
    held: FloatArray
    clock: Clock
    flags: FloatArray
    around: AroundHolidays
    latest: IntArray

    def trusted_deviation(self, rows: IntArray) -> FloatArray:
        """What was free minus what was usual, as far as it can be trusted, at rows of any shape: (..., lot)."""
        found: FloatArray = self.trusted[rows] - self.usual.level[rows]
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Now:
    """The newest count of each lot that still stands; all (issue, lot).

    Attributes:
        free: share; NaN where there is none.
        deviation: from what was usual, faded since; NaN likewise, and where nothing is usual.
        age_h: hours since.
        froze: the newest readings are of a feed that stands still.
    """

    free: FloatArray
    deviation: FloatArray
    age_h: FloatArray
    froze: npt.NDArray[np.bool_]


def held_deviation(values: FloatArray, level: FloatArray, config: ParkingConfig) -> FloatArray:
    """(time, lot): what was free minus what was usual; where nothing was counted the last of some hours, faded.

    Args:
        values: (time, lot), free shares.
        level: (time, lot), the profile; NaN where it was not made.
        config: of the features.
    """
    found: FloatArray = values - level[: len(values)]
    own = found.copy()
    # Each row looks back by itself: of many rows the same as of few.
    for back in range(1, _HOLD_H * config.steps_per_hour + 1):
        faded = own[:-back] * np.float32(_FADE ** (back / config.steps_per_hour))
        found[back:] = np.where(np.isnan(found[back:]), faded, found[back:])
    return found


def now_of(sight: Sight, state: ParkingState, config: ParkingConfig) -> Now:
    """The newest count of each lot, held for a few hours."""
    free = np.full((len(sight.latest), len(state.entities)), np.nan, dtype=np.float32)
    age_h = free.copy()
    for back in range(_HOLD_H * config.steps_per_hour + 1):
        found = sight.values[sight.latest - back]
        first = np.isnan(free) & ~np.isnan(found)
        free = np.where(first, found, free)
        age_h = np.where(first, np.float32(back / config.steps_per_hour), age_h)
    froze = ~np.isnan(sight.values[sight.latest]) & np.isnan(sight.trusted[sight.latest])
    return Now(free=free, deviation=sight.held[sight.latest], age_h=age_h, froze=froze)


def seen_of(sight: Sight, now: Now, state: ParkingState, config: ParkingConfig) -> FloatArray:
    """(issue, lot, ``SEEN``)."""
    hour, latest, shape = config.steps_per_hour, sight.latest, now.free.shape
    own = [sight.held[latest - hours * hour] for hours in range(_OWN_H)]
    means = [_mean(sight, hours * hour) for hours in _MEANS_H]
    along, size = _sunday(sight, config)
    # All at once: a city is looked up as often as this is called.
    others = [sight.trusted_deviation(latest - hours * hour) for hours in range(_AROUND_H)]
    *city, city_day, city_along, city_size = of_city(np.stack([*others, means[1], along, size]), state)
    *like, like_day = of_its_like(np.stack([*others, means[1]]), state)
    everywhere = of_all(np.stack([others[hours] for hours in _EVERYWHERE_H]))
    parts = [
        now.free,
        now.age_h,
        sight.alike[latest] / np.float32(hour),
        *(now.free - sight.values[latest - back] for back in range(1, _CHANGES + 1)),
        *own,
        *city,
        *like,
        *everywhere,
        *means,
        city_day,
        like_day,
        _likeness(along, size),
        _likeness(city_along, city_size),
        *(np.broadcast_to(trait, shape) for trait in state.trait),
        np.broadcast_to(np.log10(np.maximum(state.capacity, 1)), shape),
    ]
    return np.stack(parts, axis=-1).astype(np.float32)


def ahead_of(sight: Sight, now: Now, sunday: FloatArray, state: ParkingState, config: ParkingConfig) -> FloatArray:
    """(issue, lot, step, ``AHEAD``); ``sunday``, (issue, lot), is how far the city is like one."""
    targets = sight.latest[:, None] + np.arange(1, config.horizon_steps + 1)
    usual, day = sight.usual, config.steps_per_day
    level = usual.level[targets]
    # Of a lot of which nothing was counted of late it is not known from where it rises.
    counted = ~np.isnan(now.free)[:, None]
    rise = np.where(counted, level - usual.level[sight.latest][:, None], np.float32(np.nan))
    before = {days: _known_deviation(sight, targets - days * day) for days in _DAYS_BACK}
    around = np.stack([before[days] for days in _AROUND_DAYS_BACK])
    change, spread = analogs(sight.values, now.free, sight.clock, sight.latest, config)
    parts = [
        level,
        rise,
        *(each[targets] - level for each in (usual.fast, usual.even, usual.near, usual.saturday, usual.sunday)),
        (usual.sunday[targets] - level) * sunday[:, None],
        usual.spread[targets],
        usual.days[targets],
        state.typical[sight.clock.slot[targets], sight.clock.kind[targets]],
        change - rise,
        spread,
        *before.values(),
        *(before[days] - sight.trusted_deviation(sight.latest - days * day)[:, None] for days in _CHANGE_DAYS_BACK),
        *of_city(around, state),
        *of_its_like(around, state),
    ]
    return np.ascontiguousarray(np.stack(parts, axis=-1).astype(np.float32).transpose(0, 2, 1, 3))


def calendar_of(sight: Sight, config: ParkingConfig) -> FloatArray:
    """(issue, step, ``CALENDAR``)."""
    steps = np.arange(1, config.horizon_steps + 1)
    targets = sight.latest[:, None] + steps
    clock, around = sight.clock, sight.around
    angle = 2 * np.pi * (clock.day[targets] / _YEAR_DAYS)
    parts = [
        clock.slot[targets] * (config.step_min / 60),
        clock.kind[targets],
        *np.moveaxis(sight.flags[targets], -1, 0),
        *(each[targets] for each in (around.regional, around.regional_next, around.until_days, around.since_days)),
        _since_turn_days(clock.day[targets]),
        *(turn(times * angle) for times in (1, 2) for turn in (np.cos, np.sin)),
        np.broadcast_to(steps * (config.step_min / 60), targets.shape),
    ]
    return np.stack(parts, axis=-1).astype(np.float32)


def _since_turn_days(day: IntArray) -> FloatArray:
    """Days since the nearest first of January, below zero before it, of local days since 1970."""
    date = day.astype("datetime64[D]")
    year = date.astype("datetime64[Y]")
    since, until = (abs((date - turn.astype("datetime64[D]")).astype(np.int64)) for turn in (year, year + 1))
    found: FloatArray = np.where(since <= until, since, -until).astype(np.float32)
    return found


def _known_deviation(sight: Sight, rows: IntArray) -> FloatArray:
    """(issue, step, lot): deviations at rows, as far as they were over at each issue time."""
    known = rows <= sight.latest[:, None]
    return np.where(known[..., None], sight.trusted_deviation(np.where(known, rows, 0)), np.float32(np.nan))


def _mean(sight: Sight, steps: int) -> FloatArray:
    """(issue, lot): mean deviation over the newest readings."""
    total = np.zeros((len(sight.latest), sight.values.shape[1]), dtype=np.float32)
    count = np.zeros_like(total)
    # One after the other: of many issue times the same as of one.
    for back in range(steps):
        deviation = sight.trusted_deviation(sight.latest - back)
        known = ~np.isnan(deviation)
        total += np.where(known, deviation, np.float32(0))
        count += known
    return np.where(count > 0, total / np.maximum(count, 1), np.float32(np.nan)).astype(np.float32)


def _sunday(sight: Sight, config: ParkingConfig) -> tuple[FloatArray, FloatArray]:
    """(issue, lot) each: how far the last hours went along the way to a Sunday, and how long that way is."""
    along, size = (np.zeros((len(sight.latest), sight.values.shape[1]), dtype=np.float32) for _ in range(2))
    for hours in range(_SUNDAY_H):
        rows = sight.latest - hours * config.steps_per_hour
        way, gone = sight.usual.sunday[rows] - sight.usual.level[rows], sight.trusted_deviation(rows)
        known = ~np.isnan(way) & ~np.isnan(gone)
        along += np.where(known, way * gone, np.float32(0))
        size += np.where(known, way * way, np.float32(0))
    return along / np.float32(_SUNDAY_H), size / np.float32(_SUNDAY_H)


def _likeness(along: FloatArray, size: FloatArray) -> FloatArray:
    """0 where the day is as usual, 1 where it is like a Sunday."""
    return np.clip(along / (size + np.float32(_SUNDAY_LEAST)), -1, 1.5).astype(np.float32)
