"""A vehicle that stands where vehicles drive, and waits for nothing."""

import numpy as np

from features.cctv.events import Severity
from features.cctv.kinds import IncidentKind
from features.cctv.spotters.look import Look, box_of
from features.cctv.spotters.road_user import RoadUser
from features.cctv.spotters.sighting import Sighting, probability

_NEXT_HEIGHTS = 2.0
"""Of its box, to the next one."""


def spot(look: Look) -> list[Sighting]:
    """Each that stands on the carriageway or a shoulder, and waits for nothing, or has been told of."""
    told = {one.track_id for one in look.told_of(IncidentKind.STOPPED_VEHICLE)}
    return [
        _sighting(number, user, look)
        for number, user in enumerate(look.crowd.vehicles)
        if user.stands_s is not None
        and user.drove
        and (user.track.track_id in told or (not user.waits and look.road.on_road(user.place_px)))
    ]


def _sighting(number: int, user: RoadUser, look: Look) -> Sighting:
    rules, now_s, foot = look.rules.stopped, look.now_s, user.place_px
    since_s = user.stands_s if user.stands_s is not None else now_s
    stands_s = now_s - since_s
    # What it waited for may have just gone.
    free_s = now_s - max(since_s, user.leader_s, user.blocked_s, user.held_s)
    on_lanes = look.road.carriageway_px(foot) > 0
    passed = len(user.passed)
    needed_s = _needed_s(user, look, on_lanes=on_lanes)
    after_s = rules.light_after_s if look.road.crossing_m(user) <= rules.near_light_m else rules.passed_after_s
    flows_by = bool(passed) and on_lanes and now_s - user.passed_s >= after_s
    if flows_by:
        needed_s = min(needed_s, rules.passed_stands_s)
    if look.is_in_a_queue(user) or look.crowd.slow_ahead(number) >= rules.queue_ahead:
        needed_s = rules.queue_s
    zone = look.road.name(foot)
    by = f", and {passed} passed it" if passed else ""
    by_ko = f", {passed}대가 지나감" if passed else ""
    return Sighting(
        kind=IncidentKind.STOPPED_VEHICLE,
        key=user.track.track_id,
        onset_s=since_s,
        enough=free_s >= needed_s and _is_seen(user, look) and not _belongs_to_another(user, look),
        probability=probability(
            look.rules.grading,
            score=user.track.score,
            lasted_s=stands_s,
            needed_s=needed_s,
            count=passed,
            learned=look.road.learned,
        ),
        xyxy_px=box_of(user),
        severity=_severity(look, user, stands_s, on_lanes=on_lanes),
        zone=zone,
        track_id=user.track.track_id,
        why=f"A {user.track.kind} has stood on {zone} for {stands_s:.0f} s with nothing to wait for{by}",
        why_ko=f"{_KO[str(user.track.kind)]} 1대가 {zone}에 {stands_s:.0f}초째 이유 없이 정지{by_ko}",
    )


def _belongs_to_another(user: RoadUser, look: Look) -> bool:
    """Whether somebody near was told of already, whom it stands behind or beside."""
    # Far off a pixel is metres, so the next one in the picture counts too.
    near_px = _NEXT_HEIGHTS * user.height_px
    return any(
        one.track_id != user.track.track_id
        and (
            np.hypot(*(one.at_m - user.at_m)) <= look.rules.stopped.one_event_m
            or np.hypot(*(one.foot_px - user.place_px)) <= near_px
        )
        for one in look.told_of(IncidentKind.STOPPED_VEHICLE)
    )


def _is_seen(user: RoadUser, look: Look) -> bool:
    """Whether it is still seen to stand: it may have driven off, and its track not know it."""
    lately = look.now_s - user.track.seen_s <= look.rules.sight.still_seen_s
    return lately and user.sightings >= look.rules.stopped.sightings


def _needed_s(user: RoadUser, look: Look, *, on_lanes: bool) -> float:
    """For how long it must stand where nobody passes it."""
    rules = look.rules.stopped
    if not on_lanes:
        return rules.shoulder_s
    if not user.sees_ahead:
        return rules.blind_s
    return rules.near_light_s if look.road.crossing_m(user) <= rules.near_light_m else rules.stands_s


_KO = {"car": "승용차", "bus": "버스", "truck": "화물차", "motorbike": "오토바이"}


def _severity(look: Look, user: RoadUser, stands_s: float, *, on_lanes: bool) -> Severity:
    if not on_lanes:
        return Severity.MINOR
    worse = look.is_fast(user.place_px) or stands_s >= look.rules.stopped.lasting_s
    return Severity.SEVERE if worse else Severity.MODERATE
