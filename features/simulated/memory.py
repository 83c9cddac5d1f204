"""What the hours before leave behind: weighted sums, never a recursion, which would depend on where a run began."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def remembered(weights: FloatArray, series: FloatArray, count: int) -> FloatArray:
    """The last rows of a series, each summed by weights with those before it.

    Args:
        weights: (row back,), of the row itself first.
        series: (row, ...), at least ``count + len(weights) - 1`` of them.
        count: rows wanted.

    Returns:
        (count, ...), in the series' unit.

    >>> remembered(np.array([1.0, 0.5]), np.array([4.0, 2.0, 0.0]), 2).tolist()
    [4.0, 1.0]
    """
    total = np.zeros((count, *series.shape[1:]))
    # Summed row by row back, always in this order: the same hour rounds the same way in every range.
    for back, weight in enumerate(weights):
        first = len(series) - count - back
        total += weight * series[first : first + count]
    return total
