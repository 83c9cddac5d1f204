"""Average precision at an overlap of one half."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.cctv.kinds import KINDS, UserKind
from training.cctv.scores.detection import Precision, Seen, Shown, average_precision, precisions

CAR, PERSON = KINDS.index(UserKind.CAR), KINDS.index(UserKind.PERSON)
AREA_PX = 352.0 * 288.0
HERE, THERE, ELSEWHERE = (0, 0, 10, 10), (50, 0, 60, 10), (200, 200, 210, 210)


def shown(true, found, counts=None, void=None):
    """Boxes; of those found also their scores."""
    return Shown(
        true_px=np.array(true, np.float32).reshape(-1, 4),
        counts=np.array([True] * len(true) if counts is None else counts, bool),
        found_px=np.array([box for box, _ in found], np.float32).reshape(-1, 4),
        score=np.array([score for _, score in found], np.float32),
        void=np.array([False] * len(found) if void is None else void, bool),
    )


def seen(true, found):
    """Boxes with kinds; of those found also their scores."""
    return Seen(
        true_px=np.array([box for box, _ in true], np.float32).reshape(-1, 4),
        true_kind=np.array([kind for _, kind in true], np.int8),
        counts=np.ones(len(true), bool),
        found_px=np.array([box for box, _, _ in found], np.float32).reshape(-1, 4),
        found_kind=np.array([kind for _, kind, _ in found], np.int8),
        score=np.array([score for _, _, score in found], np.float32),
        area_px=AREA_PX,
    )


@pytest.mark.parametrize(
    ("pictures", "expected"),
    [
        pytest.param([shown([HERE], [(HERE, 0.9)])], 1.0, id="found"),
        pytest.param([shown([HERE], [])], 0.0, id="nothing found"),
        pytest.param([shown([HERE], [(ELSEWHERE, 0.9)])], 0.0, id="only something else found"),
        pytest.param([shown([HERE, THERE], [(HERE, 0.9)])], 0.5, id="one of two found"),
        pytest.param([shown([HERE], [(HERE, 0.9), (ELSEWHERE, 0.5)])], 1.0, id="a false one less sure costs nothing"),
        pytest.param([shown([HERE], [(HERE, 0.5), (ELSEWHERE, 0.9)])], 0.5, id="a false one surer halves precision"),
        pytest.param([shown([HERE], [(HERE, 0.9), (HERE, 0.8)]), shown([THERE], [])], 0.5, id="found twice"),
        pytest.param(
            # Surest first: hit, false, hit: precision 1 up to recall 1/2, then 2/3.
            [shown([HERE, THERE], [(HERE, 0.9), (ELSEWHERE, 0.8), (THERE, 0.7)])],
            0.5 * 1 + 0.5 * 2 / 3,
            id="by hand",
        ),
        pytest.param([shown([HERE], [((0, 0, 10, 4.9), 0.9)])], 0.0, id="overlaps by less than half"),
        pytest.param([shown([HERE], [((0, 0, 10, 5), 0.9)])], 1.0, id="overlaps by half"),
        pytest.param(
            [shown([HERE, THERE], [(THERE, 0.9), (HERE, 0.8)], counts=[True, False])],
            1.0,
            id="one who need not be found is not false",
        ),
        pytest.param([shown([HERE], [(ELSEWHERE, 0.9), (HERE, 0.8)], void=[True, False])], 1.0, id="of another size"),
    ],
)
def test_average_precision(pictures, expected):
    assert average_precision(pictures) == pytest.approx(expected)


@pytest.mark.parametrize(
    "pictures",
    [
        pytest.param([], id="no picture"),
        pytest.param([shown([], [(HERE, 0.9)])], id="nobody there"),
        pytest.param([shown([HERE], [(HERE, 0.9)], counts=[False])], id="nobody who must be found"),
    ],
)
def test_without_anybody_to_find_there_is_no_precision(pictures):
    assert math.isnan(average_precision(pictures))


SIDES_PX = st.integers(1, 60)
BOXES = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 200), SIDES_PX, SIDES_PX), max_size=6)


@settings(max_examples=60, deadline=None)
@given(pictures=st.lists(BOXES, min_size=1, max_size=4))
def test_who_finds_all_and_nothing_else_is_perfect(pictures):
    boxes = [[(x, y, x + width, y + height) for x, y, width, height in dict.fromkeys(one)] for one in pictures]
    found = average_precision([shown(one, [(box, 0.5) for box in one]) for one in boxes])
    if any(boxes):
        assert found == pytest.approx(1.0)
    else:
        assert math.isnan(found)


def test_vehicles_are_merged_and_told_by_size_and_kind():
    bus = KINDS.index(UserKind.BUS)
    large, small = (100, 100, 200, 200), (0, 0, 10, 10)

    found = precisions([seen([(large, CAR), (small, PERSON)], [(large, bus, 0.9)])], by_kind=True)

    assert found == [
        Precision(of="vehicles", ap50=1.0, truths=1),
        Precision(of="vehicles, large", ap50=1.0, truths=1),
        Precision(of="car", ap50=0.0, truths=1),
        Precision(of="person", ap50=0.0, truths=1),
    ]


@pytest.mark.parametrize(
    ("side_px", "size"),
    [
        pytest.param(18, "small", id="small"),
        pytest.param(19, "medium", id="medium"),
        pytest.param(55, "medium", id="still medium"),
        pytest.param(56, "large", id="large"),
    ],
)
def test_sizes_are_cocos_as_shares_of_the_picture(side_px, size):
    box = (0, 0, side_px, side_px)
    [_, only] = precisions([seen([(box, CAR)], [(box, CAR, 0.9)])], by_kind=False)
    assert only.of == f"vehicles, {size}"


def test_where_nobody_tells_kinds_apart_none_are_told():
    assert [one.of for one in precisions([seen([], [])], by_kind=False)] == ["vehicles"]
