"""What the parking features remember between two issue times, and the Parquet file it travels in."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from features import state_file
from features.calendar import DAY_TYPES
from features.parking.config import ParkingConfig
from features.series import FloatArray

TRAITS = ("mean", "spread", "change", "full")
"""Of a lot, over its training: mean and standard deviation of its free share, mean change from reading to reading,
and how often it was full."""


@dataclass(slots=True, kw_only=True, eq=False)
class ParkingState:
    """Everything that ``build`` needs beside new counts; ``advance`` is its only writer.

    Attributes:
        entities: lots, the last axis of every array below but ``covariate``.
        as_of: readings known by this instant are in.
        capacity: (lot,), spaces; NaN where unknown.
        city: (lot,), number of the lot's city among those of the model.
        tail: (memory, lot), the latest free shares, that of ``as_of`` last; NaN where missing or impossible.
        alike: (memory, lot), how many readings in a row each has been the same; 0 where missing, or come late.
        trait: (``TRAITS``, lot), fitted in training; NaN of a lot that it did not learn.
        typical: (slot of the day, day type, lot), mean free share of its city's lots, fitted in training.
        neighbour: (neighbour, lot), columns of the lots that fill most alike, fitted in training, most alike first;
            NaN where there are fewer.
        width: (outer quantile, step, lot), distance of each quantile but the median from it, as a multiple of the
            model's own: fitted on what training had not seen, and tracked since.
        pending: (target ring, step, outer quantile, lot), quantiles issued for readings to come, free shares; by the
            step number of the target, and by how far ahead it was forecast.
        covariate: (covariate ring, name), what is known of the whole city in the past week, at ``as_of`` and for the
            targets ahead (``features.covariate_ring``), the same for every lot; NaN where unknown.
    """

    entities: tuple[str, ...]
    as_of: datetime
    capacity: FloatArray
    city: FloatArray
    tail: FloatArray
    alike: FloatArray
    trait: FloatArray
    typical: FloatArray
    neighbour: FloatArray
    width: FloatArray
    pending: FloatArray
    covariate: FloatArray

    def copy(self) -> "ParkingState":
        """An independent copy, arrays included."""
        return replace(self, **{name: getattr(self, name).copy() for name in (*_ARRAYS, "covariate")})


_ARRAYS = ("capacity", "city", "tail", "alike", "trait", "typical", "neighbour", "width", "pending")
"""Whose last axis are the lots."""


def fresh(entities: tuple[str, ...], as_of: datetime, config: ParkingConfig) -> ParkingState:
    """The state of lots of which nothing was counted yet, and nothing fitted."""

    def unknown(*shape: int) -> FloatArray:
        return np.full((*shape, len(entities)), np.nan, dtype=np.float32)

    return ParkingState(
        entities=entities,
        as_of=as_of,
        capacity=unknown(),
        city=np.zeros(len(entities), dtype=np.float32),
        tail=unknown(config.memory_steps),
        alike=np.zeros((config.memory_steps, len(entities)), dtype=np.float32),
        trait=unknown(len(TRAITS)),
        typical=unknown(config.steps_per_day, len(DAY_TYPES)),
        neighbour=unknown(config.neighbours),
        width=np.ones((len(config.quantiles) - 1, config.horizon_steps, len(entities)), dtype=np.float32),
        pending=unknown(config.horizon_steps, config.horizon_steps, len(config.quantiles) - 1),
        covariate=config.ring.unknown(),
    )


def _saved(with_covariates: bool) -> tuple[str, ...]:
    """Arrays of a state's file, which says nothing of covariates where there are none."""
    return (*_ARRAYS, "covariate") if with_covariates else _ARRAYS


def save(state: ParkingState, path: Path) -> None:
    """Write it to Parquet.

    Raises:
        OSError: the disk is full.
    """
    arrays = {name: getattr(state, name) for name in _saved(state.covariate.shape[1] > 0)}
    state_file.write(state_file.Arrays(arrays=arrays, names={"entities": state.entities}, as_of=state.as_of), path)


def load(path: Path, config: ParkingConfig) -> ParkingState:
    """The state that ``save`` wrote.

    Raises:
        ArtifactMismatch: no Parquet file of a state, or an array of another shape than the config says.
    """
    held = state_file.read(path, _saved(bool(config.covariates)), ["entities"])
    state = fresh(held.names["entities"], held.as_of, config)
    state_file.fill(state, held, path)
    return state
