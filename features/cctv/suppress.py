"""Of boxes on one and the same road user only the best is kept."""

import numpy as np

from features.cctv.detections import Detections, iou
from features.cctv.kinds import KINDS, UserKind

_FOUR_WHEELED = (UserKind.CAR, UserKind.BUS, UserKind.TRUCK)
_GROUP = np.array([0 if kind in _FOUR_WHEELED else 1 + number for number, kind in enumerate(KINDS)])
"""Of each kind: a van is a car to one box and a truck to the next, yet a rider and the motorbike are two."""


def suppress(found: Detections, most_iou: float = 0.5, most: int = 200) -> Detections:
    """Each road user once, best first.

    Args:
        found: in any order.
        most_iou: of two boxes of one kind (cars, buses and trucks are one here) on two road users.
        most: best boxes that are looked at.

    >>> twice = Detections.of([(0, 0, 10, 10, 0.5, UserKind.CAR), (0, 0, 10, 9, 0.9, UserKind.TRUCK)])
    >>> suppress(twice).kinds()
    [<UserKind.TRUCK: 'truck'>]
    """
    found = found.take(np.argsort(-found.score, kind="stable")[:most])
    group = _GROUP[found.kind]
    clash = (iou(found.xyxy_px, found.xyxy_px) > most_iou) & (group[:, None] == group[None, :])
    kept = np.ones(len(found), dtype=bool)
    for number in range(len(found)):
        if kept[number]:
            kept[number + 1 :] &= ~clash[number, number + 1 :]
    return found.take(kept)
