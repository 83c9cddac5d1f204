"""A thing that lies where vehicles drive, and was not there before."""

from dataclasses import dataclass

import numpy as np

from features.cctv.detections import iou, overlap
from features.cctv.events import Severity
from features.cctv.kinds import IncidentKind, UserKind
from features.cctv.rules import LeftObject
from features.cctv.spotters.look import Look
from features.cctv.spotters.sighting import Sighting, probability
from features.cctv.tracks import FloatArray
from features.cctv.view import Picture

_FORGET_S = 30.0
_NEWS_S = 20.0
"""Afterwards it is slowly becoming part of the background."""


@dataclass(slots=True)
class _Thing:
    """One candidate."""

    number: int
    xyxy_px: FloatArray
    first_s: float
    last_s: float
    score: float
    at_m: FloatArray
    hits: int = 0
    looks: int = 0
    track_id: int | None = None
    is_vehicle: bool = False
    judged: int = 0
    news: int = 0

    def is_new(self, rules: LeftObject) -> bool:
        """Whether most looks at it found what was not there before."""
        return self.judged == 0 or self.news >= rules.new_share * self.judged


class LeftObjects:
    """Follows what lies still, by its place.

    Args:
        sees_things: whether the detector knows a thing: what only the background shows is then none.
    """

    def __init__(self, *, sees_things: bool) -> None:
        self._sees_things = sees_things
        self._things: list[_Thing] = []
        self._stood: list[tuple[FloatArray, float, float]] = []
        self._near: list[tuple[FloatArray, float]] = []
        self._next = 1

    def spot(self, look: Look) -> list[Sighting]:
        """Each thing that lies on the road."""
        self._remember_who_stood(look)
        for one in self._things:
            one.looks += 1
        for box, score, track_id in _seen(look):
            self._take(box, score, track_id, look)
        self._things = [one for one in self._things if look.now_s - one.last_s <= _FORGET_S]
        return [self._sighting(one, look) for one in self._things if one.last_s >= look.now_s and not one.is_vehicle]

    def _remember_who_stood(self, look: Look) -> None:
        """Boxes of vehicles and people that stand or stood, since when and until when."""
        for user in look.users:
            if user.track.kind is not UserKind.OBJECT and user.stands_s is not None:
                box, since_s = user.track.xyxy_px, user.stands_s
                self._stood = [one for one in self._stood if one[1] != since_s or overlap(one[0], box) < 0.5]
                self._stood.append((box, since_s, look.now_s))
                self._near = [one for one in self._near if np.hypot(*(one[0] - user.at_m)) > 1.0]
                self._near.append((user.at_m, look.now_s))
        self._near = [one for one in self._near if look.now_s - one[1] <= look.rules.object.near_s]
        lasts_s = look.rules.object.after_vehicle_s
        self._stood = [one for one in self._stood if look.now_s - one[2] <= lasts_s]

    def _take(self, box: FloatArray, score: float, track_id: int | None, look: Look) -> None:
        one = self._known(box, track_id, look.rules.object.overlap)
        if one is None:
            at_m = look.road.ground.to_metres(_foot(box))
            one = _Thing(self._next, box, look.now_s, look.now_s, score, at_m)
            self._next += 1
            self._things.append(one)
        if track_id is not None and one.track_id is None:
            one.track_id, one.score = track_id, score
        at_m = look.road.ground.to_metres(_foot(box))
        if np.hypot(*(at_m - one.at_m)) > look.rules.object.moves_m and track_id is not None:
            one.first_s, one.at_m = look.now_s, at_m
        one.hits += one.last_s < look.now_s or one.hits == 0
        one.xyxy_px, one.last_s, one.score = box, look.now_s, max(score, one.score)
        if track_id is not None and look.differs is not None and look.now_s - one.first_s <= _NEWS_S:
            one.judged += 1
            one.news += _is_new(look.differs, box, look.rules.object)
        # Who stood there before it appeared left their own trace in the background.
        after_s = look.rules.object.after_vehicle_s
        near = any(np.hypot(*(place - at_m)) <= look.rules.object.near_m for place, _ in self._near)
        one.is_vehicle = one.track_id is None and (
            near
            or one.is_vehicle
            or any(
                since_s < one.first_s + 1.0
                and one.first_s <= until_s + after_s
                and _covered(box, stood) >= look.rules.object.trace
                for stood, since_s, until_s in self._stood
            )
        )

    def _known(self, box: FloatArray, track_id: int | None, least: float) -> _Thing | None:
        """The first that has this track, or lies there."""
        boxes = np.array([one.xyxy_px for one in self._things], dtype=np.float32).reshape(-1, 4)
        lies_there = iou(box[None].astype(np.float32), boxes)[0] >= least
        for one, there in zip(self._things, lies_there.tolist(), strict=True):
            if there or (track_id is not None and one.track_id == track_id):
                return one
        return None

    def _sighting(self, one: _Thing, look: Look) -> Sighting:
        rules, foot = look.rules.object, _foot(one.xyxy_px)
        lasted_s = look.now_s - one.first_s
        needed_s = rules.lasts_s if one.track_id is not None else rules.blob_s
        on_road = look.road.on_road(foot, beside_m=rules.beside_m)
        width_px, height_px = (one.xyxy_px[2:] - one.xyxy_px[:2]).tolist()
        small = width_px * look.road.across_m(foot) <= rules.most_m and max(width_px, height_px) >= rules.least_px
        on_lanes = look.road.carriageway_px(foot) > 0
        zone = look.road.name(foot)
        left, top, right, bottom = one.xyxy_px.tolist()
        severity = Severity.MINOR if not on_lanes else Severity.SEVERE if look.is_fast(foot) else Severity.MODERATE
        return Sighting(
            kind=IncidentKind.ABANDONED_OBJECT,
            key=one.number,
            onset_s=one.first_s,
            enough=on_road
            and small
            and lasted_s >= needed_s
            and one.hits >= rules.seen_share * one.looks
            and one.is_new(rules)
            and (one.track_id is not None or not self._sees_things),
            probability=probability(
                look.rules.grading, score=one.score, lasted_s=lasted_s, needed_s=needed_s, learned=look.road.learned
            ),
            xyxy_px=(left, top, right, bottom),
            severity=severity,
            zone=zone,
            track_id=one.track_id,
            why=f"A thing has lain on {zone} for {lasted_s:.0f} s",
            why_ko=f"{zone} 위에 물체가 {lasted_s:.0f}초째 놓여 있음",
        )


