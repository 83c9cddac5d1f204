"""A plane seen by a camera: there and back, as the camera that it was taken from has it, refused where it is none."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from features.cctv.ground import Ground
from features.errors import BadInput
from features.simulated.cctv.pose import Pose

CORNERS_M = np.array([[-6.0, 12.0], [6.0, 12.0], [6.0, 45.0], [-6.0, 45.0]])

poses = st.builds(
    Pose,
    width_px=st.just(352),
    height_px=st.just(288),
    focal_px=st.floats(260, 380),
    x_m=st.floats(-6, 6),
    height_m=st.floats(6.5, 11),
    pitch_deg=st.floats(11, 19),
    yaw_deg=st.floats(-8, 8),
)
places = st.lists(st.tuples(st.floats(-9, 9), st.floats(10, 90)), min_size=1, max_size=8).map(np.array)


def seen(pose, metres):
    return pose.seen(np.column_stack([metres, np.zeros(len(metres))]))


def ground_of(pose):
    return Ground.from_points(seen(pose, CORNERS_M), CORNERS_M)


@given(poses, places)
def test_there_and_back_is_where_one_was(pose, metres):
    ground = ground_of(pose)
    np.testing.assert_allclose(ground.to_metres(ground.to_pixels(metres)), metres, atol=1e-6)
    np.testing.assert_allclose(ground.to_metres(seen(pose, metres)), metres, atol=1e-5)


@given(poses, places, st.permutations(range(4)))
def test_the_order_of_the_points_is_irrelevant(pose, metres, order):
    pixels = seen(pose, CORNERS_M)
    again = Ground.from_points(pixels[order], CORNERS_M[order])
    np.testing.assert_allclose(again.to_metres(seen(pose, metres)), metres, atol=1e-5)


@given(poses, places)
def test_a_vanishing_point_and_a_height_are_enough_for_distances_from_below_the_camera(pose, metres):
    right, down, ahead = pose.axes()
    along = np.array([0.0, 1.0, 0.0])
    point = np.array([176, 144]) + pose.focal_px * np.array([right @ along, down @ along]) / (ahead @ along)
    ground = Ground.from_vanishing_point(point, size_wh_px=(352, 288), focal_px=pose.focal_px, height_m=pose.height_m)
    np.testing.assert_allclose(ground.to_metres(seen(pose, metres)), metres - np.array([pose.x_m, 0]), atol=1e-5)


@given(poses, places)
def test_the_jacobian_is_how_places_move_with_pixels(pose, metres):
    ground, pixels = ground_of(pose), seen(pose, metres)
    for axis in (0, 1):
        step = np.eye(2)[axis] * 1e-4
        moved = (ground.to_metres(pixels + step) - ground.to_metres(pixels - step)) / 2e-4
        np.testing.assert_allclose(ground.jacobian(pixels)[..., axis], moved, rtol=1e-3, atol=1e-4)
    ways = np.stack([np.cos(np.linspace(0, 3, 50)), np.sin(np.linspace(0, 3, 50))])
    most = np.linalg.norm(ground.jacobian(pixels) @ ways, axis=1).max(axis=-1)
    np.testing.assert_allclose(ground.scale_m_per_px(pixels), most, rtol=5e-3)


@given(poses, st.floats(5, 80))
def test_the_sky_is_nowhere_on_the_road(pose, above_px):
    ground = ground_of(pose)
    horizon = ground.to_pixels(np.array([0.0, 1e7]))
    assert np.isnan(ground.to_metres(horizon - [0, above_px])).all()
    assert np.isnan(ground.scale_m_per_px(horizon - [0, above_px]))
    assert np.isnan(ground.to_pixels(np.array([0.0, -500.0]))).all(), "behind the camera"


@given(places, st.tuples(st.floats(0.2, 5), st.floats(-90, 90)))
def test_points_on_a_line_are_refused(points, line):
    assume(len(points) >= 4)
    slope, offset = line
    straight = np.column_stack([points[:, 0], slope * points[:, 0] + offset])
    with pytest.raises(BadInput):
        Ground.from_points(straight, points)


def test_six_points_that_are_off_by_a_pixel_still_agree_on_the_road():
    pose = Pose(width_px=352, height_px=288, focal_px=300, x_m=1, height_m=8, pitch_deg=15, yaw_deg=2)
    metres = np.array([[-6, 12], [6, 12], [6, 25], [-6, 25], [6, 45], [-6, 45]], dtype=float)
    pixels = seen(pose, metres) + np.random.default_rng(4).uniform(-1, 1, (6, 2))
    off = Ground.from_points(pixels, metres).to_metres(seen(pose, np.array([[0.0, 30.0]]))) - [0, 30]
    assert np.hypot(*off[0]) < 1.0


GOOD_PX = [[40, 250], [310, 250], [230, 130], [150, 130]]
GOOD_M = [[-6, 12], [6, 12], [6, 45], [-6, 45]]


@pytest.mark.parametrize(
    ("pixels", "metres", "cause"),
    [
        pytest.param(GOOD_PX[:3], GOOD_M[:3], "3 pixels", id="three points are no plane"),
        pytest.param(GOOD_PX, GOOD_M[:3], "3 metres", id="a point without its place"),
        pytest.param([[5, 5]] * 4, GOOD_M, "all the same", id="one point four times"),
        pytest.param([[0, 0], [10, 10], [20, 20], [5, 90]], GOOD_M, "on a line", id="three of four on a line"),
        pytest.param([[0, 0], [10, 10], [20, 20], [30, 30]], GOOD_M, "on a line", id="all on a line"),
        pytest.param(GOOD_PX[::-1], GOOD_M, "mirrored", id="clicked the other way round"),
        pytest.param([GOOD_PX[0], GOOD_PX[2], GOOD_PX[1], GOOD_PX[3]], GOOD_M, "horizon", id="two points swapped"),
        pytest.param([*GOOD_PX, [190, 180]], [*GOOD_M, [0, 13]], "Point", id="a fifth that is somewhere else"),
        pytest.param([[1, float("nan")], *GOOD_PX[1:]], GOOD_M, "no list", id="not a number"),
        pytest.param("corners", GOOD_M, "no list", id="words"),
        pytest.param([[1, 2, 3]] * 4, GOOD_M, "no list", id="three numbers a point"),
    ],
)
def test_what_is_no_plane_is_refused_with_a_mend(pixels, metres, cause):
    with pytest.raises(BadInput) as refused:
        Ground.from_points(pixels, metres)
    assert cause in refused.value.cause
    assert refused.value.mend


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"height_m": 0.0}, id="a camera on the road"),
        pytest.param({"focal_px": -3.0}, id="a lens turned round"),
        pytest.param({"point_px": [1.0, float("inf")]}, id="lines that never meet"),
        pytest.param({"point_px": [1.0]}, id="half a point"),
    ],
)
def test_what_no_camera_has_is_refused(changes):
    given_ = {"point_px": [176.0, 60.0], "size_wh_px": (352, 288), "focal_px": 300.0, "height_m": 8.0} | changes
    with pytest.raises(BadInput):
        Ground.from_vanishing_point(given_.pop("point_px"), **given_)
