"""One polygon of a camera's picture and what it is."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from features.errors import BadInput

FloatArray = npt.NDArray[np.float64]

_OVER_PX = 1.0
"""By which a corner may lie outside the picture: files round."""
_MOST_CORNERS = 200
_LEAST_PX2 = 4.0
"""Smaller than that nobody can stand in a zone."""


class ZoneKind(StrEnum):
    """What a part of the picture is."""

    CARRIAGEWAY = "carriageway"
    SHOULDER = "shoulder"
    CROSSING = "crossing"
    BUS_STOP = "bus stop"
    PARKING = "parking"


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A polygon.

    Attributes:
        kind: what it is.
        name: what people call it.
        points_px: (corner, 2), in order around it.
        arrow_px: (2, 2), from where to where one drives on a carriageway; None: learned from those who do.
    """

    kind: ZoneKind
    name: str
    points_px: FloatArray
    arrow_px: FloatArray | None = None

    @classmethod
    def of(
        cls, kind: ZoneKind, name: str, points: Any, size_wh_px: tuple[int, int], where: str, arrow: Any = None
    ) -> "Zone":
        """One that has been looked at.

        Args:
            kind: what it is.
            name: what people call it.
            points: its corners, as a file has them.
            size_wh_px: of the picture.
            where: what an error calls it.
            arrow: two points, from where to where one drives, as a file has them; None: not told.

        Raises:
            BadInput: its corners are too few, no numbers, outside the picture, the same, or its edges cross; or its
                arrow is none, or of what is no carriageway.
        """
        corners = _corners(points, where)
        width, height = size_wh_px
        outside = (corners < -_OVER_PX).any(axis=1) | (corners > np.array([width, height]) + _OVER_PX).any(axis=1)
        if outside.any():
            x, y = corners[outside][0].tolist()
            raise BadInput(
                cause=f"{where}: point ({x:g}, {y:g}) lies outside the picture of {width}x{height} px",
                mend="Draw it on a picture of this size; points are right and down from the upper left corner",
            )
        crossing = _self_crossing(corners)
        if crossing is not None:
            one, other = crossing
            raise BadInput(
                cause=f"{where}: its edges {one + 1} and {other + 1} meet, as of a figure of eight",
                mend="List the corners in order around it, each once",
            )
        if cv2.contourArea(corners.astype(np.float32)) < _LEAST_PX2:
            raise BadInput(cause=f"{where}: it has no area", mend="Give three corners or more, not on one line")
        arrow_px = None if arrow is None else _arrow(arrow, kind, where)
        return cls(kind=kind, name=name, points_px=corners.clip(0, [width, height]), arrow_px=arrow_px)

    def depth_px(self, point_px: npt.ArrayLike) -> float:
        """How far a point is from its edge; below 0 outside."""
        x, y = np.asarray(point_px, dtype=np.float64).tolist()
        return float(cv2.pointPolygonTest(self.points_px.astype(np.float32), (x, y), True))


def _arrow(arrow: Any, kind: ZoneKind, where: str) -> FloatArray:
    if kind is not ZoneKind.CARRIAGEWAY:
        raise BadInput(cause=f"{where}: a {kind} has no direction", mend="Give an arrow to a carriageway alone")
    try:
        ends = np.asarray(arrow, dtype=np.float64)
    except (TypeError, ValueError):
        ends = np.empty(0)
    if ends.shape != (2, 2) or not np.isfinite(ends).all() or (ends[0] == ends[1]).all():
        raise BadInput(
            cause=f"{where}: its arrow is not two different points",
            mend="Write from where to where: [[60, 280], [150, 90]]",
        )
    return ends


def _corners(points: Any, where: str) -> FloatArray:
    try:
        corners = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError):
        corners = np.empty(0)
    if corners.ndim != 2 or corners.shape[-1] != 2 or not np.isfinite(corners).all():
        raise BadInput(
            cause=f"{where}: its points are no list of [right, down] pixels", mend="Write [[0, 0], [9, 0], ...]"
        )
    # Some tools repeat the first corner at the end, and rounding makes two of one.
    corners = corners[(corners != np.roll(corners, 1, axis=0)).any(axis=1)] if len(corners) > 1 else corners
    if not 3 <= len(corners) <= _MOST_CORNERS:
        raise BadInput(cause=f"{where} has {len(corners)} different points", mend=f"Give 3 to {_MOST_CORNERS} corners")
    return corners


def _self_crossing(corners: FloatArray) -> tuple[int, int] | None:
    """Two edges that meet elsewhere than in the corner that they share."""
    count = len(corners)
    for one in range(count):
        for other in range(one + 1, count):
            adjacent = other - one == 1 or (one == 0 and other == count - 1)
            edges = (corners[one], corners[(one + 1) % count], corners[other], corners[(other + 1) % count])
            if _folded(*edges) if adjacent else _meet(*edges):
                return one, other
    return None


def _turn(a: FloatArray, b: FloatArray, c: FloatArray) -> float:
    return float(np.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])))


def _between(a: FloatArray, b: FloatArray, c: FloatArray) -> bool:
    """Whether ``c``, on the line of ``a`` and ``b``, lies between them."""
    return bool((np.minimum(a, b) <= c).all() and (c <= np.maximum(a, b)).all())


def _meet(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> bool:
    turns = (_turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b))
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(turn == 0 and _between(*end) for turn, end in zip(turns, ends, strict=True))


def _folded(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> bool:
    """Whether two edges that share a corner lie upon each other."""
    shared, one, other = (b, a, d) if (b == c).all() else (a, b, c)
    return _turn(one, shared, other) == 0 and float(np.dot(one - shared, other - shared)) > 0
