"""Vehicles of one direction that creep, not at a light and not behind what has been told of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.cctv.events import Severity
from features.cctv.kinds import IncidentKind
from features.cctv.spotters.crowd import BoolArray
from features.cctv.spotters.look import Look
from features.cctv.spotters.road_user import RoadUser
from features.cctv.spotters.sighting import Sighting, probability
from features.cctv.spotters.waiting import Waits
from features.cctv.tracks import FloatArray

_SAME_WAY = 0.6
_RECENT_S = 10.0
_DIRECTIONS = 8
_PAUSE_S = 1.0
"""For no longer than that fewer than a queue's vehicles are a queue still, before it is told."""
_WHERE = {True: ("driving away from", "카메라에서 멀어지는"), False: ("driving towards", "카메라로 다가오는")}


@dataclass(slots=True)
class _Direction:
    """One way that vehicles drive, and since when it queues."""

    heading_m: FloatArray
    since_s: float | None = None
    last_s: float = -np.inf
    box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


class Queues:
    """Counts who creeps, direction by direction."""

    def __init__(self) -> None:
        self._directions: list[_Direction] = []

    def spot(self, look: Look) -> list[Sighting]:
        """The queue of each direction that has one."""
        members: dict[int, list[int]] = {}
        for number, user in enumerate(look.crowd.vehicles):
            # The road's own direction is surer than that of who creeps.
            way_m = user.heading_m if user.lane_m is None else user.lane_m
            if way_m is not None and user.drove and user.height_px >= look.rules.queue.least_px:
                members.setdefault(self._number(way_m), []).append(number)
        found = []
        for direction, numbers in members.items():
            sighting = self._sighting(direction, _creeping(numbers, look), look)
            if sighting is not None:
                found.append(sighting)
        return found

    def boxes(self, now_s: float) -> list[tuple[float, float, float, float]]:
        """Around those who creep, or did a moment ago, of each direction that has enough of them."""
        return [one.box for one in self._directions if now_s - one.last_s <= _RECENT_S]

    def _number(self, heading_m: FloatArray) -> int:
        """Of the direction that is nearest; a new one where none is near."""
        likeness = [float(one.heading_m @ heading_m) for one in self._directions]
        best = int(np.argmax(likeness)) if likeness else -1
        if best < 0 or (likeness[best] < _SAME_WAY and len(likeness) < _DIRECTIONS):
            self._directions.append(_Direction(heading_m.copy()))
            return len(self._directions) - 1
        return best

    def _sighting(self, number: int, queue: list[RoadUser], look: Look) -> Sighting | None:
        rules, direction = look.rules.queue, self._directions[number]
        if len(queue) < rules.vehicles:
            if look.now_s - direction.last_s > _PAUSE_S:
                direction.since_s = None
            return None
        direction.since_s = look.now_s if direction.since_s is None else direction.since_s
        direction.last_s = look.now_s
        lasted_s = look.now_s - direction.since_s
        speeds_km_h = np.array([user.speed_ms for user in queue]) * 3.6
        stands = speeds_km_h.max() < rules.standing_km_h
        speed, length = float(np.median(speeds_km_h)), _length_m(queue, direction.heading_m)
        bad = speed < rules.jam_km_h or length >= rules.jam_m
        boxes = np.array([user.track.xyxy_px for user in queue])
        left, top = boxes[:, :2].min(axis=0).tolist()
        right, bottom = boxes[:, 2:].max(axis=0).tolist()
        direction.box = (left, top, right, bottom)
        where, where_ko = _WHERE[queue[0].away]
        return Sighting(
            kind=IncidentKind.QUEUE,
            key=number,
            onset_s=direction.since_s,
            enough=bool(lasted_s >= (rules.standing_s if stands else rules.lasts_s)),
            probability=probability(
                look.rules.grading,
                score=float(np.median([user.track.score for user in queue])),
                lasted_s=lasted_s,
                needed_s=rules.lasts_s,
                count=len(queue) - rules.vehicles + 1,
                learned=look.road.learned,
            ),
            xyxy_px=(left, top, right, bottom),
            severity=Severity.MODERATE if bad else Severity.MINOR,
            zone=look.road.name(queue[0].place_px),
            track_id=None,
            length_m=length,
            speed_km_h=speed,
            why=f"{len(queue)} vehicles {where} the camera creep at {speed:.0f} km/h over {length:.0f} m",
            why_ko=f"{where_ko} 차량 {len(queue)}대가 {length:.0f} m에 걸쳐 시속 {speed:.0f} km로 정체",
        )


def _creeping(members: Sequence[int], look: Look) -> list[RoadUser]:
    """Who of one direction is slow, in a chain whose first is no explanation."""
    crowd, rules = look.crowd, look.rules.queue
    own = np.zeros(len(crowd.vehicles), dtype=np.bool_)
    own[members] = True
    slow = own & crowd.creeps
    told = {one.track_id for one in look.told}
    found = []
    for number in np.flatnonzero(slow).tolist():
        user = crowd.vehicles[number]
        if _is_explained(_first(number, slow, look), own, told, look):
            user.light_s = look.now_s
        if look.now_s - user.light_s > rules.explained_s:
            found.append(user)
    return found


def _first(number: int, slow: BoolArray, look: Look) -> int:
    """Of the chain that a driver is in."""
    for _ in range(len(slow)):
        ahead = look.crowd.before(number, look.rules.queue.gap_m, slow)
        if ahead is None:
            break
        number = ahead
    return number


def _is_explained(number: int, own: BoolArray, told: set[int | None], look: Look) -> bool:
    """Whether the first of a chain waits for something other than those before it."""
    rules, first = look.rules.queue, look.crowd.vehicles[number]
    if first.track.track_id in told or look.now_s - first.blocked_s <= rules.explained_s:
        return True
    if first.waits in (Waits.BUS_STOP, Waits.LIGHT, Waits.MAYBE_LIGHT):
        return True
    if 0 <= look.road.crossing_m(first) <= rules.light_m:
        return True
    if first.stands_s is None or not look.sees_ahead(first, rules.free_m):
        return False
    return look.crowd.before(number, rules.free_m, own & look.crowd.creeps) is None


def _length_m(queue: Sequence[RoadUser], heading_m: FloatArray) -> float:
    along = np.array([float(user.at_m @ heading_m) for user in queue])
    return float(np.ptp(along)) + max(user.length_m for user in queue)
