"""What moves, what has stopped, and what neither: light, wind and noise."""

import cv2
import numpy as np
import pytest

from features.cctv.background import Background
from features.cctv.detections import iou
from features.cctv.kinds import IncidentKind, UserKind
from features.errors import BadInput
from features.simulated.cctv.motion import Traffic
from features.simulated.cctv.picture import Painter
from features.simulated.cctv.scene import Light
from tests.features.cctv.road import HEIGHT_PX, SIZE, WIDTH_PX, Road, driving
from tests.features.simulated.cctv.stage import scene


def watch(background, pictures, step_s=0.2, since_s=0.0):
    view = None
    for number, picture in enumerate(pictures):
        view = background.see(picture, since_s + number * step_s)
    return view


@pytest.mark.parametrize("noise", [0.0, 3.0, 8.0], ids=["no noise", "a sensor's noise", "by night"])
def test_an_empty_road_differs_nowhere(noise):
    road, background = Road(noise=noise), Background(SIZE)
    watch(background, [road.picture() for _ in range(30)])
    assert np.count_nonzero(background.moving) < 0.001 * background.moving.size
    assert len(background.left_behind()) == 0


@pytest.mark.parametrize("fps", [2.5, 5.0, 25.0])
def test_who_drives_is_moving_from_the_first_second_on(fps):
    road, background = Road(), Background(SIZE)
    times = np.arange(0, 3.4, 1 / fps)
    for time_s in times:
        left, top, right, bottom = driving(time_s, speed_px_s=50)
        view = background.see(road.picture((left, top, right, bottom)), time_s)
        if 1.2 <= time_s < 2.8:
            inside = np.zeros((HEIGHT_PX, WIDTH_PX), bool)
            inside[max(top, 0) : bottom, left:right] = True
            assert background.moving[inside].mean() > 0.7 * 255
            assert np.count_nonzero(background.moving[~inside]) < 60
            assert np.median(view.slow_difference[inside]) > 60


def test_who_drove_by_at_the_beginning_is_not_in_the_slow_background():
    road, background = Road(), Background(SIZE)
    watch(background, [road.picture(driving(0.2 * number, speed_px_s=40)) for number in range(25)])
    assert np.abs(background.slow_picture.astype(float) - road.still).mean() < 3


def test_who_has_stopped_is_left_behind_and_stays_in_the_slow_difference_for_minutes():
    road, background = Road(), Background(SIZE)
    watch(background, [road.picture() for _ in range(25)])
    box = (96, 60, 120, 80)
    watch(background, [road.picture(box) for _ in range(15)], since_s=5)
    assert len(background.left_behind()) == 0
    watch(background, [road.picture(box) for _ in range(35)], since_s=8)
    behind = background.left_behind()
    assert behind.kinds() == [UserKind.OBJECT]
    assert np.abs(behind.xyxy_px[0] - box).max() <= 4
    assert behind.score[0] > 0.4
    assert background.moving[65:75, 100:115].max() == 0
    view = watch(background, [road.picture(box) for _ in range(120)], step_s=1.0, since_s=15)
    assert np.median(view.slow_difference[64:76, 100:116]) > 60
    assert len(background.left_behind()) == 1
    watch(background, [road.picture() for _ in range(50)], since_s=136)
    assert len(background.left_behind()) == 0


def test_who_stood_there_at_the_beginning_and_leaves_is_nothing_that_was_left_behind():
    road, background = Road(), Background(SIZE)
    box = (96, 60, 120, 80)
    watch(background, [road.picture(box) for _ in range(50)])
    for number in range(60):
        view = background.see(road.picture(), 10 + number * 0.2)
        assert len(background.left_behind()) == 0
    assert np.median(view.slow_difference[60:80, 96:120]) < 10


def test_what_lies_beside_the_road_is_not_asked_for():
    road, background = Road(), Background(SIZE)
    watch(background, [road.picture() for _ in range(25)])
    watch(background, [road.picture((150, 60, 170, 80), (96, 60, 120, 80)) for _ in range(50)], since_s=5)
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    mask[:, 40:136] = 255
    assert len(background.left_behind()) == 2
    assert len(background.left_behind(mask)) == 1


