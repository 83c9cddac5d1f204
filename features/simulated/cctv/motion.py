"""How everybody moves: drivers who follow each other, lights, a bus stop, pedestrians, and what goes wrong.

Drivers follow by the intelligent driver model (Treiber, Hennecke and Helbing 2000, doi 10.1103/PhysRevE.62.1805);
its parameters here are brisker than its authors', as a queue at a light in a city is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from features.cctv.kinds import IncidentKind, UserKind
from features.simulated.cctv.road import BEHIND_M, LANE_M, LENGTH_M
from features.simulated.cctv.scene import Scene
from features.simulated.cctv.users import SHARE, SIZE_M, User

_ACCELERATION, _BRAKING, _GAP_M, _HEADWAY_S = 1.4, 2.2, 2.0, 1.3
_HARDEST = 7.0
"""Of braking, m/s2: tyres do no more."""
_WARM_UP_S = 60.0
"""Before the film begins, so that the road is as full as it will be."""
_SIDEWAYS_MS = 1.2
_WALK_MS = 1.35
_STANDS_MS, _DRIVES_MS = 0.3, 3.0
_CYCLE_S, _RED_S = 44.0, 16.0
"""Of the lights at a crossing."""
_DWELL_S = 12.0
_QUEUE_MS = 1.5
_STOPS_M = (14.0, 45.0)
"""Ahead of the camera: where somebody who stops is seen well."""
_STEERS_M, _BERTH_M = 45.0, 0.3
"""So far before a thing in the way a driver steers, so far around it."""
_OFF_CROSSING_M = 5.0
"""From its middle: nearer, people on foot cross at it."""
_STAGED_M, _MARGIN_PX, _TRIES, _HALF_WIDTH_M = (18.0, 40.0), 12, 40, 1.2


@dataclass(slots=True, kw_only=True)
class Vehicle:
    """A driver's state.

    Attributes:
        user: as the camera sees it.
        heading: 1 away from the camera, -1 towards it.
        lane: of its direction, from the middle.
        along_m: driven since it came into being.
        wish_ms: it would like to drive.
        target_x_m: it steers to.
        stops: it was staged to stop and does.
        dwelt_s: it has stood at the bus stop.
    """

    user: User
    heading: int
    lane: int
    along_m: float
    wish_ms: float
    target_x_m: float
    stops: bool = False
    dwelt_s: float = 0.0

    @property
    def half_m(self) -> float:
        """Half its length."""
        return SIZE_M[self.user.kind][0] / 2


@dataclass(slots=True, kw_only=True)
class Traffic:
    """Plays a scene, frame by frame.

    Attributes:
        scene: what is played.
        staged: track of who does what the scene says goes wrong; None: not yet, or nobody in particular.
    """

    scene: Scene
    staged: int | None = None
    _vehicles: list[Vehicle] = field(default_factory=list)
    _people: list[User] = field(default_factory=list)
    _things: list[User] = field(default_factory=list)
    _next: int = 1
    _chance: np.random.Generator = field(default_factory=np.random.default_rng)

    def frames(self) -> Iterator[list[User]]:
        """Everybody in each frame."""
        self._chance = np.random.default_rng(self.scene.seed)
        step_s = 1 / self.scene.fps
        for number in range(-round(_WARM_UP_S * self.scene.fps), self.scene.frames):
            self._move(number * step_s, step_s)
            if number >= 0:
                yield [*(one.user for one in self._vehicles), *self._people, *self._things]

    def _move(self, now_s: float, step_s: float) -> None:
        for heading, volume in zip((1, -1), self.scene.volume_veh_h, strict=True):
            self._arrive(heading, volume, step_s)
        self._walk(now_s, step_s)
        self._stage(now_s)
        pull = [self._pull(one, now_s, step_s) for one in self._vehicles]
        for one, acceleration in zip(self._vehicles, pull, strict=True):
            _drive(one, acceleration, step_s)
        self._vehicles = [one for one in self._vehicles if one.along_m < LENGTH_M]

    def _arrive(self, heading: int, volume_veh_h: float, step_s: float) -> None:
        """Who drives in, where there is room."""
        road, chance = self.scene.road, self._chance
        for lane in range(road.lanes):
            if chance.random() >= volume_veh_h / road.lanes / 3600 * step_s:
                continue
            kind = UserKind(chance.choice([str(one) for one in SHARE], p=list(SHARE.values())))
            wish = self.scene.speed_ms * float(np.clip(chance.normal(1, 0.1), 0.7, 1.3))
            last = min((one.along_m - one.half_m for one in self._in_lane(heading, lane)), default=LENGTH_M)
            room = last - SIZE_M[kind][0] / 2
            if room < _GAP_M + wish * _HEADWAY_S / 2:
                continue
            x = road.lane_x_m(lane, heading) + float(chance.normal(0, 0.15))
            user = self._user(kind, x, _y_m(0.0, heading), 0.0 if heading > 0 else np.pi, min(wish, room / 2))
            self._vehicles.append(
                Vehicle(user=user, heading=heading, lane=lane, along_m=0.0, wish_ms=wish, target_x_m=x)
            )

    def _user(self, kind: UserKind, x_m: float, y_m: float, direction_rad: float, speed_ms: float) -> User:
        number, self._next = self._next, self._next + 1
        tint = float(self._chance.random())
        return User(
            track_id=number, kind=kind, x_m=x_m, y_m=y_m, direction_rad=direction_rad, speed_ms=speed_ms, tint=tint
        )

    def _in_lane(self, heading: int, lane: int) -> list[Vehicle]:
        return [one for one in self._vehicles if (one.heading, one.lane) == (heading, lane)]

    def _pull(self, one: Vehicle, now_s: float, step_s: float) -> float:
        """Acceleration, m/s2."""
        speed = one.user.speed_ms
        if one.stops:
            return -min(3.0, speed / step_s)
        wish = one.wish_ms
        if self._queues(now_s, one):
            wish = min(wish, _QUEUE_MS)
        free = _ACCELERATION * (1 - (speed / wish) ** 4)
        ahead = [self._behind(one, other) for other in self._in_lane(one.heading, one.lane) if other is not one]
        ahead += self._barriers(one, now_s, step_s)
        pull = free
        for gap, other_ms in ahead:
            if gap is None:
                continue
            wanted = _GAP_M + max(
                0.0, speed * _HEADWAY_S + speed * (speed - other_ms) / (2 * np.sqrt(_ACCELERATION * _BRAKING))
            )
            pull = min(pull, free - _ACCELERATION * (wanted / max(gap, 0.1)) ** 2)
            if speed < 2 and gap < 12 and other_ms < _STANDS_MS:
                self._overtake(one)
        return float(np.clip(pull, -min(_HARDEST, speed / step_s), _ACCELERATION))

    @staticmethod
    def _behind(one: Vehicle, other: Vehicle) -> tuple[float | None, float]:
        """The gap to somebody ahead, None of somebody behind, and how fast they drive."""
        gap = other.along_m - other.half_m - one.along_m - one.half_m
        return (gap if other.along_m > one.along_m else None, other.user.speed_ms)

    def _barriers(self, one: Vehicle, now_s: float, step_s: float) -> list[tuple[float | None, float]]:
        """Gaps to what stands in the way and is no vehicle of the lane: a red light, a stop, people, things."""
        road, found = self.scene.road, list[tuple[float | None, float]]()
        front = one.along_m + one.half_m
        if road.crossing_y_m is not None and _is_red(now_s):
            line = _along_m(road.crossing_y_m, one.heading) - 3.5
            stopping = one.user.speed_ms**2 / (2 * _BRAKING * 1.5)
            if line - front > stopping:
                found.append((line - front, 0.0))
        calls = one.user.kind is UserKind.BUS and one.heading > 0 and one.lane == road.lanes - 1
        if calls and road.bus_stop_y_m is not None and one.dwelt_s < _DWELL_S:
            gap = _along_m(road.bus_stop_y_m, 1) - one.along_m + _GAP_M
            if gap > 0:
                found.append((gap, 0.0))
                one.dwelt_s += step_s if one.user.speed_ms < _STANDS_MS and gap < 2 * _GAP_M + 1 else 0.0
        for other in self._people:
            ahead = _along_m(other.y_m, one.heading) - front - 0.5
            if ahead > 0 and abs(other.x_m - one.user.x_m) < SIZE_M[one.user.kind][1] / 2 + 0.9:
                found.append((ahead, 0.0))
        for thing in self._things:
            ahead = _along_m(thing.y_m, one.heading) - front - 0.5
            beside_m = (SIZE_M[one.user.kind][1] + SIZE_M[thing.kind][1]) / 2
            if 0 < ahead < _STEERS_M and abs(thing.x_m - one.user.x_m) < beside_m + _BERTH_M:
                # It lies at the lane's edge: who sees it in time drives around it.
                away = 1 if one.user.x_m > thing.x_m else -1
                one.target_x_m = thing.x_m + away * (beside_m + _BERTH_M)
                if abs(thing.x_m - one.user.x_m) < beside_m:
                    found.append((ahead, 0.0))
        return found

    def _overtake(self, one: Vehicle) -> None:
        """Around who stands, where the next lane is free; nobody overtakes at a red light."""
        staged = [other for other in self._vehicles if other.stops]
        if not any(
            (other.heading, other.lane) == (one.heading, one.lane) and other.along_m > one.along_m for other in staged
        ):
            return
        for lane in (one.lane - 1, one.lane + 1):
            near = [abs(other.along_m - one.along_m) for other in self._in_lane(one.heading, lane)]
            if 0 <= lane < self.scene.road.lanes and min(near, default=99.0) > 14:
                one.lane, one.target_x_m = lane, self.scene.road.lane_x_m(lane, one.heading)
                return

    def _queues(self, now_s: float, one: Vehicle) -> bool:
        scene = self.scene
        return (
            scene.incident is IncidentKind.QUEUE and now_s >= scene.incident_s and one.heading > 0 and one.along_m > 60
        )

    def _walk(self, now_s: float, step_s: float) -> None:
        """Pedestrians cross while drivers have red."""
        road = self.scene.road
        if road.crossing_y_m is not None and _is_red(now_s) and self._chance.random() < 0.25 * step_s:
            phase = now_s % _CYCLE_S
            if 3.0 < phase < _RED_S - 2 * road.kerb_m / _WALK_MS:
                side = 1 if self._chance.random() < 0.5 else -1
                y = road.crossing_y_m + float(self._chance.uniform(-1.5, 1.5))
                self._people.append(
                    self._user(UserKind.PERSON, side * (road.kerb_m + 1.5), y, -side * np.pi / 2, _WALK_MS)
                )
        for person in self._people:
            person.x_m += np.sin(person.direction_rad) * person.speed_ms * step_s
            person.y_m += np.cos(person.direction_rad) * person.speed_ms * step_s
        self._people = [one for one in self._people if abs(one.x_m) < road.kerb_m + 2.5]

    def _stage(self, now_s: float) -> None:
        """Set in motion what the scene says, as soon as its time has come."""
        scene, road, kind = self.scene, self.scene.road, self.scene.incident
        if kind is None or kind is IncidentKind.QUEUE or self.staged is not None or now_s < scene.incident_s:
            return
        if kind is IncidentKind.STOPPED_VEHICLE:
            able = [one for one in self._vehicles if self._may_stop(one)]
            if able:
                chosen = min(able, key=lambda one: abs(one.user.y_m - 30))
                chosen.stops, self.staged = True, chosen.user.track_id
        elif kind is IncidentKind.WRONG_WAY:
            # On the line of the outer lane, so that those who come meet it without a crash.
            x = road.edge_m - 0.2
            user = self._user(UserKind.CAR, x, LENGTH_M - BEHIND_M, np.pi, 10.0)
            self.staged = user.track_id
            self._vehicles.append(Vehicle(user=user, heading=-1, lane=-1, along_m=0.0, wish_ms=10.0, target_x_m=x))
        elif kind is IncidentKind.PEDESTRIAN_ON_CARRIAGEWAY:
            side = 1 if self._chance.random() < 0.5 else -1
            y = self._staged_y_m((-road.edge_m, road.edge_m), off_crossing=True)
            user = self._user(UserKind.PERSON, side * (road.kerb_m + 0.5), y, -side * np.pi / 2, _WALK_MS)
            self.staged = user.track_id
            self._people.append(user)
        elif kind is IncidentKind.ABANDONED_OBJECT:
            x = road.lane_x_m(road.lanes - 1, 1) + 0.45 * LANE_M
            user = self._user(UserKind.OBJECT, x, self._staged_y_m((x,), off_crossing=False), 0.0, 0.0)
            self.staged = user.track_id
            self._things.append(user)

    def _staged_y_m(self, across_m: tuple[float, ...], *, off_crossing: bool) -> float:
        """Ahead of the camera, where all these places across the road are in the picture, and people do not cross."""
        crossing = self.scene.road.crossing_y_m if off_crossing else None
        tried: list[float] = [
            y
            for y in self._chance.uniform(*_STAGED_M, _TRIES).tolist()
            if crossing is None or abs(y - crossing) > _OFF_CROSSING_M
        ]
        # A wide road is nowhere whole in a narrow picture: then where most of it is.
        return max(tried, key=lambda y: sum(self._in_picture(x, y) for x in across_m))

    def _in_picture(self, x_m: float, y_m: float) -> bool:
        pose = self.scene.pose
        right, down = pose.seen(np.array([x_m, y_m, 0.0])).tolist()
        return bool(_MARGIN_PX < right < pose.width_px - _MARGIN_PX and 0 < down < pose.height_px - _MARGIN_PX)

    def _may_stop(self, one: Vehicle) -> bool:
        """Whether it drives, and will come to stand where the camera sees it well."""
        # Steps of a frame brake half of one early.
        brakes_m = one.user.speed_ms**2 / 6 - one.user.speed_ms / self.scene.fps / 2
        stops_at = one.user.y_m + one.heading * brakes_m
        # The nearer end is the one that the picture may cut off.
        near_m = stops_at - one.half_m
        return (
            one.user.speed_ms > _DRIVES_MS
            and _STOPS_M[0] < stops_at < _STOPS_M[1]
            and one.user.kind is not UserKind.BUS
            and all(self._in_picture(one.user.x_m + side, near_m) for side in (-_HALF_WIDTH_M, _HALF_WIDTH_M))
        )


def _drive(one: Vehicle, acceleration: float, step_s: float) -> None:
    user = one.user
    user.speed_ms = max(0.0, user.speed_ms + acceleration * step_s)
    one.along_m += user.speed_ms * step_s
    user.y_m = _y_m(one.along_m, one.heading)
    # Nobody moves sideways without moving.
    most = min(_SIDEWAYS_MS, user.speed_ms) * step_s
    sideways = float(np.clip(one.target_x_m - user.x_m, -most, most))
    user.x_m += sideways


def _y_m(along_m: float, heading: int) -> float:
    return along_m - BEHIND_M if heading > 0 else LENGTH_M - BEHIND_M - along_m


def _along_m(y_m: float, heading: int) -> float:
    return y_m + BEHIND_M if heading > 0 else LENGTH_M - BEHIND_M - y_m


def _is_red(now_s: float) -> bool:
    return now_s % _CYCLE_S < _RED_S
