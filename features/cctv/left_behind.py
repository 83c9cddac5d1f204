"""What has stopped and stays: blobs that differ from the slow background for seconds, and not from the fast one."""

import cv2
import numpy as np
import numpy.typing as npt

from features.cctv.detections import Detections
from features.cctv.kinds import UserKind
from features.cctv.view import Picture

Part = tuple[slice, slice]

_LASTS_S = 4.0
"""For how long a blob must stand."""
_SURE_S = 12.0
"""After which its standing makes it no surer."""
_LEAST_PX = 12
"""Pixels of the smallest blob."""
_MOST_SHARE = 0.15
"""Of the picture that a blob may cover: more is a cloud's shadow, or a lamp."""
_AROUND = np.ones((3, 3), np.uint8)
_WIDE = np.ones((5, 5), np.uint8)
_CONTRAST = 60.0
"""Grey levels at which a blob is as plain as can be."""
_GONE = 1.3
"""Times as strong as in the picture a blob's outline must be in the background for the picture to be the emptier."""


class LeftBehind:
    """For how long each pixel has been standing.

    Args:
        size_wh_px: of the pictures.
    """

    def __init__(self, size_wh_px: tuple[int, int]) -> None:
        self._stands_s: npt.NDArray[np.float32] = np.zeros(size_wh_px[::-1], np.float32)

    @property
    def standing(self) -> Picture:
        """(height, width), 255 where something has been standing for a while, 0 elsewhere."""
        return self._longer_than(_LASTS_S / 2)

    def see(self, differs: Picture, moving: Picture, step_s: float) -> None:
        """Take in the next instant.

        Args:
            differs: (height, width), 255 where the slow background differs, 0 elsewhere.
            moving: likewise, where the fast one does.
            step_s: since the last one.
        """
        # Where the road is seen again, it has gone; who passes before it hides it for a moment only.
        change_s = np.array([-3 * step_s, step_s, 0, 0], np.float32)
        self._stands_s += change_s[(differs & 1) | (moving & 2)]
        np.clip(self._stands_s, 0, 2 * _SURE_S, out=self._stands_s)

    def forget(self, part: Part) -> None:
        """Nothing stands there."""
        self._stands_s[part] = 0

    def _longer_than(self, seconds: float) -> Picture:
        return (self._stands_s > seconds).astype(np.uint8) * np.uint8(255)

    def blobs(self, picture: Picture, background: Picture, mask: Picture | None) -> tuple[Detections, list[Part]]:
        """What stands there, and what only seems to.

        Args:
            picture: (height, width, 3), as it is now.
            background: likewise, the slow one.
            mask: (height, width), not 0 where to look; everywhere without it.

        Returns:
            Blobs, best first, and parts where the picture is emptier than the background: somebody has left.
        """
        stands = self._longer_than(_LASTS_S)
        if mask is not None:
            stands[mask == 0] = 0
        if not cv2.countNonZero(stands):
            return Detections.of([]), []
        found, ghosts = [], []
        count, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.morphologyEx(stands, cv2.MORPH_CLOSE, _WIDE))
        for label in range(1, count):
            left, top, width, height, area = (int(value) for value in stats[label])
            if not _LEAST_PX <= area <= _MOST_SHARE * stands.size:
                continue
            # A margin, so that the outline is within.
            part = (slice(max(top - 2, 0), top + height + 2), slice(max(left - 2, 0), left + width + 2))
            blob = (labels[part] == label).astype(np.uint8)
            now, then = picture[part], background[part]
            if _outline(then, blob) > _GONE * _outline(now, blob):
                ghosts.append(part)
                continue
            stood_s = float(np.median(self._stands_s[part][blob > 0]))
            contrast = float(cv2.absdiff(now, then).max(axis=2)[blob > 0].mean())
            score = min(contrast / _CONTRAST, 1.0) * min(stood_s / _SURE_S, 1.0)
            found.append((left, top, left + width, top + height, score, UserKind.OBJECT))
        found.sort(key=lambda row: -row[4])
        return Detections.of(found), ghosts


def _outline(part: Picture, blob: Picture) -> float:
    """How strong the edges along a blob's outline are in a part of a picture."""
    ring = cv2.subtract(cv2.dilate(blob, _AROUND), cv2.erode(blob, _AROUND))
    grey = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY)
    edges = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, _AROUND)
    return float(cv2.mean(edges, ring)[0])
