"""Which readings of a parking feed can be true: none above its capacity, none below zero, none of a feed that froze."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.series import FloatArray

MOST_SHARE = 1.1
"""Of its capacity, that a lot may count: gates miss exits, and a few cars stand where no bay is."""

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Still:
    """How long each lot's readings have been the same.

    Attributes:
        value: (lot,), the newest reading; NaN where there was none.
        count: (lot,), how many in a row it has been that; absent readings do not break a row.
    """

    value: FloatArray
    count: FloatArray


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


def unchanged(values: FloatArray, before: Still) -> tuple[IntArray, Still]:
    """How many readings in a row each has been the same, itself counted.

    Args:
        values: (time, lot), NaN where missing; those count nothing.
        before: as it was before the first row.

    Returns:
        (time, lot), 0 where missing; and as it is after the last row.

    >>> start = Still(value=np.array([5.0]), count=np.array([2.0]))
    >>> unchanged(np.array([[5.0], [np.nan], [5.0], [6.0]]), start)[0].ravel().tolist()
    [3, 0, 4, 1]
    """
    count = np.zeros(values.shape, dtype=np.int64)
    last, held = before.value.copy(), before.count.copy()
    for row, now in enumerate(values):
        known = ~np.isnan(now)
        held = np.where(known, np.where(now == last, held + 1, 1), held).astype(np.float32)
        last = np.where(known, now, last).astype(np.float32)
        count[row] = np.where(known, held, 0)
    return count, Still(value=last, count=held)


def frozen(values: FloatArray, count: IntArray, frozen_steps: int) -> npt.NDArray[np.bool_]:
    """Where a feed stands still though nobody can tell that the lot does: neither full nor empty, for too long.

    A lot may be full, or closed and empty, for days; between the two somebody comes or goes.

    Args:
        values: (time, lot), free shares.
        count: (time, lot), of ``unchanged``.
        frozen_steps: readings that may be alike.
    """
    with np.errstate(invalid="ignore"):
        between = (values > 0) & (values < 1)
    return between & (count > frozen_steps)
