"""A vehicle that drives against those who usually drive there."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from features.cctv.events import Severity
from features.cctv.kinds import IncidentKind
from features.cctv.rules import Rules
from features.cctv.spotters.look import Look, box_of
from features.cctv.spotters.road_user import RoadUser
from features.cctv.spotters.sighting import Sighting, probability
from features.cctv.tracks import FloatArray

_DRAWN = 10
"""Witnesses that an arrow in the camera's file is worth."""
_LEAST_SEEN = 4
"""Times that it must have been seen on its way."""
_LEAP = 0.5
"""Of the whole way, in one step: it is somebody else."""
_SAME_WAY = 0.8
_LOWER = 0.8
"""Times as high as who casts it a shadow may be."""
_COMPANION = 0.6
"""Of the times that it was seen, beside one and the same other: it is no driver of its own."""
_SAME_SIZE = 1.7
"""Times as high on the road at one time as at another: it is somebody else."""


@dataclass(slots=True)
class _Run:
    """How long and far somebody has driven against the others."""

    since_s: float
    last_s: float
    from_px: FloatArray
    witnesses: int
    seen: list[tuple[float, FloatArray, float]] = field(default_factory=list)
    beside: Counter[int] = field(default_factory=Counter)

    def pace_ms(self) -> float | None:
        """Over its whole way: far off a pixel now is many more metres than a moment ago; None: hardly seen yet."""
        if len(self.seen) < _LEAST_SEEN:
            return None
        (since_s, start_m, _), (until_s, end_m, _) = self.seen[0], self.seen[-1]
        return float(np.hypot(*(end_m - start_m))) / (until_s - since_s) if until_s > since_s else None

    def goes_on(self, rules: Rules, times: float) -> bool:
        """Whether it has come so far at such a pace, and not by a leap: who is taken for somebody else leaps."""
        if len(self.seen) < _LEAST_SEEN:
            return False
        if max(self.beside.values(), default=0) >= _COMPANION * len(self.seen):
            return False
        at_s, places, heights_m = (np.array(part) for part in zip(*self.seen, strict=True))
        if heights_m.max() > _SAME_SIZE * heights_m.min():
            return False
        way = places[-1] - places[0]
        far_m = float(np.hypot(*way))
        if far_m < times * rules.wrong_way.goes_m:
            return False
        steps_m = np.diff(places, axis=0) @ (way / far_m)
        pace_ms = float(np.median(steps_m / np.diff(at_s)))
        leaps = float(steps_m.max()) > _LEAP * far_m
        return pace_ms * 3.6 >= rules.wrong_way.speed_km_h and not leaps


class WrongWay:
    """Follows those who do."""

    def __init__(self) -> None:
        self._runs: dict[int, _Run] = {}

    def spot(self, look: Look) -> list[Sighting]:
        """Each who does, and goes on."""
        rules, found = look.rules.wrong_way, []
        for user in look.crowd.vehicles:
            if user.is_cut or look.now_s - user.track.seen_s > look.rules.sight.still_seen_s:
                continue
            witnesses = self._against(user, look)
            sighting = self._follow(user, witnesses, look)
            if sighting is not None:
                found.append(sighting)
        self._runs = {key: run for key, run in self._runs.items() if look.now_s - run.last_s <= rules.gone_s}
        return found

    def _against(self, user: RoadUser, look: Look) -> int:
        """How many others bear witness that it drives the wrong way; 0: it does not, or nobody knows."""
        rules, foot = look.rules.wrong_way, user.place_px
        if user.height_px < rules.least_px or user.pixel_m > rules.pixel_m:
            return 0
        if user.heading_m is None or not user.heads or not user.speed_ms * 3.6 >= rules.speed_km_h:
            return 0
        if not look.road.on_road(foot, beside_m=rules.beside_m):
            return 0
        zone = look.road.lane_zone(foot, beside_m=rules.beside_m)
        if zone is not None and (drawn := look.road.way(zone)) is not None:
            return _DRAWN if float(user.heading_m @ drawn) < rules.against else 0
        if zone is not None:
            ways = look.road.ways.others(zone, user.track.track_id)
            against = int((ways @ user.heading_m < rules.against).sum())
            if len(ways) >= rules.witnesses and max(against, len(ways) - against) >= rules.agreeing * len(ways):
                return against if 2 * against > len(ways) else 0
        # A polygon that is driven both ways tells nothing; cells of the field may.
        usual = look.road.usual(foot)
        if usual is None or float(user.heading_m @ usual.heading_m) > rules.against:
            return 0
        return usual.drivers

    def _follow(self, user: RoadUser, witnesses: int, look: Look) -> Sighting | None:
        rules, now_s, track = look.rules.wrong_way, look.now_s, user.track
        run = self._runs.get(track.track_id)
        if witnesses:
            if run is None:
                run = _Run(now_s, now_s, track.foot_px, witnesses)
                self._runs[track.track_id] = run
            run.last_s, run.witnesses = now_s, witnesses
            if track.seen_s >= now_s and not user.is_cut:
                run.beside.update(_beside(user, look))
                run.seen.append((now_s, user.at_m, user.height_px * look.road.across_m(user.place_px)))
        if run is None:
            return None
        lasted_s = run.last_s - run.since_s
        times = rules.in_queue if look.is_in_a_queue(user) else 1.0
        far_px = np.hypot(*(track.foot_px - run.from_px)) >= rules.goes_px
        pace_ms = run.pace_ms()
        zone, speed = look.road.name(track.foot_px), (user.speed_ms if pace_ms is None else pace_ms) * 3.6
        return Sighting(
            kind=IncidentKind.WRONG_WAY,
            key=track.track_id,
            onset_s=run.since_s,
            enough=bool(witnesses and lasted_s >= rules.lasts_s and far_px and run.goes_on(look.rules, times)),
            probability=probability(
                look.rules.grading,
                score=track.score,
                lasted_s=lasted_s,
                needed_s=rules.lasts_s,
                count=run.witnesses,
                learned=look.road.learned,
            ),
            xyxy_px=box_of(user),
            severity=Severity.SEVERE,
            zone=zone,
            track_id=track.track_id,
            speed_km_h=speed,
            why=f"A {track.kind} drives against the usual direction on {zone}, at about {speed:.0f} km/h",
            why_ko=f"{zone}에서 차량 1대가 역주행, 시속 약 {speed:.0f}km",
        )


def _beside(user: RoadUser, look: Look) -> set[int]:
    """Tracks of larger ones that drive the same way abreast of it, as who casts a shadow does, or is overtaken."""
    found = set[int]()
    for other in look.crowd.vehicles:
        if other.heading_m is None or user.heading_m is None or user.height_px > _LOWER * other.height_px:
            continue
        near = np.hypot(*(other.at_m - user.at_m)) <= look.rules.wrong_way.companion_m
        if near and float(other.heading_m @ user.heading_m) > _SAME_WAY:
            found.add(other.track.track_id)
    return found
