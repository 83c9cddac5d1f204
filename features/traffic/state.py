"""What the traffic features remember between two issue times, and the Parquet file it travels in."""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from features.atomic import full_disk_named
from features.calendar import DAY_TYPES
from features.errors import ArtifactMismatch
from features.quantiles import first_widths, outer
from features.series import FloatArray
from features.traffic.config import TrafficConfig

IntArray = npt.NDArray[np.int64]
# A working day and a free day differ in how large their errors are.
DISPERSION_CLASSES = 2
EVIDENCE = ("measured", "expected", "expected with the city's error", "usual error", "weight")
_MEND = "Train the model again; state and config must come from one training"


@dataclass(slots=True, kw_only=True, eq=False)
class TrafficState:
    """Everything that ``build`` needs beside new measurements; ``advance`` is its only writer.

    Rings are indexed by the step number of the interval (``features.clock.step_number``) modulo their length.

    Attributes:
        entities: names of the last axis everywhere below.
        as_of: measurements available by this instant are in.
        level: (slot, day type, entity), the adaptive profile; NaN where nothing was ever measured.
        seen: (slot, day type, entity), measurements behind each level.
        dispersion: (slot, class, entity), usual absolute residual, in the unit measured.
        residual: (memory, entity) ring, measured minus profile as then known; NaN where missing.
        observed: (history, entity) ring, what was measured.
        city_error: (memory, entity) ring, the residual of all entities as a share of their profile, the same in
            every column, because one entity's caller cannot compute it.
        evidence: (``EVIDENCE``, entity), sums of the last day or so, by which a shift of the level is found.
        silent: (entity,), intervals since the last measurement, at most a day of them.
        suspected: (entity,), intervals for which the level has looked like another.
        relearning: (entity,), measurements until the profile counts as learned again after a shift.
        width: (outer quantile, step, entity), distances from the median in usual absolute residuals; the outer
            quantiles are all but the median, rising.
        pending: (target ring, step, outer quantile, entity), quantiles issued for intervals ahead, and for those of
            the last day that were not measured yet.
        neighbour: (neighbour, entity), columns of the entities that err most alike, fitted in training, most alike
            first; NaN where there are fewer.
        neighbour_weight: (neighbour, entity), how alike, 0 to 1.
        loading: (factor, entity), the patterns that the city's errors share, fitted in training; NaN before.
        covariate: (covariate ring, name), what is known of the whole city in the past week and for the targets ahead,
            the same for every entity; NaN where unknown.
    """

    entities: tuple[str, ...]
    as_of: datetime
    level: FloatArray
    seen: FloatArray
    dispersion: FloatArray
    residual: FloatArray
    observed: FloatArray
    city_error: FloatArray
    evidence: FloatArray
    silent: FloatArray
    suspected: FloatArray
    relearning: FloatArray
    width: FloatArray
    pending: FloatArray
    neighbour: FloatArray
    neighbour_weight: FloatArray
    loading: FloatArray
    covariate: FloatArray

    def copy(self) -> "TrafficState":
        """An independent copy, arrays included."""
        return replace(self, **{name: getattr(self, name).copy() for name in _array_names()})


FITTED = ("neighbour", "neighbour_weight", "loading")
"""What training fits once; a state that begins anew takes it along."""


def levels(level: FloatArray, slots: IntArray, kinds: IntArray, config: TrafficConfig) -> FloatArray:
    """The profile at those slots of the day and types of day, (slot, entity): the mean over the slots around each.

    At fine steps a slot has seen few measurements, and what is left of their chance would be forecast again.
    """
    reach = config.smooth_slots
    if not reach:
        return level[slots, kinds]
    around = (slots[:, None] + np.arange(-reach, reach + 1)) % len(level)
    near = level[around, kinds[:, None]]
    known = ~np.isnan(near)
    count = known.sum(axis=1)
    mean: FloatArray = (np.where(known, near, 0).sum(axis=1) / np.maximum(count, 1)).astype(np.float32)
    # A slot of its own that was never measured stays unknown.
    mean[np.isnan(near[:, reach])] = np.nan
    return mean


def fresh(entities: tuple[str, ...], as_of: datetime, config: TrafficConfig) -> TrafficState:
    """The state of a city of which nothing was measured yet, and nothing fitted."""
    arrays = {
        name: np.full((*shape, len(entities)), _start(name), dtype=np.float32)
        for name, shape in _shapes(config).items()
    }
    arrays["width"] *= np.array(first_widths(config.quantiles), dtype=np.float32)[:, None, None]
    return TrafficState(entities=entities, as_of=as_of, covariate=config.ring.unknown(), **arrays)


