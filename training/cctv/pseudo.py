"""Lessons from real clips that nobody annotated: what a larger detector, looking twice, finds in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import cv2
import numpy as np

from features.cctv.background import Background
from features.cctv.detections import Detections, iou
from features.cctv.kinds import KINDS, UserKind
from features.cctv.suppress import suppress
from features.cctv.view import Detector, View
from training.cctv.footage import RATE_FPS, Footage
from training.cctv.lessons import Lesson, Target

_SURE, _LIKELY = 0.5, 0.3
"""Scores from which on the teacher is believed, and from which on it is where something else speaks for it."""
_TILE_SHARE = 0.6
"""Width and height of a zoomed part of the picture, as a share of the whole."""
_EDGE_PX = 3.0
"""From a part's own edge: what reaches there is cut in two."""
_SAME_IOU, _NEXT_IOU = 0.5, 0.2
_MOVES = 14.0
"""Mean difference to the slow background within a box from which on something is there."""
_MOST_SHARE = 0.1
"""Of the picture that a doubtful box may cover: a larger one is no road user, and would hide half of it."""
_BLOB_PX, _COVERED = 16, 0.4
"""Area of a moving blob that somebody may be, and share of it that a box covers whose it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Instant:
    view: View
    found: Detections
    agreed: np.ndarray[tuple[int], np.dtype[np.bool_]]
    moving: np.ndarray[tuple[int, int], np.dtype[np.uint8]]


def lessons_of(footage: Footage, teacher: Detector, *, is_known: bool) -> Iterator[Lesson]:
    """What a clip shows, with the teacher's boxes.

    A box counts if the teacher is sure, or likely right and something else says so: the zoomed look and the whole one
    agree, the next picture shows it too, or it differs from the background. Other boxes, and what moves without a box,
    are neither right nor wrong.

    Args:
        footage: the clip.
        teacher: finds all that it deems possible, scores of 0.1 too.
        is_known: the backgrounds have seen the whole clip before; it is then watched half a step later.
    """
    before, now = None, None
    for after in chain(_instants(footage, teacher, is_known=is_known), [None]):
        if now is not None:
            near = [one.found for one in (before, after) if one is not None]
            yield Lesson(view=now.view, targets=[*_targets(now, near), *_unnamed(now)])
        before, now = now, after


def look_twice(teacher: Detector, view: View) -> tuple[Detections, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """All that a teacher finds in the picture and in zoomed parts of it, each once, and whether both found it."""
    height, width = view.picture.shape[:2]
    whole = teacher.detect(view)
    zoomed = suppress(Detections.joined([_in_part(teacher, view, part) for part in _parts(width, height)]), _SAME_IOU)
    both = Detections.joined([whole, zoomed])
    is_zoomed = np.arange(len(both)) >= len(whole)
    close = iou(both.xyxy_px, both.xyxy_px) > _SAME_IOU
    agreed = (close & (is_zoomed[:, None] != is_zoomed[None, :])).any(axis=1)
    # By its number a box is found again after the rest is dropped.
    order = np.argsort(-both.score, kind="stable")
    kept = suppress(both.take(order), _SAME_IOU, most=len(both))
    rows = {tuple(row): bool(agreed[at]) for at, row in zip(order, both.xyxy_px[order].tolist(), strict=True)}
    return kept, np.array([rows[tuple(row)] for row in kept.xyxy_px.tolist()], dtype=bool)


def _instants(footage: Footage, teacher: Detector, *, is_known: bool) -> Iterator[_Instant]:
    background, before_s = Background(footage.size_wh_px), 0.0
    if is_known:
        for shot in footage.shots():
            background.see(shot.picture, shot.time_s)
            before_s = shot.time_s + 1 / RATE_FPS
    for shot in footage.shots(late=footage.step // 2 if is_known else 0):
        view = background.see(shot.picture, before_s + shot.time_s)
        found, agreed = look_twice(teacher, view)
        yield _Instant(view=view, found=found, agreed=agreed, moving=background.moving.copy())


def _parts(width: int, height: int) -> list[tuple[int, int, int, int]]:
    wide, high = round(_TILE_SHARE * width), round(_TILE_SHARE * height)
    return [(left, top, left + wide, top + high) for left in (0, width - wide) for top in (0, height - high)]


def _in_part(teacher: Detector, view: View, part: tuple[int, int, int, int]) -> Detections:
    """What lies whole in a part, in pixels of the picture."""
    left, top, right, bottom = part
    height, width = view.picture.shape[:2]
    found = teacher.detect(view.cut(*part)).moved(left, top)
    low = np.array([left, top]) + _EDGE_PX
    high = np.array([right, bottom]) - _EDGE_PX
    # The picture's own edge cuts nothing that could be seen.
    is_in = ((found.xyxy_px[:, :2] > low) | (np.array([left, top]) == 0)).all(axis=1)
    is_in &= ((found.xyxy_px[:, 2:] < high) | (np.array([right, bottom]) == [width, height])).all(axis=1)
    return found.take(is_in)


def _targets(one: _Instant, near: list[Detections]) -> list[Target]:
    found, area_px = one.found, one.view.picture.shape[0] * one.view.picture.shape[1]
    again = np.zeros(len(found), dtype=bool)
    for other in near:
        again |= (iou(found.xyxy_px, other.xyxy_px) > _NEXT_IOU).any(axis=1)
    targets = []
    for row, score, kind, agreed, seen_again in zip(
        found.xyxy_px.tolist(), found.score.tolist(), found.kind.tolist(), one.agreed, again, strict=True
    ):
        supported = agreed or seen_again or _mean_in(one.view.slow_difference, row) > _MOVES
        counts = score >= _SURE or (score >= _LIKELY and bool(supported))
        if counts or (row[2] - row[0]) * (row[3] - row[1]) < _MOST_SHARE * area_px:
            targets.append(Target(xyxy_px=(row[0], row[1], row[2], row[3]), kind=kind, counts=counts))
    return targets


def _unnamed(one: _Instant) -> list[Target]:
    """Moving blobs that no box covers: somebody whom the teacher missed, or a branch in the wind."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(one.moving)
    covered = np.zeros(one.moving.shape, dtype=np.uint8)
    for left, top, right, bottom in one.found.xyxy_px.round().astype(int).tolist():
        covered[max(top, 0) : bottom, max(left, 0) : right] = 1
    found = []
    for label in range(1, count):
        left, top, width, height, area = (int(value) for value in stats[label])
        if area >= _BLOB_PX and covered[labels == label].mean() < _COVERED:
            box = (float(left), float(top), float(left + width), float(top + height))
            found.append(Target(xyxy_px=box, kind=KINDS.index(UserKind.CAR), counts=False))
    return found


def _mean_in(plane: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], xyxy_px: list[float]) -> float:
    left, top, right, bottom = (max(round(value), 0) for value in xyxy_px)
    part = plane[top : max(bottom, top + 1), left : max(right, left + 1)]
    return float(part.mean()) if part.size else 0.0
