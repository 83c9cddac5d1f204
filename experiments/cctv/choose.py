"""Which seeds of a set of scenes are used: the next whose traffic truly does what is staged, where the camera sees it.

Run from the repository's root: ``python -m experiments.cctv.choose FILE.toml FIRST_SEED SCENES_A_KIND``. Prints the
table ``[seeds]``. No detector has a say: truth and the pose alone decide.
"""

import sys
from itertools import count, islice
from pathlib import Path

import numpy as np

from experiments.cctv.frozen import ORDER, SceneSet
from features.cctv.kinds import IncidentKind
from features.simulated.cctv.motion import Traffic
from features.simulated.cctv.scene import Scene
from features.simulated.cctv.users import User
from features.simulated.cctv.witness import Witness

BLOCK = 1000
"""Seeds that each kind has for itself."""
REST_S = 18.0
"""At least so much of the film follows what goes wrong: somebody who takes 15 s to tell must have them."""
LEAST_PX = 5.0
"""Of the longer side of whoever does it: smaller, an operator could not see it either."""
OFF_CROSSING_M = 3.5
QUEUED = 4


def main() -> None:
    """Print the seeds."""
    path, first, each = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    scenes = SceneSet.read(path)
    for block, staged in enumerate(ORDER):
        chosen: list[int] = []
        for seed in islice(count(first + block * BLOCK), BLOCK):
            if len(chosen) < each and does(scenes.scene(staged, len(chosen), seed)):
                chosen.append(seed)
        name = f'"{staged}"' if " " in staged else staged
        sys.stdout.write(f"{name} = {chosen}\n")
        sys.stdout.flush()


def does(scene: Scene) -> bool:
    """Whether what the scene stages truly happens, in the picture, once, and early enough."""
    if scene.incident is None:
        return True
    traffic, witness = Traffic(scene=scene), Witness(scene=scene)
    shown = True
    for number, users in enumerate(traffic.frames()):
        told = len(witness.incidents)
        witness.see(number / scene.fps, users, traffic.staged)
        if len(witness.incidents) > told:
            shown = shown and _is_shown(scene, users, traffic.staged)
    found = witness.incidents
    return len(found) == 1 and shown and found[0].onset_s <= scene.length_s - REST_S


def _is_shown(scene: Scene, users: list[User], staged: int | None) -> bool:
    if scene.incident is IncidentKind.QUEUE:
        slow = [one for one in users if one.speed_ms < 10 / 3.6 and one.direction_rad == 0 and one.y_m < 70]
        return sum(_in_picture(scene, one) for one in slow) >= QUEUED
    user = next(one for one in users if one.track_id == staged)
    crossing = scene.road.crossing_y_m
    if scene.incident is IncidentKind.PEDESTRIAN_ON_CARRIAGEWAY and crossing is not None:
        # A crossing used as a crossing is no incident.
        return abs(user.y_m - crossing) > OFF_CROSSING_M and _in_picture(scene, user)
    return _in_picture(scene, user)


def _in_picture(scene: Scene, user: User) -> bool:
    seen = scene.pose.seen(user.corners())
    if not np.isfinite(seen).all():
        return False
    low, high = seen.min(axis=0), seen.max(axis=0)
    inside = (low >= 0).all() and (high <= [scene.pose.width_px, scene.pose.height_px]).all()
    return bool(inside and (high - low).max() >= LEAST_PX)


if __name__ == "__main__":
    main()
