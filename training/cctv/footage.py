"""Pictures of a film, at the rate at which cameras are watched, with the time of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2

from features.cctv.view import Picture
from features.errors import BadInput

RATE_FPS = 5.0
_FASTEST_FPS = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A picture of a film.

    Attributes:
        number: of the frame, from 0.
        time_s: since the film began.
        picture: (height, width, 3), blue, green, red.
    """

    number: int
    time_s: float
    picture: Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """A film that can be read.

    Attributes:
        path: of it.
        fps: its own.
        size_wh_px: of its pictures.
    """

    path: Path
    fps: float
    size_wh_px: tuple[int, int]

    @classmethod
    def of(cls, path: Path) -> "Footage":
        """Look into a film.

        Raises:
            BadInput: it is no film that OpenCV reads.
        """
        video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        try:
            fps = video.get(cv2.CAP_PROP_FPS)
            shown, picture = video.read()
        finally:
            video.release()
        if not shown or not 0 < fps <= _FASTEST_FPS:
            raise BadInput(
                cause=f"{path} is no film that can be read", mend="Check that it plays elsewhere, or take it away"
            )
        return cls(path=path, fps=fps, size_wh_px=(picture.shape[1], picture.shape[0]))

    @property
    def step(self) -> int:
        """Every so many frames one is watched."""
        return max(1, round(self.fps / RATE_FPS))

    def shots(self, late: int = 0) -> Iterator[Shot]:
        """Those that are watched, to the end of the film; a film that was cut off ends where it was.

        Args:
            late: frames by which each is later, below ``step``.
        """
        video, number = cv2.VideoCapture(str(self.path), cv2.CAP_FFMPEG), 0
        try:
            while video.grab():
                if number % self.step == late:
                    shown, picture = video.retrieve()
                    if not shown:
                        return
                    yield Shot(number=number, time_s=number / self.fps, picture=picture.astype("uint8", copy=False))
                number += 1
        finally:
            video.release()
