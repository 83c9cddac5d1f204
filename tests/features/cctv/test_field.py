"""What is usual: learned from several vehicles a place, never changed by one that drives the wrong way, kept."""

from functools import cache

import numpy as np
import pytest

from features.cctv.detections import Detections
from features.cctv.field import Field
from features.cctv.kinds import IncidentKind, UserKind
from features.cctv.tracker import Tracker
from features.cctv.tracks import Track
from features.errors import BadInput
from features.simulated.cctv.road import Road
from tests.features.cctv.perfect import Flaws, detected, ground_of, instants
from tests.features.simulated.cctv.stage import scene

SIZE = (352, 288)
SEED = 6
BUSY = scene(fps=5, length_s=240, seed=2, road=Road(lanes=2), volume_veh_h=(1100, 900))


def vehicle(track_id, foot_px, now_s, *, kind=UserKind.CAR, speed_px_s=(0.0, 0.0), stands_s=None):
    """A car 30 pixels wide that has come far."""
    x, y = foot_px
    return Track(
        track_id=track_id,
        kind=kind,
        xyxy_px=np.array([x - 15, y - 25, x + 15, y]),
        foot_px=np.array([x, y], dtype=float),
        velocity_px_s=np.array(speed_px_s),
        score=0.8,
        first_s=0.0,
        seen_s=now_s,
        foot_m=None,
        velocity_m_s=None,
        speed_km_h=float("nan"),
        speed_sd_km_h=float("nan"),
        stands_since_s=stands_s,
        travelled_px=99.0,
    )


def drives(field, track_id, start_px, end_px, began_s, *, steps=20, **who):
    """From there to there, five times a second."""
    for step in range(steps):
        now_s = began_s + step * 0.2
        foot = np.array(start_px) + (np.array(end_px) - start_px) * step / (steps - 1)
        field.learn([vehicle(track_id, foot, now_s, **who)], now_s)


def northbound(count, field=None, x_px=100.0):
    """A field that so many cars have driven up, one after the other."""
    field = field or Field(SIZE)
    for number in range(count):
        drives(field, 1 + number, (x_px, 280), (x_px, 100), number * 10.0)
    return field


@pytest.mark.parametrize(
    ("count", "known"), [(0, False), (3, False), (4, True)], ids=["nobody", "three say nothing", "four are enough"]
)
def test_a_direction_is_learned_from_several_vehicles(count, known):
    direction = northbound(count).direction_at((100, 200))
    assert (direction is not None) is known
    if known:
        np.testing.assert_allclose(direction, [0, -1], atol=1e-6)


def test_one_vehicle_that_waits_and_drives_on_is_one():
    field = Field(SIZE)
    for _ in range(8):
        drives(field, 1, (100, 280), (100, 100), 0.0)
    assert field.direction_at((100, 200)) is None


def test_speed_and_its_spread_are_those_of_the_vehicles():
    field = Field(SIZE)
    for number, steps in enumerate([10, 19, 10, 19, 10, 19]):
        drives(field, number, (100, 280), (100, 100), number * 10.0, steps=steps)
    flow = field.flow_at((100, 200))
    assert field.speed_at((100, 200)) == flow.speed_px_s == pytest.approx(75, rel=0.05)
    assert flow.speed_sd_px_s == pytest.approx(25, rel=0.15)
    assert flow.tracks == 6


@pytest.mark.parametrize("usual", [4, 6, 30])
def test_one_who_drives_the_wrong_way_changes_nothing(usual):
    field = northbound(usual)
    before, mask = field.direction_at((100, 200)), field.road_mask()
    drives(field, 900, (100, 100), (100, 280), 1000.0)
    np.testing.assert_allclose(field.direction_at((100, 200)), before, atol=1e-6)
    np.testing.assert_array_equal(field.road_mask(), mask)


def test_a_road_that_is_turned_round_is_learned_anew():
    field = northbound(40)
    for number in range(400):
        drives(field, 1000 + number, (100, 100), (100, 280), 1000 + 10.0 * number)
    np.testing.assert_allclose(field.direction_at((100, 200)), [0, 1], atol=1e-6)


def test_where_ways_cross_there_is_no_one_direction_and_beside_it_there_is():
    field = northbound(8)
    for number in range(8):
        drives(field, 500 + number, (20, 180), (330, 180), 500 + 10.0 * number)
    assert field.direction_at((100, 180)) is None
    np.testing.assert_allclose(field.direction_at((100, 240)), [0, -1], atol=1e-6)
    np.testing.assert_allclose(field.direction_at((250, 180)), [1, 0], atol=1e-6)
    assert field.road_mask()[180, 100] == 255, "a road all the same"


@pytest.mark.parametrize(
    "who",
    [
        pytest.param({"kind": UserKind.PERSON}, id="who walks"),
        pytest.param({"kind": UserKind.BICYCLE}, id="who cycles"),
        pytest.param({"stands_s": 0.0}, id="who stands"),
    ],
)
def test_only_who_drives_teaches(who):
    field = Field(SIZE)
    for number in range(8):
        drives(field, number, (100, 280), (100, 100), 10.0 * number, **who)
    assert field.direction_at((100, 200)) is None
    assert not field.road_mask().any()


