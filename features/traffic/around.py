"""What the places around an entity do: those that err as it errs, and the few patterns that the whole city shares."""

import numpy as np
import numpy.typing as npt

from features.series import FloatArray
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState

IntArray = npt.NDArray[np.int64]
# Where a place's usual error was never seen, it is taken to be off by this share of its level.
UNKNOWN_ERROR_SHARE = 0.25
SMALLEST_ERROR = 1e-3
"""Of a place that never errs, or that nobody takes, which would divide by zero; in the unit measured."""


def typical_error(state: TrafficState) -> FloatArray:
    """The usual absolute residual of each entity over its whole week, (entity,), in the unit measured, never zero."""
    usual = _mean_known(state.dispersion.reshape(-1, len(state.entities)))
    borrowed = UNKNOWN_ERROR_SHARE * np.abs(_mean_known(state.level.reshape(-1, len(state.entities))))
    found = np.where(np.isnan(usual), np.nan_to_num(borrowed, nan=1.0), usual)
    return np.maximum(found, SMALLEST_ERROR).astype(np.float32)


def peak_level(state: TrafficState) -> FloatArray:
    """The highest slot of each entity's profile, all its types of day together, (entity,), never zero.

    A forecast against it tells a road that flows freely, or is empty, from one that is full, whatever its size.
    """
    slots, kinds, entities = state.level.shape
    by_slot = _mean_known(state.level.transpose(1, 0, 2).reshape(kinds, -1)).reshape(slots, entities)
    peak: FloatArray = np.maximum(np.nan_to_num(by_slot, nan=0.0).max(axis=0), SMALLEST_ERROR).astype(np.float32)
    return peak


def neighbour_errors(
    state: TrafficState, numbers: IntArray, typical: FloatArray, config: TrafficConfig
) -> tuple[FloatArray, FloatArray]:
    """What the neighbours' errors and the city's patterns were at the intervals ``numbers``.

    Args:
        state: with ``neighbour``, ``neighbour_weight`` and ``loading`` from training; where those are NaN nothing is
            known of neighbours.
        numbers: (lag,), step numbers of intervals that are over.
        typical: (entity,), of ``typical_error``.
        config: of the same training as the state.

    Returns:
        (entity, lag), the weighted mean of the neighbours' errors in the entity's own typical error, in the unit
        measured, NaN where no neighbour was measured; and (lag, factor), the projections of all errors on the
        ``loading``, zero where nothing was measured.
    """
    share = state.residual[numbers % config.memory_steps] / typical
    near = share[:, np.nan_to_num(state.neighbour).astype(np.intp)]
    weight = np.where(np.isnan(near), np.float32(0), np.nan_to_num(state.neighbour_weight))
    total = weight.sum(axis=1)
    mean = (np.nan_to_num(near) * weight).sum(axis=1) / np.where(total > 0, total, np.float32(1))
    around = np.where(total > 0, mean * typical, np.float32(np.nan))
    loading = np.nan_to_num(state.loading)
    reach = (~np.isnan(share)).astype(np.float32) @ (loading**2).T
    # Of unit length over what was measured: a silent place takes nothing away from the pattern.
    patterns = np.nan_to_num(share) @ loading.T / np.sqrt(np.where(reach > 0, reach, np.float32(1)))
    return np.ascontiguousarray(around.T, dtype=np.float32), patterns.astype(np.float32)


def _mean_known(values: FloatArray) -> FloatArray:
    """The mean of each column over what is not missing; NaN where all is."""
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0).sum(axis=0)
    mean: FloatArray = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean
