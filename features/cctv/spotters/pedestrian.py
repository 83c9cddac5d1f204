"""Somebody on foot, or on a bicycle, where vehicles drive, and not on a crossing."""

from dataclasses import dataclass

import numpy as np

from features.cctv.events import Severity
from features.cctv.kinds import IncidentKind, UserKind
from features.cctv.spotters.look import Look, box_of
from features.cctv.spotters.road_user import RoadUser
from features.cctv.spotters.sighting import Sighting, probability
from features.cctv.spotters.waiting import Waits
from features.cctv.zones import ZoneKind

_PAUSE_S = 0.8
"""Off the lanes for no longer than that, they never were: the foot has noise."""
_DRIVES_MS = 3.0


@dataclass(slots=True)
class _Walk:
    """Somebody's way over the lanes."""

    since_s: float
    last_s: float
    conflicts: int = 0


class Pedestrians:
    """Follows everybody on foot."""

    def __init__(self) -> None:
        self._walks: dict[int, _Walk] = {}
        self._crossed_s: dict[int, float] = {}
        self._riders: set[int] = set()

    def spot(self, look: Look) -> list[Sighting]:
        """Each who is on the lanes."""
        found = []
        for user in look.afoot():
            track_id = user.track.track_id
            if _surely_rides(user, look):
                self._riders.add(track_id)
            if track_id in self._riders:
                continue
            if look.road.is_in(ZoneKind.CROSSING, user.track.foot_px, margin_px=look.rules.pedestrian.crossing_px):
                self._crossed_s[track_id] = look.now_s
                self._walks.pop(track_id, None)
            elif _on_lanes(user, look) and not _belongs_to_a_vehicle(user, look):
                walk = self._walks.setdefault(track_id, _Walk(look.now_s, look.now_s))
                walk.last_s = look.now_s
                walk.conflicts += _conflicts(user, look)
                found.append(self._sighting(user, walk, look))
        self._walks = {key: one for key, one in self._walks.items() if look.now_s - one.last_s <= _PAUSE_S}
        shown = {user.track.track_id for user in look.users}
        self._crossed_s = {key: at for key, at in self._crossed_s.items() if key in shown}
        self._riders &= shown
        return found

    def _sighting(self, user: RoadUser, walk: _Walk, look: Look) -> Sighting:
        rules, track = look.rules.pedestrian, user.track
        lasted_s = look.now_s - walk.since_s
        enough = lasted_s >= rules.lasts_s
        if look.now_s - self._crossed_s.get(track.track_id, -np.inf) < rules.from_crossing_s + lasted_s:
            enough = lasted_s >= rules.from_crossing_s
        if look.road.learned and not look.road.has_crossings:
            enough = enough and _is_no_crossing(user, walk, look)
        zone = look.road.name(track.foot_px)
        rides = track.kind is UserKind.BICYCLE
        return Sighting(
            kind=IncidentKind.PEDESTRIAN_ON_CARRIAGEWAY,
            key=track.track_id,
            onset_s=walk.since_s,
            enough=enough,
            probability=probability(
                look.rules.grading,
                score=track.score,
                lasted_s=lasted_s,
                needed_s=rules.lasts_s,
                learned=look.road.learned,
            ),
            xyxy_px=box_of(user),
            severity=_severity(look, user, lasted_s),
            zone=zone,
            track_id=track.track_id,
            why=f"A {'cyclist' if rides else 'person'} is on {zone}, off any crossing, for {lasted_s:.0f} s",
            why_ko=f"{'자전거' if rides else '보행자'} 1명이 {zone} 위에 {lasted_s:.0f}초째 있음 (횡단보도 밖)",
        )


def _surely_rides(user: RoadUser, look: Look) -> bool:
    """Whether somebody taken for one on foot is too fast for that."""
    track = user.track
    slowest_km_h = track.speed_km_h - 2 * track.speed_sd_km_h
    return track.kind is UserKind.PERSON and slowest_km_h > look.rules.pedestrian.rides_km_h


def _on_lanes(user: RoadUser, look: Look) -> bool:
    rules, foot = look.rules.pedestrian, user.track.foot_px
    inside_px = look.road.carriageway_px(foot)
    deep = inside_px >= rules.depth_px and inside_px * look.road.across_m(foot) >= rules.depth_m
    return deep and not user.speed_ms * 3.6 > rules.fastest_km_h


def _belongs_to_a_vehicle(user: RoadUser, look: Look) -> bool:
    """Whether they sit in one, ride one, or have got out of one that was told of."""
    rules = look.rules.pedestrian
    for told in look.told_of(IncidentKind.STOPPED_VEHICLE):
        if np.hypot(*(told.at_m - user.at_m)) <= rules.at_vehicle_m:
            return True
    if user.stands_s is not None and any(
        other.stands_s is not None and np.hypot(*(other.at_m - user.at_m)) <= rules.among_m + other.length_m / 2
        for other in look.crowd.vehicles
    ):
        return True
    left, top, right, bottom = user.track.xyxy_px.tolist()
    for other in look.users:
        if other.track.kind in (UserKind.PERSON, UserKind.OBJECT) or other is user:
            continue
        others = other.track.xyxy_px.tolist()
        wide = min(right, others[2]) - max(left, others[0])
        high = min(bottom, others[3]) - max(top, others[1])
        inside = max(wide, 0.0) * max(high, 0.0) / max((right - left) * (bottom - top), 1e-6)
        # Who walks before a vehicle has their feet below its wheels in the picture, or beside them.
        rides = other.track.kind in (UserKind.MOTORBIKE, UserKind.BICYCLE) or bottom < others[3] - 0.15 * (
            others[3] - others[1]
        )
        if inside >= rules.inside_share and rides:
            return True
    return False


def _conflicts(user: RoadUser, look: Look) -> int:
    """How many drive past them at this instant, so that it is no light that they cross at."""
    near_m = look.rules.pedestrian.conflict_m
    return sum(
        other.speed_ms >= _DRIVES_MS and np.hypot(*(other.at_m - user.at_m)) <= near_m for other in look.crowd.vehicles
    )


def _is_no_crossing(user: RoadUser, walk: _Walk, look: Look) -> bool:
    """Where no crossing is drawn: whether drivers do not wait for them, or they stay."""
    rules = look.rules.pedestrian
    if look.now_s - walk.since_s >= rules.lingers_s:
        return True
    waiting = any(
        other.waits in (Waits.LIGHT, Waits.MAYBE_LIGHT)
        and np.hypot(*(other.at_m - user.at_m)) <= rules.near_light_m + other.length_m
        for other in look.crowd.vehicles
    )
    return walk.conflicts > 0 and not waiting


def _severity(look: Look, user: RoadUser, lasted_s: float) -> Severity:
    worse = look.is_fast(user.track.foot_px) or lasted_s >= look.rules.pedestrian.lasting_s
    return Severity.SEVERE if worse else Severity.MODERATE
