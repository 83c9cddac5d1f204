"""Time on the city's clock: zones, steps and the wall clock that people live by."""

from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import numpy.typing as npt

from features.errors import BadInput

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Clocks change at quarters of an hour of UTC, everywhere and always.
_QUARTER_MIN = 15


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name.

    Raises:
        BadInput: no such zone; the mend offers the nearest.
    """
    if name not in available_timezones():
        near = get_close_matches(name, available_timezones(), n=1) or ["Asia/Seoul"]
        raise BadInput(cause=f"There is no time zone '{name}'", mend=f"Use an IANA name such as '{near[0]}'")
    return ZoneInfo(name)


def step_number(time: datetime, step_min: int) -> int:
    """How many whole steps of ``step_min`` minutes lie between 1970 and ``time``.

    >>> step_number(datetime(1970, 1, 1, 5, 59, tzinfo=UTC), 60)
    5
    """
    return (time - EPOCH) // timedelta(minutes=step_min)


def step_on_clock(time: datetime, step_min: int, like: datetime) -> int:
    """The number of the step that starts at ``time``.

    Args:
        time: aware.
        step_min: minutes of one step.
        like: a start of a step; an hour may start at half past, and a day at Seoul's midnight.

    Raises:
        BadInput: a time without a zone, or between two steps.

    >>> half_past_five = datetime(1970, 1, 1, 5, 30, tzinfo=UTC)
    >>> step_on_clock(half_past_five, 60, like=half_past_five + timedelta(hours=7))
    5
    """
    if time.tzinfo is None:
        raise BadInput(cause=f"{time.isoformat()} has no zone", mend="Pass an aware time, e.g. in UTC")
    past = (time - like) % timedelta(minutes=step_min)
    if past:
        raise BadInput(
            cause=f"{time.isoformat()} is not on the {step_min}-minute clock",
            mend=f"Use a whole step, e.g. {(time - past).isoformat()}",
        )
    return step_number(time, step_min)


def clock_offset(time: datetime, step_min: int) -> timedelta:
    """How far into its step, as ``step_number`` counts them, a clock's instants lie, of which ``time`` is one.

    >>> clock_offset(datetime(2022, 1, 1, 15, tzinfo=UTC), 1440)
    datetime.timedelta(seconds=54000)
    """
    return (time - EPOCH) % timedelta(minutes=step_min)


def utc_times(start: datetime, step_min: int, count: int) -> npt.NDArray[np.datetime64]:
    """``count`` instants from ``start``: (count,), datetime64[s], UTC.

    >>> utc_times(datetime(2022, 1, 1, tzinfo=UTC), 60, 2).tolist()[1].isoformat()
    '2022-01-01T01:00:00'
    """
    first = np.datetime64(start.astimezone(UTC).replace(tzinfo=None), "s")
    return first + np.arange(count) * np.timedelta64(step_min * 60, "s")


def wall_clock(times: npt.NDArray[np.datetime64], timezone: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The local day and the local minute of the day of UTC instants.

    Args:
        times: (time,), datetime64, UTC.
        timezone: IANA name.

    Returns:
        Days since 1970-01-01 local, and minutes since local midnight, both (time,).
    """
    minutes = times.astype("datetime64[m]").astype(np.int64)
    quarters, inverse = np.unique(minutes // _QUARTER_MIN, return_inverse=True)
    offsets = np.array([_offset_min(int(quarter), timezone) for quarter in quarters], dtype=np.int64)
    local = minutes + offsets[inverse]
    return local // 1440, local % 1440


@lru_cache(maxsize=1 << 17)
def _offset_min(quarter: int, timezone: str) -> int:
    """Minutes that the wall clock of ``timezone`` is ahead of UTC in that quarter of an hour since 1970."""
    offset = (EPOCH + quarter * timedelta(minutes=_QUARTER_MIN)).astimezone(zone(timezone)).utcoffset()
    return 0 if offset is None else offset // timedelta(minutes=1)
