"""Incidents before one camera: told once, revised while they last, and over when what made them is."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from features.cctv.detections import Detections, overlap
from features.cctv.events import Incident, Severity
from features.cctv.field import Field
from features.cctv.kinds import IncidentKind
from features.cctv.rules import Rules
from features.cctv.spotters import stopped
from features.cctv.spotters.crowd import Crowd
from features.cctv.spotters.left_object import LeftObjects
from features.cctv.spotters.look import Look, Told
from features.cctv.spotters.pedestrian import Pedestrians
from features.cctv.spotters.queue import Queues
from features.cctv.spotters.road import Road
from features.cctv.spotters.road_user import RoadUser
from features.cctv.spotters.road_users import RoadUsers
from features.cctv.spotters.sighting import Sighting
from features.cctv.spotters.waiting import Waiting
from features.cctv.spotters.wrong_way import WrongWay
from features.cctv.tracks import Track
from features.cctv.view import Picture
from features.cctv.zones import Zones

_RANK = tuple(Severity)
_HIDDEN = 0.3
"""Share of a box that others cover, from which what is in it may be there unseen."""
_SAME_PLACE = 0.3
_STILL_THERE = 0.5
"""Overlap of a box with where it stood: noise makes who stands seem to move, but not away."""
_STAY = (IncidentKind.STOPPED_VEHICLE, IncidentKind.ABANDONED_OBJECT)
"""Kinds that are known again by their place."""


@dataclass(slots=True)
class _Case:
    """An incident that goes on, by the key that its spotter knows it by."""

    incident: Incident
    key: Hashable
    told_s: float
    unseen_s: float = 0.0


class Incidents:
    """Looks at a camera's road users instant by instant.

    Args:
        camera: whose.
        rules: thresholds.
        zones: of its picture; None: the carriageway and its directions are learned.
        field: what was learned of it; whoever made it lets it learn, before each step.
    """

    def __init__(
        self, camera: str, rules: Rules, zones: Zones | None, field: Field, *, sees_things: bool = False
    ) -> None:
        self._camera, self._rules = camera, rules
        self._road = Road(rules, zones, field)
        self._size_wh_px = field.size_wh_px
        self._users, self._waiting = RoadUsers(rules, field.size_wh_px), Waiting()
        self._pedestrians, self._queues = Pedestrians(), Queues()
        self._wrong_way, self._objects = WrongWay(), LeftObjects(sees_things=sees_things)
        self._cases: list[_Case] = []
        self._next, self._since_s, self._now_s = 1, np.nan, np.nan

    def step(
        self, tracks: Sequence[Track], left_behind: Detections, time_s: float, differs: Picture | None = None
    ) -> list[Incident]:
        """Take in an instant.

        Args:
            tracks: everybody who is followed then, on their own clock forward.
            left_behind: what lies still in the slow background then.
            time_s: when, on the camera's clock, not before the last one.
            differs: (height, width), grey levels to the slow background; None: not known.

        Returns:
            Incidents that are new, were revised, or are over.
        """
        if np.isnan(self._since_s):
            self._since_s = self._now_s = time_s
        passed_s, self._now_s = time_s - self._now_s, time_s
        self._road.step(tracks, time_s)
        users = self._users.step(tracks, time_s, self._road.ground)
        self._road.place(users)
        look = Look(
            now_s=time_s,
            since_s=self._since_s,
            users=users,
            crowd=Crowd([one for one in users if _is_judged(one, self._rules)], self._rules.sight),
            left_behind=left_behind,
            road=self._road,
            rules=self._rules,
            told=[self._told(case) for case in self._cases],
            size_wh_px=self._size_wh_px,
            differs=differs,
            queueing=self._queues.boxes(time_s),
        )
        self._waiting.step(look)
        sightings = [
            *self._objects.spot(look),
            *stopped.spot(look),
            *self._wrong_way.spot(look),
            *self._pedestrians.spot(look),
            *self._queues.spot(look),
        ]
        return self._settle(sightings, users, left_behind, passed_s)

    def _told(self, case: _Case) -> Told:
        left, _, right, bottom = case.incident.xyxy_px
        foot_px = np.array([(left + right) / 2, bottom])
        at_m = self._road.ground.to_metres(foot_px)
        return Told(kind=case.incident.kind, track_id=case.incident.track_id, at_m=at_m, foot_px=foot_px)

    def _settle(
        self, sightings: Sequence[Sighting], users: Sequence[RoadUser], left_behind: Detections, passed_s: float
    ) -> list[Incident]:
        changed, seen = [], set[int]()
        for sighting in sightings:
            case = self._case(sighting)
            if case is None:
                if sighting.enough:
                    changed.append(self._open(sighting))
                    seen.add(self._cases[-1].incident.incident_id)
                continue
            seen.add(case.incident.incident_id)
            case.key, case.unseen_s = sighting.key, 0.0
            if self._revise(case, sighting):
                changed.append(case.incident)
        for case in [each for each in self._cases if each.incident.incident_id not in seen]:
            if self._is_over(case, users, left_behind, passed_s):
                self._cases.remove(case)
                cleared_s = max(self._now_s - case.unseen_s, case.incident.raised_s)
                changed.append(replace(case.incident, cleared_s=cleared_s))
        return changed

    def _case(self, sighting: Sighting) -> _Case | None:
        own = [case for case in self._cases if case.incident.kind is sighting.kind]
        same = next((case for case in own if case.key == sighting.key), None)
        if same is None and sighting.kind in _STAY:
            return next((case for case in own if overlap(case.incident.xyxy_px, sighting.xyxy_px) >= _SAME_PLACE), None)
        return same

    def _open(self, sighting: Sighting) -> Incident:
        incident = Incident(
            incident_id=self._next,
            camera=self._camera,
            kind=sighting.kind,
            onset_s=sighting.onset_s,
            raised_s=self._now_s,
            cleared_s=None,
            probability=sighting.probability,
            xyxy_px=sighting.xyxy_px,
            severity=sighting.severity,
            zone=sighting.zone,
            learned=self._road.learned,
            track_id=sighting.track_id,
            length_m=sighting.length_m,
            speed_km_h=sighting.speed_km_h,
            why=sighting.why,
            why_ko=sighting.why_ko,
        )
        self._next += 1
        self._cases.append(_Case(incident, sighting.key, self._now_s))
        return incident

    def _revise(self, case: _Case, sighting: Sighting) -> bool:
        """Bring it up to date; whether that is worth telling."""
        old = case.incident
        worse = _RANK.index(sighting.severity) > _RANK.index(old.severity)
        case.incident = replace(
            old,
            # What was once sure, or bad, stays so while it lasts.
            probability=max(old.probability, sighting.probability),
            severity=sighting.severity if worse else old.severity,
            xyxy_px=sighting.xyxy_px,
            track_id=sighting.track_id,
            length_m=sighting.length_m,
            speed_km_h=sighting.speed_km_h,
            why=sighting.why,
            why_ko=sighting.why_ko,
        )
        if not worse and self._now_s - case.told_s < self._rules.grading.revise_s:
            return False
        case.told_s = self._now_s
        return True

    def _is_over(self, case: _Case, users: Sequence[RoadUser], left_behind: Detections, passed_s: float) -> bool:
        kind, box = case.incident.kind, case.incident.xyxy_px
        gone_s, lost_s = _patience(kind, self._rules)
        own = next((user for user in users if user.track.track_id == case.incident.track_id), None)
        there = own is not None and overlap(box, own.track.xyxy_px.tolist()) >= _STILL_THERE
        moves = own is not None and not there and own.stands_s is None and self._now_s - own.track.seen_s < 1.0
        # A vehicle's trace in the background outlives it; a thing is often seen only there.
        seen = kind is IncidentKind.ABANDONED_OBJECT and _still_there(box, left_behind)
        if kind in _STAY and not moves and (seen or there or _is_hidden(box, users)):
            return False
        case.unseen_s += passed_s
        return case.unseen_s >= (gone_s if own is not None else lost_s)


def _is_judged(user: RoadUser, rules: Rules) -> bool:
    return user.track.kind.is_vehicle and user.height_px >= rules.sight.vehicle_px


def _patience(kind: IncidentKind, rules: Rules) -> tuple[float, float]:
    """For how long an incident goes on without being seen: its road user being seen, and not."""
    if kind is IncidentKind.QUEUE:
        return rules.queue.ends_s, rules.queue.ends_s
    return {
        IncidentKind.STOPPED_VEHICLE: (rules.stopped.gone_s, rules.stopped.lost_s),
        IncidentKind.WRONG_WAY: (rules.wrong_way.gone_s, rules.wrong_way.lost_s),
        IncidentKind.PEDESTRIAN_ON_CARRIAGEWAY: (rules.pedestrian.gone_s, rules.pedestrian.lost_s),
        IncidentKind.ABANDONED_OBJECT: (rules.object.gone_s, rules.object.lost_s),
    }[kind]


def _is_hidden(box: tuple[float, float, float, float], users: Sequence[RoadUser]) -> bool:
    """Whether somebody nearer to the camera is before it."""
    own = np.array(box)
    size = max(float(np.prod(own[2:] - own[:2])), 1e-6)
    for user in users:
        other = user.track.xyxy_px
        if other[3] > own[3]:
            shared = (np.minimum(own[2:], other[2:]) - np.maximum(own[:2], other[:2])).clip(min=0)
            if float(np.prod(shared)) >= _HIDDEN * size:
                return True
    return False


def _still_there(box: tuple[float, float, float, float], left_behind: Detections) -> bool:
    return any(overlap(box, other.tolist()) >= _SAME_PLACE for other in left_behind.xyxy_px)