@pytest.mark.parametrize("light", [0.8, 0.92, 1.15])
def test_a_cloud_before_the_sun_moves_nothing(light):
    road, background = Road(), Background(SIZE)
    watch(background, [road.picture() for _ in range(25)])
    view = watch(background, [road.picture(light=light)], since_s=5)
    assert np.count_nonzero(background.moving) < 0.01 * background.moving.size
    assert np.median(view.slow_difference) < 12


def test_a_swaying_camera_moves_nothing():
    road, background = Road(), Background(SIZE)
    pictures = [np.roll(road.picture(), number % 3 - 1, axis=1) for number in range(40)]
    watch(background, pictures)
    assert np.count_nonzero(background.moving) < 0.01 * background.moving.size


def test_another_view_is_learned_anew():
    background = Background(SIZE)
    watch(background, [Road(seed=1).picture() for _ in range(25)])
    other = Road(seed=2)
    other.still = np.kron(np.random.default_rng(2).uniform(0, 255, (12, 11, 3)), np.ones((12, 16, 1)))
    watch(background, [other.picture() for _ in range(40)], since_s=5)
    assert np.count_nonzero(background.moving) < 0.01 * background.moving.size


def test_a_wide_picture_is_compared_small_and_told_whole():
    road, background = Road(), Background((1920, 1080))
    for number in range(8):
        picture = cv2.resize(road.picture(driving(1.2 + 0.2 * number)), (1920, 1080))
        view = background.see(picture, 0.2 * number)
    assert view.slow_difference.shape == background.moving.shape == (1080, 1920)
    assert background.slow_picture.shape == (1080, 1920, 3)
    left, top, right, bottom = driving(2.6)
    middle = (round((top + bottom) / 2 * 1080 / HEIGHT_PX), round((left + right) / 2 * 1920 / WIDTH_PX))
    assert background.moving[middle] == 255


def test_what_a_caller_gets_is_not_written_to_later():
    road, background = Road(), Background(SIZE)
    view = background.see(road.picture(), 0)
    before = [plane.copy() for plane in (view.picture, view.slow_difference, view.fast_difference)]
    watch(background, [road.picture(driving(0.2 * number)) for number in range(20)], since_s=0.2)
    after = (view.picture, view.slow_difference, view.fast_difference)
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))


@pytest.mark.parametrize("incident", [IncidentKind.ABANDONED_OBJECT, IncidentKind.STOPPED_VEHICLE])
@pytest.mark.parametrize("light", [Light.DAY, Light.DUSK])
def test_on_a_rendered_road_what_was_left_behind_is_found_within_seconds_and_little_else(incident, light):
    film = scene(incident=incident, incident_s=6, length_s=18, light=light)
    traffic, painter, background = Traffic(scene=film), Painter(film), Background((352, 288))
    others, stands_s, found_s = 0, None, None
    for number, users in enumerate(traffic.frames()):
        picture, boxes = painter.draw(users)
        background.see(picture, number / film.fps)
        behind = background.left_behind()
        truth = [one for one in boxes if one.user.track_id == traffic.staged and one.user.speed_ms < 0.3]
        sides = [(one.left_px, one.top_px, one.right_px, one.bottom_px) for one in truth]
        hits = iou(behind.xyxy_px, np.array(sides, np.float32).reshape(-1, 4)).max(axis=1, initial=0)
        others += np.count_nonzero(hits < 0.1)
        if truth and stands_s is None:
            stands_s = number / film.fps
        if found_s is None and (hits > 0.25).any():
            found_s = number / film.fps
    assert found_s - stands_s < 6
    assert others < 0.2 * film.frames


def test_a_picture_of_another_size_is_refused():
    background = Background(SIZE)
    with pytest.raises(BadInput, match="A picture of 88x72 px among those of 176x144 px"):
        background.see(np.zeros((72, 88, 3), np.uint8), 0)


def test_a_picture_that_is_told_late_or_twice_is_no_error():
    road, background = Road(), Background(SIZE)
    for time_s in (0, 0, 0.2, 0.1, 0.4, 100, 100.2):
        view = background.see(road.picture(), time_s)
    assert float(view.slow_difference.mean()) < 5
