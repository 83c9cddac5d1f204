"""A camera's pixels and the road's metres: a plane seen by a lens without distortion, which is a homography."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.errors import BadInput

FloatArray = npt.NDArray[np.float64]

_LEAST_POINTS = 4
_FLATTEST = 1e-3
"""Least share of the largest singular value at which points still span a plane."""
_FARTHEST_OFF = 0.05
"""Of the points' own extent, by which a fifth point may disagree with the others."""
_MEND = "Give at least four points of the road, no three on one line, e.g. the corners of a stretch of lane"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The road's plane: x to the right and y ahead, metres.

    Attributes:
        to_road: (3, 3), from pixels to metres; its last row is positive below the horizon.

    >>> flat = Ground.from_points([[0, 9], [9, 9], [9, 0], [0, 0]], [[0, 0], [3, 0], [3, 3], [0, 3]])
    >>> flat.to_metres(np.array([6.0, 9.0])).round(6).tolist()
    [2.0, 0.0]
    """

    to_road: FloatArray

    @classmethod
    def from_points(cls, pixels: npt.ArrayLike, metres: npt.ArrayLike) -> "Ground":
        """From points whose places in the picture and on the road are both known; any order.

        The normalised direct linear transformation (Hartley and Zisserman 2004, algorithm 4.2).

        Args:
            pixels: (point, 2), four or more.
            metres: (point, 2), likewise.

        Raises:
            BadInput: they are too few, on a line, across the horizon, mirrored, or do not agree.
        """
        seen, known = _points(pixels, "pixels"), _points(metres, "metres")
        if len(seen) != len(known) or len(seen) < _LEAST_POINTS:
            raise BadInput(cause=f"The ground has {len(seen)} pixels and {len(known)} metres", mend=_MEND)
        from_px, from_m = _normal(seen), _normal(known)
        found = np.linalg.inv(from_m) @ _fitted(_mapped(from_px, seen), _mapped(from_m, known)) @ from_px
        below = _homogeneous(seen) @ found[2]
        if not ((below > 0).all() or (below < 0).all()):
            raise BadInput(
                cause="The ground's points lie on both sides of the horizon",
                mend="See that pixels and metres list the same points in the same order, all of them below the horizon",
            )
        ground = cls(to_road=found / below.mean())
        if np.linalg.det(ground.to_road) > 0:
            raise BadInput(
                cause="The ground is mirrored: its pixels run round the other way than its metres",
                mend="Give metres with x to the right and y ahead, in the order of the pixels",
            )
        _refuse_disagreement(ground, seen, known)
        return ground

    @classmethod
    def from_vanishing_point(
        cls, point_px: npt.ArrayLike, *, size_wh_px: tuple[int, int], focal_px: float, height_m: float
    ) -> "Ground":
        """From where the road's edges meet in the picture, of a camera that hangs level above a straight flat road.

        Args:
            point_px: (2,), where lines along the road meet.
            size_wh_px: of the picture.
            focal_px: distance of lens and picture; the width of the picture is a lens of 53 degrees.
            height_m: of the lens above the road, below which the metres begin.

        Raises:
            BadInput: a number that no camera has.
        """
        point = np.asarray(point_px, dtype=np.float64)
        if point.shape != (2,) or not np.isfinite([*point, focal_px, height_m]).all() or min(focal_px, height_m) <= 0:
            raise BadInput(
                cause=f"No camera has vanishing point {point.tolist()}, focal_px={focal_px}, height_m={height_m}",
                mend="Give a point of two pixels and lengths above 0, e.g. focal_px=350 and height_m=8",
            )
        middle = np.array(size_wh_px, dtype=np.float64) / 2
        right, up = (point - middle) * [1, -1] / focal_px
        pitch = np.arctan(up)
        level = np.array([0.0, -np.sin(pitch), np.cos(pitch)])
        turn = np.arctan2(right * np.cos(pitch), 1.0)
        sideways = np.array([1.0, 0.0, 0.0])
        ahead, across = np.cos(turn) * level + np.sin(turn) * sideways, np.cos(turn) * sideways - np.sin(turn) * level
        down = np.array([0.0, np.cos(pitch), np.sin(pitch)])
        ray = np.array([[1 / focal_px, 0, -middle[0] / focal_px], [0, 1 / focal_px, -middle[1] / focal_px], [0, 0, 1]])
        return cls(to_road=np.stack([height_m * across, height_m * ahead, down]) @ ray)

    def to_metres(self, pixels: npt.ArrayLike) -> FloatArray:
        """Points (..., 2) of the road that pixels (..., 2) show; NaN from the horizon up."""
        return _mapped(self.to_road, np.asarray(pixels, dtype=np.float64))

    def to_pixels(self, metres: npt.ArrayLike) -> FloatArray:
        """Pixels (..., 2) of points (..., 2) of the road; NaN of those behind the camera."""
        back = np.asarray(np.linalg.inv(self.to_road), dtype=np.float64)
        return _mapped(back, np.asarray(metres, dtype=np.float64))

    def nearness(self, pixels: FloatArray) -> FloatArray:
        """(...), in proportion to how large a thing appears that stands at pixels (..., 2); 0 at the horizon."""
        found: FloatArray = pixels @ self.to_road[2, :2] + self.to_road[2, 2]
        return found

    def jacobian(self, pixels: FloatArray) -> FloatArray:
        """(..., 2, 2): metres that the road's point moves by as pixels (..., 2) move right, and down; NaN up there."""
        near = self.nearness(pixels)
        near = np.where(near > 0, near, np.nan)[..., None, None]
        at = self.to_metres(pixels)
        found: FloatArray = (self.to_road[:2, :2] - at[..., :, None] * self.to_road[2, :2]) / near
        return found

    def scale_m_per_px(self, pixels: FloatArray) -> FloatArray:
        """(...): metres that a pixel stands for at pixels (..., 2), the way it stands for most; NaN up there."""
        moves = self.jacobian(np.asarray(pixels, dtype=np.float64))
        a, b, c, d = moves[..., 0, 0], moves[..., 0, 1], moves[..., 1, 0], moves[..., 1, 1]
        half = (a * a + b * b + c * c + d * d) / 2
        apart = np.hypot((a * a + b * b - c * c - d * d) / 2, a * c + b * d)
        return np.asarray(np.sqrt(half + apart))


