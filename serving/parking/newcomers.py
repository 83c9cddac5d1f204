"""Lots that a model has never seen, as its features take them: like the lots of their city, until they are counted."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from math import isfinite
from typing import Any

import numpy as np

from features.errors import BadInput
from features.parking.config import ParkingConfig
from features.parking.lots import Lots, nameless
from features.parking.readings import free_shares, unchanged
from features.parking.state import ParkingState, fresh
from features.series import FloatArray
from serving.parking.measured import Value
from serving.proto import haechi_v1_pb2 as v1

MOST = 100
_LONGEST_NAME = 200
_LARGEST = 65_534
"""Spaces; the next number is what 16-bit feeds write where nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """Some lots, and what is remembered of them, in one order."""

    lots: Lots
    state: ParkingState


def read(messages: Sequence[v1.NewLot], known: Known) -> Lots | None:
    """The new lots of a request; None: there are none.

    Raises:
        BadInput: too many, one that the model knows already, one twice or blank, or a capacity or a place that cannot
            be; names the row, counted from 0.
    """
    if len(messages) > MOST:
        raise BadInput(
            cause=f"new_lots are {len(messages)}", mend=f"Send {MOST} at most; more belong into a training with them"
        )
    names = set(known.state.entities)
    for row, one in enumerate(messages):
        _refuse(one, f"new_lots[{row}]", names)
        names.add(one.entity_id)
    if not messages:
        return None

    def places(field: str) -> FloatArray:
        return np.array([getattr(m, field) if m.HasField(field) else np.nan for m in messages], dtype=np.float32)

    return replace(
        nameless([one.entity_id for one in messages]),
        city=tuple(one.city for one in messages),
        capacity=np.array([one.capacity for one in messages], dtype=np.float32),
        lat=places("lat"),
        lon=places("lon"),
    )


def joined(known: Known, new: Lots, config: ParkingConfig) -> Known:
    """The known lots and after them the new ones, of which nothing was ever counted."""
    state, own = known.state, fresh(new.ids, known.state.as_of, config)
    numbers = dict(zip(known.lots.city, state.city.tolist(), strict=True))
    # A city of its own for each whose city nobody knows: it says nothing of the others, nor they of it.
    alone = state.city.max(initial=0) + 1 + np.arange(len(new))
    city = [numbers.get(name, apart) for name, apart in zip(new.city, alone, strict=True)]
    like = [_like(state, number) for number in city]
    own.capacity, own.city = new.capacity, np.array(city, dtype=np.float32)
    own.typical, own.width = (
        np.stack([_mean(array[..., lots]) for lots in like], axis=-1).astype(np.float32)
        for array in (state.typical, state.width)
    )
    # What is known of the city is known of the new ones too.
    arrays = [
        each.name
        for each in fields(state)
        if each.name != "covariate" and isinstance(getattr(state, each.name), np.ndarray)
    ]
    both: dict[str, Any] = {
        name: np.concatenate([getattr(state, name), getattr(own, name)], axis=-1) for name in arrays
    }
    return Known(lots=_after(known.lots, new), state=replace(state, entities=(*state.entities, *new.ids), **both))


def remembering(state: ParkingState, new: Lots, values: Sequence[Value], config: ParkingConfig) -> ParkingState:
    """The state with the new lots' counts up to its own instant in it: of the model's lots it has those already."""
    tail, alike, step = state.tail.copy(), state.alike.copy(), timedelta(minutes=config.step_min)
    columns = {name: state.entities.index(name) for name in new.ids}
    for value in values:
        at = len(tail) - 1 - (state.as_of - value.time) // step
        if value.entity_id in columns and value.possible and value.available_at <= state.as_of and at >= 0:
            column = columns[value.entity_id]
            count = np.array([[value.spaces]], dtype=np.float32)
            tail[at, column] = free_shares(count, state.capacity[[column]], measure=config.measure)[0][0, 0]
    own = list(columns.values())
    nothing = np.full(len(own), np.nan, dtype=np.float32)
    alike[:, own] = unchanged(tail[:, own], nothing, np.zeros(len(own), dtype=np.float32))
    return replace(state, tail=tail, alike=alike)


def _refuse(one: v1.NewLot, where: str, names: set[str]) -> None:
    if not one.entity_id.strip() or len(one.entity_id) > _LONGEST_NAME:
        raise BadInput(
            cause=f"{where}: entity_id is blank, or longer than {_LONGEST_NAME} characters", mend="Name the lot"
        )
    if one.entity_id in names:
        raise BadInput(
            cause=f"{where}: '{one.entity_id}' is a lot of the model, or there twice",
            mend="Leave out what the model knows, and send each new lot once",
        )
    if not 1 <= one.capacity <= _LARGEST:
        raise BadInput(cause=f"{where}: capacity is {one.capacity:g}", mend=f"Send spaces, 1 to {_LARGEST}")
    if one.HasField("lat") != one.HasField("lon"):
        raise BadInput(cause=f"{where}: of lat and lon one is absent", mend="Send both, or neither")
    if one.HasField("lat") and not (isfinite(one.lat) and abs(one.lat) <= 90 and abs(one.lon) <= 180):
        raise BadInput(
            cause=f"{where}: lat={one.lat}, lon={one.lon} is not a place on Earth", mend="Send degrees, WGS84"
        )


def _like(state: ParkingState, city: float) -> list[int]:
    """Columns of the lots that a new one resembles: those of its city, else all."""
    own = np.flatnonzero(state.city == city)
    return (own if len(own) else np.arange(len(state.city))).tolist()


def _mean(values: FloatArray) -> FloatArray:
    """Over the last axis, of what is known."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0).sum(axis=-1)
    found: FloatArray = np.where(known.any(axis=-1), total / np.maximum(known.sum(axis=-1), 1), np.nan)
    return found


def _after(lots: Lots, new: Lots) -> Lots:
    both: dict[str, Any] = {}
    for each in fields(lots):
        first, then = getattr(lots, each.name), getattr(new, each.name)
        both[each.name] = (*first, *then) if isinstance(first, tuple) else np.concatenate([first, then])
    return Lots(**both)
