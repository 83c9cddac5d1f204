"""All lessons of a training, made by two processes: rendered ones, and those of real clips where there are any."""

from dataclasses import replace
from pathlib import Path

import pytest
from rich.progress import Progress

from features.errors import BadInput
from training.cctv.course import make, scene_numbers
from training.cctv.recipe import Recipe

FEW = Recipe(scenes=1, judged_scenes=1)
DATA = Path(__file__).parents[4] / "shared" / "data"


def made(clips, weights, scratch, recipe=FEW):
    with Progress(disable=True) as bar:
        return make(clips, weights, recipe, 7, scratch, bar)


def test_without_clips_all_of_it_is_rendered(tmp_path):
    course = made([], None, tmp_path)

    assert [len(one) for one in course.rendered] == [len(one) for one in course.judged_rendered] == [12]
    assert (dict(course.real), list(course.judged_real), course.held_out) == ({}, [], None)
    assert (course.rendered[0].views(0) != course.judged_rendered[0].views(0)).any()


def test_what_is_judged_by_was_never_learned_from():
    recipe = replace(FEW, scenes=100_000, judged_scenes=10)

    assert min(scene_numbers(recipe)) >= recipe.scenes


def test_weights_of_no_detector_are_refused_before_anything_is_made(tmp_path):
    (tmp_path / "a.onnx").write_text("no graph")
    (tmp_path / "1_a.mp4").touch()

    with pytest.raises(BadInput, match="no ONNX graph"):
        made([tmp_path / "1_a.mp4"], tmp_path / "a.onnx", tmp_path / "scratch")
    assert not (tmp_path / "scratch").exists()


def test_a_real_camera_is_held_out(tmp_path):
    weights, films = DATA / "weights" / "yolox_nano.onnx", DATA / "cctv" / "tfl_normal"
    if not weights.is_file() or not films.is_dir():
        pytest.skip("needs yolox_nano.onnx and the clips of tfl_normal")
    clips = [films / "625_201709141422.mp4", films / "815_201707211414.mp4"]

    course = made(clips, weights, tmp_path, replace(FEW, held_out="815"))

    assert course.held_out == "815"
    assert list(course.real) == ["625"]
    assert len(course.real["625"]) == len(course.judged_real) == 2
    for one in (*course.real["625"], *course.judged_real):
        assert len(one) > 40
        assert (one.targets[:, 6] > 0).sum() > 100
