"""What a forecast of free spaces says of any number of spaces at any time of arrival."""

from collections.abc import Sequence

import numpy as np

from features.series import FloatArray

Array = np.typing.NDArray[np.floating]


def agreed(free: Array, full: Array, levels: Sequence[float], full_below: Array) -> FloatArray:
    """Quantiles that say the same as the probability of being full.

    A quantile at a level up to that probability lies at most at the threshold, any other at least.

    Args:
        free: (..., quantile), spaces, rising.
        full: (...), probability that at most ``full_below`` spaces are free.
        levels: (quantile,), rising.
        full_below: (...), spaces.

    >>> agreed(np.array([2.0, 8.0, 30.0]), np.array(0.6), [0.1, 0.5, 0.9], np.array(5.0)).tolist()
    [2.0, 5.0, 30.0]
    """
    at, below = np.asarray(full)[..., None], np.asarray(full_below)[..., None]
    found = np.where(np.asarray(levels) <= at, np.minimum(free, below), np.maximum(free, below))
    return found.astype(np.float32)


def at_most(free: Array, full: Array, levels: Sequence[float], full_below: Array, spaces: Array) -> Array:
    """The probability that at most so many spaces are free.

    Between the quantiles, and the one point that ``full`` is, it runs straight; beyond them it ends as far out as the
    next quantile lies inside, and never below no space.

    Args:
        free: (..., quantile), spaces, rising; in agreement with ``full``.
        full: (...), probability that at most ``full_below`` spaces are free.
        levels: (quantile,), rising.
        full_below: (...), spaces.
        spaces: (...), how many.

    >>> free, full = np.array([[10.0, 20.0, 40.0]]), np.array([0.05])
    >>> at_most(free, full, [0.1, 0.5, 0.9], np.array([5.0]), np.array([15.0])).round(3).tolist()
    [0.3]
    """
    free, full, full_below, spaces = (np.asarray(each, dtype=np.float64) for each in (free, full, full_below, spaces))
    below = full_below[..., None] * np.ones_like(free[..., :1])
    low = np.minimum(np.maximum(2 * free[..., :1] - free[..., 1:2], 0), free[..., :1])
    high = np.maximum(2 * free[..., -1:] - free[..., -2:-1], free[..., -1:])
    likely = full[..., None] * np.ones_like(below)
    # What quantiles far above the threshold leave of the probability of being full lies at the threshold itself.
    points = np.concatenate([np.minimum(low, below), low, free, high, below], axis=-1)
    edge = np.where(low > below, np.minimum(likely, levels[0]), 0.0)
    inner = np.broadcast_to(np.array([*levels, 1.0]), (*points.shape[:-1], len(levels) + 1))
    heights = np.concatenate([np.zeros_like(edge), edge, inner, likely], axis=-1)
    # By height first: a jump, where several quantiles are one number, keeps its order.
    order = np.lexsort((points, heights), axis=-1)
    points = np.maximum.accumulate(np.take_along_axis(points, order, axis=-1), axis=-1)
    heights = np.take_along_axis(heights, order, axis=-1)
    at = np.broadcast_to(spaces[..., None], points[..., :1].shape)
    below = (points <= at).sum(axis=-1, keepdims=True)
    left, right = np.clip(below - 1, 0, points.shape[-1] - 1), np.clip(below, 0, points.shape[-1] - 1)
    x0, x1 = (np.take_along_axis(points, side, axis=-1) for side in (left, right))
    y0, y1 = (np.take_along_axis(heights, side, axis=-1) for side in (left, right))
    share = np.where(x1 > x0, (at - x0) / np.where(x1 > x0, x1 - x0, 1), 0)
    found = np.where(below == 0, 0.0, y0 + np.clip(share, 0, 1) * (y1 - y0))
    result: Array = found[..., 0]
    return result


def at_arrival(now: Array, steps: Array, ahead_steps: float) -> Array:
    """What a forecast says of a time between its steps: straight from one to the next.

    Args:
        now: (...), what stands at step 0; NaN where unknown, and then step 1 stands for it.
        steps: (step, ...), what is forecast for steps 1, 2 and on.
        ahead_steps: of the arrival, 0 to the number of steps; need not be whole.

    >>> at_arrival(np.array([10.0]), np.array([[20.0], [40.0]]), 1.5).tolist()
    [30.0]
    """
    whole = np.concatenate([np.where(np.isnan(now), steps[0], now)[None], steps])
    at = min(int(ahead_steps), len(steps) - 1)
    share = ahead_steps - at
    found: Array = (1 - share) * whole[at] + share * whole[at + 1]
    return found
