"""What the features of a hazard remember between two issue times, and the Parquet file it travels in."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features import state_file
from features.disaster.config import DisasterConfig
from features.disaster.derived import base_of
from features.disaster.tide import COLUMNS

FloatArray = npt.NDArray[np.float32]
MONTHS, HOURS, DAYS = 12, 24, 366


@dataclass(slots=True, kw_only=True, eq=False)
class DisasterState:
    """Everything that ``build`` needs beside new readings; ``advance`` is its only writer.

    Attributes:
        places: where the hazard is judged, in order.
        sources: all entities whose readings it looks at, the places among them.
        as_of: readings known by this instant are in.
        tail: (quantity, time, source), the latest readings, that of ``as_of`` the last of ``memory_steps``, and the
            forecasts for ``ahead_steps`` more; quantities as in ``quantities(config)``.
        before: (level, place), what was in force before the tail, 1, 0 or NaN.
        usual: (level, month, hour), how often each level is met; fitted in training.
        usual_within: (level, horizon, month, hour), how often it is met in the time after up to each horizon.
        normal: (day of the year, source), the quantity on an average year's days; NaN where the hazard needs none.
        tide: (column,), of ``features.disaster.tide.design``, in the tide gauge's unit; fitted in training.
    """

    places: tuple[str, ...]
    sources: tuple[str, ...]
    as_of: datetime
    tail: FloatArray
    before: FloatArray
    usual: FloatArray
    usual_within: FloatArray
    normal: FloatArray
    tide: FloatArray

    def copy(self) -> "DisasterState":
        """An independent copy, arrays included."""
        return replace(self, **{name: getattr(self, name).copy() for name in _ARRAYS})


_ARRAYS = ("tail", "before", "usual", "usual_within", "normal", "tide")


def looked_at(config: DisasterConfig) -> tuple[str, ...]:
    """Every quantity that a criterion compares or a signal looks at."""
    return tuple(dict.fromkeys([*config.hazard.quantities, *(signal.quantity for signal in config.hazard.signals)]))


def quantities(config: DisasterConfig) -> tuple[str, ...]:
    """What has to be measured for that, in the order of the state's tail."""
    return tuple(dict.fromkeys(base_of(name) for name in looked_at(config)))


def fresh(places: tuple[str, ...], sources: tuple[str, ...], as_of: datetime, config: DisasterConfig) -> DisasterState:
    """The state where nothing was measured yet, and nothing fitted."""
    levels = len(config.hazard.levels)

    def unknown(*shape: int) -> FloatArray:
        return np.full(shape, np.nan, dtype=np.float32)

    return DisasterState(
        places=places,
        sources=sources,
        as_of=as_of,
        tail=unknown(len(quantities(config)), config.memory_steps + config.ahead_steps, len(sources)),
        before=unknown(levels, len(places)),
        usual=np.zeros((levels, MONTHS, HOURS), dtype=np.float32),
        usual_within=np.zeros((levels, len(config.horizons_steps), MONTHS, HOURS), dtype=np.float32),
        normal=unknown(DAYS, len(sources)),
        tide=np.zeros(COLUMNS, dtype=np.float32),
    )


def save(state: DisasterState, path: Path) -> None:
    """Write one row an array to Parquet.

    Raises:
        OSError: the disk is full.
    """
    arrays = {name: getattr(state, name) for name in _ARRAYS}
    names = {"places": state.places, "sources": state.sources}
    state_file.write(state_file.Arrays(arrays=arrays, names=names, as_of=state.as_of), path)


def load(path: Path, config: DisasterConfig) -> DisasterState:
    """The state that ``save`` wrote.

    Raises:
        ArtifactMismatch: no Parquet file of a state, or an array of another shape than the config says.
    """
    held = state_file.read(path, _ARRAYS, ["places", "sources"])
    state = fresh(held.names["places"], held.names["sources"], held.as_of, config)
    state_file.fill(state, held, path)
    return state
