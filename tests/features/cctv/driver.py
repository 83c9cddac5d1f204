"""Somebody who drives before a camera, as a detector sees them."""

import numpy as np

from features.cctv.detections import Detections
from features.cctv.kinds import UserKind
from features.simulated.cctv.users import User
from tests.features.cctv.perfect import ground_of
from tests.features.simulated.cctv.stage import POSE, scene

SIZE = (POSE.width_px, POSE.height_px)
GROUND = ground_of(scene())


def box(y_m, *, x_m=1.6, kind=UserKind.CAR, score=0.8, chance=None):
    """A row of detections: somebody who drives away, clipped to the picture."""
    corners = POSE.seen(
        User(track_id=1, kind=kind, x_m=x_m, y_m=y_m, direction_rad=0.0, speed_ms=0.0, tint=0.5).corners()
    )
    edges = np.concatenate([corners.min(axis=0), corners.max(axis=0)])
    if chance is not None:
        edges = edges + chance.normal(0, 1, 4) * (0.5 + 0.03 * np.tile(edges[2:] - edges[:2], 2))
    return (*np.clip(edges, 0, [*SIZE, *SIZE]).tolist(), score, kind)


def driven(tracker, places, step_s, chance=None, **who):
    """Tracks told of at each step; None as a place: nothing is seen."""
    told = []
    for number, y_m in enumerate(places):
        rows = [] if y_m is None else [box(y_m, chance=chance, **who)]
        told.append(tracker.update(Detections.of(rows), number * step_s))
    return told
