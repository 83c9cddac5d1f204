"""What a camera sees when nobody is there: one background of the last minute, one of the last two seconds."""

import math

import cv2
import numpy as np

from features.cctv.detections import Detections
from features.cctv.difference import difference, exposure, reach
from features.cctv.left_behind import LeftBehind
from features.cctv.slow_background import SlowBackground, SlowConfig
from features.cctv.view import Picture, View, pixel_aspect
from features.errors import BadInput

_WORK_PX = 640
"""Widest picture that is compared as it is; a wider one is compared at a size below that."""
_FAST_S = 2.0
"""Time constant of the fast background."""
_OTHER_SHARE, _OTHER_S = 0.6, 5.0
"""Of the picture that differs, for that long: it is another picture, and all is learned anew."""
_LEVEL, _NOISES, _MOST_NOISE = 12.0, 3.0, 8.0
"""Grey levels, and times the noise, from which on a pixel differs; more noise than that is no noise."""
_EVERY = 8
"""Of the pixels by which noise is judged, down and across."""


class Background:
    """One camera's.

    Differences are to the range of the background's nearest pixels, and at the picture's brightness: a camera that
    sways by a pixel or follows a cloud differs nowhere.

    Args:
        size_wh_px: of the pictures.
        config: how fast the slow background learns.
    """

    def __init__(self, size_wh_px: tuple[int, int], config: SlowConfig | None = None) -> None:
        self.size_wh_px = size_wh_px
        self._config = config or SlowConfig()
        self._shrink = -(-size_wh_px[0] // _WORK_PX)
        self._work_wh = (size_wh_px[0] // self._shrink, size_wh_px[1] // self._shrink)
        self._work: Picture = np.zeros((*self._work_wh[::-1], 3), np.uint8)
        self._seen_s: float | None = None
        self._begin(0.0)

    def _begin(self, time_s: float) -> None:
        self._slow = SlowBackground(self._work, time_s, self._config)
        self._fast = self._work.astype(np.float32)
        self._moving: Picture = np.zeros(self._work_wh[::-1], np.uint8)
        self._standing = LeftBehind(self._work_wh)
        self._began_s, self._other_s, self._level = time_s, 0.0, _LEVEL

    def see(self, picture: Picture, time_s: float) -> View:
        """Take in the next picture.

        Args:
            picture: (height, width, 3), blue, green, red.
            time_s: when it was taken, not before the last one.

        Returns:
            The picture and where it differs from what was there before it; 0 everywhere for the first.

        Raises:
            BadInput: a picture of another size.
        """
        if picture.shape != (self.size_wh_px[1], self.size_wh_px[0], 3):
            raise BadInput(
                cause=f"A picture of {picture.shape[1]}x{picture.shape[0]} px among those of "
                f"{self.size_wh_px[0]}x{self.size_wh_px[1]} px",
                mend="Begin a new background where a camera changes its resolution",
            )
        self._work = _resized(picture, self._work_wh, cv2.INTER_AREA)
        if self._seen_s is None:
            self._begin(time_s)
        step_s = 0.0 if self._seen_s is None else max(time_s - self._seen_s, 0.0)
        self._seen_s = time_s
        self._expose()
        slow = difference(self._work, *self._slow.reach)
        fast = difference(self._work, *reach(self._fast))
        self._learn(slow, fast, time_s, step_s)
        return View(
            picture=picture,
            slow_difference=self._whole(slow),
            fast_difference=self._whole(fast),
            pixel_aspect=pixel_aspect(self.size_wh_px),
        )

    @property
    def moving(self) -> Picture:
        """(height, width), 255 where something moves, 0 elsewhere."""
        return self._whole(self._moving, cv2.INTER_NEAREST)

    @property
    def slow_picture(self) -> Picture:
        """(height, width, 3): what stands still, as the camera would show it now."""
        return self._whole(self._slow.picture)

    def left_behind(self, road_mask: Picture | None = None) -> Detections:
        """What was not there before, and has not moved for seconds.

        Args:
            road_mask: (height, width), not 0 where to look; everywhere without it.

        Returns:
            Blobs of kind ``OBJECT``, best first: a thing, but also a vehicle that has stopped.
        """
        mask = None if road_mask is None else _resized(road_mask, self._work_wh, cv2.INTER_NEAREST)
        behind, ghosts = self._standing.blobs(self._work, self._slow.picture, mask)
        for part in ghosts:
            # Who stood there when the background was begun has left: the road is what remains.
            self._slow.replace(part, self._work)
            self._standing.forget(part)
        return Detections(xyxy_px=behind.xyxy_px * np.float32(self._shrink), score=behind.score, kind=behind.kind)

    def _expose(self) -> None:
        """Make both backgrounds as bright as the picture is."""
        self._slow.expose(self._work)
        ratio = exposure(self._work, self._fast)
        if ratio != 1:
            self._fast *= np.float32(ratio)

    def _learn(self, slow: Picture, fast: Picture, time_s: float, step_s: float) -> None:
        noise = min(float(np.median(fast[::_EVERY, ::_EVERY])), _MOST_NOISE)
        self._level += 0.1 * (_LEVEL + _NOISES * noise - self._level)
        differs, changes = _beyond(slow, self._level), _beyond(fast, self._level)
        # The fast background keeps a trail of who has passed, the slow one who has stopped: what moves is in both.
        self._moving = np.bitwise_and(differs, changes)
        self._standing.see(differs, changes, step_s)
        self._slow.learn(self._work, self._moving, self._standing.standing, time_s)
        # As of its first seconds, all pictures so far count alike.
        known_s = min(_FAST_S, time_s - self._began_s)
        cv2.accumulateWeighted(self._work, self._fast, 1 - math.exp(-step_s / max(known_s, step_s, 1e-3)))
        other = cv2.countNonZero(differs) > _OTHER_SHARE * differs.size
        self._other_s = self._other_s + step_s if other else 0.0
        if self._other_s > _OTHER_S:
            self._begin(time_s)

    def _whole(self, work: Picture, interpolation: int = cv2.INTER_LINEAR) -> Picture:
        return _resized(work, self.size_wh_px, interpolation)


def _resized(picture: Picture, size_wh_px: tuple[int, int], interpolation: int) -> Picture:
    if picture.shape[1::-1] == size_wh_px:
        return picture
    return np.asarray(cv2.resize(picture, size_wh_px, interpolation=interpolation), np.uint8)


def _beyond(found: Picture, level: float) -> Picture:
    """255 where a difference is above a level and not alone, 0 elsewhere."""
    return np.asarray(cv2.medianBlur(cv2.threshold(found, level, 255, cv2.THRESH_BINARY)[1], 3), np.uint8)
