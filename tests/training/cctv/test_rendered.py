"""Rendered lessons: the same seed gives the same, none is of a film that somebody is judged on."""

from dataclasses import replace

import numpy as np
import pytest

from features.cctv.kinds import KINDS, UserKind
from features.simulated.cctv.scene import Light
from training.cctv.rendered import FIRST_SEED, lessons_in, lessons_of, scene_of


@pytest.fixture(scope="module")
def few():
    """Lessons of a short film in which somebody walks and something lies."""
    return list(lessons_of(replace(scene_of(7, 2), length_s=2.0)))


def test_boxes_lie_in_their_picture(few):
    assert len(few) == lessons_in(replace(scene_of(7, 2), length_s=2.0)) == 2
    for lesson in few:
        height, width = lesson.view.picture.shape[:2]
        for target in lesson.targets:
            left, top, right, bottom = target.xyxy_px
            assert 0 <= left < right <= width
            assert 0 <= top < bottom <= height


def test_what_moves_differs_from_the_background(few):
    lesson = few[-1]
    counted = [one for one in lesson.targets if one.counts and one.kind == KINDS.index(UserKind.CAR)]
    inside = np.zeros(lesson.view.slow_difference.shape, bool)
    for left, top, right, bottom in (one.xyxy_px for one in counted):
        inside[round(top) : round(bottom), round(left) : round(right)] = True

    assert counted
    assert lesson.view.slow_difference[inside].mean() > 2 * lesson.view.slow_difference[~inside].mean()


def test_the_same_seed_gives_the_same(few):
    again = next(lessons_of(replace(scene_of(7, 2), length_s=2.0)))

    np.testing.assert_array_equal(again.view.picture, few[0].view.picture)
    assert again.targets == few[0].targets


def test_no_scene_is_one_that_somebody_is_judged_on():
    scenes = [scene_of(7, number) for number in range(200)]

    assert min(scene.seed for scene in scenes) >= FIRST_SEED
    assert len({scene.seed for scene in scenes}) == len(scenes)


def test_every_light_and_weather_is_learned():
    scenes = [scene_of(7, number) for number in range(200)]

    assert {scene.light for scene in scenes} == set(Light)
    assert 0.2 < np.mean([scene.rain_mm_h > 0 for scene in scenes]) < 0.5
    assert len({scene.incident for scene in scenes}) == 6
