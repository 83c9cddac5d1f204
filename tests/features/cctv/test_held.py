"""What is held to be there between two looks, and how much it is believed."""

import numpy as np
import pytest

from features.cctv.detections import Detections, iou
from features.cctv.held import Held
from features.cctv.kinds import UserKind

SIZE = (352, 288)
EVERYWHERE = np.ones((288, 352), bool)


def car(left, top=100.0, score=0.6, kind=UserKind.CAR):
    return Detections.of([(left, top, left + 40, top + 30, score, kind)])


NOTHING = Detections.of([])


def test_who_was_found_twice_is_moved_on_until_the_next_look():
    held = Held(SIZE)
    for number in range(5):
        held.see(car(100 + 20 * number), EVERYWHERE, 0.4 * number)
    moved = held.coast(1.8)
    assert iou(moved.xyxy_px, car(190).xyxy_px)[0, 0] > 0.8
    assert iou(held.coast(2.0).xyxy_px, car(200).xyxy_px)[0, 0] > 0.8


def test_who_is_found_again_and_again_is_believed_and_who_flickers_is_not():
    steady, flickering = Held(SIZE), Held(SIZE)
    for number in range(10):
        sure = steady.see(car(100), EVERYWHERE, 0.2 * number)
        doubtful = flickering.see(car(100) if number % 3 == 0 else NOTHING, EVERYWHERE, 0.2 * number)
    assert sure.score[0] == pytest.approx(0.6, abs=0.03)
    assert doubtful.score[0] < 0.35


def test_a_look_elsewhere_says_nothing_of_it():
    held, elsewhere = Held(SIZE), np.zeros((288, 352), bool)
    elsewhere[:, 200:] = True
    before = held.see(car(100), EVERYWHERE, 0).score[0]
    for number in range(1, 20):
        after = held.see(NOTHING, elsewhere, 0.2 * number).score
    assert after.tolist() == [before]


def test_who_is_not_found_any_more_is_forgotten():
    held = Held(SIZE)
    held.see(car(100), EVERYWHERE, 0)
    for number in range(1, 20):
        left = held.see(NOTHING, EVERYWHERE, 0.2 * number)
    assert len(left) == 0


def test_who_drives_out_of_the_picture_is_gone():
    held = Held(SIZE)
    for number in range(4):
        held.see(car(240 + 30 * number), EVERYWHERE, 0.2 * number)
    assert len(held.see(NOTHING, EVERYWHERE, 1.4)) == 0


def test_two_side_by_side_stay_two_and_each_keeps_its_kind():
    held = Held(SIZE)
    for number in range(4):
        both = Detections.joined([car(100 + 5 * number), car(150 + 5 * number, kind=UserKind.BUS)])
        found = held.see(both, EVERYWHERE, 0.2 * number)
    assert sorted(found.kinds()) == [UserKind.BUS, UserKind.CAR]


def test_boxes_end_at_the_pictures_edge_and_are_the_callers_own():
    held = Held(SIZE)
    found = held.see(car(-15), EVERYWHERE, 0)
    assert found.xyxy_px[0].tolist() == [0, 100, 25, 130]
    found.xyxy_px[:] = 0
    assert held.coast(0).xyxy_px[0].tolist() == [0, 100, 25, 130]


@pytest.mark.parametrize("time_s", [0.0, -5.0], ids=["the same instant", "an earlier one"])
def test_time_that_does_not_pass_moves_nobody(time_s):
    held = Held(SIZE)
    held.see(car(100), EVERYWHERE, 0)
    held.see(car(110), EVERYWHERE, 0)
    assert np.isfinite(held.coast(time_s).xyxy_px).all()
    assert abs(held.coast(time_s).xyxy_px[0, 0] - 105) < 6
