"""Whether a camera looks where it looked, however little there is to see."""

import cv2
import numpy as np
import pytest

from features.cctv.outlook import Overlay
from tests.features.cctv.road import HEIGHT_PX, SIZE, WIDTH_PX, Road


def grey(picture):
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)


@pytest.mark.parametrize("change", [lambda one: one, lambda one: one // 3, lambda one: 255 - one])
def test_the_same_edges_are_the_same_view(change):
    road, overlay = Road(), Overlay(SIZE)
    assert not any(overlay.is_other(grey(road.picture())) for _ in range(20))
    assert not any(overlay.is_other(change(grey(road.picture()))) for _ in range(20))


@pytest.mark.parametrize(("right_px", "down_px"), [(5, 0), (0, 5), (-15, 10)])
def test_moved_edges_are_another_view_until_they_are_back(right_px, down_px):
    road, overlay = Road(), Overlay(SIZE)
    shift = np.float32([[1, 0, right_px], [0, 1, down_px]])
    for _ in range(20):
        overlay.is_other(grey(road.picture()))
    moved = [
        overlay.is_other(cv2.warpAffine(grey(road.picture()), shift, SIZE, borderMode=cv2.BORDER_REFLECT))
        for _ in range(60)
    ]
    assert all(moved[5:])
    assert not any([overlay.is_other(grey(road.picture())) for _ in range(20)][10:])


def test_a_picture_without_edges_is_no_error():
    overlay = Overlay(SIZE)
    assert not any(overlay.is_other(np.full((HEIGHT_PX, WIDTH_PX), 9, np.uint8)) for _ in range(20))
