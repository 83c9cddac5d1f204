"""What is wrong with a camera, as its pictures show it: frozen, black, blurred, or looking elsewhere."""

import cv2
import numpy as np
import numpy.typing as npt

from features.cctv.events import HealthEvent, HealthKind
from features.cctv.outlook import Overlay
from features.cctv.view import Picture

FloatArray = npt.NDArray[np.float32]

_LASTS_S = {HealthKind.FROZEN: 10.0, HealthKind.BLACK: 3.0, HealthKind.BLURRED: 10.0, HealthKind.SHIFTED: 6.0}
"""For how long something must be wrong until it is told."""
_OVER_S = {HealthKind.FROZEN: 0.5, HealthKind.BLACK: 2.0, HealthKind.BLURRED: 5.0, HealthKind.SHIFTED: 6.0}
"""For how long it must be right again."""
_TOLD = {
    HealthKind.FROZEN: "The same picture came again and again: the camera or its encoder hangs",
    HealthKind.BLACK: "The picture is all dark, or of one shade: the lens is covered, or the sensor has failed",
    HealthKind.BLURRED: "The picture is less sharp than this camera's usually is: dirt, water or a lost focus",
    HealthKind.SHIFTED: "The camera looks elsewhere than it did: its zones no longer lie where they were drawn",
}
_EVERY_S = 1.0
"""Between two looks at sharpness and outlook."""
_SAME_SHARE = 2e-3
"""Of the pixels that change at all from one live picture to the next, at least: a sensor's noise is enough."""
_NEWS, _MOSTLY = 0.2, 0.6
"""Share of a picture in how often it was the same, and from where on it mostly was: an encoder that repeats a picture
still sends it afresh now and then."""
_MOVES, _MOVES_SHARE = 10, 2e-4
"""Grey levels, and share of the pixels: something moved, so it is not frozen however still the rest is."""
_DARK, _LIT = 16.0, 40.0
"""Mean grey level of a black picture at most, and that of its brightest spots; by night there are lamps."""
_PLAIN = 2.5
"""Standard deviation of a picture of one shade."""
_SOFT = 0.6
"""Share of its usual sharpness that a blurred picture has at most."""
_CELL = np.ones((5, 5), np.uint8)
"""Pixels of a picture around one of a quarter of its size."""
_LEARNS, _BEGINS = 0.005, 10
"""Share of a look in the usual sharpness, and looks after which it is known."""


class Health:
    """One camera's.

    Args:
        camera: which.
        size_wh_px: of its pictures.
    """

    def __init__(self, camera: str, size_wh_px: tuple[int, int]) -> None:
        self._alarms = {kind: _Alarm(camera, kind) for kind in _TOLD}
        self._overlay = Overlay(size_wh_px)
        self._last: Picture | None = None
        self._still: Picture | None = None
        self._same = 0.0
        self._sharp, self._looks = 0.0, 0
        self._looked_s = -np.inf

    def see(self, picture: Picture, time_s: float) -> list[HealthEvent]:
        """What went wrong or came right with this picture.

        Args:
            picture: (height, width, 3).
            time_s: when it was taken, not before the last one.

        Returns:
            Mostly nothing; an event as something begins, and the same with ``cleared_s`` as it is over.
        """
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
        black = _is_black(grey)
        wrong = {HealthKind.BLACK: black, HealthKind.FROZEN: self._is_frozen(grey) and not black}
        if not black and time_s - self._looked_s >= _EVERY_S:
            self._looked_s = time_s
            wrong[HealthKind.BLURRED] = self._is_soft(grey)
            # Without its edges nobody can say where a blurred picture lies.
            wrong[HealthKind.SHIFTED] = not wrong[HealthKind.BLURRED] and self._overlay.is_other(grey)
        told = [self._alarms[kind].step(is_wrong, time_s) for kind, is_wrong in wrong.items()]
        return [event for event in told if event is not None]

    def _is_frozen(self, grey: Picture) -> bool:
        if self._last is None or self._still is None:
            self._last = self._still = grey
            return False
        same = cv2.countNonZero(cv2.absdiff(grey, self._last)) < _SAME_SHARE * grey.size
        self._last = grey
        self._same += _NEWS * (same - self._same)
        _, moved = cv2.threshold(cv2.absdiff(grey, self._still), _MOVES, 255, cv2.THRESH_BINARY)
        if cv2.countNonZero(moved) >= _MOVES_SHARE * grey.size:
            self._still = grey
            return False
        return self._same > _MOSTLY

    def _is_soft(self, grey: Picture) -> bool:
        sharp = sharpness(grey)
        self._looks += 1
        if self._looks <= _BEGINS:
            self._sharp += (sharp - self._sharp) / self._looks
            return False
        if sharp < _SOFT * self._sharp:
            return True
        self._sharp += _LEARNS * (sharp - self._sharp)
        return False


class _Alarm:
    """Whether one thing is wrong: told late, and taken back late, so that it does not flap."""

    def __init__(self, camera: str, kind: HealthKind) -> None:
        self._camera, self._kind = camera, kind
        self._onset_s: float | None = None
        self._turned_s: float | None = None

    def step(self, is_wrong: bool, time_s: float) -> HealthEvent | None:
        if is_wrong is (self._onset_s is not None):
            self._turned_s = None
            return None
        self._turned_s = time_s if self._turned_s is None else self._turned_s
        if time_s - self._turned_s < (_LASTS_S if is_wrong else _OVER_S)[self._kind]:
            return None
        turned_s, self._turned_s = self._turned_s, None
        if self._onset_s is None:
            self._onset_s = turned_s
            return self._event(turned_s, None)
        onset_s, self._onset_s = self._onset_s, None
        return self._event(onset_s, turned_s)

    def _event(self, onset_s: float, cleared_s: float | None) -> HealthEvent:
        return HealthEvent(
            camera=self._camera, kind=self._kind, onset_s=onset_s, cleared_s=cleared_s, detail=_TOLD[self._kind]
        )


def sharpness(grey: Picture) -> float:
    """How steep the plainest edges of a picture are beside the same edges at a quarter of its size.

    Neither contrast nor how much there is to see counts: both sides of the ratio have them.

    Args:
        grey: (height, width).

    Returns:
        About 0.25 where edges are as wide as several pixels, 1 where they are a pixel wide.
    """
    size_wh = (max(grey.shape[1] // 4, 1), max(grey.shape[0] // 4, 1))
    coarse = _slope(np.asarray(cv2.resize(grey, size_wh, interpolation=cv2.INTER_AREA), np.uint8))
    fine = cv2.resize(cv2.dilate(_slope(grey), _CELL), size_wh, interpolation=cv2.INTER_NEAREST)
    plain = coarse >= max(float(np.percentile(coarse, 95)), 4.0)
    if not plain.any():
        return 0.0
    return float(np.median(fine[plain] / coarse[plain]))


def _slope(grey: Picture) -> FloatArray:
    right = cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=0.125)
    return np.asarray(cv2.magnitude(right, down), np.float32)


def _is_black(grey: Picture) -> bool:
    few = grey[::4, ::4]
    if float(few.std()) < _PLAIN:
        return True
    return float(few.mean()) < _DARK and float(np.percentile(few, 99.5)) < _LIT
