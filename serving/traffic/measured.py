"""The measurements of one request, checked and laid on the model's clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from features.covariates import Covariates
from features.errors import BadInput, UnknownName
from features.series import Panel
from serving.proto import haechi_v1_pb2 as v1
from serving.values import instant, utc_second

LONGEST = timedelta(days=35)
"""The longest span of one request's measurements: a month of lags and some days of delay."""

# Arrays are float32; NaN compares false with everything.
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True)
class Value:
    """One measurement as it came: start of its interval, entity, value, and when it became known."""

    time: datetime
    entity_id: str
    value: float
    available_at: datetime


def read(messages: Iterable[v1.Measurement], entities: tuple[str, ...], step_min: int, as_of: datetime) -> list[Value]:
    """The measurements of a request, in its order, on the clock that ``as_of`` is on.

    Raises:
        UnknownName: an entity that the model does not know.
        BadInput: a time that is absent or off the clock, a value that is no volume or speed, a measurement twice;
            names the row, counted from 0.
    """
    known, step, seen = set(entities), timedelta(minutes=step_min), set()
    values = []
    for row, message in enumerate(messages):
        where = f"measurements[{row}]"
        time = instant(message, "time", where)
        if message.entity_id not in known:
            raise UnknownName.among("entity", message.entity_id, list(entities))
        if (time - as_of) % step:
            raise BadInput(
                cause=f"{where}: {time.isoformat()} is not on the model's {step_min}-minute clock",
                mend="Send the start of each interval; resample measurements of another step first",
            )
        if not 0 <= message.value <= _LARGEST:
            raise BadInput(cause=f"{where}: {message.value} is no measurement", mend="Leave out what is missing")
        if (time, message.entity_id) in seen:
            raise BadInput(
                cause=f"{where}: {message.entity_id} at {time.isoformat()} is there twice", mend="Send each value once"
            )
        seen.add((time, message.entity_id))
        known_at = time + step
        if message.HasField("available_at"):
            # Nothing is known before its interval is over, whatever is stated.
            known_at = max(known_at, instant(message, "available_at", where))
        values.append(Value(time, message.entity_id, message.value, known_at))
    return values


def known_by(values: Sequence[Value], step_min: int, as_of: datetime) -> datetime:
    """The first step, not before ``as_of``, by whose start every value is known."""
    step = timedelta(minutes=step_min)
    newest = max([as_of, *(value.available_at for value in values)])
    return newest + (as_of - newest) % step


def seen_until(values: Sequence[Value], step_min: int, as_of: datetime) -> datetime:
    """The end of the newest interval that was measured, not before ``as_of``."""
    return max([as_of, *(value.time + timedelta(minutes=step_min) for value in values)])


def panel(
    values: Sequence[Value],
    quantity: str,
    step_min: int,
    as_of: datetime,
    covariates: Covariates | None = None,
) -> Panel:
    """The values on their clock, from ``as_of`` on where there are none, with the covariates.

    Raises:
        BadInput: they span more than ``LONGEST``.
    """
    times, step = [v.time for v in values], timedelta(minutes=step_min)
    start = min(times, default=as_of)
    span = max(times, default=as_of - step) - start
    if span > LONGEST:
        raise BadInput(
            cause=f"The measurements span {span.days} days from {start.isoformat()}",
            mend=f"Send the newest {LONGEST.days} days at most; older ones belong into training",
        )
    entities = tuple(dict.fromkeys(v.entity_id for v in values))
    column = {name: at for at, name in enumerate(entities)}
    measured = np.full((span // step + 1, len(entities)), np.nan, dtype=np.float32)
    known_at = np.full(measured.shape, np.datetime64("NaT"), dtype="datetime64[s]")
    for v in values:
        at = (v.time - start) // step, column[v.entity_id]
        measured[at] = v.value
        known_at[at] = utc_second(v.available_at)
    return Panel(
        start=start,
        step_min=step_min,
        entities=entities,
        values=measured,
        quantity=quantity,
        available_at=known_at,
        covariates=covariates,
    )
