"""Lessons from rendered cameras of ranges of our own: who is where is known to the pixel."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from features.cctv.background import Background
from features.cctv.kinds import KINDS, IncidentKind, UserKind
from features.cctv.view import Picture
from features.simulated.cctv.motion import Traffic
from features.simulated.cctv.picture import Box, Painter
from features.simulated.cctv.pose import Pose
from features.simulated.cctv.road import LANE_M, Road
from features.simulated.cctv.scene import Light, Scene
from features.simulated.cctv.users import User
from training.cctv.lessons import Lesson, Target

FIRST_SEED = 1_000_000
"""Of lessons; every film that somebody is judged on has a smaller one."""

FPS = 5
_WIDTH_PX, _HEIGHT_PX = 352, 288
_FILM_S = 10.0
_EVERY, _SKIPPED = 4, 3
"""Of the pictures: which become lessons, and from which on."""
_EMPTY_PICTURES, _EMPTY_EVERY_S = 18, 0.4
"""Of the road without traffic, that a camera has seen before the film."""
_SEEN_SHARE, _NEVER_SEEN_SHARE = 0.45, 0.12
"""Visible share of an outline from which on it must be found, and below which it cannot be."""
_LEAST_PX, _NEVER_PX = 6.0, 3.0
"""Likewise of its longer and its shorter side."""
_PARKED = (UserKind.CAR, UserKind.TRUCK, UserKind.BUS, UserKind.MOTORBIKE)
_PARKED_SHARES = (0.6, 0.15, 0.1, 0.15)
_LIGHTS, _LIGHT_SHARES = tuple(Light), (0.5, 0.2, 0.3)


_Stand = tuple[UserKind, float, float, float, float]
"""Kind, metres to the right and ahead, direction in radians, metres a second."""


def scene_of(seed: int, number: int) -> Scene:
    """What the camera ``number`` films: its pose, road, light and weather drawn from ranges of lessons.

    Args:
        seed: of the training.
        number: of the scene, from 0.
    """
    chance = np.random.default_rng([seed, number, FIRST_SEED])
    lanes = int(chance.integers(1, 4))
    road = Road(
        lanes=lanes,
        crossing_y_m=float(chance.uniform(18, 45)) if chance.random() < 0.4 else None,
        bus_stop_y_m=float(chance.uniform(30, 60)) if chance.random() < 0.3 else None,
    )
    pose = Pose(
        width_px=_WIDTH_PX,
        height_px=_HEIGHT_PX,
        focal_px=float(np.exp(chance.uniform(np.log(210), np.log(460)))),
        x_m=float(chance.uniform(-1.4, 1.6)) * lanes * LANE_M,
        height_m=float(chance.uniform(5, 13)),
        pitch_deg=float(chance.uniform(8, 26)),
        yaw_deg=float(chance.uniform(-16, 16)),
    )
    return Scene(
        camera_id=f"LESSON-{number:04d}",
        seed=FIRST_SEED + int(chance.integers(2**60)),
        road=road,
        pose=pose,
        volume_veh_h=(lanes * float(chance.uniform(150, 1500)), lanes * float(chance.uniform(150, 1500))),
        speed_ms=float(chance.uniform(6, 22)),
        light=Light(chance.choice([str(light) for light in _LIGHTS], p=_LIGHT_SHARES)),
        rain_mm_h=float(chance.exponential(7)) if chance.random() < 0.35 else 0.0,
        shake_px=float(chance.uniform(0, 1.0)),
        noise=float(chance.uniform(1, 7)),
        jpeg_quality=int(chance.integers(35, 88)),
        length_s=_FILM_S,
        fps=FPS,
        incident=[*IncidentKind, None][int(chance.integers(len(IncidentKind) + 1))],
        incident_s=float(chance.uniform(0.0, 0.4)) * _FILM_S,
    )


def lessons_in(scene: Scene) -> int:
    """How many ``lessons_of`` gives.

    >>> lessons_in(scene_of(7, 0))
    12
    """
    return len(range(_SKIPPED, scene.frames, _EVERY))


def lessons_of(scene: Scene) -> Iterator[Lesson]:
    """Play a scene, with more people and things before the camera than its incident needs, and take what it shows."""
    chance = np.random.default_rng([scene.seed, 3])
    painter, background = Painter(scene), Background((scene.pose.width_px, scene.pose.height_px))
    extras = _extras(scene, chance)
    if chance.random() < 0.7:
        # A camera that has hung there for long; else it has only just been switched on.
        _see_empty_road(painter, background, [one.user for one in extras if one.was_there])
    for number, users in enumerate(Traffic(scene=scene).frames()):
        now_s = number / scene.fps
        picture, boxes = painter.draw([*users, *(one.at(now_s) for one in extras if one.is_there(now_s))])
        view = background.see(picture, now_s)
        if number % _EVERY == _SKIPPED:
            yield Lesson(view=view, targets=[target for box in boxes if (target := _target(box)) is not None])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Extra:
    """Somebody or something beside the traffic: stands, or walks straight on.

    Attributes:
        user: where it is when the film begins.
        was_there: already before the camera knew the road: the background holds it.
        from_s: when it comes.
        to_s: when it is gone again.
    """

    user: User
    was_there: bool
    from_s: float
    to_s: float

    def is_there(self, now_s: float) -> bool:
        return self.from_s <= now_s < self.to_s

    def at(self, now_s: float) -> User:
        way_m, user = self.user.speed_ms * now_s, self.user
        return User(
            track_id=user.track_id,
            kind=user.kind,
            x_m=user.x_m + float(np.sin(user.direction_rad)) * way_m,
            y_m=user.y_m + float(np.cos(user.direction_rad)) * way_m,
            direction_rad=user.direction_rad,
            speed_ms=user.speed_ms,
            tint=user.tint,
        )


def _extras(scene: Scene, chance: np.random.Generator) -> list[_Extra]:
    found = [_person(scene.road, chance) for _ in range(int(chance.integers(0, 8)))]
    found += [_thing(scene.road, chance) for _ in range(int(chance.integers(0, 4)))]
    found += [_parked(scene.road, chance) for _ in range(int(chance.integers(0, 3)))]
    return [_extra(number, one, chance) for number, one in enumerate(found)]


def _person(road: Road, chance: np.random.Generator) -> _Stand:
    """On the road or on its pavement, walking anywhere or standing."""
    if chance.random() < 0.5:
        x_m = float(chance.uniform(-1, 1)) * road.kerb_m
    else:
        x_m = _side(chance) * (road.kerb_m + float(chance.uniform(0.4, 3.2)))
    walks_ms = float(chance.uniform(0.5, 2.2)) if chance.random() < 0.7 else 0.0
    return UserKind.PERSON, x_m, float(chance.uniform(6, 55)), float(chance.uniform(0, 2 * np.pi)), walks_ms


def _thing(road: Road, chance: np.random.Generator) -> _Stand:
    x_m = float(chance.uniform(-1, 1)) * road.kerb_m
    return UserKind.OBJECT, x_m, float(chance.uniform(7, 50)), float(chance.uniform(0, np.pi)), 0.0


def _parked(road: Road, chance: np.random.Generator) -> _Stand:
    kind, side = _PARKED[int(chance.choice(len(_PARKED), p=_PARKED_SHARES))], _side(chance)
    x_m = side * (road.edge_m + float(chance.uniform(0.8, 1.6)))
    return kind, x_m, float(chance.uniform(10, 70)), 0.0 if side > 0 else np.pi, 0.0


def _extra(number: int, one: _Stand, chance: np.random.Generator) -> _Extra:
    kind, x_m, y_m, direction_rad, speed_ms = one
    user = User(
        track_id=1_000_000 + number,
        kind=kind,
        x_m=x_m,
        y_m=y_m,
        direction_rad=direction_rad,
        speed_ms=speed_ms,
        tint=float(chance.random()),
    )
    return _Extra(
        user=user,
        # Who was and is gone leaves a ghost in the background, which is nobody.
        was_there=speed_ms == 0 and chance.random() < 0.4,
        from_s=0.0 if chance.random() < 0.6 else float(chance.uniform(0, 0.8)) * _FILM_S,
        to_s=_FILM_S if chance.random() < 0.8 else float(chance.uniform(0, 1)) * _FILM_S,
    )


def _side(chance: np.random.Generator) -> float:
    return 1.0 if chance.random() < 0.5 else -1.0


def _see_empty_road(painter: Painter, background: Background, standing: list[User]) -> None:
    pictures: list[Picture] = [painter.draw(standing)[0] for _ in range(4)]
    for number in range(_EMPTY_PICTURES):
        background.see(pictures[number % len(pictures)], (number - _EMPTY_PICTURES) * _EMPTY_EVERY_S)


def _target(box: Box) -> Target | None:
    """None of what nobody could find; of what one might, it does not count whether it is found."""
    width, height = box.right_px - box.left_px, box.bottom_px - box.top_px
    if box.visible_share < _NEVER_SEEN_SHARE or max(width, height) < _NEVER_PX:
        return None
    counts = box.visible_share >= _SEEN_SHARE and max(width, height) >= _LEAST_PX and min(width, height) >= _NEVER_PX
    return Target(
        xyxy_px=(box.left_px, box.top_px, box.right_px, box.bottom_px),
        kind=KINDS.index(box.user.kind),
        counts=counts,
    )
