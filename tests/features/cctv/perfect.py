"""What a perfect detector sees of simulated traffic, made as imperfect as a test asks, and how well it is followed."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from features.cctv.detections import Detections, iou
from features.cctv.ground import Ground
from features.cctv.kinds import KINDS
from features.simulated.cctv.motion import Traffic
from features.simulated.cctv.scene import Scene
from features.simulated.cctv.users import User

_CORNERS_M = np.array([[-6.0, 12.0], [6.0, 12.0], [6.0, 45.0], [-6.0, 45.0]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """Everybody in the picture at one instant: boxes clipped to it, and which share nobody hides."""

    time_s: float
    users: list[User]
    xyxy_px: np.ndarray
    visible: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaws:
    """Of a detector."""

    seed: int
    jitter_px: float = 0.5
    jitter_share: float = 0.03
    missed: float = 0.0
    false_each: float = 0.0
    least_visible: float = 0.4


def ground_of(scene: Scene) -> Ground:
    """As four clicked points give it."""
    return Ground.from_points(scene.pose.seen(np.column_stack([_CORNERS_M, np.zeros(4)])), _CORNERS_M)


def instants(scene: Scene, every: int = 1, uneven_seed: int | None = None) -> Iterator[Instant]:
    """Each ``every``-th frame; with a seed, unevenly: some come early, some late."""
    chance = None if uneven_seed is None else np.random.default_rng(uneven_seed)
    due = 0
    for number, users in enumerate(Traffic(scene=scene).frames()):
        if number < due:
            continue
        due = number + (every if chance is None else max(1, every + int(chance.integers(-every // 2, every // 2 + 1))))
        yield _instant(scene, number / scene.fps, users)


def _instant(scene: Scene, time_s: float, users: list[User]) -> Instant:
    pose = scene.pose
    size = np.array([pose.width_px, pose.height_px] * 2)
    owner = np.zeros((pose.height_px, pose.width_px), dtype=np.int32)
    kept, boxes, hulls = list[User](), [], []
    for user in sorted(users, key=lambda one: -np.hypot(one.x_m - pose.x_m, one.y_m)):
        corners = pose.seen(user.corners())
        if not np.isfinite(corners).all():
            continue
        box = np.clip(np.concatenate([corners.min(axis=0), corners.max(axis=0)]), 0, size)
        if (box[2:] - box[:2]).min() < 1:
            continue
        hull = cv2.convexHull(np.round(corners).astype(np.int32))
        # The user moves on; what is kept is how it stands now.
        kept.append(User(**{name: getattr(user, name) for name in user.__dataclass_fields__}))
        boxes.append(box)
        hulls.append(hull)
        cv2.fillConvexPoly(owner, hull, len(kept))
    visible = []
    for number, hull in enumerate(hulls, start=1):
        mine = np.zeros(owner.shape, dtype=np.uint8)
        cv2.fillConvexPoly(mine, hull, 1)
        visible.append(float((owner[mine > 0] == number).mean()) if mine.any() else 0.0)
    return Instant(
        time_s=time_s, users=kept, xyxy_px=np.array(boxes, dtype=np.float32).reshape(-1, 4), visible=np.array(visible)
    )


def detected(instant: Instant, flaws: Flaws, chance: np.random.Generator, size_wh_px: tuple[int, int]) -> Detections:
    """What a detector with such flaws sees."""
    size = instant.xyxy_px[:, 2:] - instant.xyxy_px[:, :2]
    sd = flaws.jitter_px + flaws.jitter_share * np.tile(size, 2)
    boxes = instant.xyxy_px + chance.normal(0, 1, instant.xyxy_px.shape) * sd
    seen = (instant.visible >= flaws.least_visible) & (chance.random(len(boxes)) >= flaws.missed)
    kind = np.array([KINDS.index(user.kind) for user in instant.users], dtype=np.int8)
    false = int(chance.poisson(flaws.false_each))
    corner = chance.uniform(0, size_wh_px, (false, 2))
    boxes = np.concatenate([boxes[seen], np.hstack([corner, corner + chance.uniform(8, 50, (false, 2))])])
    return Detections(
        xyxy_px=np.clip(boxes, 0, [*size_wh_px, *size_wh_px]).astype(np.float32),
        score=chance.uniform(0.35, 0.95, len(boxes)).astype(np.float32),
        kind=np.concatenate([kind[seen], np.zeros(false, dtype=np.int8)]),
    )


@dataclass(slots=True)
class Judge:
    """Counts who was followed under which identity; the small and the hidden count neither way."""

    least_px: float = 10.0
    truths: int = 0
    told: int = 0
    false: int = 0
    pairs: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))

    def see(self, instant: Instant, tracks: list) -> list[tuple[User, object]]:
        """Pairs of this instant."""
        counts = (instant.visible >= 0.4) & ((instant.xyxy_px[:, 3] - instant.xyxy_px[:, 1]) >= self.least_px)
        self.truths += int(counts.sum())
        if not tracks:
            return []
        boxes = np.array([track.xyxy_px for track in tracks], dtype=np.float32)
        shared = iou(instant.xyxy_px, boxes) if len(instant.users) else np.zeros((0, len(tracks)))
        rows, columns = linear_sum_assignment(-np.where(shared >= 0.3, shared, -1.0))
        found, taken = [], set()
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            if shared[row, column] < 0.3:
                continue
            taken.add(column)
            found.append((instant.users[row], tracks[column]))
            if counts[row]:
                self.told += 1
                self.pairs[instant.users[row].track_id, tracks[column].track_id] += 1
        self.false += len(tracks) - len(taken)
        self.told += len(tracks) - len(taken)
        return found

    @property
    def best(self) -> float:
        """IDF1 had everybody who was found kept one identity."""
        return 2 * (self.told - self.false) / (self.truths + self.told)

    @property
    def idf1(self) -> float:
        """Ristani et al. 2016."""
        truths, ids = sorted({a for a, _ in self.pairs}), sorted({b for _, b in self.pairs})
        table = np.zeros((len(truths), len(ids)))
        for (a, b), count in self.pairs.items():
            table[truths.index(a), ids.index(b)] = count
        rows, columns = linear_sum_assignment(-table)
        return float(2 * table[rows, columns].sum() / (self.truths + self.told))
