"""Pictures whose boxes hold what is drawn, by day, by night and in rain."""

import numpy as np
import pytest

from features.cctv.kinds import UserKind
from features.simulated.cctv.picture import Painter
from features.simulated.cctv.scene import Light
from features.simulated.cctv.users import SIZE_M, User
from tests.features.simulated.cctv.stage import POSE, scene


def user(kind=UserKind.CAR, x_m=1.6, y_m=22.0, track_id=1, direction_rad=0.0):
    return User(track_id=track_id, kind=kind, x_m=x_m, y_m=y_m, direction_rad=direction_rad, speed_ms=5, tint=0.3)


def clean(**changes):
    return scene(**({"shake_px": 0, "noise": 0, "jpeg_quality": 100} | changes))


DRIZZLE = clean(rain_mm_h=0.01)


@pytest.mark.parametrize("kind", list(SIZE_M))
@pytest.mark.parametrize("direction_rad", [0.0, np.pi])
def test_a_box_holds_what_is_drawn_and_no_more(kind, direction_rad):
    # In the least of rain nothing throws a shadow.
    with_it, boxes = Painter(DRIZZLE).draw([user(kind, direction_rad=direction_rad)])
    without, none = Painter(DRIZZLE).draw([])
    assert none == []
    (box,) = boxes
    changed = np.abs(with_it.astype(int) - without).max(axis=2) > 25
    rows, columns = np.nonzero(changed)
    assert len(rows) > 5
    inside = (
        (columns >= box.left_px - 2)
        & (columns <= box.right_px + 1)
        & (rows >= box.top_px - 2)
        & (rows <= box.bottom_px + 1)
    )
    assert inside.all()
    covered = (columns.max() - columns.min()) / (box.right_px - box.left_px)
    assert covered > 0.6
    assert box.visible_share == 1


def test_who_is_hidden_is_said_to_be():
    _, boxes = Painter(clean()).draw(
        [user(UserKind.PERSON, y_m=34, track_id=1), user(UserKind.BUS, y_m=22, track_id=2)]
    )
    share = {box.user.track_id: box.visible_share for box in boxes}
    assert share[2] == 1
    assert share[1] < 0.3


def test_out_of_the_picture_is_no_box():
    assert Painter(clean()).draw([user(y_m=-8), user(x_m=60, y_m=12)])[1] == []
    (cut,) = Painter(clean()).draw([user(x_m=1.6, y_m=9)])[1]
    assert cut.bottom_px <= POSE.height_px


def test_night_is_dark_with_bright_lamps_and_rain_is_grey():
    day, _ = Painter(clean()).draw([user(direction_rad=np.pi)])
    night, _ = Painter(clean(light=Light.NIGHT)).draw([user(direction_rad=np.pi)])
    rain, _ = Painter(scene(rain_mm_h=20, noise=0, shake_px=0)).draw([user(direction_rad=np.pi)])
    assert night.mean() < 0.5 * day.mean()
    assert night.max() > 240
    assert rain.std() < day.std()


def test_the_camera_sways_and_the_boxes_with_it():
    painter = Painter(scene(shake_px=2.0))
    left = [painter.draw([user()])[1][0].left_px for _ in range(30)]
    assert 0.5 < np.std(left) < 6


def test_the_same_seed_is_the_same_picture():
    first, second = (Painter(scene(rain_mm_h=5, light=Light.DUSK)).draw([user()])[0] for _ in range(2))
    assert np.array_equal(first, second)