def _points(given: npt.ArrayLike, name: str) -> FloatArray:
    try:
        points = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        points = np.empty(0)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise BadInput(cause=f"The ground's {name} are no list of points with two numbers each", mend=_MEND)
    return points


def _homogeneous(points: FloatArray) -> FloatArray:
    return np.concatenate([points, np.ones((*points.shape[:-1], 1))], axis=-1)


def _mapped(matrix: FloatArray, points: FloatArray) -> FloatArray:
    """(..., 2); NaN where the last coordinate is not above 0."""
    found = points @ matrix[:, :2].T + matrix[:, 2]
    last = found[..., 2:]
    return np.asarray(found[..., :2] / np.where(last > 0, last, np.nan))


def _normal(points: FloatArray) -> FloatArray:
    """(3, 3): moves points to a middle of 0 and a mean distance of the square root of 2."""
    middle = points.mean(axis=0)
    away = float(np.hypot(*(points - middle).T).mean())
    if away == 0:
        raise BadInput(cause="The ground's points are all the same", mend=_MEND)
    scale = np.sqrt(2) / away
    return np.array([[scale, 0, -scale * middle[0]], [0, scale, -scale * middle[1]], [0, 0, 1]])


def _fitted(seen: FloatArray, known: FloatArray) -> FloatArray:
    """(3, 3): between points that are both normalised."""
    here, none = _homogeneous(seen), np.zeros((len(seen), 3))
    rows = np.concatenate(
        [np.hstack([here, none, -known[:, :1] * here]), np.hstack([none, here, -known[:, 1:] * here])]
    )
    _, size, axes = np.linalg.svd(rows)
    found: FloatArray = axes[-1].reshape(3, 3)
    spread = np.linalg.svd(found, compute_uv=False)
    if size[7] < _FLATTEST * size[0] or spread[-1] < _FLATTEST * spread[0]:
        raise BadInput(cause="The ground's points lie on a line, or all but one do", mend=_MEND)
    return found


def _refuse_disagreement(ground: Ground, seen: FloatArray, known: FloatArray) -> None:
    off = np.hypot(*(ground.to_pixels(known) - seen).T)
    extent = float(np.ptp(seen, axis=0).max())
    worst = int(np.nanargmax(off))
    if off[worst] > _FARTHEST_OFF * extent:
        raise BadInput(
            cause=f"Point {worst + 1} of the ground lies {off[worst]:.0f} px from where the others put it",
            mend="Measure it again, or leave it out",
        )
