"""Actors on a straight road before a camera, and what the rules say of them."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from features.cctv.field import Field
from features.cctv.incidents import Incidents
from features.cctv.kinds import UserKind
from features.cctv.rules import load_rules
from features.cctv.zones import load_zones
from features.simulated.cctv.film import zones_toml
from features.simulated.cctv.road import Road
from features.simulated.cctv.users import User
from tests.features.cctv.onlooker import Onlooker
from tests.features.simulated.cctv.stage import POSE, scene

FPS, STEP_S = 5, 0.1
BRAKES_MS2, STARTS_MS2 = 3.0, 2.0
SIZE = (POSE.width_px, POSE.height_px)
INNER_M, OUTER_M = 1.6, 4.8
"""Middles of the two lanes of a direction."""


@dataclass
class Actor:
    """Somebody on the road.

    Attributes:
        kind: what they are.
        at: from time to x and y, metres, or None while they are not there.
        facing: away from the camera 0, towards it pi.
    """

    kind: UserKind
    at: object
    facing: float = 0.0


def drives(x, *, from_s=0.0, kmh=36.0, away=True, kind=UserKind.CAR, stops=(), from_m=None):
    """Along a lane; ``stops``: where it halts and for how long, in its order; brakes and starts as people do."""
    sign, y = (1, 4.0) if away else (-1, 110.0)
    y = y if from_m is None else from_m
    speed, waits, way = kmh / 3.6, list(stops), []
    now, left_s = speed, 0.0
    while 0 < y < 120 and len(way) < 4000:
        way.append(y)
        ahead = sign * (waits[0][0] - y) if waits else np.inf
        if left_s > 0:
            left_s -= STEP_S
            continue
        if waits and ahead <= max(now * STEP_S, 0.05):
            y, now, left_s = waits[0][0], 0.0, waits.pop(0)[1]
            continue
        now = min(now + STARTS_MS2 * STEP_S, speed, np.sqrt(2 * BRAKES_MS2 * max(ahead, 0.0)) + 0.1)
        y += sign * now * STEP_S

    def at(now_s):
        step = round((now_s - from_s) / STEP_S)
        return (x, way[step]) if 0 <= step < len(way) else None

    return Actor(kind, at, 0.0 if away else np.pi)


def walks(from_xy, to_xy, *, from_s, ms=1.35, waits_s=0.0, kind=UserKind.PERSON):
    """Straight on, and stays there for a while."""
    start, end = np.array(from_xy, dtype=float), np.array(to_xy, dtype=float)
    lasts = np.hypot(*(end - start)) / ms

    def at(now_s):
        left = now_s - from_s
        if not 0 <= left < lasts + waits_s:
            return None
        return tuple((start + (end - start) * min(left / lasts, 1.0)).tolist())

    return Actor(kind, at, np.pi / 2)


def stays(x, y, *, from_s=0.0, until_s=np.inf, kind=UserKind.OBJECT):
    """Does not move."""
    return Actor(kind, lambda now_s: (x, y) if from_s <= now_s < until_s else None)


def traffic(*, every_s=7.0, until_s=120.0, lanes=(INNER_M, OUTER_M), away=True, towards=True, kmh=36.0):
    """Cars that just drive, both ways, in turn by lane."""
    found = []
    for number, start in enumerate(np.arange(0.0, until_s, every_s).tolist()):
        lane = lanes[number % len(lanes)]
        found += [drives(lane, from_s=start, kmh=kmh)] if away else []
        found += [drives(-lane, from_s=start + 2, kmh=kmh, away=False)] if towards else []
    return found


def zones(road=None, extra="", *, arrows=True):
    """As a camera's file has them; with or without which way one drives on each carriageway."""
    lines = zones_toml(scene(road=road or Road(lanes=2))).splitlines()
    text = "\n".join(line for line in lines if arrows or not line.startswith("arrow")) + "\n"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "camera.toml"
        path.write_text(text + extra, encoding="utf-8")
        return load_zones(path, SIZE)


def polygon(kind, corners_m):
    """A zone more, of corners on the road."""
    points = POSE.seen(np.column_stack([corners_m, np.zeros(len(corners_m))]))
    listed = [[round(x, 1), round(y, 1)] for x, y in points.tolist()]
    return f'\n[[zone]]\nkind = "{kind}"\npoints = {listed}\n'


def watched(actors, *, until_s):
    """What a camera has learned of its road from somebody's driving, kept and read again."""
    field = Field(SIZE)
    told(actors, until_s=until_s, field=field)
    return Field.from_arrays(SIZE, field.as_arrays())


def told(actors, *, until_s, zones=None, field=None, sees_things=False, differs=None, **eyes):
    """Each incident as it was told last, and all tellings of it, in order."""
    field = field or Field(SIZE)
    ground = None if zones is None else zones.ground
    onlooker = Onlooker(POSE, ground=ground, **eyes)
    incidents = Incidents("CAM-007", load_rules(), zones, field, sees_things=sees_things)
    last, tellings = {}, []
    for frame in range(round(until_s * FPS)):
        now_s = frame / FPS
        tracks, left_behind = onlooker.look(present(actors, now_s), now_s)
        field.learn(tracks, now_s)
        for incident in incidents.step(tracks, left_behind, now_s, differs):
            last[incident.incident_id] = incident
            tellings.append(incident)
    return list(last.values()), tellings


def present(actors, now_s):
    found = []
    for number, actor in enumerate(actors, start=1):
        place = actor.at(now_s)
        if place is not None:
            x, y = place
            found.append(
                User(track_id=number, kind=actor.kind, x_m=x, y_m=y, direction_rad=actor.facing, speed_ms=0.0, tint=0.5)
            )
    return found
