"""What kind of hour a forecast was for: rush hour, night, a holiday, an odd day or an ordinary hour.

Labels for judging only: whether a day is odd is known when the day is over, so nothing here is ever a feature.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.calendar import HOLIDAY, days
from features.clock import utc_times, wall_clock
from features.series import FloatArray, Panel

RUSH, NIGHT, ORDINARY, HOLIDAY_REGIME, ODD = "rush hour", "night", "ordinary", "holiday", "odd day"
PARTS = (RUSH, NIGHT, ORDINARY)
"""Of a day, by its clock."""

DAYS = ("plain", HOLIDAY_REGIME, ODD)
"""Kinds of a day. On a holiday or an odd day every hour is of that regime, whatever the clock says."""

REGIMES = (RUSH, NIGHT, HOLIDAY_REGIME, ODD, ORDINARY)

_RUSH_HOURS, _NIGHT_HOURS = (7, 8, 17, 18), (22, 23, 0, 1, 2, 3, 4)
_FREE = 5  # day types from here on are not worked: Saturday, Sunday, holiday
_COARSEST_MIN = 120
_PAST_DAYS = 4
_ODD_BEYOND = 0.95
_FEWEST_DAYS = 20
_LEAST_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DayKinds:
    """Every local day that a panel touches.

    Attributes:
        first: days since 1970-01-01 of the first, on the wall clock.
        kind: (day,), index into ``DAYS``.
    """

    first: int
    kind: npt.NDArray[np.int8]


def parts(times: npt.NDArray[np.datetime64], step_min: int, *, country: str, timezone: str) -> npt.NDArray[np.int64]:
    """The part of the day in which each interval starts.

    Args:
        times: (time,), starts of intervals, UTC.
        step_min: minutes of an interval; one of over two hours is of no rush hour and no night.
        country: whose holidays are not worked.
        timezone: of the wall clock.

    Returns:
        (time,), index into ``PARTS``: 07-09 and 17-19 of working days are rush hours, 22-05 of any day is night.
    """
    if step_min > _COARSEST_MIN:
        return np.full(len(times), PARTS.index(ORDINARY))
    calendar = days(times, country=country, timezone=timezone)
    hour = calendar.minute // 60
    rush = (calendar.day_type < _FREE) & np.isin(hour, _RUSH_HOURS)
    night = np.isin(hour, _NIGHT_HOURS)
    return np.select([rush, night], [PARTS.index(RUSH), PARTS.index(NIGHT)], PARTS.index(ORDINARY))


def day_kinds(panel: Panel, *, country: str, timezone: str) -> DayKinds:
    """Which of the panel's days are public holidays, and which are odd.

    A day's city-wide profile error is the sum over its intervals of |what all entities measured together less what
    they measured together on average at that time on the last four days of the same weekday|, as a share of that
    average; holidays, and days on which less than half of the city was measured, are neither judged nor learned
    from. A day is odd where the error is beyond what 95 % of the earlier days showed, once twenty have. It needs
    nothing but the panel, so that two models judged on it agree.
    """
    times = utc_times(panel.start, panel.step_min, len(panel))
    local, minute = wall_clock(times, timezone)
    first = int(local[0])
    types = np.zeros(int(local[-1]) - first + 1, dtype=np.int64)
    types[local - first] = days(times, country=country, timezone=timezone).day_type
    shape = (len(types), 1440 // panel.step_min, len(panel.entities))
    values = np.full(shape, np.nan, dtype=np.float32)
    values[local - first, minute // panel.step_min] = panel.values
    error = _city_error(values, types)
    kind = np.where(types == HOLIDAY, DAYS.index(HOLIDAY_REGIME), 0)
    for day in range(len(types)):
        earlier = error[:day][~np.isnan(error[:day])]
        if len(earlier) >= _FEWEST_DAYS and error[day] > np.quantile(earlier, _ODD_BEYOND):
            kind[day] = DAYS.index(ODD)
    return DayKinds(first=first, kind=kind.astype(np.int8))


def _city_error(values: FloatArray, types: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """(day,), share of the expected sum, NaN where there is nothing to expect; of (day, slot, entity) and (day,)."""
    error = np.full(len(values), np.nan)
    for day, kind in enumerate(types):
        alike = np.flatnonzero(types[:day] == kind)[-_PAST_DAYS:]
        if kind == HOLIDAY or not len(alike):
            continue
        past = values[alike]
        count = (~np.isnan(past)).sum(axis=0)
        expected = np.nansum(past, axis=0, dtype=np.float64) / np.maximum(count, 1)
        both = (count > 0) & ~np.isnan(values[day])
        off = np.where(both, values[day] - expected, 0).sum(axis=1)
        whole = np.where(both, expected, 0).sum()
        # Of a few places the noise is larger than of the city.
        if whole > _LEAST_SHARE * expected.sum():
            error[day] = np.abs(off).sum() / whole
    return error
