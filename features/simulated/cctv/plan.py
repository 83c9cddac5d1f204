"""Which cameras there are, and what each films: a link in an hour of a span, with its traffic, light and rain."""

import numpy as np

from features.cctv.kinds import IncidentKind
from features.simulated.cctv.pose import Pose
from features.simulated.cctv.road import LANE_M, Road
from features.simulated.cctv.scene import Light, Scene
from features.simulated.chance import Stream, generator
from features.simulated.city import RoadClass, links
from features.simulated.hours import local_hours
from features.simulated.incidents import crashes
from features.simulated.traffic import volume_veh_h
from features.simulated.weather import rain_mm

FPS = 10
_WIDTH_PX, _HEIGHT_PX = 352, 288
_LANES = {RoadClass.EXPRESSWAY: (3, 3), RoadClass.ARTERIAL: (2, 3), RoadClass.COLLECTOR: (1, 2)}
_SPEED_MS = {RoadClass.EXPRESSWAY: 21.0, RoadClass.ARTERIAL: 13.0, RoadClass.COLLECTOR: 10.0}
_ORDER = (*IncidentKind, None)
"""One camera after the other: each kind of incident, and one film in which nothing goes wrong."""
_BUSY_VEH_H_LANE, _THIN_VEH_H_LANE = 900.0, 300.0
"""Least traffic of a lane in which a queue forms, and somebody is there to stop, within a film."""
_DAY_H, _DUSK_H = range(8, 18), (6, 7, 18, 19)


def scenes(seed: int, hours: range, count: int, length_s: float) -> list[Scene]:
    """What ``count`` cameras film, each in one of ``hours``.

    A camera's place and pose are the same in every span; what it films depends on the span too. A crash of the city in
    that hour and on that link is a stopped vehicle in the film.

    Args:
        seed: of the city.
        hours: hours since 1970-01-01T00Z, not empty.
        count: of cameras.
        length_s: of each film.
    """
    return [_scene(seed, hours, number, length_s) for number in range(count)]


def hour_of(seed: int, hours: range, number: int) -> int:
    """The hour that a camera films, since 1970-01-01T00Z."""
    return hours[int(generator(seed, Stream.CAMERA_HOUR, number).integers(len(hours)))]


def link_of(seed: int, number: int) -> int:
    """Index of the link that runs away from a camera; the one towards it is its other direction."""
    return int(generator(seed, Stream.CAMERA, number).integers(len(links())))


def _scene(seed: int, hours: range, number: int, length_s: float) -> Scene:
    hour, link = hour_of(seed, hours, number), link_of(seed, number)
    chance = generator(seed, Stream.CAMERA, number)
    # The link's own draw comes first in this block.
    chance.integers(len(links()))
    road_class = links()[link].road_class
    lanes = int(chance.integers(*_LANES[road_class], endpoint=True))
    signalled = road_class is not RoadClass.EXPRESSWAY and chance.random() < 0.5
    road = Road(
        lanes=lanes,
        crossing_y_m=float(chance.uniform(24, 34)) if signalled else None,
        bus_stop_y_m=float(chance.uniform(42, 55))
        if road_class is RoadClass.ARTERIAL and chance.random() < 0.5
        else None,
    )
    pose = Pose(
        width_px=_WIDTH_PX,
        height_px=_HEIGHT_PX,
        focal_px=float(chance.uniform(260, 380)),
        x_m=float(chance.uniform(-0.5, 1.2)) * lanes * LANE_M,
        height_m=float(chance.uniform(6.5, 11)),
        pitch_deg=float(chance.uniform(11, 19)),
        yaw_deg=float(chance.uniform(-8, 8)),
    )
    span, own = range(hour, hour + 1), generator(seed, Stream.CAMERA_HOUR, number)
    volume = volume_veh_h(seed, span)[0][0]
    rain = float(rain_mm(seed, span)[0])
    incident = _ORDER[number % len(_ORDER)]
    if any(event.link == link for event in crashes(seed, span)):
        incident = IncidentKind.STOPPED_VEHICLE
    if incident is IncidentKind.QUEUE:
        # A queue at the lights is none.
        road = Road(lanes=lanes)
    least = lanes * (_BUSY_VEH_H_LANE if incident is IncidentKind.QUEUE else _THIN_VEH_H_LANE)
    local = int(local_hours(span).hour[0])
    return Scene(
        camera_id=f"CAM-{number:03d}",
        seed=int(own.integers(2**62)),
        road=road,
        pose=pose,
        volume_veh_h=(max(float(volume[link]), least), float(volume[_other_way(link)])),
        speed_ms=_SPEED_MS[road_class] * (0.85 if rain >= 1 else 1.0),
        light=Light.DAY if local in _DAY_H else Light.DUSK if local in _DUSK_H else Light.NIGHT,
        rain_mm_h=rain,
        shake_px=float(own.uniform(0.1, 0.8)),
        noise=float(own.uniform(2, 6)),
        jpeg_quality=int(own.integers(45, 80)),
        length_s=length_s,
        fps=FPS,
        incident=incident,
        incident_s=float(own.uniform(0.15, 0.35)) * length_s,
    )


def _other_way(link: int) -> int:
    """Index of the same road's other direction."""
    name, direction = links()[link].entity_id.rsplit("/", 1)
    other = f"{name}/{'out' if direction == 'in' else 'in'}"
    return int(np.flatnonzero([each.entity_id == other for each in links()])[0])
