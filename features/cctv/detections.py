"""What a detector found in one picture, whichever detector it was."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.cctv.kinds import KINDS, UserKind

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections:
    """Boxes of one picture.

    Attributes:
        xyxy_px: (box, 4), left, top, right, bottom, pixels of the whole picture.
        score: (box,), 0 to 1, the detector's own.
        kind: (box,), number in ``KINDS``.

    >>> one = Detections.of([(0, 0, 10, 20, 0.9, UserKind.CAR)])
    >>> len(one), one.kinds()
    (1, [<UserKind.CAR: 'car'>])
    """

    xyxy_px: FloatArray
    score: FloatArray
    kind: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.score)

    @classmethod
    def of(cls, rows: Sequence[tuple[float, float, float, float, float, UserKind]]) -> "Detections":
        """From rows of left, top, right, bottom, score, kind."""
        return cls(
            xyxy_px=np.array([row[:4] for row in rows], dtype=np.float32).reshape(-1, 4),
            score=np.array([row[4] for row in rows], dtype=np.float32),
            kind=np.array([KINDS.index(row[5]) for row in rows], dtype=np.int8),
        )

    @classmethod
    def joined(cls, parts: "Sequence[Detections]") -> "Detections":
        """All boxes of several, one after the other."""
        if not parts:
            return cls.of([])
        return cls(
            xyxy_px=np.concatenate([part.xyxy_px for part in parts]),
            score=np.concatenate([part.score for part in parts]),
            kind=np.concatenate([part.kind for part in parts]),
        )

    def take(self, which: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> "Detections":
        """Some of them, by a mask or by their numbers."""
        return Detections(xyxy_px=self.xyxy_px[which], score=self.score[which], kind=self.kind[which])

    def moved(self, right_px: float, down_px: float) -> "Detections":
        """The same, found in a cut-out whose corner lies there."""
        offset = np.array([right_px, down_px, right_px, down_px], dtype=np.float32)
        return Detections(xyxy_px=self.xyxy_px + offset, score=self.score, kind=self.kind)

    def kinds(self) -> list[UserKind]:
        """Of each box."""
        return [KINDS[number] for number in self.kind.tolist()]


def overlap(one: npt.ArrayLike, other: npt.ArrayLike) -> float:
    """Intersection over union of two boxes, left, top, right, bottom."""
    boxes = [np.asarray(box, dtype=np.float32).reshape(1, 4) for box in (one, other)]
    return float(iou(*boxes)[0, 0])


def iou(ones: FloatArray, others: FloatArray) -> FloatArray:
    """Intersection over union of every box with every other.

    Args:
        ones: (n, 4), left, top, right, bottom, pixels.
        others: (m, 4), likewise.

    Returns:
        (n, m), 0 to 1; 0 where both are empty.

    >>> iou(np.array([[0, 0, 2, 2]], np.float32), np.array([[1, 0, 3, 2]], np.float32)).round(3).tolist()
    [[0.3330000042915344]]
    """
    sides = [_shared(ones[:, axis::2], others[:, axis::2]) for axis in (0, 1)]
    shared = sides[0] * sides[1]
    areas = [np.prod((boxes[:, 2:] - boxes[:, :2]).clip(min=0), axis=1) for boxes in (ones, others)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    found: FloatArray = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return found


def _shared(ones: FloatArray, others: FloatArray) -> FloatArray:
    """How much every span, (n, 2), shares with every other, (m, 2)."""
    low = np.maximum(ones[:, None, 0], others[None, :, 0])
    high = np.minimum(ones[:, None, 1], others[None, :, 1])
    shared: FloatArray = np.maximum(high - low, 0)
    return shared
