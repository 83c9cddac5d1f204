"""A simulated scene without its pictures: what a detector would say of it, with noise, and the tracks that follow."""

import cv2
import numpy as np

from features.cctv.detections import Detections
from features.cctv.kinds import UserKind
from features.cctv.tracker import Tracker

BLOB_AFTER_S, GHOST_AFTER_S, GHOST_S = 5.0, 20.0, 8.0
LEAST_PX, SHOWN = 5, 0.3


class Onlooker:
    """Sees everybody who is in the picture and not hidden.

    Args:
        pose: how the camera looks.
        ground: the road's plane; None: nobody measured it.
        noise_px: standard deviation of a box's sides; of large boxes 2 % of them.
        misses: share of boxes that no detector finds.
        detects_objects: whether the detector knows things; else only the slow background shows them.
        seed: of the noise.
        takes: kinds that the detector takes for others.
        score: that the detector gives.
    """

    def __init__(
        self, pose, *, ground=None, noise_px=0.0, misses=0.0, detects_objects=True, seed=0, takes=None, score=0.8
    ):
        self.takes, self.score = takes or {}, score
        self.pose, self.noise_px, self.misses, self.detects_objects = pose, noise_px, misses, detects_objects
        self.chance = np.random.default_rng(seed)
        self.tracker = Tracker(ground=ground, size_wh_px=(pose.width_px, pose.height_px))
        self.standing, self.ghosts, self.shown = {}, [], {}

    def look(self, users, now_s):
        """Tracks, and what lies still."""
        boxes = self.boxes(users)
        return self.tracker.update(self.detections(boxes), now_s), self.left_behind(boxes, now_s)

    def boxes(self, users):
        """Of everybody in the picture, by who they are: kind, box and the share that nobody hides."""
        pose, hulls = self.pose, []
        owner = np.zeros((pose.height_px, pose.width_px), dtype=np.uint16)
        far_first = sorted(users, key=lambda one: -np.hypot(one.x_m - pose.x_m, one.y_m))
        corners = pose.seen(np.array([user.corners() for user in far_first]).reshape(-1, 8, 3))
        for user, seen in zip(far_first, corners, strict=True):
            if not np.isfinite(seen).all():
                continue
            box = np.concatenate([seen.min(axis=0), seen.max(axis=0)]).clip(0, [pose.width_px, pose.height_px] * 2)
            if (box[2:] - box[:2] >= 2).all():
                hull = cv2.convexHull(np.round(seen).astype(np.int32))
                cv2.fillConvexPoly(owner, hull, len(hulls) + 1)
                hulls.append((user, box, max(cv2.contourArea(hull), 1.0)))
        counts = np.bincount(owner.ravel(), minlength=len(hulls) + 1)
        found = {}
        for number, (user, box, area) in enumerate(hulls, start=1):
            found[user.track_id] = (user.kind, box, min(1.0, counts[number] / area))
            self.shown[user.track_id] = self.shown.get(user.track_id, 0) + (counts[number] / area > SHOWN)
        return found

    def detections(self, boxes):
        """What a detector says of them."""
        rows = []
        for kind, box, share in boxes.values():
            unknown = kind is UserKind.OBJECT and not self.detects_objects
            if share < SHOWN or unknown or self.chance.random() < self.misses or box[3] - box[1] < LEAST_PX:
                continue
            rows.append((*self._noisy(box), self.score, self.takes.get(kind, kind)))
        return Detections.of(rows)

    def left_behind(self, boxes, now_s):
        """Whatever has stood for seconds and is not hidden, and for a while what did so for long and has gone."""
        rows, now = [], {}
        for track_id, (_, box, share) in boxes.items():
            where, since_s, last = self.standing.get(track_id, (box, now_s, box))
            if np.abs(box - where).max() > 1.0:
                if now_s - since_s > GHOST_AFTER_S:
                    self.ghosts.append((last, now_s))
                where, since_s = box, now_s
            now[track_id] = (where, since_s, box)
            if now_s - since_s >= BLOB_AFTER_S and share > 0.5 and self.chance.random() >= self.misses:
                rows.append((*self._noisy(box), 0.5, UserKind.OBJECT))
        self.standing = now
        self.ghosts = [one for one in self.ghosts if now_s - one[1] < GHOST_S]
        return Detections.of([*rows, *((*box.tolist(), 0.4, UserKind.OBJECT) for box, _ in self.ghosts)])

    def _noisy(self, box):
        spread = np.maximum(self.noise_px, 0.02 * max(box[2] - box[0], box[3] - box[1])) if self.noise_px else 0.0
        return (box + self.chance.normal(0, 1, 4) * spread).tolist()
