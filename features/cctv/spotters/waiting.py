"""For what a vehicle that stands waits: a leader, people, a light, a stop. Who waits for nothing has broken down."""

from enum import StrEnum

import numpy as np

from features.cctv.kinds import IncidentKind, UserKind
from features.cctv.spotters.crowd import BoolArray
from features.cctv.spotters.look import Look
from features.cctv.spotters.road_user import RoadUser
from features.cctv.tracks import FloatArray
from features.cctv.zones import ZoneKind

_BLOCKED_SIDE_M = 3.0
_PLACES = 200


class Waits(StrEnum):
    """For what."""

    NOTHING = ""
    PARKED = "parked"
    LEADER = "leader"
    BLOCKED = "blocked"
    BUS_STOP = "bus stop"
    LIGHT = "light"
    MAYBE_LIGHT = "a light that nobody drew"


class Waiting:
    """Says it of everybody, and remembers where the first of a lane waited and then drove on."""

    def __init__(self) -> None:
        self._places: list[tuple[FloatArray, FloatArray]] = []
        self._first: dict[int, tuple[FloatArray, FloatArray]] = {}

    def step(self, look: Look) -> None:
        """Set what each vehicle that stands waits for."""
        vehicles = look.crowd.vehicles
        creeps = look.crowd.creeps & ~np.array([_is_parked(one, look) for one in vehicles], dtype=np.bool_)
        blocked = _blocked(look)
        for number, user in enumerate(vehicles):
            if user.stands_s is None:
                user.waits = Waits.NOTHING
                continue
            gap_m = look.rules.stopped.leader_gap_m
            user.sees_ahead = look.sees_ahead(user, gap_m)
            # Where something hides the road before it, whoever creeps farther ahead is the end of the queue it is in.
            if look.crowd.before(number, gap_m if user.sees_ahead else look.rules.stopped.blind_m, creeps) is not None:
                user.leader_s = look.now_s
            if blocked[number]:
                user.blocked_s = look.now_s
            _note_who_passes(number, look)
            user.waits = self._for(user, look)
            if user.waits is Waits.LIGHT:
                user.held_s = look.now_s
        self._remember(look)

    def _for(self, user: RoadUser, look: Look) -> Waits:
        rules, now_s, foot = look.rules.stopped, look.now_s, user.place_px
        stands_s = now_s - (now_s if user.stands_s is None else user.stands_s)
        if not user.drove or look.road.is_in(ZoneKind.PARKING, foot):
            return Waits.PARKED
        if now_s - user.leader_s <= rules.after_leader_s:
            return Waits.LEADER
        if now_s - user.blocked_s <= rules.after_leader_s:
            return Waits.BLOCKED
        # A detector takes a truck for a bus, and far away anything for anything.
        may_be_a_bus = user.track.kind in (UserKind.BUS, UserKind.TRUCK) or user.height_px < look.rules.sight.kind_px
        if may_be_a_bus and look.road.bus_stop_near(user):
            return Waits.BUS_STOP if stands_s <= rules.bus_stop_s else Waits.NOTHING
        if -rules.on_crossing_m <= look.road.crossing_m(user) <= rules.light_gap_m:
            waits = len(user.passed) < rules.light_passed and stands_s <= rules.longest_red_s
            return Waits.LIGHT if waits else Waits.NOTHING
        if look.road.learned and not look.road.has_crossings and self._may_wait(user, stands_s, look):
            return Waits.MAYBE_LIGHT
        return Waits.NOTHING

    def _may_wait(self, user: RoadUser, stands_s: float, look: Look) -> bool:
        """Where nobody has drawn lights and stops: whether it may stand at one."""
        rules = look.rules.stopped
        if user.track.kind is UserKind.BUS:
            return stands_s <= rules.unknown_bus_s
        if user.passed or user.lane_m is None:
            return False
        known = any(
            np.hypot(*(at - user.at_m)) <= rules.waiting_place_m and float(heading @ user.lane_m) > 0.5
            for at, heading in self._places
        )
        if known:
            return stands_s <= rules.longest_red_s
        return look.now_s - look.since_s < rules.known_after_s and stands_s <= rules.unknown_light_s

    def _remember(self, look: Look) -> None:
        """Where somebody stood first and has driven on, who was no incident."""
        told = {one.track_id for one in look.told}
        for user in look.crowd.vehicles:
            track_id = user.track.track_id
            if user.stands_s is None:
                place = self._first.pop(track_id, None)
                if place is not None and track_id not in told:
                    self._places = [*self._places[1 - _PLACES :], place]
            elif user.waits in (Waits.LIGHT, Waits.MAYBE_LIGHT) and user.lane_m is not None:
                self._first[track_id] = (user.at_m, user.lane_m)
        shown = {user.track.track_id for user in look.crowd.vehicles}
        self._first = {key: place for key, place in self._first.items() if key in shown}


def _is_parked(user: RoadUser, look: Look) -> bool:
    """Whether it stands since before anybody watched, and for longer than at any light: nobody waits behind it."""
    stands_s = 0.0 if user.stands_s is None else look.now_s - user.stands_s
    return not user.drove and stands_s > look.rules.stopped.longest_red_s


def _blocked(look: Look) -> BoolArray:
    """(n,), whether somebody on foot is on the carriageway before a vehicle, or a thing is."""
    places = [user.at_m for user in look.afoot() if look.road.carriageway_px(user.track.foot_px) > 0]
    places += [one.at_m for one in look.told_of(IncidentKind.ABANDONED_OBJECT)]
    along, across = look.crowd.ahead_m(np.array(places).reshape(-1, 2))
    off = along - np.array([user.front_m() for user in look.crowd.vehicles])[:, None]
    near = (off > -_BLOCKED_SIDE_M) & (off < look.rules.stopped.blocked_m) & (across < _BLOCKED_SIDE_M)
    found: BoolArray = near.any(axis=1)
    return found


def _note_who_passes(number: int, look: Look) -> None:
    """Who was behind or abreast and is ahead now; before a crossing, who has passed that too."""
    rules, crowd = look.rules.stopped, look.crowd
    user = crowd.vehicles[number]
    crossing_m = look.road.crossing_m(user)
    beyond_m = user.front_m() + rules.pass_m + (crossing_m if crossing_m <= rules.light_gap_m else 0.0)
    beside = crowd.same_way[number] & (crowd.across_m[number] <= rules.pass_side_m)
    along = crowd.along_m[number]
    # Who stands abreast and drives off passes too.
    for other in np.flatnonzero(beside & (along <= user.front_m())).tolist():
        user.behind.add(crowd.vehicles[other].track.track_id)
    for other in np.flatnonzero(beside & (along > beyond_m)).tolist():
        one = crowd.vehicles[other]
        if one.track.track_id in user.behind and one.stands_s is None:
            user.behind.discard(one.track.track_id)
            user.passed_s = user.passed_s if user.passed else look.now_s
            user.passed.add(one.track.track_id)
