"""What may not be recognised in a kept picture, and what is to stay seen."""

import cv2
import numpy as np
import pytest

from features.cctv.blur import blurred
from features.cctv.detections import Detections
from features.cctv.kinds import UserKind

SEED = 3
WIDTH_PX, HEIGHT_PX = 352, 288


@pytest.fixture
def picture():
    # Detail of a few pixels everywhere, as faces and plates have.
    few = np.random.default_rng(SEED).integers(0, 255, (HEIGHT_PX // 3, WIDTH_PX // 3 + 1, 3), dtype=np.uint8)
    return cv2.resize(few, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_NEAREST)


def detail(picture, left, top, right, bottom):
    """How much two neighbouring pixels differ, grey levels."""
    part = picture[top:bottom, left:right].astype(float)
    return np.abs(np.diff(part, axis=1)).mean() + np.abs(np.diff(part, axis=0)).mean()


def one(kind, *box, score=0.9):
    return Detections.of([(*box, score, kind)])


@pytest.mark.parametrize("kind", [UserKind.PERSON, UserKind.BICYCLE, UserKind.MOTORBIKE])
@pytest.mark.parametrize("score", [0.9, 0.05])
def test_people_are_coarse_from_head_to_foot_and_around(picture, kind, score):
    kept = blurred(picture, one(kind, 100, 100, 124, 160, score=score), doubtful=False)
    assert detail(kept, 94, 85, 130, 175) < 0.2 * detail(picture, 94, 85, 130, 175)
    assert np.array_equal(kept[:, :90], picture[:, :90])
    assert np.array_equal(kept[:80], picture[:80])


def test_of_a_vehicle_the_half_with_its_plate_is_coarse(picture):
    kept = blurred(picture, one(UserKind.CAR, 100, 100, 160, 150), doubtful=False)
    assert detail(kept, 96, 125, 164, 153) < 0.2 * detail(picture, 96, 125, 164, 153)
    assert np.array_equal(kept[100:118], picture[100:118])


def test_of_a_vehicle_so_near_that_its_driver_is_seen_all_is_coarse(picture):
    kept = blurred(picture, one(UserKind.CAR, 100, 60, 250, 180), doubtful=False)
    assert detail(kept, 100, 60, 250, 180) < 0.2 * detail(picture, 100, 60, 250, 180)


def test_a_thing_on_the_road_is_seen(picture):
    assert np.array_equal(blurred(picture, one(UserKind.OBJECT, 100, 100, 120, 120), doubtful=False), picture)


def test_in_doubt_only_the_carriageway_is_spared(picture):
    road = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    road[:, 120:240] = 1
    kept = blurred(picture, one(UserKind.CAR, 140, 100, 180, 130), doubtful=True, keep_mask=road)
    assert detail(kept, 0, 0, 118, HEIGHT_PX) < 0.2 * detail(picture, 0, 0, 118, HEIGHT_PX)
    assert detail(kept, 242, 0, WIDTH_PX, HEIGHT_PX) < 0.2 * detail(picture, 242, 0, WIDTH_PX, HEIGHT_PX)
    assert detail(kept, 140, 100, 180, 130) < 0.2 * detail(picture, 140, 100, 180, 130)
    assert np.array_equal(kept[200:, 120:240], picture[200:, 120:240])


def test_in_doubt_without_a_carriageway_nothing_is_spared(picture):
    kept = blurred(picture, Detections.of([]), doubtful=True)
    assert detail(kept, 0, 0, WIDTH_PX, HEIGHT_PX) < 0.2 * detail(picture, 0, 0, WIDTH_PX, HEIGHT_PX)


@pytest.mark.parametrize(
    "box",
    [
        pytest.param((-30, -30, 10, 10), id="over a corner"),
        pytest.param((340, 270, 400, 330), id="over the other corner"),
        pytest.param((-90, 20, -60, 60), id="beside the picture"),
        pytest.param((50, 50, 50, 50), id="empty"),
        pytest.param((50, 50, 51, 51.5), id="a pixel"),
    ],
)
def test_boxes_at_the_edge_are_no_error(picture, box):
    before = picture.copy()
    kept = blurred(picture, one(UserKind.PERSON, *box), doubtful=False)
    assert kept.shape == picture.shape
    assert np.array_equal(picture, before)
