"""Lessons from real clips: what the teacher is sure of counts, what it may have missed is neither right nor wrong."""

import cv2
import numpy as np
import pytest

from features.cctv.detections import Detections
from features.cctv.kinds import UserKind
from features.cctv.view import View
from training.cctv.footage import Footage
from training.cctv.pseudo import lessons_of, look_twice

SIZE = (160, 120)
BOX = (60.0, 50.0, 84.0, 66.0)


class Teacher:
    """Says the same of every whole picture, and something else of its parts."""

    name, sha256 = "teacher", "0"

    def __init__(self, whole, parts=()):
        self.whole, self.parts = whole, parts

    def detect(self, view: View) -> Detections:
        is_whole = view.picture.shape[1] == SIZE[0]
        return Detections.of(list(self.whole if is_whole else self.parts))


def film(tmp_path, moves=True):
    """Three seconds in which a bright block drives to the right, or none."""
    path = tmp_path / "1_film.avi"
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, SIZE)
    for number in range(30):
        picture = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
        if moves:
            picture[80:100, 4 * number : 4 * number + 24] = 230
        video.write(picture)
    video.release()
    return Footage.of(path)


def counted(teacher, footage, *, is_known=False):
    last = list(lessons_of(footage, teacher, is_known=is_known))[-2]
    return [(one.xyxy_px, one.counts) for one in last.targets]


@pytest.mark.parametrize(
    ("score", "counts"),
    [
        pytest.param(0.7, True, id="sure"),
        pytest.param(0.4, True, id="likely, and in the next picture too"),
        pytest.param(0.15, False, id="unlikely"),
    ],
)
def test_a_box_counts_by_its_score(score, counts, tmp_path):
    found = counted(Teacher([(*BOX, score, UserKind.CAR)]), film(tmp_path, moves=False))

    assert found == [(BOX, counts)]


def test_a_likely_box_that_nothing_speaks_for_does_not_count(tmp_path):
    class Once(Teacher):
        looks = 0

        def detect(self, view):
            if view.picture.shape[1] != SIZE[0]:
                return Detections.of([])
            self.looks += 1
            return Detections.of([(*BOX, 0.4, UserKind.CAR)] if self.looks == 8 else [])

    lessons = list(lessons_of(film(tmp_path, moves=False), Once([]), is_known=False))

    assert [[one.counts for one in lesson.targets] for lesson in lessons if lesson.targets] == [[False]]


def test_a_doubtful_box_over_half_the_picture_is_dropped(tmp_path):
    assert counted(Teacher([(0, 0, 150, 110, 0.2, UserKind.CAR)]), film(tmp_path, moves=False)) == []


def test_what_moves_and_has_no_name_is_neither_right_nor_wrong(tmp_path):
    found = counted(Teacher([]), film(tmp_path), is_known=True)

    assert found
    assert not any(counts for _, counts in found)
    assert all(70 <= box[1] <= 100 for box, _ in found)


def test_a_clip_that_is_known_is_watched_half_a_step_later(tmp_path):
    footage = film(tmp_path)
    new, known = (list(lessons_of(footage, Teacher([]), is_known=is_known)) for is_known in (False, True))

    assert len(new) == len(known) == 15
    assert (new[3].view.picture != known[3].view.picture).any()


def test_what_only_a_closer_look_finds_is_found():
    picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    view = View(picture=picture, slow_difference=picture[..., 0], fast_difference=picture[..., 0])
    found, agreed = look_twice(Teacher([], [(20, 20, 40, 36, 0.8, UserKind.CAR)]), view)

    assert len(found) == 4
    assert not agreed.any()


def test_what_a_part_cuts_in_two_is_left_to_the_whole():
    picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    view = View(picture=picture, slow_difference=picture[..., 0], fast_difference=picture[..., 0])
    found, _ = look_twice(Teacher([(*BOX, 0.6, UserKind.CAR)], [(70, 20, 96, 36, 0.8, UserKind.CAR)]), view)

    assert [tuple(box) for box in found.xyxy_px.tolist()].count(BOX) == 1
    assert not (found.xyxy_px[:, 2] == 96).any()
