"""The readings of one request, checked and laid on the model's clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite

import numpy as np

from features.disaster.config import DisasterConfig
from features.disaster.measured import Measured
from features.disaster.state import DisasterState, quantities
from features.errors import BadInput, UnknownName
from features.series import unit_of
from serving.proto import haechi_v1_pb2 as v1
from serving.values import instant, utc_second

LONGEST = timedelta(days=35)
"""The longest span of one request's readings: what a model looks back on, and some weeks that its state has missed."""

# Arrays are float32; NaN compares false with everything.
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True)
class Value:
    """One reading as it came: its instant, where, of what, how much, and when it became known."""

    time: datetime
    entity_id: str
    quantity: str
    value: float
    available_at: datetime


def read(messages: Iterable[v1.Reading], state: DisasterState, config: DisasterConfig) -> list[Value]:
    """The readings of a request, in its order.

    Raises:
        UnknownName: an entity that the model does not look at, or a quantity that it does not know there.
        BadInput: a time that is absent or off the clock, a value that is no number, a reading twice; names the row,
            counted from 0.
    """
    foreseen = {signal.quantity for signal in config.hazard.signals if signal.ahead}
    known, seen, values = _known(state, config), set(), []
    for row, message in enumerate(messages):
        where = f"readings[{row}]"
        time = instant(message, "time", where)
        if message.entity_id not in known:
            raise UnknownName.among("entity", message.entity_id, list(known))
        if message.quantity not in known[message.entity_id]:
            kind = f"quantity of {message.entity_id}"
            raise UnknownName.among(kind, message.quantity, list(known[message.entity_id]))
        if (time - state.as_of) % timedelta(minutes=config.step_min):
            raise BadInput(
                cause=f"{where}: {time.isoformat()} is not on the model's {config.step_min}-minute clock",
                mend="Send readings of the clock; of a day's extreme the day's end",
            )
        if not isfinite(message.value) or abs(message.value) > _LARGEST:
            unit = unit_of(message.quantity)
            raise BadInput(
                cause=f"{where}: {message.value} is no reading", mend=f"Send {unit}, and leave out what is missing"
            )
        key = time, message.entity_id, message.quantity
        if key in seen:
            raise BadInput(
                cause=f"{where}: {message.quantity} of {message.entity_id} at {time.isoformat()} is there twice",
                mend="Send each reading once",
            )
        seen.add(key)
        available_at = instant(message, "available_at", where) if message.HasField("available_at") else time
        if message.quantity not in foreseen:
            # Nothing but a forecast is known before its time, whatever is stated.
            available_at = max(available_at, time)
        values.append(Value(time, message.entity_id, message.quantity, message.value, available_at))
    return values


def known_by(values: Sequence[Value], state: DisasterState, config: DisasterConfig) -> datetime:
    """The first instant of the clock, not before the state, by which every reading is known."""
    step = timedelta(minutes=config.step_min)
    newest = max([state.as_of, *(value.available_at for value in values)])
    return newest + (state.as_of - newest) % step


def measured(values: Sequence[Value], config: DisasterConfig) -> Measured:
    """At least one reading, on its clock.

    Raises:
        BadInput: they span more than ``LONGEST``.
    """
    step, start = timedelta(minutes=config.step_min), min(value.time for value in values)
    span = max(value.time for value in values) - start
    if span > LONGEST:
        raise BadInput(
            cause=f"The readings span {span.days} days from {start.isoformat()}",
            mend=f"Send the newest {LONGEST.days} days at most; older ones belong into training",
        )
    entities = tuple(dict.fromkeys(value.entity_id for value in values))
    column = {name: at for at, name in enumerate(entities)}
    names, shape = tuple(dict.fromkeys(value.quantity for value in values)), (span // step + 1, len(entities))
    found = {name: np.full(shape, np.nan, dtype=np.float32) for name in names}
    known = {name: np.full(shape, np.datetime64("NaT"), dtype="datetime64[s]") for name in names}
    for value in values:
        at = (value.time - start) // step, column[value.entity_id]
        found[value.quantity][at] = value.value
        known[value.quantity][at] = utc_second(value.available_at)
    return Measured(start=start, step_min=config.step_min, entities=entities, values=found, available_at=known)


def _known(state: DisasterState, config: DisasterConfig) -> dict[str, tuple[str, ...]]:
    """What may be sent of each entity; a place may measure another quantity than its hazard's."""
    names = quantities(config)
    known = dict.fromkeys(state.sources, names)
    for place in config.hazard.places:
        if place.measured is not None and place.id in known:
            own = config.hazard.quantity
            known[place.id] = tuple(place.measured if name == own else name for name in names)
    return known
