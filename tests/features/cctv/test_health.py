"""What is wrong with a camera, told once as it begins and once as it is over; and what is no fault of a camera."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from features.cctv.events import HealthKind
from features.cctv.health import Health, sharpness
from features.simulated.cctv.motion import Traffic
from features.simulated.cctv.picture import Painter
from features.simulated.cctv.scene import Light
from tests.features.cctv.road import SIZE, Road
from tests.features.simulated.cctv.stage import scene

LIVE_S = 30


def told(pictures, size=SIZE, step_s=0.5):
    health, found = Health("CAM-001", size), []
    for number, picture in enumerate(pictures):
        found += health.see(picture, number * step_s)
    return found


def live(road, seconds=LIVE_S):
    return [road.picture() for _ in range(2 * seconds)]


def shifted(picture, right_px):
    return cv2.warpAffine(picture, np.float32([[1, 0, right_px], [0, 1, 0]]), SIZE, borderMode=cv2.BORDER_REFLECT)


def elsewhere(picture):
    chance = np.random.default_rng(5)
    other = np.kron(chance.uniform(0, 255, (12, 11, 3)), np.ones((12, 16, 1)))
    return (other + picture % 5).clip(0, 255).astype(np.uint8)


def soft(picture):
    return cv2.GaussianBlur(picture, (0, 0), 2)


def dark(picture):
    return picture // 20


def grey(picture):
    return np.full_like(picture, 128)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        pytest.param(HealthKind.BLACK, dark, id="black"),
        pytest.param(HealthKind.BLACK, grey, id="of one shade"),
        pytest.param(HealthKind.BLURRED, soft, id="blurred"),
        pytest.param(HealthKind.SHIFTED, lambda picture: shifted(picture, 6), id="moved a little"),
        pytest.param(HealthKind.SHIFTED, lambda picture: shifted(picture, 20), id="moved far"),
        pytest.param(HealthKind.SHIFTED, elsewhere, id="looks elsewhere"),
    ],
)
def test_what_goes_wrong_is_told_once_and_once_more_when_it_is_over(kind, change):
    road = Road()
    began, over = told(live(road) + [change(picture) for picture in live(road)] + live(road))
    assert (began.camera, began.kind, began.cleared_s) == ("CAM-001", kind, None)
    assert began.onset_s == pytest.approx(LIVE_S, abs=4)
    assert over == replace(began, cleared_s=over.cleared_s)
    assert over.cleared_s == pytest.approx(2 * LIVE_S, abs=4)


def test_a_frozen_picture_is_told_and_so_is_its_thaw():
    road = Road()
    began, over = told([*live(road), *[road.picture()] * (2 * LIVE_S), *live(road)])
    assert began.kind is over.kind is HealthKind.FROZEN
    assert began.onset_s == pytest.approx(LIVE_S, abs=4)
    assert over.cleared_s == pytest.approx(2 * LIVE_S, abs=2)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda picture, _: (picture * 0.4).astype(np.uint8), id="dusk"),
        pytest.param(lambda picture, number: np.roll(picture, number % 3 - 1, axis=1), id="wind"),
        pytest.param(lambda picture, number: soft(picture) if number % 20 < 10 else picture, id="focus that hunts"),
        pytest.param(lambda picture, number: dark(picture) if number % 20 < 4 else picture, id="dropouts of a second"),
    ],
)
def test_what_is_short_or_slight_is_not_told(change):
    pictures = live(Road(), 90)
    assert told(pictures[:60] + [change(picture, number) for number, picture in enumerate(pictures[60:])]) == []


def test_an_encoder_that_sends_the_same_picture_afresh_now_and_then_is_frozen_all_the_same():
    road = Road(noise=0.0)
    stuck = [road.picture(noise=1.0 if number % 5 == 0 else 0.0) for number in range(2 * LIVE_S)]
    # The four after a fresh one repeat it.
    stuck = [stuck[number - number % 5] for number in range(len(stuck))]
    (began,) = told(live(Road()) + stuck)
    assert began.kind is HealthKind.FROZEN


@pytest.mark.parametrize("noise", [0.3, 2.0])
def test_a_still_road_with_a_sensors_noise_is_not_frozen(noise):
    assert told(live(Road(noise=noise), 60)) == []


@pytest.mark.parametrize("noise", [2.0, 6.0])
def test_day_dusk_night_and_rain_are_no_fault_of_a_camera(noise):
    health, found, now_s = Health("CAM-007", (352, 288)), [], 0.0
    for light, rain in ((Light.DAY, 0), (Light.DUSK, 0), (Light.NIGHT, 0), (Light.NIGHT, 20), (Light.DAY, 20)):
        film = scene(light=light, rain_mm_h=rain, noise=noise, length_s=14, fps=1)
        painter = Painter(film)
        for users in Traffic(scene=film).frames():
            found += health.see(painter.draw(users)[0], now_s)
            now_s += 1
    assert found == []


@pytest.mark.parametrize("contrast", [0.3, 1.0])
@pytest.mark.parametrize("noise", [0.0, 4.0])
def test_sharpness_is_that_of_the_lens_and_not_of_the_light(contrast, noise):
    road = Road(noise=noise)
    picture = cv2.cvtColor((100 + contrast * (road.picture().astype(float) - 100)).astype(np.uint8), cv2.COLOR_BGR2GRAY)
    assert sharpness(soft(picture)) < 0.6 * sharpness(picture)


def test_a_picture_without_edges_has_no_sharpness():
    assert sharpness(np.full((144, 176), 90, np.uint8)) == 0


def test_a_camera_really_turned_between_two_films_and_not_within_one(real_data):
    films = sorted((real_data / "cctv" / "tfl_normal").glob("625_*.mp4"))[:2]
    if len(films) < 2:
        pytest.skip("no films of camera 625")
    pictures = [picture for film in films for picture in looped(film, 30)]
    (began,) = told(pictures, size=(352, 288))
    assert began.kind is HealthKind.SHIFTED
    assert 30 <= began.onset_s <= 34


def looped(path, seconds):
    """A film forth and back for so long, two pictures a second."""
    video, found = cv2.VideoCapture(str(path)), []
    while video.grab():
        found.append(video.retrieve()[1])
    found = found[::12]
    return [(found + found[::-1])[number % (2 * len(found))] for number in range(2 * seconds)]
