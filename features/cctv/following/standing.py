"""How fast the followed drive, how sure that is, and whether they stand: from where they were seen, not from a filter.

A filter takes seconds to believe that somebody brakes; straight lines through the last boxes show it at once, and how
far their noise can be trusted.
"""

import numpy as np

from features.cctv.following.config import TrackerConfig
from features.cctv.following.rows import BoolArray, FloatArray, IntArray, Rows
from features.cctv.ground import Ground

_WINDOWS_S = np.array([1.2, 2.0, 3.0, 5.0, 7.0])
"""Over which somebody may turn out to stand: far away a pixel is metres, and it takes longer to be sure."""
_LEAST_SEEN = 4
_SURE = 2.0
"""Standard deviations: one side of 2.5 %; the question is asked anew with every picture."""
_BEYOND = 3.0
"""Standard deviations of the noise that a foot strays while it stands."""
_ONSET = 1.5
"""Likewise, by which two in a row stray when it had not yet come to stand."""
_CUT_S = 3.0
"""So long somebody must stand whose foot the picture does not show."""
_DRAWN_FROM = 6.0
"""The noise that the config expects counts as much as so many boxes."""
_LATEST = 12
"""Boxes among which the last second's are."""


def watch(
    rows: Rows, which: BoolArray, now_s: float, ground: Ground | None, config: TrackerConfig, far_px: float
) -> None:
    """Take note of whether those who were just detected stand.

    Args:
        rows: of all.
        which: (n,), who was just detected.
        now_s: the time.
        ground: the plane, or None.
        config: every number.
        far_px: boxes lower than that are far away, where without a plane the road is taken to be foreshortened.
    """
    per_px = _unit_per_px(rows.mean[:, :2, 0], rows.size, ground, far_px)
    slow = config.stands_ms if ground is not None else config.stands_heights
    strays = config.stays_m if ground is not None else config.stays_heights
    _measure_noise(rows, now_s, config)
    sd = np.sqrt(rows.noise)
    newest = rows.seen[:, :2, :2] - rows.anchor[:, None]
    # Both of the last two have left, to the same side.
    px = _length(newest)
    units = _length(newest @ per_px.transpose(0, 2, 1))
    left = ((px > _BEYOND * sd[:, None]) & (units > strays)).all(axis=1)
    left &= (newest[:, 0] * newest[:, 1]).sum(axis=1) > 0
    leaves = which & rows.stands & left
    rows.stands_s[leaves] = np.nan
    rows.since_s[leaves] = rows.at_s[leaves, 1]
    # Who has gone farther within the last few boxes than anybody who stands need not be asked.
    gone = _length(np.einsum("nij,nj->ni", per_px, rows.seen[:, 0, :2] - rows.seen[:, _LEAST_SEEN - 1, :2]))
    took_s = rows.at_s[:, 0] - rows.at_s[:, _LEAST_SEEN - 1]
    candidates = which & ~rows.stands & np.isfinite(took_s)
    candidates &= gone < slow * took_s + 2 * _BEYOND * sd * np.linalg.norm(per_px, axis=(1, 2))
    if candidates.any():
        _halt(rows, np.flatnonzero(candidates), per_px, slow, strays)


def _unit_per_px(feet: FloatArray, size: FloatArray, ground: Ground | None, far_px: float) -> FloatArray:
    """(n, 2, 2): metres a pixel at each foot; heights of the box without a ground plane, or above its horizon."""
    height = np.maximum(size[:, 1], 1.0)
    # A car's length shrinks with the square of its distance, its height with the distance.
    heights = np.eye(2) / (height * np.minimum(1.0, height / far_px))[:, None, None]
    if ground is None:
        return np.asarray(heights)
    jacobian = ground.jacobian(feet)
    return np.where(np.isfinite(jacobian[:, :1, :1]), jacobian, heights)


def speed_m_s(rows: Rows, now_s: float, ground: Ground, config: TrackerConfig) -> tuple[FloatArray, FloatArray]:
    """Velocity over the last second (n, 2) and the standard deviation of its length (n,); NaN above the horizon."""
    at_s, feet = rows.at_s[:, :_LATEST], rows.seen[:, :_LATEST, :2]
    used = at_s >= rows.at_s[:, :1] - config.speed_s
    places = ground.to_metres(feet)
    used &= np.isfinite(places[..., 0])
    slope, spread = _line(np.where(used, at_s, 0.0), np.where(used[..., None], places, 0.0), used)
    per_px = ground.jacobian(rows.mean[:, :2, 0])
    filtered = np.einsum("nij,nj->ni", per_px, rows.mean[:, :2, 1])
    known = np.isfinite(slope[:, 0]) & (now_s - rows.seen_s < config.speed_s)
    velocity = np.where(known[:, None], slope, filtered)
    variance = np.where(known, rows.noise * spread, rows.cov[:, :2, 2].sum(axis=1) / 2)
    covariance = variance[:, None, None] * (per_px @ per_px.transpose(0, 2, 1))
    length = np.maximum(np.hypot(*velocity.T), 1e-9)
    heading = velocity / length[:, None]
    along = np.einsum("ni,nij,nj->n", heading, covariance, heading)
    # Noise makes every speed longer: what it adds is taken off again.
    shorter = np.sqrt(np.maximum(1 - np.trace(covariance, axis1=1, axis2=2) / length**2, 0))
    velocity = np.where(rows.stands[:, None], 0.0, velocity * shorter[:, None])
    return velocity, np.sqrt(along)


