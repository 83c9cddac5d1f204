"""A city small enough to look at: a few entities, a short memory, and every way in which measurements misbehave."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from features.series import Panel
from features.traffic.advance import IssuedInterval
from features.traffic.build import Table
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState, fresh

ENTITIES = ("a/in", "a/out", "b/in", "c/in")
START = datetime(2022, 1, 27, tzinfo=UTC)  # four days before Seollal
ARRAYS = tuple(field.name for field in fields(TrafficState) if field.name not in {"entities", "as_of"})


def small(**changes: Any) -> TrafficConfig:
    """A config that remembers a day."""
    short: dict[str, Any] = {"horizon_steps": 3, "history_steps": 3, "seasonal_lags_days": (1,)}
    return TrafficConfig(**short | changes)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def volumes(seed: int, steps: int, *, entities: int = 3, missing: float = 0.2) -> npt.NDArray[np.float32]:
    """(step, entity), some true zeros, some missing."""
    chance = np.random.default_rng(seed)
    values = chance.integers(0, 50, (steps, entities)).astype(np.float32)
    values[chance.random(values.shape) < missing] = np.nan
    return values


def panel(values: Any, *, start: datetime = START, step_min: int = 60, **changes: Any) -> Panel:
    values = np.asarray(values, dtype=np.float32)
    named: dict[str, Any] = {"entities": ENTITIES[: values.shape[1]], "quantity": "volume_veh_h"}
    return Panel(start=start, step_min=step_min, values=values, **named | changes)


def delays(measured: Panel, delay_min: npt.NDArray[np.int64]) -> npt.NDArray[np.datetime64]:
    """When each value is known, so many minutes after its interval's end."""
    end = np.datetime64(measured.start.replace(tzinfo=None), "s")
    ends = end + np.arange(1, len(measured) + 1)[:, None] * np.timedelta64(measured.step_min * 60, "s")
    return ends + delay_min * np.timedelta64(60, "s")


def newborn(config: TrafficConfig, *, entities: int = 3, as_of: datetime = START) -> TrafficState:
    return fresh(ENTITIES[:entities], as_of, config)


def issued(config: TrafficConfig, at: datetime, low: Any, high: Any, *, entities: int = 3) -> IssuedInterval:
    """The same interval, of a lower and an upper quantile, for every step and entity."""
    shape = (config.horizon_steps, entities)
    bounds = [np.broadcast_to(np.asarray(bound, dtype=np.float32), shape) for bound in (low, high)]
    return IssuedInterval(issued_at=at, bounds=np.stack(bounds))


def assert_equal(one: TrafficState, other: TrafficState) -> None:
    """Bit for bit, NaN where NaN."""
    assert (one.entities, one.as_of) == (other.entities, other.as_of)
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def assert_same_table(one: Table, other: Table) -> None:
    """Bit for bit, quality included."""
    assert (one.issued_at, one.entities) == (other.issued_at, other.entities)
    assert one.inputs.keys() == other.inputs.keys()
    for name, array in one.inputs.items():
        np.testing.assert_array_equal(array, other.inputs[name], err_msg=name)
        assert array.dtype == other.inputs[name].dtype
    np.testing.assert_array_equal(one.quality, other.quality)


@st.composite
def scenes(draw: st.DrawFn, *, late: bool | None = None) -> tuple[TrafficConfig, TrafficState, Panel]:
    """A config, a state that has lived for a while, and what was measured from before its ``as_of`` on.

    Args:
        draw: of hypothesis.
        late: whether values come late; None draws it.
    """
    step_min = draw(st.sampled_from([60, 15, 5, 720, 1440]))
    lags = draw(st.sampled_from([(1,), (1, 2), (2,)]))
    config = small(
        step_min=step_min,
        seasonal_lags_days=lags,
        horizon_steps=draw(st.integers(1, min(4, min(lags) * 1440 // step_min))),
        history_steps=draw(st.integers(1, 4)),
        timezone=draw(st.sampled_from(["Asia/Seoul", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata"])),
        country=draw(st.sampled_from(["KR", "DE"])),
    )
    start = draw(st.sampled_from([START, datetime(2022, 3, 26, 12, tzinfo=UTC), datetime(2022, 10, 29, tzinfo=UTC)]))
    # A day may start at Seoul's midnight, an hour at half past.
    start += timedelta(minutes=draw(st.sampled_from([0, 0, 30, 2])))
    entities = draw(st.integers(2, 4))
    steps = draw(st.integers(4, 40))
    values = volumes(draw(st.integers(0, 10**6)), steps, entities=entities, missing=draw(st.sampled_from([0.0, 0.3])))
    measured = panel(values, start=start, step_min=step_min)
    if late or (late is None and draw(st.booleans())):
        chance = np.random.default_rng(draw(st.integers(0, 10**6)))
        shape = values.shape
        # Some known before their interval is over, most on time, some many steps late.
        delay_min = np.where(chance.random(shape) < 0.3, chance.integers(-step_min, 6 * step_min, shape), 0)
        measured = panel(values, start=start, step_min=step_min, available_at=delays(measured, delay_min))
    born = draw(st.integers(-2, 3))
    return config, fresh(ENTITIES[:entities], start + born * measured.step, config), measured


def unknown(measured: Panel, at: datetime) -> npt.NDArray[np.bool_]:
    """(time, entity): whether a value is not known yet at ``at``."""
    known = measured.available_at
    if known is None:
        known = delays(measured, np.zeros(measured.values.shape, dtype=np.int64))
    future: npt.NDArray[np.bool_] = known > np.datetime64(at.replace(tzinfo=None), "s")
    return future


def cut(measured: Panel, at: datetime) -> Panel:
    """``measured`` without what is not known at ``at``."""
    return replace(measured, values=np.where(unknown(measured, at), np.float32(np.nan), measured.values))


def with_another_future(measured: Panel, at: datetime, seed: int) -> Panel:
    """``measured`` with other values wherever they are not known at ``at``."""
    others = volumes(seed, len(measured), entities=len(measured.entities))
    return replace(measured, values=np.where(unknown(measured, at), others, measured.values))
