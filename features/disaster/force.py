"""Where things stand when a forecast is issued, by what was known then and what the state remembers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.disaster.config import DisasterConfig
from features.disaster.criteria import groups, in_force, value
from features.disaster.rows import Rows
from features.disaster.state import DisasterState

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

CHUNK = 2048
"""Issue times that are worked on together: what is held in memory at once."""


def place_columns(state: DisasterState) -> IntArray:
    """Where the places stand among the sources."""
    return np.array([state.sources.index(name) for name in state.places], dtype=np.int64)


def carried_before(rows: Rows, state: DisasterState, config: DisasterConfig, latest: IntArray) -> FloatArray:
    """What was in force before the rows that are remembered when each of ``latest`` is the last: (level, issue, place).

    Only readings decide it that nobody can add to any more: those that come later yet are left out.
    """
    lookback = config.lookback_steps
    # The last row of each issue's look back: what is remembered is decided from the next on.
    at = latest - config.memory_steps + lookback
    found = np.repeat(state.before[:, None], len(latest), axis=1)
    end = int(at.max()) + 1
    if end <= lookback:
        return found
    columns = place_columns(state)
    readings = {name: rows.values[number, :end, columns].T for number, name in enumerate(rows.names)}
    for number, level in enumerate(config.hazard.levels):
        carried = in_force(config.hazard, level, readings, state.before[number], lookback).carried
        found[number] = carried[at]
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stand:
    """Where things stand when a forecast is issued.

    Attributes:
        in_force: (level, issue, place), 1, 0 or NaN.
        value: (group, issue, place), what each group of levels compares with its thresholds; NaN where unknown.
    """

    in_force: FloatArray
    value: FloatArray


def stand_now(rows: Rows, state: DisasterState, config: DisasterConfig, latest: IntArray) -> Stand:
    """What is in force, and what is compared with the thresholds, when each of ``latest`` is the last row."""
    before = carried_before(rows, state, config, latest)
    columns, steps = place_columns(state), range(1 - config.memory_steps, 1)
    own = groups(config.hazard)
    found, values = np.empty_like(before), np.empty((len(own), *before.shape[1:]), dtype=np.float32)
    for start in range(0, len(latest), CHUNK):
        some = slice(start, start + CHUNK)
        # (step, issue * place): each issue's place is judged as an entity of its own.
        readings = {
            name: np.moveaxis(rows.seen(name, latest[some], columns, steps), 1, 0).reshape(len(steps), -1)
            for name in config.hazard.quantities
        }
        for number, level in enumerate(config.hazard.levels):
            first = before[number, some].reshape(-1)
            now = in_force(config.hazard, level, readings, first, config.lookback_steps).now[-1]
            found[number, some] = now.reshape(-1, len(columns))
        latest_only = {name: each[-config.lookback_steps :] for name, each in readings.items()}
        for number, group in enumerate(own):
            values[number, some] = value(config.hazard, group, latest_only)[-1].reshape(-1, len(columns))
    return Stand(in_force=found, value=values)
