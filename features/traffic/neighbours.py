"""Which links a link is compared with: those whose errors go with its own, or those that lie nearest."""

import numpy as np
import numpy.typing as npt

from features.geo import distance_km
from features.series import FloatArray

IntArray = npt.NDArray[np.int64]
Degrees = npt.NDArray[np.floating]
NONE = -1
"""Stands where an entity has fewer neighbours than others."""

# Fewer common measurements say nothing about going together.
_LEAST_COMMON_STEPS = 168


def by_correlation(errors: FloatArray, count: int, *, least: float = 0.3) -> IntArray:
    """The links whose errors correlate most with each link's own.

    Args:
        errors: (time, entity), measured minus forecast on training data, NaN where missing.
        count: neighbours of each.
        least: correlation below which nobody is a neighbour.

    Returns:
        (entity, count), indices, nearest first, ``NONE`` where there are no more.
    """
    known = ~np.isnan(errors)
    count_known = np.maximum(known.sum(axis=0), 1)
    centred = np.where(known, errors - np.where(known, errors, 0).sum(axis=0) / count_known, 0)
    # One road's outlier would make neighbours of strangers.
    usual = np.abs(centred).sum(axis=0) / count_known
    clipped = np.clip(centred / np.where(usual > 0, usual, 1), -4, 4)
    common = known.T.astype(np.float32) @ known.astype(np.float32)
    squares = (clipped**2).T @ known.astype(np.float32)
    correlation = (clipped.T @ clipped) / np.maximum(np.sqrt(squares * squares.T), 1e-9)
    correlation = np.where(common >= _LEAST_COMMON_STEPS, correlation, -np.inf)
    return _closest(-correlation, count, -least)


def by_distance(lat: Degrees, lon: Degrees, count: int, *, most_km: float = 1.0) -> IntArray:
    """The nearest links; those without a position have none.

    Args:
        lat: (entity,), degrees, NaN where unknown.
        lon: (entity,), degrees.
        count: neighbours of each.
        most_km: distance beyond which nobody is a neighbour.

    Returns:
        (entity, count), indices, nearest first, ``NONE`` where there are no more.

    >>> by_distance(np.array([37.5, 37.501, 38.0]), np.array([127.0, 127.0, 127.0]), 1).tolist()
    [[1], [0], [-1]]
    """
    phi, theta = lat.astype(np.float64), lon.astype(np.float64)
    apart = distance_km(phi[:, None], theta[:, None], phi[None, :], theta[None, :])
    return _closest(np.nan_to_num(apart, nan=np.inf), count, most_km)


def _closest(apart: npt.NDArray[np.floating], count: int, most: float) -> IntArray:
    apart = apart.copy()
    np.fill_diagonal(apart, np.inf)
    order = np.argsort(apart, axis=1, kind="stable")[:, :count]
    near = np.take_along_axis(apart, order, axis=1) <= most
    found = np.full((len(apart), count), NONE, dtype=np.int64)
    found[:, : order.shape[1]] = np.where(near, order, NONE)
    return found
