"""Covariates of one request, of any domain: as they are sent, and checked and laid on the model's clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite

import numpy as np

from features.covariates import Covariates
from features.errors import BadInput, UnknownName
from serving.proto import haechi_v1_pb2 as v1
from serving.values import instant, refuse_naive, refuse_no_number, utc_second

LONGEST = timedelta(days=35)
"""The longest span of one request's covariates: the week that tells what is usual, and weeks of delay."""

_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariate:
    """What is known of the whole city, such as its weather; what is unknown is left out.

    Attributes:
        time: the start of its interval, on the model's clock, aware; it may lie ahead.
        name: as in training, e.g. ``rain_mm``.
        value: finite.
        available_at: when it became known: of a forecast, when that was issued; None: at its interval's end.
    """

    time: datetime
    name: str
    value: float
    available_at: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("time", "available_at"):
            refuse_naive(f"Covariate {self.name}: {name}", getattr(self, name))
        refuse_no_number(f"Covariate {self.name}: value", self.value)


@dataclass(frozen=True, slots=True)
class Value:
    """One covariate as it came: start of its interval, name, value, and when it became known."""

    time: datetime
    name: str
    value: float
    available_at: datetime


def messages(covariates: Iterable[Covariate]) -> list[v1.Covariate]:
    """As they go over the wire."""
    return [v1.Covariate(time=c.time, name=c.name, value=c.value, available_at=c.available_at) for c in covariates]


def read(sent: Iterable[v1.Covariate], names: tuple[str, ...], step_min: int, as_of: datetime) -> list[Value]:
    """The covariates of a request, in its order.

    Raises:
        UnknownName: a name that the model does not know.
        BadInput: the model looks at none; a time that is absent, off the clock or far away; a value that is no number;
            or one twice. Names the row, counted from 0.
    """
    step, seen, values = timedelta(minutes=step_min), set(), []
    for row, message in enumerate(sent):
        where = f"covariates[{row}]"
        if not names:
            raise BadInput(
                cause=f"{where}: the model looks at no covariates",
                mend="Leave them out, or train a model with --covariates",
            )
        if message.name not in names:
            raise UnknownName.among("covariate", message.name, list(names))
        time = instant(message, "time", where)
        if (time - as_of) % step:
            raise BadInput(
                cause=f"{where}: {time.isoformat()} is not on the model's {step_min}-minute clock",
                mend="Send the start of each interval; resample covariates of another step first",
            )
        if not isfinite(message.value) or abs(message.value) > _LARGEST:
            raise BadInput(cause=f"{where}: {message.value} is no number", mend="Leave out what is unknown")
        known_at = instant(message, "available_at", where) if message.HasField("available_at") else time + step
        if (time, message.name, known_at) in seen:
            raise BadInput(
                cause=f"{where}: {message.name} at {time.isoformat()} is there twice", mend="Send each value once"
            )
        seen.add((time, message.name, known_at))
        values.append(Value(time, message.name, message.value, known_at))
    return values


def known(values: Sequence[Value], names: tuple[str, ...], issued_at: datetime) -> Covariates | None:
    """The covariates as ``build`` takes them; None where there are none.

    Raises:
        BadInput: one becomes available after ``issued_at``, or they span more than ``LONGEST``.
    """
    if not values:
        return None
    for value in values:
        if value.available_at > issued_at:
            raise BadInput(
                cause=f"{value.name} at {value.time.isoformat()} is not known yet at {issued_at.isoformat()}",
                mend="Say in available_at when a forecast was issued, or leave out what becomes available later",
            )
    first, last = (pick(value.time for value in values) for pick in (min, max))
    if last - first > LONGEST:
        raise BadInput(
            cause=f"The covariates span {(last - first).days} days from {first.isoformat()}",
            mend=f"Send {LONGEST.days} days at most; older ones belong into training",
        )
    numbers = np.full((len(values), len(names)), np.nan, dtype=np.float32)
    numbers[np.arange(len(values)), [names.index(value.name) for value in values]] = [v.value for v in values]
    return Covariates(
        names=names,
        time=np.array([utc_second(value.time) for value in values]),
        available_at=np.array([utc_second(value.available_at) for value in values]),
        values=numbers,
    )
