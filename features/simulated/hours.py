"""The simulated Seoul's clock: whole hours since 1970-01-01T00Z, read on the wall in Seoul (UTC+9 all year)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from features.clock import EPOCH, zone
from features.errors import BadInput

HOUR = timedelta(hours=1)
KST_OFFSET_H = 9
_FEASTS = ("Korean New Year", "Chuseok")

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LocalHours:
    """What the clocks and calendars in Seoul show during a run of hours; every array is (hour,).

    Attributes:
        day: days since 1970-01-01, local.
        hour: 0..23, local.
        weekday: Monday = 0.
        year_turn: how far the year has turned, in [0, 1).
        holiday: a public holiday.
        feast: Seollal or Chuseok, any of its three days.
        eve: no public holiday itself, but the next day is one: the city leaves in the afternoon.
    """

    day: IntArray
    hour: IntArray
    weekday: IntArray
    year_turn: npt.NDArray[np.float64]
    holiday: npt.NDArray[np.bool_]
    feast: npt.NDArray[np.bool_]
    eve: npt.NDArray[np.bool_]


def read_time(option: str, text: str, timezone: str) -> datetime:
    """An aware instant from what a user typed; a time without a zone is read on the clock of ``timezone``.

    Args:
        option: what it was typed for, e.g. ``--from``.
        text: ISO 8601, a date or a time.
        timezone: IANA name.

    Raises:
        BadInput: no ISO 8601 time, or no such zone.

    >>> read_time("--from", "2024-05-01", "Asia/Seoul").isoformat()
    '2024-05-01T00:00:00+09:00'
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(
            cause=f"{option} '{text}' is not a date or time",
            mend="Write ISO 8601, e.g. 2024-05-01 or 2024-05-01T06:00+09:00",
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=zone(timezone))


def hour_number(time: datetime) -> int:
    """Hours from 1970-01-01T00Z to the hour that contains ``time`` (aware)."""
    return (time - EPOCH) // HOUR


def hour_start(hour: float) -> datetime:
    """The UTC instant that is ``hour`` hours after 1970-01-01T00Z, to the minute."""
    return EPOCH + timedelta(minutes=round(hour * 60))


def local_hours(hours: range) -> LocalHours:
    """Seoul's clock and calendar for a run of hours since 1970-01-01T00Z."""
    day, hour = np.divmod(np.arange(hours.start, hours.stop, dtype=np.int64) + KST_OFFSET_H, 24)
    kinds = np.array([_day_kind(int(each)) for each in range(day[0], day[-1] + 1)])[day - day[0]]
    year_start = day.astype("datetime64[D]").astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    return LocalHours(
        day=day,
        hour=hour,
        weekday=(day + 3) % 7,  # 1970-01-01 was a Thursday
        year_turn=(day - year_start) / 366,
        holiday=kinds[:, 0],
        feast=kinds[:, 1],
        eve=kinds[:, 2],
    )


@lru_cache(maxsize=4096)
def _day_kind(day: int) -> tuple[bool, bool, bool]:
    """Whether a day is a (holiday, feast, eve)."""
    name, following = _holiday_name(day), _holiday_name(day + 1)
    # A day may carry several names: "National Foundation Day; The second day of Chuseok".
    feast = any(part.endswith(_FEASTS) and not part.startswith("Alternative") for part in name.split("; "))
    return bool(name), feast, bool(following) and not name


def _holiday_name(day: int) -> str:
    on = date(1970, 1, 1) + timedelta(days=day)
    return _holidays(on.year).get(on, "")


@lru_cache(maxsize=64)
def _holidays(year: int) -> dict[date, str]:
    import holidays

    return dict(holidays.country_holidays("KR", years=[year], language="en_US"))
