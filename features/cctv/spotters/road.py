"""What the spotters know of the road: its zones or, without them, the part where vehicles were seen to drive."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.cctv.field import Field
from features.cctv.ground import Ground
from features.cctv.rules import Rules
from features.cctv.spotters.perspective import Perspective
from features.cctv.spotters.road_user import RoadUser
from features.cctv.spotters.ways import Ways
from features.cctv.tracks import FloatArray, Track
from features.cctv.zones import Mask, ZoneKind, Zones, depth_px

_LOOK_S = 3.0
"""After which the learned carriageway is looked up anew."""
_SPACING_M = 1.0
_ALIKE = 0.7
"""Cosine of a driver's direction to the usual one, above which they are one, and the usual one is surer."""
_LEARNED = "learned carriageway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """What is usual at a place.

    Attributes:
        heading_m: (2,), unit vector on the road.
        km_h: mean speed.
        drivers: distinct ones that it is known from.
    """

    heading_m: FloatArray
    km_h: float
    drivers: int


class Road:
    """Places of the picture and of the road.

    Attributes:
        learned: whether the carriageway is.
        ground: the road's plane, measured or estimated.
    """

    def __init__(self, rules: Rules, zones: Zones | None, field: Field) -> None:
        self._rules, self._zones, self._field = rules, zones, field
        self.learned = zones is None or not zones.of(ZoneKind.CARRIAGEWAY)
        measured = None if zones is None else zones.ground
        self._perspective = Perspective(field.size_wh_px) if measured is None else None
        self.ground: Ground = measured or Perspective(field.size_wh_px).ground
        self._depth_px: np.ndarray | None = None
        self._looked_s = -np.inf
        self._crossings_m = self._edges_m(ZoneKind.CROSSING)
        self.ways = Ways()
        self._bus_stops_m = self._edges_m(ZoneKind.BUS_STOP)

    @property
    def has_crossings(self) -> bool:
        """Whether somebody has drawn any."""
        return bool(self._zones and self._zones.of(ZoneKind.CROSSING))

    def step(self, tracks: Sequence[Track], now_s: float) -> None:
        """Learn the plane and the carriageway, where nobody gave them."""
        if self._perspective is not None:
            self._perspective.learn(tracks, now_s)
            self.ground = self._perspective.ground
        if self.learned and now_s - self._looked_s >= _LOOK_S:
            self._looked_s = now_s
            mask: Mask = np.asarray(self._field.road_mask()) > 0
            self._depth_px = depth_px(mask) if mask.any() else None

    def place(self, users: Sequence[RoadUser]) -> None:
        """Say along which lane each vehicle drives or stands, and learn from those who drive."""
        rules = self._rules.wrong_way
        for user in users:
            if not user.track.kind.is_vehicle:
                continue
            zone = self.lane_zone(user.place_px, beside_m=0.0)
            tells = user.heads and user.height_px >= rules.least_px and user.pixel_m <= rules.pixel_m
            if zone is not None and tells and user.heading_m is not None:
                self.ways.learn(zone, user.track.track_id, user.heading_m)
            main = None if zone is None else self.way(zone)
            if main is None and zone is not None:
                main = self.ways.main(zone, rules.witnesses, rules.agreeing)
            if main is None and (usual := self.usual(user.place_px)) is not None:
                main = usual.heading_m
            # Of who stands the last heading may be a leap from one to the next; the road's own is surer.
            own = user.heading_m if user.heads or main is None else None
            user.lane_m = main if own is None or (main is not None and float(main @ own) > _ALIKE) else own

    def is_in(self, kind: ZoneKind, foot_px: FloatArray, *, margin_px: float = 0.0) -> bool:
        """Whether a foot is in a drawn zone, or not farther from it."""
        return self._zones is not None and self._zones.depth_px(kind, foot_px) >= -margin_px

    def carriageway_px(self, foot_px: FloatArray) -> float:
        """How far inside the carriageway a foot is, below 0 outside."""
        if not self.learned and self._zones is not None:
            return self._zones.depth_px(ZoneKind.CARRIAGEWAY, foot_px)
        if self._depth_px is None:
            return -np.inf
        height, width = self._depth_px.shape
        column, row = np.clip(np.asarray(foot_px).astype(int), 0, [width - 1, height - 1]).tolist()
        return float(self._depth_px[row, column])

    def across_m(self, foot_px: FloatArray) -> float:
        """Metres that a pixel to the right stands for."""
        return float(np.hypot(*self.ground.jacobian(foot_px)[:, 0]))

    def on_road(self, foot_px: FloatArray, *, beside_m: float = 0.0) -> bool:
        """Whether a foot is on the carriageway or a shoulder, or not farther beside them."""
        margin_px = beside_m / self.across_m(foot_px)
        return self.carriageway_px(foot_px) >= -margin_px or self.is_in(ZoneKind.SHOULDER, foot_px, margin_px=margin_px)

    def name(self, foot_px: FloatArray) -> str:
        """Of the zone that is nearest, of those on which vehicles drive or halt."""
        if self._zones is None or self.learned:
            return _LEARNED
        drawn = [zone for kind in (ZoneKind.CARRIAGEWAY, ZoneKind.SHOULDER) for zone in self._zones.of(kind)]
        return max(drawn, key=lambda zone: zone.depth_px(foot_px)).name

    def lane_zone(self, foot_px: FloatArray, *, beside_m: float) -> int | None:
        """Number of the drawn carriageway polygon that a foot is in, or no farther beside; None: in none."""
        if self._zones is None or self.learned or self.carriageway_px(foot_px) < -beside_m / self.across_m(foot_px):
            return None
        return int(np.argmax([zone.depth_px(foot_px) for zone in self._zones.of(ZoneKind.CARRIAGEWAY)]))

    def way(self, zone: int) -> FloatArray | None:
        """(2,), which way one drives on a drawn carriageway, a unit vector on the road; None: its file does not say."""
        arrow_px = None if self._zones is None else self._zones.of(ZoneKind.CARRIAGEWAY)[zone].arrow_px
        if arrow_px is None:
            return None
        start, end = self.ground.to_metres(arrow_px)
        way_m = end - start
        size = float(np.hypot(*way_m))
        return np.asarray(way_m / size) if np.isfinite(size) and size > 0 else None

    def usual(self, foot_px: FloatArray) -> Usual | None:
        """What vehicles were seen to do there; None: not known."""
        flow = self._field.flow_at(foot_px)
        if flow is None:
            return None
        way_m = self.ground.jacobian(foot_px) @ flow.direction
        scale = float(np.hypot(*way_m))
        if not (np.isfinite(scale) and scale > 0):
            return None
        return Usual(heading_m=way_m / scale, km_h=flow.speed_px_s * scale * 3.6, drivers=int(flow.tracks))

    def crossing_m(self, user: RoadUser) -> float:
        """From a driver's front ahead to the next crossing; below 0 once on it, infinity where there is none."""
        return self._ahead_m(user, self._crossings_m)

    def bus_stop_near(self, user: RoadUser) -> bool:
        """Whether a bus stands at a stop, or beside one."""
        near_m = self._rules.stopped.bus_stop_m
        if self.is_in(ZoneKind.BUS_STOP, user.track.foot_px):
            return True
        # The foot is the end of a long vehicle that is nearer to the camera.
        along = np.linspace(0, user.length_m, 5)[:, None] * (0.0 if user.lane_m is None else user.lane_m)
        body = user.at_m + (along if user.away else -along)
        return any(np.hypot(*(edge[:, None] - body).T).min() <= near_m for edge in self._bus_stops_m)

    def _ahead_m(self, user: RoadUser, edges_m: list[FloatArray]) -> float:
        if user.lane_m is None:
            return np.inf
        found = np.inf
        for edge in edges_m:
            off = edge - user.at_m
            along = off @ user.lane_m - user.front_m()
            across = off[:, 0] * user.lane_m[1] - off[:, 1] * user.lane_m[0]
            lane = along[np.abs(across) <= 2 * self._rules.sight.lane_half_m]
            # Behind it is a crossing whose far edge is.
            if len(lane) and lane.max() > 0:
                found = min(found, float(lane.min()))
        return found

    def _edges_m(self, kind: ZoneKind) -> list[FloatArray]:
        """Points along the edge of each zone of a kind, on the road."""
        if self._zones is None:
            return []
        found = []
        for zone in self._zones.of(kind):
            corners = self.ground.to_metres(zone.points_px)
            corners = corners[np.isfinite(corners).all(axis=1)]
            sides = zip(corners, np.roll(corners, -1, axis=0), strict=True)
            edge = [
                a + (b - a) * share
                for a, b in sides
                for share in np.linspace(0, 1, max(2, int(np.hypot(*(b - a)) / _SPACING_M)), endpoint=False)[:, None]
            ]
            if edge:
                found.append(np.array(edge))
        return found
