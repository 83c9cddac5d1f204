"""Which readings of a parking feed can be true: none above its capacity, none below zero, none of a feed that froze."""

import numpy as np
import numpy.typing as npt

from features.series import FloatArray

MOST_SHARE = 1.1
"""Of its capacity, that a lot may count: gates miss exits, and a few cars stand where no bay is."""


def free_shares(counts: FloatArray, capacity: FloatArray, *, measure: str) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Counted spaces as the share that is free.

    Args:
        counts: (time, lot), free or occupied spaces; NaN where missing.
        capacity: (lot,), spaces; NaN where unknown.
        measure: ``free`` or ``occupied``.

    Returns:
        (time, lot), NaN where missing or impossible; and where a reading was impossible: below zero, or above
        ``MOST_SHARE`` of the capacity.

    >>> shares, wrong = free_shares(np.array([[150.0], [24621.0]]), np.array([300.0]), measure="free")
    >>> shares.tolist(), wrong.tolist()
    ([[0.5], [nan]], [[False], [True]])
    """
    share = counts / capacity
    with np.errstate(invalid="ignore"):
        wrong = (share < 0) | (share > MOST_SHARE)
    free = share if measure == "free" else 1 - share
    return np.where(wrong, np.float32(np.nan), free).astype(np.float32), wrong


def unchanged(values: FloatArray, before: FloatArray, count: FloatArray) -> FloatArray:
    """How many readings in a row each has been the same, itself counted; absent readings do not break a row.

    Args:
        values: (time, lot), NaN where missing.
        before: (lot,), the newest reading before them; NaN where there was none.
        count: (lot,), how many in a row it had been that.

    Returns:
        (time, lot), 0 where missing.

    >>> unchanged(np.array([[5.0], [np.nan], [5.0], [6.0]]), np.array([5.0]), np.array([2.0])).ravel().tolist()
    [3.0, 0.0, 4.0, 1.0]
    """
    found = np.zeros(values.shape, dtype=np.float32)
    for row, now in enumerate(values):
        known = ~np.isnan(now)
        count = np.where(known, np.where(now == before, count + 1, 1), count)
        before = np.where(known, now, before)
        found[row] = np.where(known, count, 0)
    return found


def newest(values: FloatArray, alike: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The newest reading of each lot that came in time, and how many in a row it has been that.

    Args:
        values: (time, lot).
        alike: (time, lot), of ``unchanged``.

    Returns:
        (lot,) each; NaN and 0 where there is none.
    """
    counted = alike > 0
    at = len(values) - 1 - np.argmax(counted[::-1], axis=0)
    lots, any_counted = np.arange(values.shape[1]), counted.any(axis=0)
    return (
        np.where(any_counted, values[at, lots], np.float32(np.nan)).astype(np.float32),
        np.where(any_counted, alike[at, lots], np.float32(0)).astype(np.float32),
    )


def frozen(values: FloatArray, alike: FloatArray, frozen_steps: int) -> npt.NDArray[np.bool_]:
    """Where a feed stands still though nobody can tell that the lot does: neither full nor empty, for too long.

    A lot may be full, or closed and empty, for days; between the two somebody comes or goes.

    Args:
        values: (time, lot), free shares.
        alike: (time, lot), of ``unchanged``.
        frozen_steps: readings that may be alike.
    """
    with np.errstate(invalid="ignore"):
        between = (values > 0) & (values < 1)
    return between & (alike > frozen_steps)
