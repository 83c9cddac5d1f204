"""What kind of day it is: weekday, public holiday, the eve of one and the morrow of one."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import holidays
import numpy as np
import numpy.typing as npt

from features.clock import wall_clock, zone
from features.errors import UnknownName

FURTHEST_DAYS = 8
"""Beyond so many days a holiday is as good as none."""

HOLIDAY = 7
DAY_TYPES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")
# Working days resemble each other, and a public holiday runs like a Sunday.
DAY_CLASSES = np.array([0, 0, 0, 0, 0, 1, 2, 2])
CALENDAR_FLAGS = ("holiday", "eve", "morrow")

_FIRST_DAY = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """The kind of each instant's local day.

    Attributes:
        day_type: (time,), index into ``DAY_TYPES``.
        minute: (time,), minutes since local midnight.
        flags: (time, 3), float32, 1 where the day is a holiday on a working weekday, the eve or the morrow of one.
    """

    day_type: npt.NDArray[np.int64]
    minute: npt.NDArray[np.int64]
    flags: npt.NDArray[np.float32]


def days(times: npt.NDArray[np.datetime64], *, country: str, timezone: str) -> Days:
    """The calendar of UTC instants, on the wall clock of ``timezone``.

    Args:
        times: (time,), datetime64, UTC.
        country: a country of the ``holidays`` library, e.g. ``KR``.
        timezone: IANA name.

    Raises:
        UnknownName: a country that the library does not know.

    >>> chuseok = np.array(["2022-09-10T00:00"], dtype="datetime64[s]")
    >>> DAY_TYPES[days(chuseok, country="KR", timezone="Asia/Seoul").day_type[0]]
    'holiday'
    """
    day, minute = wall_clock(times, zone(timezone).key)
    distinct, inverse = np.unique(day, return_inverse=True)
    kinds = np.array([_kind(int(d), country) for d in distinct], dtype=np.int64).reshape(-1, 4)[inverse]
    return Days(day_type=kinds[:, 0], minute=minute, flags=kinds[:, 1:].astype(np.float32))


@dataclass(frozen=True, slots=True, kw_only=True)
class AroundHolidays:
    """Where each instant's local day lies among holidays; all (time,), float32.

    Attributes:
        regional: share of the country's regions that have a holiday then, of a day that is none of the whole country.
        regional_next: the same of the day after.
        until_days: days until the next public holiday, at most ``FURTHEST_DAYS``.
        since_days: days since the last one, likewise.
    """

    regional: npt.NDArray[np.float32]
    regional_next: npt.NDArray[np.float32]
    until_days: npt.NDArray[np.float32]
    since_days: npt.NDArray[np.float32]


def around_holidays(times: npt.NDArray[np.datetime64], *, country: str, timezone: str) -> AroundHolidays:
    """Regional holidays of UTC instants, and how near the public ones are, on the wall clock of ``timezone``.

    Args:
        times: (time,), datetime64, UTC.
        country: a country of the ``holidays`` library, e.g. ``DE``.
        timezone: IANA name.

    >>> corpus_christi = np.array(["2024-05-30T10:00"], dtype="datetime64[s]")
    >>> round(float(around_holidays(corpus_christi, country="DE", timezone="Europe/Berlin").regional[0]), 2)
    0.41
    """
    day, _ = wall_clock(times, zone(timezone).key)
    distinct, inverse = np.unique(day, return_inverse=True)
    found = np.array([_around(int(d), country) for d in distinct], dtype=np.float32).reshape(-1, 4)[inverse]
    return AroundHolidays(
        regional=found[:, 0], regional_next=found[:, 1], until_days=found[:, 2], since_days=found[:, 3]
    )


def known_country(code: str) -> str:
    """``code`` itself, where the ``holidays`` library knows that country.

    Raises:
        UnknownName: it does not; the mend offers the nearest.
    """
    countries = holidays.list_supported_countries()
    if code not in countries:
        raise UnknownName.among("country", code, sorted(countries))
    return code


@lru_cache(maxsize=4096)
def _kind(day: int, country: str) -> tuple[int, int, int, int]:
    today = _FIRST_DAY + timedelta(days=day)
    is_holiday, eve, morrow = (_is_holiday(today + timedelta(days=shift), country) for shift in (0, 1, -1))
    free = is_holiday or today.weekday() >= 5
    # A holiday that falls on a weekend changes little; the eve and morrow matter on days that are worked.
    flags = (int(is_holiday and today.weekday() < 5), int(eve and not free), int(morrow and not free))
    return (HOLIDAY if is_holiday else today.weekday(), *flags)


def _is_holiday(day: date, country: str) -> bool:
    return day in _holidays(country, day.year)


@lru_cache(maxsize=64)
def _holidays(country: str, year: int) -> holidays.HolidayBase:
    return holidays.country_holidays(known_country(country), years=year)


@lru_cache(maxsize=4096)
def _around(day: int, country: str) -> tuple[float, float, float, float]:
    today = _FIRST_DAY + timedelta(days=day)

    def away(sign: int) -> int:
        near = (off for off in range(FURTHEST_DAYS) if _is_holiday(today + sign * timedelta(days=off), country))
        return next(near, FURTHEST_DAYS)

    return _regional(today, country), _regional(today + timedelta(days=1), country), away(1), away(-1)


def _regional(day: date, country: str) -> float:
    if _is_holiday(day, country):
        return 0.0
    regions = _regions(country, day.year)
    return sum(day in one for one in regions) / max(len(regions), 1)


@lru_cache(maxsize=64)
def _regions(country: str, year: int) -> tuple[holidays.HolidayBase, ...]:
    names = holidays.list_supported_countries()[known_country(country)]
    return tuple(holidays.country_holidays(country, subdiv=name, years=year) for name in names)
