"""Lessons are kept on the disk and come back as they were."""

import numpy as np
import pytest

from features.cctv.kinds import KINDS, UserKind
from features.cctv.view import View
from training.cctv.lessons import Lesson, Lessons, Target, rarity

SIZE = (32, 24)


def lessons(count):
    chance = np.random.default_rng(7)
    for number in range(count):
        picture = chance.integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
        view = View(picture=picture, slow_difference=picture[..., 0] // 2, fast_difference=picture[..., 1] // 3)
        boxes = [Target(xyxy_px=(1, 2, 3 + at, 4), kind=at, counts=at != 1) for at in range(number)]
        yield Lesson(view=view, targets=boxes)


def test_what_was_written_is_read(tmp_path):
    Lessons.write(lessons(3), tmp_path / "some")
    back = Lessons(tmp_path / "some")

    assert len(back) == 3
    for number, one in enumerate(lessons(3)):
        views = back.views(number)
        np.testing.assert_array_equal(views[..., :3], one.view.picture)
        np.testing.assert_array_equal(views[..., 3], one.view.slow_difference)
        np.testing.assert_array_equal(views[..., 4], one.view.fast_difference)
        assert len(back.targets_of(number)) == number
    assert back.targets_of(2).tolist() == [[1, 2, 3, 4, 0, 1], [1, 2, 4, 4, 1, 0]]


def test_none_are_none(tmp_path):
    assert len(Lessons.write(iter(()), tmp_path / "none")) == 0


def test_rare_kinds_weigh_more(tmp_path):
    def crowd():
        view = next(lessons(1)).view
        for kind, count in ((UserKind.CAR, 400), (UserKind.BUS, 100), (UserKind.BICYCLE, 3)):
            box = Target(xyxy_px=(1, 2, 3, 4), kind=KINDS.index(kind), counts=True)
            yield Lesson(view=view, targets=[box] * count)

    weights = dict(zip(KINDS, rarity([Lessons.write(crowd(), tmp_path / "some")]).tolist(), strict=True))

    assert weights[UserKind.CAR] == 1
    assert weights[UserKind.BUS] == pytest.approx(2)
    assert weights[UserKind.BICYCLE] == weights[UserKind.OBJECT] == 1
