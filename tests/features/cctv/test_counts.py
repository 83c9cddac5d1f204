"""Vehicles by lane and minute: each counted once, a minute that was not watched not told of."""

from datetime import UTC, datetime

import numpy as np
import pytest

from features.cctv.counts import Counts
from features.cctv.field import Field
from features.cctv.kinds import UserKind
from features.cctv.tracker import Tracker
from features.simulated.cctv.road import Road
from tests.features.cctv.perfect import Flaws, detected, ground_of, instants
from tests.features.cctv.test_field import SIZE, drives, vehicle
from tests.features.simulated.cctv.stage import scene

SEED = 5


def counted(counts, paths, until_s, *, every_s=0.2, **who):
    """Counts told of while each (track, began_s, start, end) drives its four seconds, until a time."""
    told, count = [], round(until_s / every_s) + 1
    for number in range(count):
        now_s = number * every_s
        tracks = []
        for track_id, began_s, start, end in paths:
            share = (now_s - began_s) / 4
            if 0 <= share <= 1:
                foot = np.array(start) + (np.array(end) - start) * share
                speed = (np.array(end) - start) / 4
                tracks.append(vehicle(track_id, foot, now_s, speed_px_s=speed, **who))
        told += counts.step(tracks, now_s)
    return told


UP = ((100, 280), (100, 100))
DOWN = ((200, 100), (200, 280))


def test_each_vehicle_counts_once_in_its_direction_while_no_lanes_are_known():
    paths = [(number, 5.0 * number, *(UP if number % 3 else DOWN)) for number in range(9)]
    told = counted(Counts("CAM-007", Field(SIZE)), paths, 60)
    assert [(one.entity_id, one.volume, one.start_s) for one in told] == [
        ("CAM-007/down", 3, 0.0),
        ("CAM-007/up", 6, 0.0),
    ]
    assert [one.speed_km_h for one in told] == [None, None], "without a plane no speed"


def two_lanes():
    """A field with two lanes up, thirty and fifty pixels apart from each other and from the middle."""
    field = Field(SIZE)
    for number in range(90):
        x = (90 if number % 2 else 150) + 4 * np.sin(number)
        drives(field, number, (x, 280), (x, 100), number * 40.0)
    assert [lane.name for lane in field.lanes()] == ["up 1", "up 2"]
    return field


def test_with_lanes_each_vehicle_counts_where_it_came_over_the_gate():
    paths = [(number, 4.5 * number, (x, 280), (x, 100)) for number, x in enumerate([88, 93, 150, 88, 147, 90])]
    told = counted(Counts("CAM-007", two_lanes()), paths, 60)
    assert [(one.entity_id, one.volume) for one in told] == [("CAM-007/up 1", 4), ("CAM-007/up 2", 2)]


def test_who_drives_against_a_lane_is_not_counted_in_it():
    told = counted(Counts("CAM-007", two_lanes()), [(1, 3.0, (90, 280), (90, 100)), (2, 9.0, (90, 100), (90, 280))], 60)
    assert [(one.entity_id, one.volume) for one in told] == [("CAM-007/up 1", 1)]


def test_a_lane_in_which_nobody_came_by_was_empty():
    told = counted(Counts("CAM-007", two_lanes()), [(1, 3.0, (90, 280), (90, 100))], 120)
    assert [(one.start_s, one.volume) for one in told] == [(0.0, 1), (60.0, 0)]
    assert told[1].speed_km_h is None


def test_a_minute_that_was_hardly_watched_is_not_told_of():
    counts = Counts("CAM-007", Field(SIZE))
    counted(counts, [(1, 3.0, *UP)], 20)
    assert counts.step([], 61.0) == [], "from 20 to 60 s nobody saw anything"
    told = [one for now_s in np.arange(61.2, 121, 0.2).tolist() for one in counts.step([], now_s)]
    assert [(one.start_s, one.volume) for one in told] == [(60.0, 0)]


@pytest.mark.parametrize("kind", [UserKind.PERSON, UserKind.BICYCLE, UserKind.OBJECT])
def test_only_vehicles_count(kind):
    assert counted(Counts("CAM-007", Field(SIZE)), [(1, 3.0, *UP)], 60, kind=kind) == []


def test_a_row_of_the_long_table():
    (count,) = counted(Counts("CAM-007", Field(SIZE)), [(1, 3.0, *UP)], 60)
    assert count.measurement(datetime(2026, 3, 1, 8, tzinfo=UTC)) == {
        "time": datetime(2026, 3, 1, 8, tzinfo=UTC),
        "entity_id": "CAM-007/up",
        "volume": 1,
        "speed_km_h": None,
    }


def test_counts_and_speeds_of_a_scene_are_those_that_truly_came_by():
    one = scene(fps=5, length_s=601, seed=2, road=Road(lanes=2), volume_veh_h=(1100, 900))
    field, tracker = Field(SIZE), Tracker(ground=ground_of(one), size_wh_px=SIZE)
    counts, chance, told = Counts("CAM-007", field), np.random.default_rng(SEED), []
    was, truly, speeds = {}, {"up": 0, "down": 0}, []
    for instant in instants(one):
        tracks = tracker.update(
            detected(instant, Flaws(seed=SEED, missed=0.15, false_each=0.2), chance, SIZE), instant.time_s
        )
        field.learn(tracks, instant.time_s)
        told += counts.step(tracks, instant.time_s)
        for user in instant.users:
            last = was.get(user.track_id, user.y_m)
            if user.kind.is_vehicle and (last - 30) * (user.y_m - 30) < 0:
                truly["up" if user.y_m > last else "down"] += instant.time_s >= 300
                speeds.append(user.speed_ms * 3.6)
            was[user.track_id] = user.y_m
    late = [count for count in told if count.start_s >= 300]
    assert {count.entity_id for count in late} == {f"CAM-007/{name}" for name in ("up 1", "up 2", "down 1", "down 2")}
    for direction, volume in truly.items():
        assert sum(count.volume for count in late if direction in count.entity_id) == pytest.approx(volume, rel=0.08)
    known = [(count.speed_km_h, count.volume) for count in late if count.speed_km_h is not None and count.volume]
    assert np.average(*np.array(known).T[:1], weights=np.array(known).T[1]) == pytest.approx(np.mean(speeds), abs=4)
