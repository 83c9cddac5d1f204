"""A road user as the spotters remember it: where it drove, since when it stands, who has passed it."""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from features.cctv.kinds import UserKind
from features.cctv.rules import Sight
from features.cctv.tracks import FloatArray, Track

LENGTH_M = {UserKind.CAR: 4.4, UserKind.BUS: 11.0, UserKind.TRUCK: 7.5, UserKind.MOTORBIKE: 2.1}
_TRAIL_S = 1.6
"""Over which a speed is taken: a box's noise of a pixel is then a third of one a second."""
_HEADS_MS, _HEADS_PX = 1.5, 3.0
"""Faster and farther than that within a trail, it shows where it heads."""
_EDGE_PX, _RAISED = 2.0, 0.15
"""Nearer to the picture's edge a box is cut off by it; its foot is then taken to be so much of its height above."""
_NEWEST = 0.5
"""Share of the newest heading in the kept one."""


@dataclass(slots=True, kw_only=True)
class RoadUser:
    """One, by its track, and what it did so far.

    Attributes:
        track: at this instant.
        at_m: (2,), its foot on the road.
        seen_m: (2,), likewise, when it was last seen.
        place_px: (2,), its foot, or somewhat above where the picture cuts it off.
        metres: (2, 2), that the foot moves by on the road as it moves by pixels in the picture.
        velocity_ms: (2,), over the last one and a half seconds; NaN: not known yet.
        heading_m: (2,), unit vector on the road, where it drove last; None: it was never seen to.
        heads: whether it does so now, beyond its box's noise.
        lane_m: (2,), unit vector along its lane: the usual one there, where that is about its own; None: not known.
        away: whether that is away from the camera, so that the foot is its rear.
        drove: it was seen to drive; who never was is parked.
        stands_s: since when it stands; None: it does not.
        sightings: how often it was seen since.
        passed: tracks of its direction that have passed it since.
        passed_s: when the first of them did.
        behind: tracks that are behind it or abreast, or were since it stands.
        leader_s: when somebody who stands or creeps was last before it.
        blocked_s: when somebody on foot, or a thing, last was.
        held_s: when it last stood at a light, the first of its lane.
        light_s: when whoever leads it was last held up by a light, or by what looks like one.
        sees_ahead: whether the road before it is in sight, so that nobody can be there unseen.
        waits: what it waits for, in a word; empty: for nothing that is known.
    """

    track: Track
    at_m: FloatArray
    metres: FloatArray
    seen_m: FloatArray = field(default_factory=lambda: np.zeros(2))
    place_px: FloatArray = field(default_factory=lambda: np.zeros(2))
    velocity_ms: FloatArray = field(default_factory=lambda: np.full(2, np.nan))
    heading_m: FloatArray | None = None
    heads: bool = False
    lane_m: FloatArray | None = None
    away: bool = True
    drove: bool = False
    stands_s: float | None = None
    sightings: int = 0
    passed: set[int] = field(default_factory=set)
    passed_s: float = -np.inf
    behind: set[int] = field(default_factory=set)
    leader_s: float = -np.inf
    blocked_s: float = -np.inf
    held_s: float = -np.inf
    light_s: float = -np.inf
    sees_ahead: bool = True
    waits: str = ""
    _trail: deque[tuple[float, float, float]] = field(default_factory=deque)
    _began_px: FloatArray | None = None
    _came_px: FloatArray = field(default_factory=lambda: np.zeros(2))
    _before_px: FloatArray = field(default_factory=lambda: np.zeros(2))
    _seen_s: float = np.inf
    _cut: tuple[bool, bool, bool] = (False, False, False)
    _stood_at_px: FloatArray | None = None

    @property
    def speed_ms(self) -> float:
        """Over the last one and a half seconds."""
        return float(np.hypot(*self.velocity_ms))

    @property
    def length_m(self) -> float:
        """Of its kind."""
        return LENGTH_M.get(self.track.kind, 1.0)

    @property
    def is_cut(self) -> bool:
        """Whether the picture's edge cuts its box off."""
        return any(self._cut)

    @property
    def pixel_m(self) -> float:
        """Along the road, of one pixel up or down."""
        return float(np.hypot(*self.metres[:, 1]))

    @property
    def height_px(self) -> float:
        """Of its box."""
        return float(self.track.xyxy_px[3] - self.track.xyxy_px[1])

    def fresh(self, now_s: float, sight: Sight) -> bool:
        """Whether it was seen a moment ago, or stands, so that it must still be there."""
        return self.stands_s is not None or now_s - self.track.seen_s <= sight.still_seen_s

    def is_like(self, other: "RoadUser") -> bool:
        """Whether both are vehicles of about one size."""
        both = self.track.kind.is_vehicle and other.track.kind.is_vehicle
        return both and 0.6 < self.height_px / max(other.height_px, 1.0) < 1.6

    def front_m(self) -> float:
        """From its foot ahead to its front."""
        return self.length_m if self.away else 0.0

    def see(self, track: Track, now_s: float, sight: Sight, size_wh_px: tuple[int, int]) -> None:
        """Take in its track at an instant, once its place on the road is."""
        self.track = track
        left, top, right, bottom = track.xyxy_px.tolist()
        seen, unseen_s = track.seen_s >= now_s, now_s - self._seen_s
        if seen:
            self.seen_m, self._seen_s = self.at_m, now_s
        cut = (left < _EDGE_PX, right > size_wh_px[0] - _EDGE_PX, bottom > size_wh_px[1] - _EDGE_PX)
        self.place_px = track.foot_px - [0.0, _RAISED * (bottom - top) if cut[2] else 0.0]
        if cut != self._cut:
            self._trail.clear()
            self._before_px = self._before_px + self._came_px
            self._stood_at_px = self._began_px = None
            self._came_px, self._cut = np.zeros(2), cut
        if seen and not (cut[0] and cut[1]):
            # Of a box that the picture cuts off, the edges that are left move as its owner does.
            across = right if cut[0] else left if cut[1] else (left + right) / 2
            self._trail.append((now_s, across, top if cut[2] else bottom))
        while self._trail and now_s - self._trail[0][0] > _TRAIL_S:
            self._trail.popleft()
        self._stand(now_s, sight)
        if seen and self.stands_s is not None and unseen_s > sight.unseen_s:
            # Somebody else may have come to where it stood.
            self.stands_s, self.sightings = now_s, 0
            self.passed.clear()
        self.sightings += seen and self.stands_s is not None
        self._drive(sight)
        self._move()

    def _stand(self, now_s: float, sight: Sight) -> None:
        """As its track says, but for a creep that is too slow for a track to tell."""
        stood, self.stands_s = self.stands_s, self.track.stands_since_s
        if self.stands_s is None:
            self._stood_at_px, self.sightings = None, 0
            self.passed.clear()
            self.behind.clear()
            return
        if stood is not None:
            # A new identity for who stood there already does not begin anew.
            self.stands_s = stood
        if len(self._trail) < 3:
            return
        foot = np.array(self._trail)[-3:, 1:].mean(axis=0)
        if self._stood_at_px is None:
            self._stood_at_px = foot
        off_px = foot - self._stood_at_px
        if np.hypot(*off_px) > sight.creeps_px and np.hypot(*(self.metres @ off_px)) > sight.creeps_m:
            self._stood_at_px, self.stands_s, self.sightings = foot, now_s, 0
            self.passed.clear()

    def _move(self) -> None:
        trail, self.heads = np.array(self._trail), False
        if self.stands_s is not None or len(trail) < 3 or np.ptp(trail[:, 0]) < 0.5:
            self.velocity_ms = np.zeros(2) if self.stands_s is not None else self.velocity_ms
            return
        since = trail[:, 0] - trail[:, 0].mean()
        velocity_px = since @ trail[:, 1:] / (since @ since)
        moved_px = velocity_px * np.ptp(trail[:, 0])
        velocity = self.metres @ velocity_px
        if not np.isfinite(velocity).all():
            return
        if not any(self._cut) or not np.isfinite(self.speed_ms):
            self.velocity_ms = velocity
        speed = float(np.hypot(*velocity))
        if speed < _HEADS_MS or np.hypot(*moved_px) < _HEADS_PX:
            return
        self.heads = self.drove
        heading = velocity / speed
        kept = heading if self.heading_m is None else (1 - _NEWEST) * self.heading_m + _NEWEST * heading
        size = float(np.hypot(*kept))
        self.heading_m = kept / size if size > 0.1 else heading
        self.away = velocity_px[1] < 0

    def _drive(self, sight: Sight) -> None:
        """Whether it has come so far that it was no noise of its box."""
        trail = np.array(self._trail)
        if len(trail) < 3 or self.drove:
            return
        if self._began_px is None:
            self._began_px = trail[:3, 1:].mean(axis=0)
        self._came_px = trail[-3:, 1:].mean(axis=0) - self._began_px
        off_px = self._before_px + self._came_px
        far_px = max(sight.drove_px, sight.drove_heights * self.height_px)
        self.drove = bool(np.hypot(*off_px) >= far_px and np.hypot(*(self.metres @ off_px)) >= sight.drove_m)
