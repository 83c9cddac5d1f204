"""All road users before a camera, remembered by their tracks, also when a track breaks while its owner stands."""

from collections.abc import Sequence

import numpy as np

from features.cctv.detections import overlap
from features.cctv.ground import Ground
from features.cctv.rules import Rules
from features.cctv.spotters.road_user import RoadUser
from features.cctv.tracks import Track

_SAME_PLACE = 0.3
"""Intersection over union of a box that stood and a new one there: the same vehicle under a new identity."""

_REACH_M = 4.0
"""Before and behind where it was last seen, a braking vehicle may be seen next."""


class RoadUsers:
    """Keeps them from instant to instant."""

    def __init__(self, rules: Rules, size_wh_px: tuple[int, int]) -> None:
        self._rules, self._size_wh_px = rules, size_wh_px
        self._now: dict[int, RoadUser] = {}
        self._gone: dict[int, RoadUser] = {}

    def step(self, tracks: Sequence[Track], now_s: float, ground: Ground) -> list[RoadUser]:
        """Those of an instant that are on the road's plane; movers that nobody has seen for a while left out."""
        feet = np.array([track.foot_px for track in tracks]).reshape(-1, 2)
        places = zip(tracks, ground.to_metres(feet), ground.jacobian(feet), strict=True)
        shown = {track.track_id: (track, at, metres) for track, at, metres in places if np.isfinite(at).all()}
        for track_id in self._now.keys() - shown.keys():
            self._gone[track_id] = self._now[track_id]
        lost_s = self._rules.stopped.lost_s
        self._gone = {key: one for key, one in self._gone.items() if now_s - one.track.seen_s <= lost_s}
        before, self._now = self._now, {}
        for track_id, (track, at, metres) in shown.items():
            user = before.get(track_id) or self._gone.pop(track_id, None) or self._heir(track)
            if user is None:
                user = RoadUser(track=track, at_m=at, metres=metres)
                self._from_mover(user, [*before.values(), *self._gone.values()], now_s)
            user.at_m, user.metres = at, metres
            user.see(track, now_s, self._rules.sight, self._size_wh_px)
            self._now[track_id] = user
        return [user for user in self._now.values() if user.fresh(now_s, self._rules.sight)]

    def _from_mover(self, user: RoadUser, others: Sequence[RoadUser], now_s: float) -> None:
        """Who brakes harder than a track can follow begins a new one, and has driven all the same."""
        for other in others:
            unseen_s = now_s - other.track.seen_s
            if not other.drove or other.heading_m is None or not 0 < unseen_s <= self._rules.sight.broken_s:
                continue
            off = user.at_m - other.seen_m
            along = float(off @ other.heading_m)
            across = float(abs(off[0] * other.heading_m[1] - off[1] * other.heading_m[0]))
            reach_m = _REACH_M + other.speed_ms * unseen_s
            if -_REACH_M <= along <= reach_m and across <= self._rules.sight.lane_half_m and other.is_like(user):
                user.drove, user.heading_m, user.away = True, other.heading_m, other.away
                return

    def _heir(self, track: Track) -> RoadUser | None:
        """Who stood where a new track begins, and has lost its own."""
        for track_id, one in self._gone.items():
            same = one.track.kind.is_vehicle and track.kind.is_vehicle and one.stands_s is not None
            if same and overlap(one.track.xyxy_px, track.xyxy_px) >= _SAME_PLACE:
                return self._gone.pop(track_id)
        return None
