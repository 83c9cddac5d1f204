"""A Kalman filter of many feet and boxes at once, which knows that what comes nearer grows and speeds up.

Of somebody at constant speed on a plane, size and distance from the horizon in the picture grow by the same factor:
with growth ``r`` a second, by ``1 / (1 - r t)`` after ``t`` seconds. With a ground plane ``r`` follows from the
velocity; without one it is estimated from the box.
"""

import numpy as np

from features.cctv.following.rows import FloatArray, Rows
from features.cctv.ground import Ground

_GROWTH = (0.4, 2.5)
"""Of a step; more is noise."""
_GROWS_BY = 0.3
"""Standard deviation by which the growth itself changes, per second squared."""
_DRIVES = 4.0
"""Squared speed in its variances, from which on somebody has a direction."""
_STEP_S = 0.4
"""Between the places that somebody seen again is taken to have been at."""


def motion_px(rows: Rows, ground: Ground | None, metres: float, heights: float, across: float = 1.0) -> FloatArray:
    """(n, 2): pixels right and down that may be moved by at each foot.

    Args:
        rows: of all.
        ground: the plane, or None.
        metres: on it, in the direction of driving.
        heights: likewise in heights of the box, without a plane.
        across: share of it across that direction; of who has none yet, 1.
    """
    velocity = rows.mean[:, :2, 1]
    sure = (velocity**2).sum(axis=1) > _DRIVES * rows.cov[:, :2, 2].sum(axis=1)
    own = np.maximum(rows.size[:, 1], 1.0)[:, None, None] * np.eye(2)
    per_unit = heights * own
    if ground is not None:
        moves = ground.jacobian(rows.mean[:, :2, 0])
        flat = moves[:, 0, 0] * moves[:, 1, 1] - moves[:, 0, 1] * moves[:, 1, 0]
        # What one pixel is in metres, turned round; from the horizon up there are none.
        turned = np.stack([moves[:, 1, 1], -moves[:, 0, 1], -moves[:, 1, 0], moves[:, 0, 0]], axis=1).reshape(-1, 2, 2)
        there = metres * turned / flat[:, None, None]
        below = np.isfinite(there).all(axis=(1, 2)) & (np.abs(there).max(axis=(1, 2)) < 4 * per_unit[:, 0, 0])
        per_unit = np.where(below[:, None, None], there, per_unit)
        velocity = np.where(below[:, None], np.einsum("nij,nj->ni", np.nan_to_num(moves), velocity), velocity)
    ahead = velocity / np.maximum(np.hypot(velocity[:, 0], velocity[:, 1]), 1e-9)[:, None]
    aside = np.where(sure, across, 1.0)[:, None] * np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    along_px, aside_px = (np.einsum("nij,nj->ni", per_unit, vectors) for vectors in (ahead, aside))
    least = np.where(sure, 0.0, 1.0)[:, None] * np.sqrt((per_unit**2).sum(axis=2))
    return np.asarray(np.maximum(np.hypot(along_px, aside_px), least))


def growth(mean: FloatArray, ground: Ground | None) -> FloatArray:
    """(n,), a second."""
    own = mean[:, 2:, 1].mean(axis=1)
    if ground is None:
        return np.asarray(own)
    near = ground.nearness(mean[:, :2, 0])
    rate = mean[:, :2, 1] @ ground.to_road[2, :2]
    # Right below the horizon a pixel is many metres, and noise would be growth.
    return np.where(near > 0, rate / np.maximum(near, 1e-9), own)


def predict(
    mean: FloatArray, cov: FloatArray, dt_s: float, accelerates_px: FloatArray, ground: Ground | None
) -> tuple[FloatArray, FloatArray]:
    """The state (n, 4, 2) and its covariance (n, 4, 3) after so many seconds, of who may accelerate so (n, 2)."""
    rate = growth(mean, ground)
    factor = 1 / (1 - rate * dt_s).clip(1 / _GROWTH[1], 1 / _GROWTH[0])
    grown = factor[:, None]
    ahead = np.empty_like(mean)
    ahead[:, :2, 0] = mean[:, :2, 0] + mean[:, :2, 1] * dt_s * grown
    ahead[:, :2, 1] = mean[:, :2, 1] * grown**2
    ahead[:, 2:, 0] = mean[:, 2:, 0] + np.log(grown)
    ahead[:, 2:, 1] = (rate * factor)[:, None]
    value, both, speed = cov[..., 0], cov[..., 1], cov[..., 2]
    stretch = np.ones(cov.shape[:2])
    stretch[:, :2] = grown
    widened = np.empty_like(cov)
    widened[..., 0] = value * stretch**2 + 2 * dt_s * stretch**2 * both + (dt_s * stretch) ** 2 * speed
    widened[..., 1] = stretch**3 * (both + dt_s * speed)
    widened[..., 2] = stretch**4 * speed
    push = np.concatenate([accelerates_px, np.full_like(accelerates_px, _GROWS_BY)], axis=1) ** 2
    widened[..., 0] += push * dt_s**4 / 4
    widened[..., 1] += push * dt_s**3 / 2
    widened[..., 2] += push * dt_s**2
    return ahead, widened


def update(mean: FloatArray, cov: FloatArray, seen: FloatArray, variance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The state after foot and logarithmic size (n, 4) were seen with that variance (n, 4); in place of none."""
    gain = cov[..., :2] / (cov[..., :1] + variance[..., None])
    off = seen - mean[..., 0]
    better = mean + gain * off[..., None]
    surer = np.empty_like(cov)
    surer[..., 0] = (1 - gain[..., 0]) * cov[..., 0]
    surer[..., 1] = (1 - gain[..., 0]) * cov[..., 1]
    surer[..., 2] = cov[..., 2] - gain[..., 1] * cov[..., 1]
    return better, surer


def again(
    mean: FloatArray,
    cov: FloatArray,
    seen: FloatArray,
    variance: FloatArray,
    gap_s: float,
    accelerates_px: FloatArray,
    ground: Ground | None,
) -> tuple[FloatArray, FloatArray]:
    """Of who was hidden: go from where they were last seen straight to where they are seen again.

    OC-SORT's observation-centric re-update (Cao et al. 2023, arXiv 2203.14360): the error that a coasting filter
    gathered is not carried on.

    Args:
        mean: (n, 4, 2), as they were last seen.
        cov: (n, 4, 3), likewise.
        seen: (n, 4), foot and logarithmic size now.
        variance: (n, 4), of it.
        gap_s: since they were last seen.
        accelerates_px: (n, 2), a second squared.
        ground: the plane, or None.
    """
    steps = max(1, round(gap_s / _STEP_S))
    start = mean[..., 0].copy()
    for step in range(1, steps + 1):
        share = step / steps
        weight = _share_of_way(start[:, 3], seen[:, 3], share)[:, None]
        between = start + (seen - start) * weight
        between[:, 2:] = start[:, 2:] - np.log(1 - share * (1 - np.exp(start[:, 2:] - seen[:, 2:])))
        mean, cov = predict(mean, cov, gap_s / steps, accelerates_px, ground)
        mean, cov = update(mean, cov, between, variance if step == steps else 4 * variance)
    return mean, cov


def _share_of_way(from_log: FloatArray, to_log: FloatArray, share: float) -> FloatArray:
    """(n,): share of the way in the picture, of somebody who has gone that share of it on the road."""
    return np.asarray(share / (share + np.exp(to_log - from_log) * (1 - share)))
