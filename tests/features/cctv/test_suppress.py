"""Each road user once."""

import pytest

from features.cctv.detections import Detections
from features.cctv.kinds import UserKind
from features.cctv.suppress import suppress

NEAR, FAR = (0, 0, 20, 20), (60, 0, 80, 20)


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        pytest.param([(*NEAR, 0.4, UserKind.CAR), (*NEAR, 0.6, UserKind.CAR)], [0.6], id="one car, twice"),
        pytest.param([(*NEAR, 0.4, UserKind.CAR), (*NEAR, 0.6, UserKind.BUS)], [0.6], id="a car or a bus is one"),
        pytest.param(
            [(*NEAR, 0.4, UserKind.PERSON), (*NEAR, 0.6, UserKind.MOTORBIKE)], [0.6, 0.4], id="a rider and a motorbike"
        ),
        pytest.param([(*NEAR, 0.4, UserKind.CAR), (*FAR, 0.6, UserKind.CAR)], [0.6, 0.4], id="two cars"),
        pytest.param([], [], id="nobody"),
    ],
)
def test_of_boxes_on_one_road_user_the_best_is_kept(rows, kept):
    assert suppress(Detections.of(rows)).score.round(2).tolist() == pytest.approx(kept)


def test_a_box_that_only_the_suppressed_one_touched_is_kept():
    chain = [(0, 0, 20, 20, 0.9, UserKind.CAR), (6, 0, 26, 20, 0.8, UserKind.CAR), (12, 0, 32, 20, 0.7, UserKind.CAR)]
    assert suppress(Detections.of(chain)).score.round(2).tolist() == pytest.approx([0.9, 0.7])


def test_no_more_than_the_best_are_looked_at():
    rows = [(10 * number, 0, 10 * number + 5, 5, number / 10, UserKind.CAR) for number in range(9)]
    assert suppress(Detections.of(rows), most=3).score.round(1).tolist() == pytest.approx([0.8, 0.7, 0.6])
