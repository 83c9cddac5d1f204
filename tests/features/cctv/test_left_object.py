"""A thing that lies where vehicles drive, and what only looks like one."""

import numpy as np
import pytest

from features.cctv.events import Severity
from features.cctv.kinds import IncidentKind, UserKind
from tests.features.cctv.play import (
    INNER_M,
    OUTER_M,
    POSE,
    SIZE,
    drives,
    polygon,
    present,
    stays,
    told,
    traffic,
    walks,
    zones,
)

THING = IncidentKind.ABANDONED_OBJECT
NOISE = {"noise_px": 0.4, "misses": 0.1, "seed": 8}


def things(actors, *, until_s=30, extra="", **how):
    found, tellings = told(actors, until_s=until_s, zones=zones(extra=extra), **{**NOISE, **how})
    return [one for one in found if one.kind is THING], tellings


@pytest.mark.parametrize("detects", [True, False], ids=["the detector knows things", "only the background shows it"])
@pytest.mark.parametrize("y", [16, 26, 36], ids=["near", "farther", "far"])
def test_what_lies_on_a_lane_is_told_of(detects, y):
    (one,), _ = things([stays(OUTER_M, y, from_s=5)], until_s=30, detects_objects=detects)
    # A track needs up to 2 s to tell that it lies still, the slow background 5 s to show it.
    least_s, most_s = (5, 7) if detects else (17, 18)
    assert least_s <= one.raised_s - 5 <= most_s
    assert one.severity is Severity.MODERATE
    assert one.cleared_s is None
    assert 0 < one.probability < 1


def test_what_only_the_background_shows_is_none_where_the_detector_knows_things():
    thing = stays(OUTER_M, 24, from_s=5)
    assert things([thing], until_s=30, detects_objects=False, sees_things=True)[0] == []
    assert len(things([thing], until_s=30, sees_things=True)[0]) == 1


@pytest.mark.parametrize(("levels", "count"), [(0, 0), (80, 1)], ids=["was always there", "is new"])
def test_a_thing_is_new_to_the_slow_background(levels, count):
    thing = stays(OUTER_M, 24, from_s=5)
    differs = np.ones(SIZE[::-1], dtype=np.uint8)
    (user,) = present([thing], 5.0)
    corners = POSE.seen(user.corners())
    (left, top), (right, bottom) = corners.min(axis=0).astype(int), corners.max(axis=0).astype(int)
    differs[top : bottom + 1, left : right + 1] = levels
    found, _ = things([thing], differs=differs)
    assert len(found) == count


@pytest.mark.parametrize("detects", [True, False], ids=["the detector knows things", "only the background shows it"])
def test_near_who_stands_only_a_detector_tells_a_thing_from_their_shadow(detects):
    person = walks((11, 26), (8.8, 26), from_s=1, waits_s=40)
    found, _ = things([stays(OUTER_M, 24, from_s=5), person], until_s=30, detects_objects=detects)
    assert len(found) == detects


def test_on_the_shoulder_it_is_minor_and_on_the_pavement_none():
    (one,), _ = things([stays(7.6, 24, from_s=5)], until_s=16)
    assert one.severity is Severity.MINOR
    assert things([stays(11.0, 24, from_s=5)], until_s=16)[0] == []


def test_it_is_over_when_somebody_takes_it_away():
    (one,), _ = things([stays(OUTER_M, 24, from_s=5, until_s=20)], until_s=45)
    assert 18 <= one.cleared_s <= 26


@pytest.mark.parametrize("detects", [True, False], ids=["the detector knows things", "only the background shows it"])
def test_passing_vehicles_hide_it_and_it_stays_one(detects):
    trucks = [drives(OUTER_M + 0.2, from_s=14 + 3 * n, kind=UserKind.BUS, kmh=15) for n in range(4)]
    found, _ = things([stays(OUTER_M, 30, from_s=4), *trucks], until_s=45, detects_objects=detects)
    assert len(found) == 1
    assert found[0].cleared_s is None


def test_who_stood_leaves_a_trace_in_the_background_that_is_none():
    cars = [drives(lane, from_s=2, stops=[(30, 26)]) for lane in (INNER_M, OUTER_M)]
    assert things(cars, until_s=48, detects_objects=False)[0] == []


def test_who_stands_there_on_foot_is_none():
    person = walks((9, 24), (5, 24), from_s=2, waits_s=16)
    assert things([person], until_s=30, detects_objects=False)[0] == []


def test_a_thing_that_rolls_is_not_yet_left():
    assert things([drives(OUTER_M, from_s=4, kmh=8, kind=UserKind.OBJECT)], until_s=16)[0] == []


def test_drivers_who_stop_before_it_belong_to_it():
    cars = [drives(OUTER_M, from_s=12 + 4 * n, stops=[(26 - 7 * n, 99)]) for n in range(2)]
    found, _ = told([stays(OUTER_M + 1.4, 31, from_s=4), *cars], until_s=36, zones=zones(), **NOISE)
    assert {one.kind for one in found} == {THING}


def test_a_parking_bay_is_no_road():
    bay = polygon("parking", np.array([[9.2, 20.0], [11.0, 20.0], [11.0, 45.0], [9.2, 45.0]]))
    assert things([stays(10.2, 30, from_s=4), *traffic(until_s=10)], until_s=16, extra=bay)[0] == []
