"""A film is watched and held against its truth."""

from dataclasses import replace

import numpy as np
import pytest

from features.cctv.kinds import IncidentKind
from features.errors import BadInput
from tests.training.cctv.films import SIZE, SQUARE, SquarePipeline, write_video
from training.cctv.footage import Footage
from training.cctv.judge import judge_film
from training.cctv.scores.detection import precisions
from training.cctv.truth import Film, TrueEvent, TrueFrame

FRAMES = 40


def square(number, left=None):
    """The truth of a frame: the square is a car."""
    at = number if left is None else left
    return TrueFrame(
        track_id=np.array([1]),
        kind=np.array([0], np.int8),
        xyxy_px=np.array([[at, SQUARE[0], at + 10, SQUARE[1]]], np.float32),
        counts=np.array([True]),
    )


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Four seconds at 10 fps, with the truth of its square, in which a vehicle stops at 0.4 s."""
    return Film(
        camera="CAM",
        path=write_video(tmp_path_factory.mktemp("films") / "CAM.mp4", FRAMES),
        rendered=True,
        light="day",
        size_wh_px=SIZE,
        frames={number: square(number) for number in range(FRAMES)},
        has_kinds=True,
        events=(TrueEvent(camera="CAM", kind=IncidentKind.STOPPED_VEHICLE, onset_s=0.4, cleared_s=None),),
    )


def test_who_finds_and_follows_all_is_perfect(film):
    judged = judge_film(film, SquarePipeline())

    for seen in (judged.alone, judged.watched):
        # 10 fps are watched at 5, and every fifth frame is scored: those that are both.
        assert len(seen) == judged.looks == 4
        assert precisions(seen, by_kind=True)[0].ap50 == 1
    assert (judged.tracking.mota, judged.tracking.idf1, judged.tracking.hota) == pytest.approx((1, 1, 1))
    assert judged.tracking.truths == 20
    assert judged.watched_s == pytest.approx(4.0)
    assert judged.cpu_s > 0


def test_an_incident_counts_once_as_it_last_stood_and_so_does_health(film):
    judged = judge_film(film, SquarePipeline())
    [raised], [health] = judged.raised, judged.health
    [hit] = judged.matches
    assert raised.cleared_s == pytest.approx(3.8)
    assert (hit.outcome, hit.took_s) == ("hit", pytest.approx(0.6))
    assert health.onset_s == 0


def test_what_is_not_annotated_is_not_judged(film):
    judged = judge_film(replace(film, frames=None, events=None, size_wh_px=None), SquarePipeline())
    assert (judged.tracking, judged.matches, judged.alone, judged.watched, judged.looks) == (None, None, [], [], 0)
    assert len(judged.raised) == 1


def test_frames_in_which_nobody_is_annotated_have_nobody(film):
    judged = judge_film(replace(film, frames={0: square(0)}), SquarePipeline())
    [vehicles, *_] = precisions(judged.alone, by_kind=True)
    assert vehicles.truths == 1
    assert judged.tracking.mota == pytest.approx(1 - 19)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param({"size_wh_px": (352, 288)}, "(352, 288)", id="annotated at another size"),
        pytest.param({"frames": {FRAMES + 20: square(0)}}, "ends after 40 frames", id="cut off"),
    ],
)
def test_an_annotation_of_another_film_is_refused(film, change, named):
    with pytest.raises(BadInput) as refusal:
        judge_film(replace(film, **change), SquarePipeline())
    assert named in refusal.value.cause
    assert str(film.path) in refusal.value.cause


def test_what_is_no_film_is_refused(tmp_path):
    path = tmp_path / "CAM.mp4"
    path.write_bytes(b"not a film")
    with pytest.raises(BadInput, match="no film that can be read"):
        Footage.of(path)


@pytest.mark.parametrize(
    ("fps", "numbers"),
    [
        pytest.param(5.0, [0, 1, 2, 3], id="5 fps: each"),
        pytest.param(10.0, [0, 2], id="10 fps: every second"),
        pytest.param(25.0, [0], id="25 fps: every fifth"),
        pytest.param(2.0, [0, 1, 2, 3], id="2 fps: each there is"),
    ],
)
def test_films_are_watched_at_five_pictures_a_second(tmp_path, fps, numbers):
    footage = Footage.of(write_video(tmp_path / "CAM.mp4", 4, fps))
    shots = list(footage.shots())
    assert [shot.number for shot in shots] == numbers
    assert [shot.time_s for shot in shots] == pytest.approx([number / fps for number in numbers])
    assert shots[0].picture.shape == (SIZE[1], SIZE[0], 3)
