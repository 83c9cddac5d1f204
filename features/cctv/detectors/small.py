"""Haechi's own small detector: it looks at the picture and at its difference to both backgrounds."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from features.cctv.detections import Detections
from features.cctv.detectors.graph import Port, refuse
from features.cctv.kinds import KINDS
from features.cctv.suppress import suppress
from features.cctv.view import View

FloatArray = npt.NDArray[np.float32]
Infer = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""Runs the graph: (1, 5, height, width) to boxes (1, n, 4) and scores (1, n, kind)."""

_CHANNELS = 5
_MULTIPLE_PX = 32
_PADDING = 114.0
"""Grey beside the picture, where it is no multiple of 32 pixels; both differences are 0 there."""


def check_graph(inputs: Sequence[Port], outputs: Sequence[Port]) -> None:
    """Refuse a graph that is not Haechi's own.

    Args:
        inputs: of the graph.
        outputs: of the graph.

    Raises:
        BadInput: a graph of another family.
    """
    named = {port.name: list(port.shape) for port in (*inputs, *outputs)}
    fits = (
        len(inputs) == 1
        and len(named.get("views", [])) == 4
        and named["views"][1] == _CHANNELS
        and [len(named.get(name, [])) for name in ("boxes", "scores")] == [3, 3]
        and named["boxes"][2] == 4
        and named["scores"][2] == len(KINDS)
        and all(port.type == "tensor(float)" for port in (*inputs, *outputs))
    )
    if not fits:
        wanted = f"views (batch, {_CHANNELS}, height, width), boxes (batch, n, 4), scores (batch, n, {len(KINDS)})"
        raise refuse("Haechi", (*inputs, *outputs), f"{wanted}, all tensor(float)")


class Small:
    """Haechi's own detector.

    Args:
        infer: runs the graph.
        sha256: of its file.
        name: e.g. ``haechi-small``.
        least_score: of a detection; who stands still scores low.
    """

    def __init__(self, infer: Infer, sha256: str, name: str, *, least_score: float = 0.05) -> None:
        self.name, self.sha256, self.kinds = name, sha256, frozenset(KINDS)
        self._infer, self._least_score = infer, least_score

    def detect(self, view: View) -> Detections:
        """The road users in a view, in its pixels, best first, each once."""
        height, width = view.picture.shape[:2]
        boxes, scores = self._infer(as_input(view)[None])
        kind, score = scores[0].argmax(axis=1), scores[0].max(axis=1, initial=0)
        kept = score >= self._least_score
        return suppress(
            Detections(
                xyxy_px=boxes[0][kept].clip(0, [width, height, width, height]).astype(np.float32),
                score=score[kept],
                kind=kind[kept].astype(np.int8),
            )
        )


def as_input(view: View) -> FloatArray:
    """What the graph looks at, as it is trained on.

    Args:
        view: of any size.

    Returns:
        (5, height, width), blue, green, red, slow and fast difference, 0 to 255; sides grown to multiples of 32.
    """
    height, width = view.picture.shape[:2]
    down, right = -height % _MULTIPLE_PX, -width % _MULTIPLE_PX
    found = np.zeros((_CHANNELS, height + down, width + right), dtype=np.float32)
    found[:3] = _PADDING
    for channel, plane in enumerate((*cv2.split(view.picture), view.slow_difference, view.fast_difference)):
        found[channel, :height, :width] = plane
    return found
