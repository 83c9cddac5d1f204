"""The rendered test is frozen: what it holds, and that nobody has touched it."""

from collections import Counter
from pathlib import Path

import pytest

from experiments.cctv import choose, frozen
from features.cctv.kinds import IncidentKind
from features.simulated.cctv.scene import Light

FOLDER = Path(frozen.__file__).parent
FROZEN = "d1a377fd61eb1ab56a8bb7949f8bbcf232c1cbd38b598f0bcdf7abe6ba7befe0"
LESSONS_FROM = 1_000_000
"""Seeds of scenes that detectors are trained on."""


@pytest.fixture(scope="module")
def scenes():
    return frozen.SceneSet.read(FOLDER / "frozen.toml").scenes()


@pytest.fixture(scope="module")
def others():
    """Scenes to tune on."""
    return frozen.SceneSet.read(FOLDER / "develop.toml").scenes()


def test_nobody_has_touched_it():
    assert frozen.SceneSet.read(FOLDER / "frozen.toml").sha256 == FROZEN


@pytest.mark.parametrize("kind", [*IncidentKind, None], ids=str)
def test_of_each_kind_there_are_at_least_twenty_in_every_light_wet_and_dry(scenes, kind):
    own = [scene for scene in scenes if scene.incident is kind]
    assert len(own) >= 20
    weathers = Counter((scene.light, scene.rain_mm_h > 0) for scene in own)
    assert min(weathers[light, wet] for light in Light for wet in (False, True)) >= 3


def test_seeds_are_held_out(scenes, others):
    own, tuned = ({scene.seed for scene in each} for each in (scenes, others))
    assert len(own) == len(scenes) == len({scene.camera_id for scene in scenes})
    assert not own & tuned
    assert max(own | tuned) < LESSONS_FROM


def test_poses_and_rain_are_partly_beyond_those_to_tune_on(scenes, others):
    tuned = [scene.pose.height_m for scene in others]
    beyond = [not min(tuned) <= scene.pose.height_m <= max(tuned) for scene in scenes]
    assert sum(beyond) >= len(scenes) / 3
    assert max(scene.rain_mm_h for scene in scenes) > max(scene.rain_mm_h for scene in others)


@pytest.mark.parametrize("kind", IncidentKind, ids=str)
def test_what_is_staged_happens_in_the_picture_and_in_time(scenes, others, kind):
    for each in (scenes, others):
        scene = next(one for one in each if one.incident is kind)
        assert choose.does(scene)


def test_a_seed_is_always_the_same_scene():
    read = [frozen.SceneSet.read(FOLDER / "develop.toml").scenes() for _ in range(2)]
    assert read[0] == read[1]
