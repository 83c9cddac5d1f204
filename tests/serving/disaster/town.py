"""A river gauge with what is measured upstream, and the air of 25 districts, where the last station is dead."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from features.disaster.advance import Raw, advance
from features.disaster.config import DisasterConfig
from features.disaster.measured import Measured
from features.disaster.state import DisasterState, fresh
from features.geo import DISTRICTS
from tests.features.disaster.doubles import START, config_of, lived, readings

RIVER = replace(config_of("river_jamsu"), alarm_at=(0.3, 0.4, 0.5))
JAMSU = "1018680"
TEN_MINUTES = timedelta(minutes=10)

_OWN = {"quantity": "pm25_ug_m3", "lags": [0, 1, 2, 3, 6], "mean": [6, 24], "plausible": [0, 1000]}
_OZONE = {"quantity": "o3_ppm", "lags": [], "changes": [1], "power": 0.5, "plausible": [0, 1]}
AIR = replace(config_of("pm25", signals=[_OWN, _OZONE]), alarm_at=(0.3, 0.5))
STATIONS = tuple(district.name_ko for district in DISTRICTS)
DEAD = STATIONS[-1]
HOUR = timedelta(hours=1)
_HOURS = 100


def river() -> DisasterState:
    """What 300 readings of everything upstream left."""
    return lived(RIVER, 300)


def river_readings(steps: int) -> Measured:
    """The first ``steps`` readings of the same river, of which the state has seen 300, each known at its own time."""
    return readings(RIVER, 1, steps, late=False)


def air() -> DisasterState:
    """100 hours: bad air at the first station, where ozone rises, good air elsewhere, nothing at the last."""
    values = np.full((_HOURS, len(STATIONS)), 20, dtype=np.float32) + np.arange(_HOURS, dtype=np.float32)[:, None] % 7
    values[-3:, 0] = 90
    values[:, -1] = np.nan
    ozone = np.full_like(values, 0.03)
    ozone[-1, 0] = 0.06
    quantities = {"pm25_ug_m3": values, "o3_ppm": ozone}
    measured = Measured(start=START, step_min=60, entities=STATIONS, values=quantities)
    state = fresh(STATIONS, STATIONS, START, AIR)
    return advance(state, Raw(measured=measured), AIR, measured.time(_HOURS - 1))


def weights(config: DisasterConfig) -> np.ndarray:
    """(feature, level * horizon): more of the latest own reading, and of what is released upstream, is more risk."""
    weight = {"stage_cm lag 0": 0.004, "paldang release_m3s^0.6 lag 0": 0.03, "pm25_ug_m3 lag 0": 0.05}
    weight |= {"o3_ppm^0.5 change 1": 10.0}
    own = np.array([weight.get(feature.name, 0.0) for feature in config.features], dtype=np.float32)
    return np.repeat(own[:, None], len(config.hazard.levels) * len(config.horizons_steps), axis=1)
