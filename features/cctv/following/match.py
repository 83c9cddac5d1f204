"""Which detection is whom: by how likely they are to have come there, greedily, surest first.

ByteTrack's two stages (Zhang et al. 2022, arXiv 2110.06864): sure detections first, then the unsure ones, which may
only continue somebody; and OC-SORT's third, by the box as it was last seen, for who braked while hidden. Costs are
negative log likelihoods rather than overlaps: at 2.5 pictures a second a car's boxes no longer overlap.
"""

from dataclasses import dataclass

import numpy as np

from features.cctv.detections import Detections, iou
from features.cctv.following.config import TrackerConfig
from features.cctv.following.rows import BoolArray, FloatArray, IntArray, Rows
from features.cctv.kinds import KINDS, UserKind

_EDGE_PX = 1.5
"""A box that ends so near the picture's edge goes on beyond it."""
_CUT_SHARE = 0.5
"""Of a box that goes on beyond the picture, by which its foot and its size are off."""
_OTHER_GROUP, _OTHER_KIND = 6.0, 1.0
"""What it costs to take a person for a vehicle, and a car for a truck."""
_UNTOLD = 2.0
"""What it costs to give somebody who is told of a detection that somebody untold of could have."""
_OVERLAPS, _STILL_THERE = 0.5, 0.3
_SAME = 0.7
"""Overlap of two boxes that are one."""
_RIDES = 0.4
"""Of a person's box that lies in a motorbike's or bicycle's: its rider."""
_GROUP = np.array([0 if kind.is_vehicle else 1 if kind is UserKind.OBJECT else 2 for kind in KINDS])
_RIDDEN = np.isin(np.arange(len(KINDS)), [KINDS.index(UserKind.MOTORBIKE), KINDS.index(UserKind.BICYCLE)])
_PERSON = KINDS.index(UserKind.PERSON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Detections as they bear on feet; ``m`` boxes.

    Attributes:
        xyxy: (m, 4), pixels.
        score: (m,).
        kind: (m,).
        cut: (m, 4), whether the box goes on beyond the picture's left, top, right, bottom.
    """

    xyxy: FloatArray
    score: FloatArray
    kind: IntArray
    cut: BoolArray

    @property
    def size(self) -> FloatArray:
        """(m, 2), width and height of what is seen, pixels."""
        return np.maximum(self.xyxy[:, 2:] - self.xyxy[:, :2], 1.0)

    def take(self, which: IntArray) -> "Seen":
        """Some of them."""
        return Seen(xyxy=self.xyxy[which], score=self.score[which], kind=self.kind[which], cut=self.cut[which])

    def of(self, size: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Feet and sizes (..., 2), were they of somebody of size (..., 2) who may go on beyond the picture."""
        own = self.size
        whole = np.where(self.cut[:, :2] | self.cut[:, 2:], np.maximum(size, own), own)
        left, top, right, bottom = self.xyxy.T
        x = (left + right) / 2
        x = np.where(self.cut[:, 0] & ~self.cut[:, 2], right - whole[..., 0] / 2, x)
        x = np.where(self.cut[:, 2] & ~self.cut[:, 0], left + whole[..., 0] / 2, x)
        y = np.where(self.cut[:, 3], top + whole[..., 1], bottom)
        return np.stack([x, y], axis=-1), whole


def seen(detections: Detections, size_wh_px: tuple[int, int] | None, least_score: float) -> Seen:
    """What bears on whom is followed: each thing once, riders with what they ride."""
    found = detections.take(detections.score >= least_score)
    found = found.take(~_doubles(found))
    xyxy = found.xyxy_px.astype(np.float64)
    cut = np.zeros(xyxy.shape, dtype=bool)
    if size_wh_px is not None:
        cut[:, :2] = xyxy[:, :2] <= _EDGE_PX
        cut[:, 2:] = xyxy[:, 2:] >= np.array(size_wh_px) - _EDGE_PX
    return Seen(xyxy=xyxy, score=found.score.astype(np.float64), kind=found.kind.astype(np.int64), cut=cut)


def _doubles(found: Detections) -> BoolArray:
    if len(found) < 2:
        return np.zeros(len(found), dtype=bool)
    shared = iou(found.xyxy_px, found.xyxy_px)
    group, order = _GROUP[found.kind], np.arange(len(found))
    better = (found.score[None, :] > found.score[:, None]) | (
        (found.score[None, :] == found.score[:, None]) & (order[None, :] < order[:, None])
    )
    double = ((shared > _SAME) & better & (group[:, None] == group[None, :])).any(axis=1)
    person = found.kind == _PERSON
    if person.any() and _RIDDEN[found.kind].any():
        low = np.maximum(found.xyxy_px[:, None, :2], found.xyxy_px[None, :, :2])
        high = np.minimum(found.xyxy_px[:, None, 2:], found.xyxy_px[None, :, 2:])
        area = np.prod(found.xyxy_px[:, 2:] - found.xyxy_px[:, :2], axis=1).clip(min=1)
        inside = np.prod((high - low).clip(min=0), axis=-1) / area[:, None]
        double |= person & (inside * _RIDDEN[found.kind][None, :] > _RIDES).any(axis=1)
    return np.asarray(double)


def noise(found: Seen, config: TrackerConfig) -> FloatArray:
    """(m, 4): variance of feet and logarithmic sizes; larger of doubtful ones and of cut ones."""
    size = found.size
    variance = np.empty((len(size), 4))
    variance[:, :2] = (config.noise_px + config.noise_share * size) ** 2
    variance[:, 2:] = config.size_sd**2
    variance *= np.where(found.score < config.high_score, 4.0, 1.0)[:, None]
    # Nobody knows how much of it lies beyond the picture.
    cut = found.cut[:, :2] | found.cut[:, 2:]
    variance[:, :2] = np.where(cut, (_CUT_SHARE * size.max(axis=1, keepdims=True)) ** 2, variance[:, :2])
    variance[:, 2:] = np.where(cut, _CUT_SHARE**2, variance[:, 2:])
    return variance


def match(rows: Rows, found: Seen, now_s: float, config: TrackerConfig) -> tuple[IntArray, IntArray]:
    """Rows and the detections that are theirs."""
    if not len(rows) or not len(found.score):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    cost = _cost(rows, found, config)
    sure = found.score >= config.high_score
    pairs = _greedy(np.where(sure[None, :], cost, np.inf))
    left = np.where(sure[None, :], np.inf, cost)
    # Who has been hidden for long is not found again by a doubtful box.
    left[now_s - rows.seen_s > config.tentative_s] = np.inf
    _strike(left, pairs)
    pairs += _greedy(left)
    hidden = (rows.misses > 0) & (rows.track_id > 0)
    if hidden.any() and len(pairs) < min(cost.shape):
        shared = _shared(rows.last_xyxy, found.xyxy)
        there = np.where((shared >= _STILL_THERE) & sure[None, :] & hidden[:, None], -shared, np.inf)
        there[_kinds_cost(rows, found) >= _OTHER_GROUP] = np.inf
        _strike(there, pairs)
        pairs += _greedy(there)
    whom, which = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return whom, which


def _cost(rows: Rows, found: Seen, config: TrackerConfig) -> FloatArray:
    """(n, m), half negative log likelihoods; infinite where out of reach."""
    size = rows.size
    feet, whole = found.of(size[:, None, :])
    variance = noise(found, config)
    spread = rows.cov[:, None, :, 0] + variance[None]
    off = np.concatenate([feet, np.log(whole)], axis=-1) - rows.mean[:, None, :, 0]
    far = off**2 / spread
    place, shape = far[..., 0] + far[..., 1], far[..., 2] + far[..., 3]
    shared = _shared(rows.xyxy, found.xyxy)
    overlaps = shared >= _OVERLAPS
    kinds = _kinds_cost(rows, found)
    cost = place + shape + np.log(spread[..., 0] * spread[..., 1]) + kinds + _UNTOLD * (rows.track_id == 0)[:, None]
    reached = ((place < config.gate) & (shape < config.gate)) | overlaps
    return np.where(reached, cost, np.inf)


def _shared(ones: FloatArray, others: FloatArray) -> FloatArray:
    return iou(ones.astype(np.float32), others.astype(np.float32)).astype(np.float64)


def _kinds_cost(rows: Rows, found: Seen) -> FloatArray:
    own = rows.votes.argmax(axis=1)
    other = _GROUP[own][:, None] != _GROUP[found.kind][None, :]
    return np.where(other, _OTHER_GROUP, np.where(own[:, None] != found.kind[None, :], _OTHER_KIND, 0.0))


def _greedy(cost: FloatArray) -> list[tuple[int, int]]:
    """Pairs, cheapest first, each row and each column once."""
    at, to = np.nonzero(np.isfinite(cost))
    order = np.argsort(cost[at, to], kind="stable")
    taken_rows, taken_columns, pairs = set[int](), set[int](), list[tuple[int, int]]()
    for row, column in zip(at[order].tolist(), to[order].tolist(), strict=True):
        if row not in taken_rows and column not in taken_columns:
            taken_rows.add(row)
            taken_columns.add(column)
            pairs.append((row, column))
    return pairs


def _strike(cost: FloatArray, pairs: list[tuple[int, int]]) -> None:
    """Who is matched is not matched again."""
    for row, column in pairs:
        cost[row] = np.inf
        cost[:, column] = np.inf