def _measure_noise(rows: Rows, now_s: float, config: TrackerConfig) -> None:
    """How far boxes lie off a straight line through the last second and a half, beside what is expected."""
    at_s, feet = rows.at_s[:, :_LATEST], rows.seen[:, :_LATEST, :2]
    used = at_s >= rows.at_s[:, :1] - 1.5 * config.speed_s
    count = used.sum(axis=1)
    times = np.where(used, at_s - now_s, 0.0)
    slope, _ = _line(times, feet, used)
    centred = np.where(used, times - _mean(times[..., None], used), 0.0)
    feet_off = np.where(used[..., None], feet - _mean(feet, used)[:, None], 0.0)
    rest = feet_off - np.nan_to_num(slope)[:, None] * centred[..., None]
    free = np.maximum(count - 2, 0)
    expected = ((config.noise_px + config.noise_share * rows.size) ** 2).mean(axis=1)
    rows.noise = (_DRAWN_FROM * expected + (rest**2).sum(axis=(1, 2)) / 2) / (_DRAWN_FROM + free)


def _halt(rows: Rows, which: IntArray, per_px: FloatArray, slow: float, strays: float) -> None:
    """Who of them has come to stand, and since when."""
    at_s, seen = rows.at_s[which], rows.seen[which]
    age = at_s[:, :1] - at_s
    fresh = (at_s >= rows.since_s[which, None]) & np.isfinite(at_s)
    used = fresh[:, None] & (age[:, None] <= _WINDOWS_S[:, None])
    times = np.where(used, -age[:, None], 0.0)
    slope, spread = _line(times, np.broadcast_to(seen[:, None], (*used.shape, 3)), used)
    per_px, noise = per_px[which], rows.noise[which]
    speed = _length(slope[..., :2] @ per_px.transpose(0, 2, 1))
    worst = np.linalg.norm(per_px, axis=(1, 2))
    sd = np.sqrt(noise[:, None] * spread) * worst[:, None]
    # The top of the box must stand too: at the picture's edge the foot stands while its owner drives out.
    top = np.abs(slope[..., 2]) * worst[:, None]
    reach = np.where(used, age[:, None], 0.0).max(axis=-1)
    middle = _mean(np.broadcast_to(seen[:, None, :, :2], (*used.shape, 2)), used)
    newest = _length(seen[:, None, :2, :2] - middle[:, :, None])
    near = (newest < _BEYOND * np.sqrt(noise)[:, None, None]).all(axis=-1)
    stands = (
        (speed + _SURE * sd < slow)
        & (top - _SURE * sd < slow)
        & near
        & ~(rows.cut[which, None] & ((reach < _CUT_S) | (top + _SURE * sd >= slow)))
        & (used.sum(axis=-1) >= _LEAST_SEEN)
        & (reach >= 0.7 * _WINDOWS_S)
    )
    chosen = stands.argmax(axis=1)
    for row in np.flatnonzero(stands.any(axis=1)).tolist():
        anchor = np.median(seen[row, used[row, chosen[row]], :2], axis=0)
        off = seen[row, :, :2] - anchor
        units = np.hypot(*(per_px[row] @ off.T))
        away = (np.hypot(*off.T) > _ONSET * np.sqrt(noise[row])) & (units > strays / 4)
        came = ~fresh[row, 1:] | (away[:-1] & away[1:])
        rows.anchor[which[row]] = anchor
        rows.stands_s[which[row]] = at_s[row, came.argmax() if came.any() else -1]


def _line(times: FloatArray, values: FloatArray, used: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Slopes (..., d) of values (..., k, d) over times (..., k), and their variance at noise 1; NaN of one time."""
    centred = np.where(used, times - _mean(times[..., None], used), 0.0)
    spread = (centred**2).sum(axis=-1)
    spread = np.where(spread > 1e-6, spread, np.nan)
    return np.einsum("...k,...kd->...d", centred, values) / spread[..., None], np.asarray(1 / spread)


def _length(vectors: FloatArray) -> FloatArray:
    """(...), of vectors (..., 2)."""
    return np.asarray(np.hypot(vectors[..., 0], vectors[..., 1]))


def _mean(values: FloatArray, used: BoolArray) -> FloatArray:
    """(..., d), of those of (..., k, d) that are used (..., k)."""
    share = used / np.maximum(used.sum(axis=-1, keepdims=True), 1)
    return np.asarray(np.einsum("...k,...kd->...d", share, values))
