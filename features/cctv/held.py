"""What is held to be before a camera: found once, moved on at its own speed, believed the more the oftener it is found.

It lets a detector look seldom, and a weak one be believed. It knows no identities: who is who is the tracker's to say.
"""

import numpy as np
import numpy.typing as npt

from features.cctv.detections import Detections, iou
from features.cctv.suppress import suppress

FloatArray = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.intp]

_SAME_IOU = 0.35
"""Of a box and of where one was expected: they are the same."""
_WIDER, _WIDER_IOU, _LIKELY = 0.5, 0.3, 0.3
"""Share of its size by which a box is widened on each side, the overlap that makes two the same then, and the score
that both have at least: who drives fast is a length farther at the second look, before its speed is known."""
_NEW, _MISSED = 0.7, 0.75
"""Share of its score that a box found for the first time has, and that one keeps after a look that did not find it."""
_NEWS_EARLY, _NEWS = 0.5, 0.3
"""Share of a look in the score of what was found a few times, and of what was found often."""
_OFTEN = 3
_PLACE, _SPEED, _SPEED_EARLY = 0.75, 0.45, 0.8
"""Share of a look in a box, in its speed, and in its speed when it is found for the second time."""
_SLOWS = 0.9
"""Of its speed a box keeps after a look that did not find it."""
_LEAST = 0.01
"""Score below which nothing is held any longer."""
_ONE_IOU = 0.6
"""Of two boxes that have come to hold the same."""


class Held:
    """Before one camera.

    Args:
        size_wh_px: of its pictures.
    """

    def __init__(self, size_wh_px: tuple[int, int]) -> None:
        self._limits_px = np.array([*size_wh_px, *size_wh_px], np.float32)
        self._boxes = Detections.of([])
        self._speed_px_s: FloatArray = np.zeros((0, 4), np.float32)
        self._found_s: npt.NDArray[np.float64] = np.zeros(0)
        self._times: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._now_s = 0.0

    def coast(self, time_s: float) -> Detections:
        """What is held to be there now, without a look; best first."""
        self._move(time_s)
        return self._told()

    def see(self, found: Detections, looked: Bools, time_s: float) -> Detections:
        """Take in what a look found.

        Args:
            found: each road user once.
            looked: (height, width), where it looked.
            time_s: when.

        Returns:
            What is held to be there now, best first.
        """
        self._move(time_s)
        old, new = self._matched(found)
        missed = _within(self._boxes.xyxy_px, looked)
        missed[old] = False
        self._boxes.score[missed] *= np.float32(_MISSED)
        self._speed_px_s[missed] *= np.float32(_SLOWS)
        self._find_again(old, found.take(new))
        fresh = np.ones(len(found), bool)
        fresh[new] = False
        self._add(found.take(fresh))
        middle = (self._boxes.xyxy_px[:, :2] + self._boxes.xyxy_px[:, 2:]) / 2
        inside = ((middle > 0) & (middle < self._limits_px[:2])).all(axis=1)
        self._keep(inside & (self._boxes.score >= _LEAST))
        return self._told()

    def _move(self, time_s: float) -> None:
        step_s = max(time_s - self._now_s, 0.0)
        self._now_s = max(time_s, self._now_s)
        boxes = self._boxes
        self._boxes = Detections(
            xyxy_px=boxes.xyxy_px + self._speed_px_s * np.float32(step_s), score=boxes.score, kind=boxes.kind
        )

    def _matched(self, found: Detections) -> tuple[Numbers, Numbers]:
        """Numbers of what is held and what was found that are the same, one to one, those that overlap most first."""
        ours, theirs = self._boxes.xyxy_px, found.xyxy_px
        one, other = _pairs(iou(ours, theirs), _SAME_IOU)
        young, likely = (self._times == 1) & (self._boxes.score >= _NEW * _LIKELY), found.score >= _LIKELY
        left, right = np.setdiff1d(np.flatnonzero(young), one), np.setdiff1d(np.flatnonzero(likely), other)
        first, second = _pairs(iou(_widened(ours[left]), _widened(theirs[right])), _WIDER_IOU)
        return np.concatenate([one, left[first]]), np.concatenate([other, right[second]])

    def _find_again(self, which: Numbers, found: Detections) -> None:
        boxes = self._boxes
        off = found.xyxy_px - boxes.xyxy_px[which]
        since_s = np.maximum(self._now_s - self._found_s[which], 1e-3).astype(np.float32)[:, None]
        # A box that is cut or grows is not one that moves: half of what its edges do is what its middle does.
        drift = off / 2 + np.tile((off[:, :2] + off[:, 2:]) / 4, 2)
        share = np.where(self._times[which] == 1, _SPEED_EARLY, _SPEED).astype(np.float32)[:, None]
        self._speed_px_s[which] += share * drift / since_s
        boxes.xyxy_px[which] += np.float32(_PLACE) * off
        news = np.where(self._times[which] >= _OFTEN, _NEWS, _NEWS_EARLY).astype(np.float32)
        boxes.score[which] += news * (found.score - boxes.score[which])
        boxes.kind[which] = found.kind
        self._found_s[which] = self._now_s
        self._times[which] += 1

    def _add(self, fresh: Detections) -> None:
        first = Detections(xyxy_px=fresh.xyxy_px, score=fresh.score * np.float32(_NEW), kind=fresh.kind)
        self._boxes = Detections.joined([self._boxes, first])
        self._speed_px_s = np.concatenate([self._speed_px_s, np.zeros((len(fresh), 4), np.float32)])
        self._found_s = np.concatenate([self._found_s, np.full(len(fresh), self._now_s)])
        self._times = np.concatenate([self._times, np.ones(len(fresh), np.int64)])

    def _keep(self, which: Bools) -> None:
        self._boxes, self._speed_px_s = self._boxes.take(which), self._speed_px_s[which]
        self._found_s, self._times = self._found_s[which], self._times[which]

    def _told(self) -> Detections:
        boxes = self._boxes
        within = np.clip(boxes.xyxy_px, 0, self._limits_px)
        return suppress(Detections(xyxy_px=within, score=boxes.score.copy(), kind=boxes.kind.copy()), _ONE_IOU)


def _pairs(shared: FloatArray, least: float) -> tuple[Numbers, Numbers]:
    first, second = [], []
    while shared.size and shared.max() >= least:
        one, other = divmod(int(shared.argmax()), shared.shape[1])
        first.append(one)
        second.append(other)
        shared[one, :] = shared[:, other] = 0
    return np.array(first, np.intp), np.array(second, np.intp)


def _widened(boxes: FloatArray) -> FloatArray:
    more = np.float32(_WIDER) * (boxes[:, 2:] - boxes[:, :2])
    return np.concatenate([boxes[:, :2] - more, boxes[:, 2:] + more], axis=1)


def _within(boxes: FloatArray, looked: Bools) -> Bools:
    """Whether the middle of each box lies where a look was."""
    height, width = looked.shape
    right, down = ((boxes[:, :2] + boxes[:, 2:]) / 2).astype(np.intp).T
    found: Bools = looked[down.clip(0, height - 1), right.clip(0, width - 1)]
    return found
