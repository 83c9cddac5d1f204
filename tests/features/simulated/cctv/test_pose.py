"""Pixels and metres: there and back, and nothing at or above the horizon."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.simulated.cctv.pose import Pose
from tests.features.simulated.cctv.stage import POSE

poses = st.builds(
    Pose,
    width_px=st.integers(160, 1920),
    height_px=st.integers(120, 1080),
    focal_px=st.floats(150, 2000),
    x_m=st.floats(-20, 20),
    height_m=st.floats(3, 15),
    pitch_deg=st.floats(3, 60),
    yaw_deg=st.floats(-40, 40),
)


@given(poses, st.floats(-15, 15), st.floats(5, 120))
def test_a_point_of_the_road_is_where_its_pixel_says(pose, x_m, y_m):
    seen = pose.seen(np.array([x_m, y_m, 0.0]))
    if np.isfinite(seen).all():
        assert np.allclose(pose.on_road(seen), [x_m, y_m], rtol=1e-6, atol=1e-6)


@given(poses, st.floats(0.25, 4))
def test_more_pixels_show_the_same(pose, times):
    point = np.array([2.0, 40.0, 1.0])
    large = pose.scaled(times)
    expected = pose.seen(point) * [large.width_px / pose.width_px, large.height_px / pose.height_px]
    assert np.allclose(large.seen(point), expected, rtol=0.05, atol=2 * times)


def test_the_sky_is_no_road_and_what_is_behind_is_not_seen():
    assert np.isnan(POSE.on_road(np.array([176.0, 10.0]))).all()
    assert np.isnan(POSE.seen(np.array([0.0, -5.0, 0.0]))).all()


def test_farther_away_is_higher_and_to_the_right_is_right():
    near, far, right = POSE.seen(np.array([[0.0, 20, 0], [0.0, 60, 0], [3.0, 20, 0]]))
    assert far[1] < near[1]
    assert right[0] > near[0]
