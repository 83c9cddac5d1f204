"""Detectors of the YOLOX family (Ge et al. 2021), of any size, trained on COCO."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from features.cctv.detections import Detections
from features.cctv.detectors.graph import Port, refuse
from features.cctv.kinds import KINDS, UserKind
from features.cctv.suppress import suppress
from features.cctv.view import Picture, View

FloatArray = npt.NDArray[np.float32]
Infer = Callable[[FloatArray], FloatArray]
"""Runs the graph: (1, 3, side, side) to (1, cell, 85)."""

_STRIDES_PX = (8, 16, 32)
_GREY = 114
_COCO = {
    0: UserKind.PERSON,
    1: UserKind.BICYCLE,
    2: UserKind.CAR,
    3: UserKind.MOTORBIKE,
    5: UserKind.BUS,
    # A bus seen from above is now and then a train; on a road it is none.
    6: UserKind.BUS,
    7: UserKind.TRUCK,
}
"""Our kind of each of COCO's classes that may be on a road."""
_CLASSES = 80
_HEAD = 5
"""Of an output's row, before its classes: centre, size, whether anything is there."""
_OURS = np.array([KINDS.index(kind) for kind in _COCO.values()], dtype=np.int8)


def check_graph(inputs: Sequence[Port], outputs: Sequence[Port]) -> int:
    """Width and height of the pictures that a graph of this family takes.

    Args:
        inputs: of the graph.
        outputs: of the graph.

    Raises:
        BadInput: a graph of another family.
    """
    shape = list(inputs[0].shape) if len(inputs) == 1 else []
    side = shape[3] if len(shape) == 4 else None
    if not isinstance(side, int) or side % _STRIDES_PX[-1] or shape[1:] != [3, side, side]:
        raise refuse("YOLOX", inputs, "one input 1 x 3 x side x side, the side a multiple of 32")
    if inputs[0].type != "tensor(float)":
        raise refuse("YOLOX", inputs, "tensor(float)")
    rows = list(outputs[0].shape) if len(outputs) == 1 else []
    if (
        len(rows) != 3
        or rows[2] != _HEAD + _CLASSES
        or (rows[1] not in (_cells(side), None) and isinstance(rows[1], int))
    ):
        raise refuse("YOLOX", outputs, f"one output 1 x {_cells(side)} x {_HEAD + _CLASSES}: COCO's classes, undecoded")
    return side


class Yolox:
    """A detector of this family.

    Args:
        infer: runs the graph.
        sha256: of its file.
        name: e.g. ``yolox-nano``.
        side_px: width and height of what the graph takes.
        least_score: of a detection.
    """

    def __init__(
        self,
        infer: Infer,
        sha256: str,
        name: str,
        *,
        side_px: int = 416,
        least_score: float = 0.05,
    ) -> None:
        self.name, self.sha256, self.kinds = name, sha256, frozenset(_COCO.values())
        self._infer, self._side_px, self._least_score = infer, side_px, least_score
        self._corner, self._stride = _grid(side_px)
        self._sheet: Picture = np.empty((side_px, side_px, 3), np.uint8)

    def detect(self, view: View) -> Detections:
        """The road users in a view, in its pixels, best first, each once."""
        height, width = view.picture.shape[:2]
        # It sees cars best as they are: where pixels are not square, they are made so.
        scale = self._side_px / max(width, height / view.pixel_aspect)
        shown = (max(round(width * scale), 1), max(round(height * scale / view.pixel_aspect), 1))
        self._sheet[:] = _GREY
        cv2.resize(view.picture, shown, dst=self._sheet[: shown[1], : shown[0]], interpolation=cv2.INTER_LINEAR)
        rows = self._infer(np.ascontiguousarray(self._sheet.transpose(2, 0, 1)[None], dtype=np.float32))[0]
        found = self._decoded(rows)
        boxes = found.xyxy_px * np.tile([width / shown[0], height / shown[1]], 2)
        boxes = boxes.clip(0, [width, height, width, height])
        return suppress(Detections(xyxy_px=boxes.astype(np.float32), score=found.score, kind=found.kind))

    def _decoded(self, rows: FloatArray) -> Detections:
        """(cell, 85) to boxes in pixels of the sheet."""
        there = np.flatnonzero(rows[:, 4] >= self._least_score)
        rows = rows[there]
        each = rows[:, [_HEAD + number for number in _COCO]]
        score = rows[:, 4] * each.max(axis=1, initial=0)
        kept = score >= self._least_score
        rows, there = rows[kept], there[kept]
        stride = self._stride[there, None]
        centre = (rows[:, :2] + self._corner[there]) * stride
        half = np.exp(rows[:, 2:4]) * stride / 2
        return Detections(
            xyxy_px=np.concatenate([centre - half, centre + half], axis=1),
            score=score[kept],
            kind=_OURS[each[kept].argmax(axis=1)] if len(rows) else np.empty(0, np.int8),
        )


def _cells(side: int) -> int:
    return sum((side // stride) ** 2 for stride in _STRIDES_PX)


def _grid(side: int) -> tuple[FloatArray, FloatArray]:
    """Of each cell its corner, (cell, 2), in strides, and its stride, (cell,), pixels."""
    corners, strides = [], []
    for stride in _STRIDES_PX:
        count = side // stride
        down, right = np.divmod(np.arange(count * count), count)
        corners.append(np.stack([right, down], axis=1))
        strides.append(np.full(count * count, stride))
    return np.concatenate(corners).astype(np.float32), np.concatenate(strides).astype(np.float32)
