"""A small town's lots, deterministic by seed, for every test of parking."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from features.parking.advance import Raw, advance
from features.parking.config import ParkingConfig
from features.parking.state import ParkingState, fresh
from features.series import FloatArray, Panel

START = datetime(2024, 3, 4, tzinfo=UTC)
"""A Monday, four weeks before Berlin's clocks go forward."""

LOTS = ("garage/1", "garage/2", "residents", "street")
CAPACITY = np.array([400.0, 120.0, 60.0, 25.0], dtype=np.float32)


def small(**settings: object) -> ParkingConfig:
    """A config of a few weeks' memory."""
    return ParkingConfig(**({"weeks": 2, "neighbours": 2, "horizon_steps": 6} | settings))  # type: ignore[arg-type]


def counts(seed: int, steps: int, config: ParkingConfig) -> FloatArray:
    """Free spaces, (time, lot): full by day, the residents' bays by night; whole numbers."""
    chance = np.random.default_rng(seed)
    hours = np.arange(steps)[:, None] / config.steps_per_hour % 24
    busy = np.clip(np.sin((hours - 6) / 12 * np.pi), 0, 1) * np.array([0.9, 0.8, -0.7, 0.6]) + np.array(
        [0, 0, 0.9, 0.2]
    )
    noise = np.cumsum(chance.normal(0, 0.01, (steps, len(LOTS))), axis=0) * 0.2
    free = np.clip(1 - busy + noise, 0, 1) * CAPACITY
    return np.round(free if config.measure == "free" else CAPACITY - free).astype(np.float32)


def panel(values: FloatArray, config: ParkingConfig, available_at: np.ndarray | None = None) -> Panel:
    """Counts from ``START`` on."""
    return Panel(
        start=START,
        step_min=config.step_min,
        entities=LOTS,
        values=values,
        quantity="free_spaces",
        available_at=available_at,
    )


def known_at(measured: Panel, now: datetime) -> Panel:
    """Only what was known at that instant."""
    times = np.array([np.datetime64(measured.time(row).replace(tzinfo=None), "s") for row in range(len(measured))])
    known = np.broadcast_to(times[:, None], measured.values.shape)
    if measured.available_at is not None:
        known = np.where(np.isnat(measured.available_at), known, np.maximum(measured.available_at, known))
    unknown = known > np.datetime64(now.replace(tzinfo=None), "s")
    return replace(measured, values=np.where(unknown, np.float32(np.nan), measured.values))


def newborn(config: ParkingConfig) -> ParkingState:
    """The state of the town before its first count, as training would have left it."""
    state = fresh(LOTS, START - timedelta(minutes=config.step_min), config)
    state.capacity, state.city = CAPACITY.copy(), np.array([0, 0, 0, 1], dtype=np.float32)
    state.trait = np.tile(np.array([[0.5], [0.2], [0.05], [0.02]], dtype=np.float32), (1, len(LOTS)))
    state.typical[:] = np.linspace(0.9, 0.4, config.steps_per_day, dtype=np.float32)[:, None, None]
    state.neighbour[0], state.neighbour[1] = np.array([1, 0, 3, 2]), np.array([3, np.nan, 0, 1])
    return state


def lived(config: ParkingConfig, steps: int, seed: int = 1) -> ParkingState:
    """The state after so many steps."""
    until = START + (steps - 1) * timedelta(minutes=config.step_min)
    return advance(newborn(config), Raw(measured=panel(counts(seed, steps, config), config)), config, until)
