"""Small hazards and random readings of them, deterministic by seed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from features.disaster.advance import Raw, advance
from features.disaster.config import DisasterConfig
from features.disaster.hazard import Hazard
from features.disaster.measured import Measured
from features.disaster.state import DisasterState, fresh, quantities
from features.disaster.table import hazard

START = datetime(2021, 3, 1, tzinfo=UTC)
# A day of Seoul ends at 15:00 of UTC.
DAYS_START = datetime(2021, 3, 1, 15, tzinfo=UTC)


def config_of(name: str, **changes: object) -> DisasterConfig:
    """A hazard of the table, a few of its fields changed."""
    row = hazard(name).model_dump(exclude_defaults=True) | changes
    return DisasterConfig(hazard=Hazard.model_validate(row))


def sources_of(config: DisasterConfig) -> tuple[str, ...]:
    own = tuple(place.id for place in config.hazard.places) or ("101", "102", "103")
    others = [signal.at for signal in config.hazard.signals if signal.at not in ("own", "everywhere")]
    return tuple(dict.fromkeys([*own, *others]))


def places_of(config: DisasterConfig) -> tuple[str, ...]:
    return tuple(place.id for place in config.hazard.places) or ("101", "102", "103")


def readings(config: DisasterConfig, seed: int, steps: int, *, late: bool = True) -> Measured:
    """Random walks that cross the thresholds, a tenth missing, a third half a step late."""
    chance = np.random.default_rng(seed)
    sources = sources_of(config)
    start = DAYS_START if config.step_min == 1440 else START
    values, known = {}, {}
    for name in quantities(config):
        first = config.hazard.levels[0].met[0][0]
        middle = first.threshold if name == config.hazard.quantity else 1000.0
        walk = middle + np.cumsum(chance.normal(0, abs(middle) / 6, (steps, len(sources))), axis=0)
        walk = middle + (walk - middle) % (abs(middle) * 0.8) - abs(middle) * 0.4
        walk[chance.random(walk.shape) < 0.1] = np.nan
        values[name] = walk.astype(np.float32)
        own = np.datetime64(start.replace(tzinfo=None), "s") + np.arange(steps) * np.timedelta64(config.step_min, "m")
        delay = (chance.random(walk.shape) < 0.3) * np.timedelta64(config.step_min * 30 if late else 0, "s")
        known[name] = np.where(np.isnan(walk), np.datetime64("NaT", "s"), own[:, None] + delay)
    places = {place.id: place for place in config.hazard.places}
    shifted = next((place for place in places.values() if place.measured is not None), None)
    if shifted is not None:
        name = config.hazard.quantity
        values[str(shifted.measured)] = values.pop(name) - np.float32(shifted.add)
        known[str(shifted.measured)] = known.pop(name)
    return Measured(
        start=start, step_min=config.step_min, entities=sources, values=values, available_at=known if late else {}
    )


def with_another_future(measured: Measured, now: datetime, seed: int) -> Measured:
    """The same readings, but for those that became known after ``now``."""
    limit = np.datetime64(now.astimezone(UTC).replace(tzinfo=None), "s")
    chance = np.random.default_rng(seed)
    own = np.datetime64(measured.start.replace(tzinfo=None), "s")
    times = own + np.arange(len(measured)) * np.timedelta64(measured.step_min, "m")
    values = {}
    for name, array in measured.values.items():
        available = measured.available_at.get(name, np.broadcast_to(times[:, None], array.shape))
        other = array * (1 + 0.2 * chance.random(array.shape)).astype(np.float32)
        values[name] = np.where(available > limit, other, array)
    return replace(measured, values=values)


def newborn(config: DisasterConfig, as_of: datetime) -> DisasterState:
    state = fresh(places_of(config), sources_of(config), as_of, config)
    chance = np.random.default_rng(3)
    state.usual[:] = chance.random(state.usual.shape)
    state.usual_within[:] = chance.random(state.usual_within.shape)
    state.normal[:] = chance.normal(0, 5, state.normal.shape)
    return state


def lived(config: DisasterConfig, steps: int) -> DisasterState:
    """A state that has seen so many steps."""
    measured = readings(config, 1, steps)
    until = measured.time(steps - 1)
    return advance(newborn(config, measured.start), Raw(measured=measured.known_by(until)), config, until)


def step(config: DisasterConfig) -> timedelta:
    return timedelta(minutes=config.step_min)
