"""One camera's looks: where the gate says so, with any detector, put together to what is there."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.cctv.detections import Detections
from features.cctv.gate import Gate, GateConfig, Look, Region
from features.cctv.held import Held
from features.cctv.suppress import suppress
from features.cctv.view import Detector, Picture, View

USUAL = GateConfig(full_s=0.4, close_s=0.8)
FRUGAL = GateConfig(full_s=0.4)
"""At 5 pictures a second a detector looks 4.0 and 2.7 times a second with them, a closer look counting as one."""

_BORDER_PX = 3
"""From the edge of a part: what touches it is cut there."""
_CLOSE = 0.6
"""Of the score of what only a closer look has found: it takes windows and signs for vehicles."""
_MOST_SHARE = 0.4
"""Of a part's width that a road user takes up at most: what is larger is better seen whole."""
_THERE = 10.0
"""Grey levels by which a picture differs at most where it shows who is in its background."""
_LIKELY = 0.3
"""Score of a box that another may be a piece of."""
_PIECE = 0.7
"""Share of a box within a larger one, of which it is a piece."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Of one picture.

    Attributes:
        fresh: what was found in this picture, each road user once; empty without a look.
        looked: where; no region: nothing was looked at.
        held: what is held to be there, from this look and those before, moved on to now; best first.
    """

    fresh: Detections
    looked: list[Region]
    held: Detections


class Sight:
    """Before one camera.

    Args:
        detector: of any family.
        size_wh_px: of the pictures.
        config: how often to look.
    """

    def __init__(self, detector: Detector, size_wh_px: tuple[int, int], config: GateConfig) -> None:
        self._detector, self._size_wh_px = detector, size_wh_px
        self._gate, self._held = Gate(size_wh_px, config), Held(size_wh_px)

    def see(self, view: View, moving: Picture, time_s: float, slow_picture: Picture | None = None) -> Seen:
        """Look, where it is worth it.

        Args:
            view: of this picture.
            moving: (height, width), not 0 where something moves.
            time_s: of the picture.
            slow_picture: (height, width, 3), the slow background: who stands is seen there when somebody hides them.
        """
        held = self._held.coast(time_s)
        looks = self._gate.looks(moving, held.xyxy_px, time_s)
        if not looks:
            return Seen(fresh=Detections.of([]), looked=[], held=held)
        fresh = _together([(look, self._look(view, look)) for look in looks], held)
        if slow_picture is not None and self._gate.looks_at_background(time_s):
            fresh = suppress(Detections.joined([fresh, self._standing(view, slow_picture)]))
        where = np.zeros(moving.shape, bool)
        for (left, top, right, bottom), _ in looks:
            where[top:bottom, left:right] = True
        held = self._held.see(fresh, where, time_s)
        return Seen(fresh=fresh, looked=[look.region for look in looks], held=held)

    def _look(self, view: View, look: Look) -> Detections:
        left, top, right, bottom = look.region
        if (right - left, bottom - top) == self._size_wh_px:
            return self._detector.detect(view)
        found = self._detector.detect(view.cut(*look.region)).moved(left, top)
        low, high = found.xyxy_px[:, :2], found.xyxy_px[:, 2:]
        # Only an edge that is none of the picture's cuts.
        near = (low < (left + _BORDER_PX, top + _BORDER_PX)) & (np.array([left, top]) > 0)
        far = (high > (right - _BORDER_PX, bottom - _BORDER_PX)) & (np.array([right, bottom]) < self._size_wh_px)
        return found.take(np.flatnonzero(~(near | far).any(axis=1)))

    def _standing(self, view: View, slow_picture: Picture) -> Detections:
        """Who is seen in the slow background and is there yet."""
        nothing = np.zeros_like(view.slow_difference)
        still = View(
            picture=slow_picture, slow_difference=nothing, fast_difference=nothing, pixel_aspect=view.pixel_aspect
        )
        found = self._detector.detect(still)
        there = [
            float(np.median(view.slow_difference[top : bottom + 1, left : right + 1])) < _THERE
            for left, top, right, bottom in found.xyxy_px.astype(int).tolist()
        ]
        return found.take(np.array(there, bool))


def _together(looks: list[tuple[Look, Detections]], held: Detections) -> Detections:
    """What all looks at one picture found, each road user once."""
    if len(looks) == 1 and not looks[0][0].closer:
        return looks[0][1]
    whole = Detections.joined([found for look, found in looks if not look.closer])
    parts = [whole]
    for look, found in looks:
        if not look.closer:
            continue
        left, _, right, _ = look.region
        size = (found.xyxy_px[:, 2:] - found.xyxy_px[:, :2]).max(axis=1, initial=0)
        kept = found.take((size < _MOST_SHARE * (right - left)) & ~_pieces(found, whole if len(whole) else held))
        parts.append(Detections(xyxy_px=kept.xyxy_px, score=kept.score * np.float32(_CLOSE), kind=kept.kind))
    return suppress(Detections.joined(parts))


def _pieces(found: Detections, of: Detections) -> npt.NDArray[np.bool_]:
    """Which boxes are but a piece of a larger one that is as likely."""
    low = np.maximum(found.xyxy_px[:, None, :2], of.xyxy_px[None, :, :2])
    high = np.minimum(found.xyxy_px[:, None, 2:], of.xyxy_px[None, :, 2:])
    shared = np.prod((high - low).clip(min=0), axis=-1)
    area, larger = (np.prod(boxes.xyxy_px[:, 2:] - boxes.xyxy_px[:, :2], axis=-1) for boxes in (found, of))
    likely = of.score[None, :] > np.maximum(_LIKELY, found.score[:, None] / 2)
    inside = (shared > _PIECE * area[:, None]) & (larger[None, :] > 2 * area[:, None]) & likely
    pieces: npt.NDArray[np.bool_] = inside.any(axis=1)
    return pieces
