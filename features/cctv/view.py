"""What a detector is shown of an instant: the picture, and where it differs from what was there before."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from features.cctv.detections import Detections
from features.cctv.kinds import UserKind

Picture = npt.NDArray[np.uint8]

_ASPECTS = {
    (176, 144): 12 / 11,
    (352, 288): 12 / 11,
    (704, 576): 12 / 11,
    (720, 576): 12 / 11,
    (352, 240): 10 / 11,
    (704, 480): 10 / 11,
    (720, 480): 10 / 11,
}


def pixel_aspect(size_wh_px: tuple[int, int]) -> float:
    """Width of a pixel over its height in a camera's pictures.

    Pictures of the sizes of analogue television are taller or wider than what they show (ITU-R BT.601).

    >>> pixel_aspect((352, 288)) > 1, pixel_aspect((1280, 720))
    (True, 1.0)
    """
    return _ASPECTS.get(size_wh_px, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """An instant of one camera.

    Attributes:
        picture: (height, width, 3), blue, green, red.
        slow_difference: (height, width), grey levels between the picture and the background of the last minute: what
            moves, and what has stopped.
        fast_difference: (height, width), likewise to the background of the last two seconds: what moves.
        pixel_aspect: width of a pixel over its height.
    """

    picture: Picture
    slow_difference: Picture
    fast_difference: Picture
    pixel_aspect: float = 1.0

    def cut(self, left_px: int, top_px: int, right_px: int, bottom_px: int) -> "View":
        """A part of it; the detections in it lie off by its corner (``Detections.moved``)."""
        part = (slice(top_px, bottom_px), slice(left_px, right_px))
        return View(
            picture=self.picture[part],
            slow_difference=self.slow_difference[part],
            fast_difference=self.fast_difference[part],
            pixel_aspect=self.pixel_aspect,
        )


class Detector(Protocol):
    """One family of detectors behind one door.

    Attributes:
        name: e.g. ``yolox-nano``.
        sha256: of its file.
        kinds: that it tells apart.
    """

    name: str
    sha256: str
    kinds: frozenset[UserKind]

    def detect(self, view: View) -> Detections:
        """The road users in a view, in its pixels, best first, each once."""
        ...
