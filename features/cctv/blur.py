"""Nobody is recognised in a picture that is kept: people and number plates are made coarse before it is written."""

import cv2
import numpy as np

from features.cctv.detections import Detections
from features.cctv.kinds import UserKind
from features.cctv.view import Picture

_PEOPLE = frozenset({UserKind.PERSON, UserKind.BICYCLE, UserKind.MOTORBIKE})
"""Whose boxes show somebody."""
_WIDER_PERSON, _WIDER_VEHICLE = 0.25, 0.1
"""Share of a box by which it is widened on each side: a detector cuts off hair and feet."""
_PLATE_FROM = 0.4
"""Share of a vehicle's height above which no plate is, from its roof."""
_FACE_PX = 90
"""Width of a vehicle from which on its driver's face may be made out: all of it is made coarse."""
_LEAST_PX = 8
"""Of a coarse picture's cells."""
_CELLS = 8
"""In a box's longer side: a head is one, and so is half a plate."""
_CELLS_PICTURE = 32
"""In a picture's width, where all of it is made coarse: a head at the height of the picture's own is seldom more."""


def blurred(picture: Picture, detections: Detections, *, doubtful: bool, keep_mask: Picture | None = None) -> Picture:
    """A picture that may be kept.

    Args:
        picture: (height, width, 3); left untouched.
        detections: who is in it; those of the lowest score count too.
        doubtful: whether somebody may have been missed: then all but the carriageway is made coarse, and every vehicle.
        keep_mask: (height, width), not 0 on the carriageway; without it nothing is spared in doubt.

    Returns:
        A new picture of the same size.
    """
    found = picture.copy()
    if doubtful:
        spared = np.zeros(picture.shape[:2], np.uint8) if keep_mask is None else keep_mask
        cell = max(_LEAST_PX, round(picture.shape[1] / _CELLS_PICTURE))
        found = np.where((spared > 0)[..., None], found, _coarse(picture, cell))
    for box, kind in zip(detections.xyxy_px.tolist(), detections.kinds(), strict=True):
        if kind is UserKind.OBJECT:
            continue
        left, top, right, bottom = _area(box, kind, doubtful)
        part = (
            slice(max(int(top), 0), max(int(np.ceil(bottom)), 0)),
            slice(max(int(left), 0), max(int(np.ceil(right)), 0)),
        )
        if picture[part].size:
            cell = max(_LEAST_PX, round(max(right - left, bottom - top) / _CELLS))
            found[part] = _coarse(picture[part], cell)
    return found


def _area(box: list[float], kind: UserKind, doubtful: bool) -> tuple[float, float, float, float]:
    """What of a road user's box must not be recognised."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    is_person = kind in _PEOPLE
    wider = _WIDER_PERSON if is_person else _WIDER_VEHICLE
    if not is_person and not doubtful and width < _FACE_PX:
        top += _PLATE_FROM * height
    else:
        top -= wider * height
    return left - wider * width, top, right + wider * width, bottom + wider * height


def _coarse(part: Picture, cell_px: int) -> Picture:
    """The mean of each cell, and no edge between two."""
    height, width = part.shape[:2]
    cells = (max(width // cell_px, 1), max(height // cell_px, 1))
    few = cv2.resize(part, cells, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(few, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
