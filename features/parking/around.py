"""What happens around a lot: means over all lots, over those of its city, and over those that fill most alike."""

import numpy as np

from features.parking.state import ParkingState
from features.series import FloatArray

_LEAST_KNOWN = 0.25
"""Share of a city's lots whose counts tell of the city: a caller may send one lot's alone."""


def of_all(deviation: FloatArray) -> FloatArray:
    """The mean over all lots, (..., lot) to (..., lot); NaN where too few are known."""
    known = ~np.isnan(deviation)
    count = known.sum(axis=-1)
    enough = (count >= _LEAST_KNOWN * deviation.shape[-1]) & (count > 0)
    mean = np.where(known, deviation, np.float32(0)).sum(axis=-1, dtype=np.float64) / np.maximum(count, 1)
    return np.broadcast_to(np.where(enough, mean, np.nan)[..., None], deviation.shape).astype(np.float32)


def of_city(deviation: FloatArray, state: ParkingState) -> FloatArray:
    """The mean over each lot's city, (..., lot) to (..., lot); NaN where too few of its lots are known."""
    found = np.empty(deviation.shape, dtype=np.float32)
    for city in np.unique(state.city):
        lots = np.flatnonzero(state.city == city)
        found[..., lots] = of_all(np.ascontiguousarray(deviation[..., lots]))
    return found


def of_its_like(deviation: FloatArray, state: ParkingState) -> FloatArray:
    """The mean over the lots that fill most alike, (..., lot)."""
    total, count = np.zeros(deviation.shape, dtype=np.float32), np.zeros(deviation.shape, dtype=np.float32)
    for columns in state.neighbour:
        there = ~np.isnan(columns)
        one = deviation[..., np.where(there, columns, 0).astype(np.int64)]
        known = there & ~np.isnan(one)
        total += np.where(known, one, np.float32(0))
        count += known
    return np.where(count > 0, total / np.maximum(count, 1), np.float32(np.nan)).astype(np.float32)