def test_who_is_hidden_teaches_nothing():
    field = Field(SIZE)
    for number in range(8):
        for step in range(20):
            now_s = number * 10 + step * 0.2
            field.learn([vehicle(number, (100, 280 - 9 * step), now_s - 0.1)], now_s)
    assert field.direction_at((100, 200)) is None


@pytest.mark.parametrize("foot", [(-1, 50), (50, -0.1), (352, 50), (50, 400)])
def test_outside_the_picture_nothing_is_known(foot):
    assert northbound(5).direction_at(foot) is None


@cache
def learned(missed, false_each):
    field, tracker = Field(SIZE), Tracker(size_wh_px=SIZE)
    chance, flaws = np.random.default_rng(SEED), Flaws(seed=SEED, missed=missed, false_each=false_each)
    for one in instants(BUSY):
        field.learn(tracker.update(detected(one, flaws, chance, SIZE), one.time_s), one.time_s)
    return field


def on_road():
    """(288, 352, 2), metres that the middles of pixels show."""
    columns, rows = np.meshgrid(np.arange(352) + 0.5, np.arange(288) + 0.5)
    return BUSY.pose.on_road(np.stack([columns, rows], axis=-1))


def test_the_road_is_where_it_is():
    mask, places = learned(0.2, 0.3).road_mask() > 0, on_road()
    x_m, y_m = np.nan_to_num(places[..., 0], nan=99.0), np.nan_to_num(places[..., 1], nan=-1.0)
    road = (np.abs(x_m) < BUSY.road.edge_m) & (y_m > 0) & (y_m < 90)
    assert (mask & road).sum() / (mask | road).sum() > 0.85, "intersection over union"
    assert not (mask & (np.abs(x_m) > BUSY.road.kerb_m + 3)).any()
    assert learned(0.2, 0.3).road_mask().dtype == np.uint8


def test_directions_are_those_of_the_lanes():
    field, places, right, wrong = learned(0.2, 0.3), on_road(), 0, 0
    for row in range(100, 288, 8):
        for column in range(0, 352, 8):
            x_m, y_m = places[row, column]
            found = field.direction_at((column, row))
            if found is None or not (0.5 < abs(x_m) < BUSY.road.edge_m and y_m < 90):
                continue
            ahead = BUSY.pose.seen(np.array([[x_m, y_m, 0], [x_m, y_m + np.sign(x_m), 0]]))
            agrees = np.diff(ahead, axis=0)[0] @ found > 0
            right, wrong = right + agrees, wrong + (not agrees)
    assert right > 200
    assert wrong <= 0.01 * right


def test_lanes_are_as_many_as_there_are_and_named_from_the_left():
    field = learned(0.2, 0.3)
    lanes = field.lanes()
    assert [lane.name for lane in lanes] == ["down 1", "down 2", "up 1", "up 2"]
    places = ground_of(BUSY).to_metres(np.stack([lane.points_px[6] for lane in lanes]))[:, 0]
    np.testing.assert_allclose(places, [-4.8, -1.6, 1.6, 4.8], atol=1.0)
    assert field.lanes() is lanes, "a lane keeps its name"


def test_before_enough_have_come_by_there_are_no_lanes():
    assert northbound(10).lanes() == []


def test_a_wrong_way_driver_of_a_whole_scene_is_told_from_what_is_usual():
    one = scene(fps=5, length_s=60, incident=IncidentKind.WRONG_WAY, incident_s=10, seed=4, road=Road(lanes=2))
    field, tracker, against = learned(0.2, 0.3), Tracker(size_wh_px=SIZE), []
    before = field.as_arrays()["tracks"].copy()
    chance = np.random.default_rng(SEED)
    for instant in instants(one):
        tracks = tracker.update(detected(instant, Flaws(seed=SEED), chance, SIZE), instant.time_s)
        for track in tracks:
            usual = field.direction_at(track.foot_px)
            speed = np.hypot(*track.velocity_px_s)
            if usual is not None and speed > 8 and track.stands_since_s is None:
                against.append((track.track_id, usual @ track.velocity_px_s / speed < -0.7))
    np.testing.assert_array_equal(field.as_arrays()["tracks"], before)
    often = {key for key, is_against in against if is_against and against.count((key, True)) > 10}
    assert len(often) == 1


def test_what_was_learned_is_kept():
    field = learned(0.2, 0.3)
    again = Field.from_arrays(SIZE, field.as_arrays())
    np.testing.assert_array_equal(again.road_mask(), field.road_mask())
    np.testing.assert_array_equal(again.direction_at((150, 250)), field.direction_at((150, 250)))
    assert [lane.name for lane in again.lanes()] == [lane.name for lane in field.lanes()]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda arrays: arrays.pop("direction"), id="one is missing"),
        pytest.param(lambda arrays: arrays.update(tracks=np.zeros((3, 12))), id="another camera's"),
    ],
)
def test_what_does_not_suit_the_camera_is_refused(change):
    arrays = northbound(5).as_arrays()
    change(arrays)
    with pytest.raises(BadInput, match="learned anew"):
        Field.from_arrays(SIZE, arrays)


def test_detections_of_nobody_teach_nothing():
    field, tracker = Field(SIZE), Tracker(size_wh_px=SIZE)
    field.learn(tracker.update(Detections.of([]), 1.0), 1.0)
    assert not field.road_mask().any()