def save(state: TrafficState, path: Path) -> None:
    """Write one row an entity, one list column an array, to Parquet.

    Raises:
        OSError: the disk is full.
    """
    columns: dict[str, pl.Series] = {
        "entity_id": pl.Series(state.entities, dtype=pl.String),
        "as_of": pl.Series([state.as_of] * len(state.entities), dtype=pl.Datetime("us", "UTC")),
    }
    for name, array in _saved(state).items():
        flat = np.ascontiguousarray(array.reshape(-1, len(state.entities)).T)
        columns[name] = pl.Series(flat, dtype=pl.Array(pl.Float32, flat.shape[1]))
    with full_disk_named():
        pl.DataFrame(columns).write_parquet(path)


def load(path: Path, config: TrafficConfig) -> TrafficState:
    """The state that ``save`` wrote.

    Raises:
        ArtifactMismatch: no Parquet file, a column that is missing or of another size than the config says, an
            entity twice, or rows of different times.
    """
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.ComputeError, FileNotFoundError) as error:
        raise ArtifactMismatch(cause=f"{path.name} cannot be read: {error}", mend=_MEND) from None
    _check(frame, path.name, config)
    arrays = {}
    for name, shape in _columns(config).items():
        flat = frame[name].to_numpy().reshape(len(frame), -1)
        arrays[name] = np.ascontiguousarray(flat.T).reshape((*shape, len(frame)))
    as_of = frame["as_of"][0]
    # Written once for every entity; without covariates not at all.
    covariate = np.empty((config.ring.length, 0), dtype=np.float32)
    if "covariate" in arrays:
        covariate = np.ascontiguousarray(arrays.pop("covariate")[..., 0])
    return TrafficState(entities=tuple(frame["entity_id"].to_list()), as_of=as_of, covariate=covariate, **arrays)


def _saved(state: TrafficState) -> dict[str, FloatArray]:
    """Every array that goes into the file, entities last."""
    arrays = {name: getattr(state, name) for name in _array_names()}
    city: FloatArray = arrays.pop("covariate")
    if city.shape[1]:
        arrays["covariate"] = np.broadcast_to(city[..., None], (*city.shape, len(state.entities)))
    return arrays


def _columns(config: TrafficConfig) -> dict[str, tuple[int, ...]]:
    """Shape of each array in the file, without the axis of entities."""
    own = {"covariate": (config.ring.length, len(config.covariates))} if config.covariates else {}
    return _shapes(config) | own


def _check(frame: pl.DataFrame, file: str, config: TrafficConfig) -> None:
    arrays = {name: pl.Array(pl.Float32, int(np.prod(shape))) for name, shape in _columns(config).items()}
    columns: dict[str, pl.DataType] = {"entity_id": pl.String(), "as_of": pl.Datetime("us", "UTC"), **arrays}
    for name, expected in columns.items():
        found = frame.schema.get(name)
        if found != expected:
            raise ArtifactMismatch(
                cause=f"{file}: column '{name}' is {found}, the manifest's config asks for {expected}", mend=_MEND
            )
    if frame["as_of"].n_unique() != 1 or frame["entity_id"].n_unique() != len(frame):
        raise ArtifactMismatch(
            cause=f"{file}: expected one row an entity, all of one time; found {len(frame)} rows, "
            f"{frame['entity_id'].n_unique()} entities, {frame['as_of'].n_unique()} times",
            mend=_MEND,
        )


def _array_names() -> list[str]:
    return [field.name for field in fields(TrafficState) if field.name not in {"entities", "as_of"}]


def _shapes(config: TrafficConfig) -> dict[str, tuple[int, ...]]:
    slots, steps = config.steps_per_day, config.horizon_steps
    return {
        "level": (slots, len(DAY_TYPES)),
        "seen": (slots, len(DAY_TYPES)),
        "dispersion": (slots, DISPERSION_CLASSES),
        "residual": (config.memory_steps,),
        "observed": (config.history_steps,),
        "city_error": (config.memory_steps,),
        "evidence": (len(EVIDENCE),),
        "silent": (),
        "suspected": (),
        "relearning": (),
        "width": (len(outer(config.quantiles)), steps),
        "pending": (config.pending_steps, steps, len(outer(config.quantiles))),
        "neighbour": (config.neighbours,),
        "neighbour_weight": (config.neighbours,),
        "loading": (config.factors,),
    }


def _start(name: str) -> float:
    if name == "width":
        return 1.0
    return 0.0 if name in {"seen", "evidence", "silent", "suspected", "relearning"} else np.nan
