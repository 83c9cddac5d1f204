"""Films as files, and the truth beside them."""

import tomllib

import cv2
import numpy as np
import polars as pl
import pytest

from features.cctv.kinds import IncidentKind
from features.simulated.cctv.film import write_films
from features.simulated.cctv.plan import hour_of, link_of, scenes
from features.simulated.cctv.road import Road
from features.simulated.city import links
from features.simulated.incidents import crashes
from features.simulated.traffic import volume_veh_h
from tests.features.simulated.cctv.stage import POSE, scene

HOURS = range(473_000, 473_168)


def frames(path):
    film, found = cv2.VideoCapture(str(path)), []
    while True:
        more, picture = film.read()
        if not more:
            return np.array(found)
        found.append(picture)


@pytest.fixture
def filmed(tmp_path):
    road = Road(lanes=2, crossing_y_m=28, bus_stop_y_m=50)
    each = [scene(camera_id="CAM-000", incident=IncidentKind.ABANDONED_OBJECT, incident_s=2, road=road), scene()]
    ticks = []
    write_films(each, tmp_path / "cameras", lambda: ticks.append(1), {"simulated": "true"})
    assert len(ticks) == sum(one.frames for one in each)
    return tmp_path / "cameras"


def test_a_film_has_its_frames_and_every_box_lies_in_one(filmed):
    pictures = frames(filmed / "CAM-007.mp4")
    assert pictures.shape == (30, POSE.height_px, POSE.width_px, 3)
    boxes = pl.read_parquet(filmed / "boxes.parquet")
    assert set(boxes["camera_id"]) == {"CAM-000", "CAM-007"}
    assert boxes["frame"].is_between(0, 29).all()
    for low, high, most in (("left_px", "right_px", POSE.width_px), ("top_px", "bottom_px", POSE.height_px)):
        assert (boxes[low] < boxes[high]).all()
        assert boxes[low].is_between(0, most).all()
        assert boxes[high].is_between(0, most).all()
    assert boxes["visible_share"].is_between(0, 1).all()
    assert pl.read_parquet_metadata(filmed / "boxes.parquet")["simulated"] == "true"


def test_what_went_wrong_is_told_with_its_track(filmed):
    (row,) = pl.read_csv(filmed / "incidents.csv").rows(named=True)
    assert (row["camera_id"], row["kind"]) == ("CAM-000", "abandoned object")
    assert row["onset_s"] == pytest.approx(2, abs=0.21)
    own = pl.read_parquet(filmed / "boxes.parquet").filter(pl.col("track_id") == row["track_id"])
    assert set(own.filter(pl.col("camera_id") == "CAM-000")["kind"]) == {"object"}


def test_zones_are_polygons_of_the_picture_and_the_ground_fits_the_pose(filmed):
    text = (filmed / "CAM-000.toml").read_text(encoding="utf-8")
    assert "SIMULATED" in text
    found = tomllib.loads(text)
    assert {zone["kind"] for zone in found["zone"]} == {"carriageway", "shoulder", "crossing", "bus stop"}
    for zone in found["zone"]:
        points = np.array(zone["points"])
        assert len(points) >= 3
        assert (points >= -0.05).all()
        assert (points <= np.array([POSE.width_px, POSE.height_px]) + 0.05).all()
    ground = found["ground"]
    assert np.allclose(POSE.on_road(np.array(ground["pixels"])), ground["metres"], atol=0.4)


def test_the_same_scene_is_the_same_film(tmp_path):
    for name in ("a", "b"):
        write_films([scene(length_s=2)], tmp_path / name, lambda: None, {})
    assert np.array_equal(frames(tmp_path / "a" / "CAM-007.mp4"), frames(tmp_path / "b" / "CAM-007.mp4"))
    assert pl.read_parquet(tmp_path / "a" / "boxes.parquet").equals(pl.read_parquet(tmp_path / "b" / "boxes.parquet"))


def test_cameras_stay_and_see_what_the_city_does():
    found = scenes(7, HOURS, 12, 30.0)
    assert [one.camera_id for one in found] == [f"CAM-{number:03d}" for number in range(12)]
    assert {one.incident for one in found} >= set(IncidentKind)
    later = scenes(7, range(HOURS.start + 500, HOURS.stop + 500), 12, 30.0)
    assert [one.pose for one in later] == [one.pose for one in found]
    assert scenes(8, HOURS, 12, 30.0)[0].pose != found[0].pose
    for number, one in enumerate(found):
        hour, link = hour_of(7, HOURS, number), link_of(7, number)
        volume = float(volume_veh_h(7, range(hour, hour + 1))[0][0][link])
        assert one.volume_veh_h[0] >= volume
        assert one.incident_s < one.length_s / 2
        assert links()[link].road_class


def test_a_crash_of_the_city_is_a_stopped_vehicle_before_its_camera():
    cameras = {link_of(7, number): number for number in range(12)}
    crash = next(one for one in crashes(7, range(473_000, 476_000)) if one.link in cameras)
    number, hour = cameras[crash.link], int(crash.onset_h)
    assert scenes(7, range(hour, hour + 1), number + 1, 30.0)[number].incident is IncidentKind.STOPPED_VEHICLE
