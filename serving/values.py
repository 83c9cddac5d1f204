"""Times and numbers on their way in and out of messages: a time is aware, and nothing is known earlier than it was."""

from datetime import UTC, datetime, timedelta
from math import isnan
from numbers import Real
from typing import Any

import numpy as np
from google.protobuf.timestamp_pb2 import Timestamp

from features.errors import BadInput


def instant(message: Any, field: str, where: str) -> datetime:
    """The time in ``field`` of a message, aware.

    Raises:
        BadInput: it is absent, or no time of the years 1 to 9999.
    """
    if not message.HasField(field):
        raise BadInput(cause=f"{where}: {field} is absent", mend=f"Set {field}")
    try:
        time: datetime = getattr(message, field).ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise BadInput(cause=f"{where}: {field} is no time", mend="Send seconds since 1970 and nanoseconds") from None
    if not 1970 <= time.year < 9000:
        raise BadInput(cause=f"{where}: {field} is {time.isoformat()}", mend="Send seconds since 1970, UTC")
    return time


def utc_second(time: datetime) -> np.datetime64:
    """A time in UTC, rounded up to whole seconds: nothing is known earlier than it was."""
    whole = time + timedelta(microseconds=-time.microsecond % 1_000_000)
    return np.datetime64(whole.replace(tzinfo=None), "s")


def refuse_naive(what: str, time: datetime | None) -> None:
    """Refuse a time without a zone, which the wire would take for UTC.

    Raises:
        BadInput: naming ``what`` it is.
    """
    if time is not None and not isinstance(time, datetime):
        raise BadInput(cause=f"{what} is '{str(time)[:40]}', not a datetime", mend="Give datetime.fromisoformat(TEXT)")
    if time is not None and time.tzinfo is None:
        raise BadInput(
            cause=f"{what} {time.isoformat()} has no zone",
            mend='Give it one, e.g. datetime(2022, 1, 1, tzinfo=ZoneInfo("Asia/Seoul"))',
        )


def refuse_no_number(what: str, value: object) -> None:
    """Refuse what is no number, which the wire could not carry.

    Raises:
        BadInput: naming ``what`` it is.
    """
    if not isinstance(value, Real):
        raise BadInput(cause=f"{what} is '{str(value)[:40]}', not a number", mend="Give a float, or leave it out")


class Times:
    """Aware times of timestamps; a reply repeats a few of them for every entity."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], datetime] = {}

    def __getitem__(self, stamp: Timestamp) -> datetime:
        key = stamp.seconds, stamp.nanos
        if key not in self._known:
            self._known[key] = stamp.ToDatetime(UTC)
        return self._known[key]


def plain(value: Any) -> Any:
    """A document of JSON: times in ISO 8601, null where a number cannot be said."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and isnan(value):
        return None
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, tuple | list) else value


def percent(share: float) -> str:
    """A probability for people, which is never rounded to certainty.

    >>> percent(0.124), percent(0.9996), percent(0.0)
    ('12 %', '>99 %', '<1 %')
    """
    if share < 0.005:
        return "<1 %"
    return ">99 %" if share > 0.995 else f"{100 * share:.0f} %"
