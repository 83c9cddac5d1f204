"""Average precision of boxes at an intersection over union of one half (AP50)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.cctv.detections import iou
from features.cctv.kinds import KINDS, VEHICLES

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

_OVERLAP = 0.5
_COCO_LIMITS_PX, _COCO_AREA_PX = (32.0**2, 96.0**2), 640.0 * 480.0
"""COCO's sizes, in pictures of its usual area; in smaller pictures all is smaller."""


SIZES = ("small", "medium", "large")
"""Of a box, by its area: COCO's limits as shares of the picture; 18 and 55 px squared in one of 352 x 288."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One picture's truth and what was found in it, of one or several kinds.

    Attributes:
        true_px: (truth, 4), left, top, right, bottom.
        counts: (truth,), whether it must be found; of others it counts neither that they are nor that they are not.
        found_px: (found, 4).
        score: (found,).
        void: (found,), whether it counts for nothing unless it is somebody who must be found.
    """

    true_px: FloatArray
    counts: BoolArray
    found_px: FloatArray
    score: FloatArray
    void: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One picture: who is truly there, and who was found.

    Attributes:
        true_px: (truth, 4), left, top, right, bottom.
        true_kind: (truth,), number in ``KINDS``.
        counts: (truth,), whether it must be found.
        found_px: (found, 4).
        found_kind: (found,).
        score: (found,), 0 to 1.
        area_px: of the picture.
    """

    true_px: FloatArray
    true_kind: npt.NDArray[np.int8]
    counts: BoolArray
    found_px: FloatArray
    found_kind: npt.NDArray[np.int8]
    score: FloatArray
    area_px: float

    def of_kinds(self, numbers: Sequence[int], size: str | None = None) -> Shown:
        """The part of it that is of some kinds, taken for one, and of a size."""
        true, found = np.isin(self.true_kind, numbers), np.isin(self.found_kind, numbers)
        true_px, found_px = self.true_px[true], self.found_px[found]
        fits = _is_of(true_px, size, self.area_px)
        return Shown(
            true_px=true_px,
            counts=self.counts[true] & fits,
            found_px=found_px,
            score=self.score[found],
            void=~_is_of(found_px, size, self.area_px),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """An average precision.

    Attributes:
        of: whose.
        ap50: 0 to 1; NaN where nobody was there to be found.
        truths: who had to be found.
    """

    of: str
    ap50: float
    truths: int


def precisions(seen: Sequence[Seen], *, by_kind: bool) -> list[Precision]:
    """Of vehicles merged, in all and by size, then of each kind that was there.

    Args:
        seen: pictures.
        by_kind: whether the truth tells kinds apart.
    """
    vehicles = [KINDS.index(kind) for kind in KINDS if kind in VEHICLES]
    asked: list[tuple[str, list[int], str | None]] = [("vehicles", vehicles, None)]
    asked += [(f"vehicles, {size}", vehicles, size) for size in SIZES]
    if by_kind:
        asked += [(str(kind), [number], None) for number, kind in enumerate(KINDS)]
    found = []
    for name, numbers, size in asked:
        shown = [one.of_kinds(numbers, size) for one in seen]
        truths = sum(int(one.counts.sum()) for one in shown)
        if truths or name == "vehicles":
            found.append(Precision(of=name, ap50=average_precision(shown), truths=truths))
    return found


def average_precision(shown: Sequence[Shown]) -> float:
    """Area under the curve of precision over recall, made to fall (VOC 2010; Everingham et al. 2015, IJCV 111:98).

    In each picture the surest box takes the truth that it overlaps most, as COCO's evaluation has it: truths that must
    be found come first, those that need not be void what takes them.

    Args:
        shown: pictures.

    Returns:
        0 to 1; NaN where nobody had to be found.

    >>> one = np.array([[0, 0, 10, 10]], np.float32)
    >>> yes, no, sure = np.array([True]), np.array([False]), np.array([0.9], np.float32)
    >>> average_precision([Shown(true_px=one, counts=yes, found_px=one, score=sure, void=no)])
    1.0
    """
    truths = sum(int(one.counts.sum()) for one in shown)
    if not truths:
        return float("nan")
    judged = [_hits(one) for one in shown]
    score = np.concatenate([scores for scores, _ in judged])
    hit = np.concatenate([hits for _, hits in judged])[np.argsort(-score, kind="stable")]
    recall = np.cumsum(hit) / truths
    precision = np.cumsum(hit) / np.arange(1, len(hit) + 1)
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * falling))


def _hits(shown: Shown) -> tuple[FloatArray, BoolArray]:
    """Of each box that counts: its score, and whether it is somebody who must be found."""
    overlap = iou(shown.found_px, shown.true_px)
    free, scores, hits = np.ones(len(shown.true_px), bool), [], []
    for number in np.argsort(-shown.score, kind="stable").tolist():
        near = free & (overlap[number] >= _OVERLAP)
        must = near & shown.counts
        taken = must if must.any() else near
        if taken.any():
            free[np.argmax(np.where(taken, overlap[number], -1.0))] = False
        if must.any() or not (near.any() or shown.void[number]):
            scores.append(shown.score[number])
            hits.append(must.any())
    return np.array(scores, np.float32), np.array(hits, bool)


def _is_of(boxes_px: FloatArray, size: str | None, picture_px: float) -> BoolArray:
    if size is None:
        return np.ones(len(boxes_px), bool)
    area = np.prod(boxes_px[:, 2:] - boxes_px[:, :2], axis=1) * (_COCO_AREA_PX / picture_px)
    at: BoolArray = np.digitize(area, _COCO_LIMITS_PX) == SIZES.index(size)
    return at
