"""What every spotter is shown of an instant."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.cctv.detections import Detections
from features.cctv.kinds import IncidentKind, UserKind
from features.cctv.rules import Rules
from features.cctv.spotters.crowd import Crowd
from features.cctv.spotters.road import Road
from features.cctv.spotters.road_user import RoadUser
from features.cctv.tracks import FloatArray
from features.cctv.view import Picture

CAR_M, CAR_WIDE_M, CAR_HIGH_M = 4.4, 1.8, 1.5
_HIDES, _HIDES_ITSELF = 0.5, 0.75
"""Share of a car's box that somebody nearer covers, from which it may go unseen; likewise who stands behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An incident that was told and is not over, as far as others must know.

    Attributes:
        kind: of it.
        track_id: of who.
        at_m: (2,), its foot on the road.
        foot_px: (2,), likewise in the picture.
    """

    kind: IncidentKind
    track_id: int | None
    at_m: FloatArray
    foot_px: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """An instant.

    Attributes:
        now_s: on the camera's clock.
        since_s: when the camera began to watch.
        users: everybody on the road's plane.
        crowd: of them the vehicles that are large enough to be judged.
        left_behind: what lies still in the slow background.
        road: where it is.
        rules: thresholds.
        told: incidents that go on.
        size_wh_px: of the picture.
        differs: (height, width), grey levels by which the picture differs from the slow background; None: not known.
        queueing: boxes of vehicles that creep, or did a moment ago, left, top, right, bottom, pixels.
    """

    now_s: float
    since_s: float
    users: Sequence[RoadUser]
    crowd: Crowd
    left_behind: Detections
    road: Road
    rules: Rules
    told: Sequence[Told]
    size_wh_px: tuple[int, int]
    differs: Picture | None
    queueing: Sequence[tuple[float, float, float, float]]

    def afoot(self) -> list[RoadUser]:
        """People and cyclists, likewise, who are seen now."""
        sight = self.rules.sight
        return [
            user
            for user in self.users
            if user.track.kind in (UserKind.PERSON, UserKind.BICYCLE)
            and user.height_px >= sight.person_px
            and user.track.score >= sight.person_score
            and self.now_s - user.track.seen_s <= sight.person_seen_s
        ]

    def told_of(self, kind: IncidentKind) -> list[Told]:
        """Those of a kind."""
        return [one for one in self.told if one.kind is kind]

    def is_in_a_queue(self, user: RoadUser) -> bool:
        """Whether it is among those who creep, or next behind them: whichever way it is held to head."""
        right, down = user.place_px.tolist()
        margin_px = user.height_px
        return any(
            left - margin_px <= right <= right_px + margin_px and top - margin_px <= down <= bottom + margin_px
            for left, top, right_px, bottom in self.queueing
        )

    def sees_ahead(self, user: RoadUser, within_m: float) -> bool:
        """Whether cars that stood up to so far before somebody would be in the picture, large, and not hidden."""
        if user.lane_m is None:
            return False
        first_m = user.front_m() + (0.0 if user.away else CAR_M)
        steps_m = first_m + np.array([0.4, 0.7, 1.0]) * within_m
        feet = self.road.ground.to_pixels(user.at_m + user.lane_m * steps_m[:, None])
        if not np.isfinite(feet).all() or (feet < 0).any() or (feet >= self.size_wh_px).any():
            return False
        px_per_m = 1 / np.array([self.road.across_m(foot) for foot in feet])
        if (CAR_HIGH_M * px_per_m < self.rules.sight.vehicle_px).any():
            return False
        half, high = CAR_WIDE_M / 2 * px_per_m, CAR_HIGH_M * px_per_m
        cars = np.stack([feet[:, 0] - half, feet[:, 1] - high, feet[:, 0] + half, feet[:, 1]], axis=-1)
        boxes = np.array([other.track.xyxy_px for other in self.users]).reshape(-1, 4)
        low, top = np.maximum(cars[:, None, :2], boxes[None, :, :2]), np.minimum(cars[:, None, 2:], boxes[None, :, 2:])
        shared = np.prod((top - low).clip(min=0), axis=-1) / np.prod(cars[:, 2:] - cars[:, :2], axis=-1)[:, None]
        hides = boxes[None, :, 3] > cars[:, None, 3]
        # Of its own it hides something anyway.
        most = np.array([_HIDES_ITSELF if other is user else _HIDES for other in self.users])
        return not bool(((shared > most) & hides).any())

    def is_fast(self, foot_px: FloatArray) -> bool:
        """Whether people usually drive fast there."""
        usual = self.road.usual(foot_px)
        return usual is not None and usual.km_h >= self.rules.grading.fast_km_h


def box_of(user: RoadUser) -> tuple[float, float, float, float]:
    """A user's, as an incident has it."""
    left, top, right, bottom = user.track.xyxy_px.tolist()
    return left, top, right, bottom
