"""Whether a camera still looks where it looked: its picture's edges are laid over those that it has always shown."""

import cv2
import numpy as np
import numpy.typing as npt

from features.cctv.view import Picture

FloatArray = npt.NDArray[np.float32]

_WIDTH_PX = 128
"""Of the pictures that are laid over one another."""
_REACH = 0.15
"""Share of the picture by which it may have moved and still be found again."""
_STRONGEST = 80.0
"""Grey levels beyond which an edge counts no more: a lamp is but one thing among many."""
_NEWS, _LEARNS = 0.3, 0.02
"""Share of a look in the edges as they are now, and in those that the camera has always shown."""
_BEGINS = 10
"""Looks after which it is known what the camera shows."""
_LEAST_PX = 2
"""Of the small picture: what is less may be wind."""
_FITS, _BETTER = 0.35, 0.1
"""Correlation at which another place fits, and by how much it must fit better than none."""
_LOST_SHARE = 0.35
"""Of its usual correlation: below that it shows something else."""


class Overlay:
    """One camera's.

    Args:
        size_wh_px: of its pictures.
    """

    def __init__(self, size_wh_px: tuple[int, int]) -> None:
        self._small_wh = (_WIDTH_PX, max(round(size_wh_px[1] * _WIDTH_PX / size_wh_px[0]), 16))
        self._now: FloatArray | None = None
        self._always: FloatArray | None = None
        self._usual, self._looks = 1.0, 0

    def is_other(self, grey: Picture) -> bool:
        """Lay a picture over those before it.

        Args:
            grey: (height, width); about one a second.

        Returns:
            Whether it shows another view than the camera always has, be it moved by a little.
        """
        small = np.asarray(cv2.resize(grey, self._small_wh, interpolation=cv2.INTER_AREA), np.uint8)
        edges = _edges(small)
        self._looks += 1
        if self._now is None or self._always is None:
            self._now, self._always = edges, edges.copy()
            return False
        self._now += np.float32(_NEWS) * (edges - self._now)
        if self._looks <= _BEGINS:
            self._always += (self._now - self._always) / np.float32(self._looks)
            return False
        other = self._is_moved(self._now, self._always)
        if not other:
            self._always += np.float32(_LEARNS) * (edges - self._always)
        return other

    def _is_moved(self, now: FloatArray, always: FloatArray) -> bool:
        width, height = self._small_wh
        right, down = round(width * _REACH), round(height * _REACH)
        middle = now[down : height - down, right : width - right]
        fits = cv2.matchTemplate(always, np.ascontiguousarray(middle), cv2.TM_CCOEFF_NORMED)
        here = float(fits[down, right])
        _, best, _, (best_right, best_down) = cv2.minMaxLoc(fits)
        moved = float(np.hypot(best_right - right, best_down - down))
        if moved >= _LEAST_PX and best > _FITS and best > here + _BETTER:
            return True
        if here < _LOST_SHARE * self._usual:
            return True
        self._usual += _LEARNS * (here - self._usual)
        return False


def _edges(small: Picture) -> FloatArray:
    smooth = cv2.GaussianBlur(small, (3, 3), 0)
    right = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=0.25)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=0.25)
    found: FloatArray = np.minimum(cv2.magnitude(right, down), _STRONGEST)
    return found
