"""The counts of one request, checked and laid on the model's clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite

import numpy as np

from features.errors import BadInput, UnknownName
from features.parking.config import ParkingConfig
from features.parking.readings import free_shares
from features.parking.state import ParkingState
from features.series import Panel
from serving.proto import haechi_v1_pb2 as v1
from serving.values import instant, utc_second

LONGEST = timedelta(days=60)
"""The longest span of one request's counts: the weeks that a profile is made of, and a week of deviations from it."""


_MOST_SPACES = 100_000
"""No lot on Earth has more."""


@dataclass(frozen=True, slots=True)
class Value:
    """One count as it came: its instant, lot, spaces, when it became known, and whether it can be at all."""

    time: datetime
    entity_id: str
    spaces: float
    available_at: datetime
    possible: bool


def read(messages: Iterable[v1.Count], state: ParkingState, config: ParkingConfig) -> list[Value]:
    """The counts of a request, in its order.

    Raises:
        UnknownName: a lot that is neither the model's nor new in the request.
        BadInput: a time that is absent or off the clock, a value that is no number, or a count twice; names the row,
            counted from 0.
    """
    column = {name: at for at, name in enumerate(state.entities)}
    step, seen, rows = timedelta(minutes=config.step_min), set(), []
    for row, message in enumerate(messages):
        where, name = f"counts[{row}]", message.entity_id
        time = instant(message, "time", where)
        if name not in column:
            raise UnknownName.among("lot", name, list(state.entities))
        if (time - state.as_of) % step:
            raise BadInput(
                cause=f"{where}: {time.isoformat()} is not on the model's {config.step_min}-minute clock",
                mend="Send the count at each step of the clock, e.g. the newest before it",
            )
        if not isfinite(message.value):
            raise BadInput(
                cause=f"{where}: {message.value} is no count of spaces",
                mend="Send spaces, and leave out what is missing",
            )
        if (time, name) in seen:
            raise BadInput(cause=f"{where}: {name} at {time.isoformat()} is there twice", mend="Send each count once")
        seen.add((time, name))
        known_at = time
        if message.HasField("available_at"):
            # Nothing is known before it is counted, whatever is stated.
            known_at = max(time, instant(message, "available_at", where))
        rows.append((time, name, message.value, known_at))
    possible = _possible([spaces for _, _, spaces, _ in rows], state.capacity[[column[row[1]] for row in rows]], config)
    return [Value(*row, possible=can) for row, can in zip(rows, possible, strict=True)]


def known_by(values: Sequence[Value], state: ParkingState, config: ParkingConfig) -> datetime:
    """The first instant of the clock, not before the state, by which every count is known."""
    step = timedelta(minutes=config.step_min)
    newest = max([state.as_of, *(value.available_at for value in values)])
    return newest + (state.as_of - newest) % step


def panel(values: Sequence[Value], quantity: str, config: ParkingConfig) -> Panel:
    """At least one count, on its clock; what cannot be is missing.

    Raises:
        BadInput: they span more than ``LONGEST``.
    """
    step, start = timedelta(minutes=config.step_min), min(value.time for value in values)
    span = max(value.time for value in values) - start
    if span > LONGEST:
        raise BadInput(
            cause=f"The counts span {span.days} days from {start.isoformat()}",
            mend=f"Send the newest {LONGEST.days} days at most; older ones belong into training",
        )
    entities = tuple(dict.fromkeys(value.entity_id for value in values))
    column = {name: at for at, name in enumerate(entities)}
    spaces = np.full((span // step + 1, len(entities)), np.nan, dtype=np.float32)
    known_at = np.full(spaces.shape, np.datetime64("NaT"), dtype="datetime64[s]")
    for value in values:
        at = (value.time - start) // step, column[value.entity_id]
        if value.possible:
            spaces[at] = value.spaces
            known_at[at] = utc_second(value.available_at)
    return Panel(
        start=start,
        step_min=config.step_min,
        entities=entities,
        values=spaces,
        quantity=quantity,
        available_at=known_at,
    )


def _possible(spaces: Sequence[float], capacity: np.typing.NDArray[np.float32], config: ParkingConfig) -> list[bool]:
    """Whether each count can be, by the rule of the features; where no capacity is known, whether any lot could."""
    counts = np.array(spaces, dtype=np.float64)
    sane = (counts >= 0) & (counts <= _MOST_SPACES)
    _, wrong = free_shares(np.where(sane, counts, 0).astype(np.float32)[None], capacity, measure=config.measure)
    possible: list[bool] = (sane & ~wrong[0]).tolist()
    return possible
