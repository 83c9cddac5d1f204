"""How far a picture is from a background, in a manner that a swaying camera and its exposure do not disturb."""

import cv2
import numpy as np
import numpy.typing as npt

from features.cctv.view import Picture

FloatArray = npt.NDArray[np.float32]

_AROUND = np.ones((3, 3), np.uint8)
_EVERY = 8
"""Of the pixels by which brightness is judged, down and across."""
_STEP = 1.25
"""Most by which a picture's brightness is followed at once: more is no exposure but something before the lens."""
_DARK = 8.0
"""Grey levels below which nothing can be said of the brightness."""


def reach(background: FloatArray) -> tuple[Picture, Picture]:
    """The least and the greatest value of a background within a pixel of each pixel.

    Args:
        background: (height, width, 3), grey levels.
    """
    shown = cv2.convertScaleAbs(background)
    return np.asarray(cv2.erode(shown, _AROUND), np.uint8), np.asarray(cv2.dilate(shown, _AROUND), np.uint8)


def difference(picture: Picture, low: Picture, high: Picture) -> Picture:
    """Grey levels by which a picture leaves the range of its background, in the channel that leaves it most.

    Args:
        picture: (height, width, 3).
        low: likewise, from ``reach``.
        high: likewise.

    Returns:
        (height, width).
    """
    blue, green, red = cv2.split(cv2.max(cv2.subtract(picture, high), cv2.subtract(low, picture)))
    return np.asarray(cv2.max(cv2.max(blue, green), red), np.uint8)


def exposure(picture: Picture, background: FloatArray) -> float:
    """By how much a picture is brighter than its background: 1.0 where both are alike.

    The median of green over the picture, so that who drives in it does not count.

    >>> road = np.full((64, 64, 3), 100, np.float32)
    >>> exposure((road * 1.1).astype(np.uint8), road)
    1.1
    """
    now = picture[::_EVERY, ::_EVERY, 1].astype(np.float32)
    then = background[::_EVERY, ::_EVERY, 1]
    seen = (then > _DARK) & (now > _DARK) & (now < 250)
    if np.count_nonzero(seen) < seen.size / 4:
        return 1.0
    return round(float(np.clip(np.median(now[seen] / then[seen]), 1 / _STEP, _STEP)), 3)
