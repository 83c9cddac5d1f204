"""How many spaces a lot has: what is stated, unless nobody knows it or the counts say otherwise."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.series import FloatArray

UNKNOWN = 65535
"""What feeds of 16-bit counts write where a capacity is not known."""

_PERCENTILE = 99
"""Of the counts: above it lie jumps of the feed more often than a lot at its emptiest."""

_MOST_EXCEEDED = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Capacities:
    """What each lot holds.

    Attributes:
        spaces: (lot,), NaN where nothing was counted by which to tell.
        unstated: (lot,), it was not stated, and is inferred.
        exceeded: (lot,), more was counted too often, and it is inferred.
    """

    spaces: FloatArray
    unstated: npt.NDArray[np.bool_]
    exceeded: npt.NDArray[np.bool_]


def capacities(stated: FloatArray, counts: FloatArray) -> Capacities:
    """The capacity of each lot: the stated one, or what its counts say.

    They say it, by their 99th percentile, where none is stated, or where more than 5 % of them exceed it.

    Args:
        stated: (lot,), spaces; NaN, zero or 65535 where nobody knows.
        counts: (time, lot), free or occupied spaces of training; NaN where missing.

    >>> counts = np.array([[90.0, 10.0], [80.0, 40.0], [100.0, 39.0]])
    >>> capacities(np.array([65535.0, 20.0]), counts).spaces.round().tolist()
    [100.0, 40.0]
    """
    with np.errstate(invalid="ignore"):
        unstated = np.isnan(stated) | (stated <= 0) | (stated == UNKNOWN)
        sane = np.where(counts >= 0, counts, np.nan)
        known = (~np.isnan(sane)).sum(axis=0)
        above = (sane > stated).sum(axis=0)
    exceeded = ~unstated & (above > _MOST_EXCEEDED * known)
    inferred = np.full(len(stated), np.nan)
    some = np.flatnonzero(known)
    inferred[some] = np.nanpercentile(sane[:, some], _PERCENTILE, axis=0)
    # A lot whose counts are all zero has no size that they could tell.
    inferred[inferred <= 0] = np.nan
    spaces = np.where(unstated | exceeded, inferred, stated)
    return Capacities(spaces=spaces.astype(np.float32), unstated=unstated, exceeded=exceeded)