def _seen(look: Look) -> list[tuple[FloatArray, float, int | None]]:
    found: list[tuple[FloatArray, float, int | None]] = [
        (user.track.xyxy_px, user.track.score, user.track.track_id)
        for user in look.users
        if user.track.kind is UserKind.OBJECT and user.stands_s is not None
    ]
    left = look.left_behind
    boxes = left.xyxy_px.astype(np.float64)
    return found + [(box, float(score), None) for box, score in zip(boxes, left.score, strict=True)]


def _is_new(differs: Picture, box: FloatArray, rules: LeftObject) -> bool:
    """Whether a box differs from the slow background, and more than what is around it."""
    left, top, right, bottom = box.round().astype(int).tolist()
    high, wide = differs.shape
    inner = differs[max(top, 0) : bottom, max(left, 0) : right]
    outer = differs[
        max(2 * top - bottom, 0) : min(2 * bottom - top, high), max(2 * left - right, 0) : min(2 * right - left, wide)
    ]
    if not inner.size or outer.size <= inner.size:
        return False
    own = float(inner.mean())
    around = (float(outer.sum(dtype=np.int64)) - own * inner.size) / (outer.size - inner.size)
    return own >= rules.new_levels and own >= rules.new_ratio * (around + 1)


def _foot(box: FloatArray) -> FloatArray:
    return np.array([(box[0] + box[2]) / 2, box[3]])


def _covered(box: FloatArray, by: FloatArray) -> float:
    """Share of a box that another covers."""
    low, high = np.maximum(box[:2], by[:2]), np.minimum(box[2:], by[2:])
    shared = float(np.prod((high - low).clip(min=0)))
    return shared / max(float(np.prod(box[2:] - box[:2])), 1e-6)
