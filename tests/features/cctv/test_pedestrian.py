"""Somebody on foot where vehicles drive, and what only looks like it."""

import pytest

from features.cctv.events import Severity
from features.cctv.kinds import IncidentKind, UserKind
from features.simulated.cctv.road import Road
from tests.features.cctv.play import INNER_M, OUTER_M, drives, told, traffic, walks, watched, zones

AFOOT = IncidentKind.PEDESTRIAN_ON_CARRIAGEWAY
ROAD = Road(lanes=2)
NOISE = {"noise_px": 0.7, "misses": 0.1, "seed": 4}


def afoot(actors, *, until_s=24, road=ROAD, **how):
    found, tellings = told(actors, until_s=until_s, zones=zones(road), **how)
    return [one for one in found if one.kind is AFOOT], tellings


@pytest.mark.parametrize("y", [16, 28, 42], ids=["near", "farther", "far"])
@pytest.mark.parametrize("kind", [UserKind.PERSON, UserKind.MOTORBIKE], ids=["on foot", "a vehicle is none"])
def test_who_crosses_off_a_crossing_is_told_of_once(y, kind):
    found, tellings = afoot([walks((9, y), (-9, y), from_s=4, kind=kind)], **NOISE)
    if kind is UserKind.MOTORBIKE:
        assert found == []
        return
    (one,) = found
    onset_s = 4 + (9 - 6.4) / 1.35
    assert onset_s + 2.6 - 0.5 <= one.raised_s <= onset_s + 2.6 + 1
    assert one.cleared_s == pytest.approx(4 + (9 + 6.4) / 1.35, abs=1.5)
    assert {each.incident_id for each in tellings} == {one.incident_id}


def test_a_cyclist_is_told_of_as_one():
    rider = walks((9, 25), (-9, 25), from_s=4, ms=3.0, kind=UserKind.MOTORBIKE)
    (one,), _ = afoot([rider], takes={UserKind.MOTORBIKE: UserKind.BICYCLE})
    assert "cyclist" in one.why
    assert "자전거" in one.why_ko


def test_a_crossing_is_for_crossing():
    road = Road(lanes=2, crossing_y_m=30)
    people = [walks((9, 30 + off), (-9, 30 + off), from_s=4 + n) for n, off in enumerate((-1.5, 0, 1.5))]
    assert afoot(people, road=road, **NOISE)[0] == []
    assert len(afoot([walks((9, 22), (-9, 22), from_s=4)], road=road, **NOISE)[0]) == 1


@pytest.mark.parametrize("x", [7.2, 9.5], ids=["on the shoulder", "on the pavement"])
def test_who_walks_along_the_road_beside_the_lanes_is_none(x):
    assert afoot([walks((x, 14), (x, 40), from_s=2)], **NOISE)[0] == []


def test_a_step_off_the_kerb_and_back_is_none():
    steps = [walks((8, 24), (6.3, 24), from_s=4), walks((6.3, 24), (8, 24), from_s=5.4)]
    assert afoot(steps)[0] == []


def test_who_rides_is_no_walker():
    rider = drives(OUTER_M, from_s=4, kmh=30, kind=UserKind.PERSON)
    bike = drives(OUTER_M, from_s=4, kmh=30, kind=UserKind.MOTORBIKE)
    assert afoot([rider, bike])[0] == []


@pytest.mark.parametrize("stops", [[], [(26, 12)]], ids=["rides on", "rides and halts"])
def test_who_is_too_fast_to_walk_rides_though_the_detector_saw_a_person(stops):
    assert afoot([drives(OUTER_M, from_s=4, kmh=17, kind=UserKind.PERSON, stops=stops)])[0] == []
    (runner,), _ = afoot([drives(OUTER_M, from_s=4, kmh=9, kind=UserKind.PERSON)])
    assert "person" in runner.why


@pytest.mark.parametrize(("score", "count"), [(0.25, 0), (0.4, 1)], ids=["hardly", "surely"])
def test_who_is_hardly_taken_for_a_person_is_none(score, count):
    assert len(afoot([walks((9, 25), (-9, 25), from_s=4)], score=score)[0]) == count


def test_staying_makes_it_surer_and_worse():
    (crossed,), _ = afoot([walks((9, 25), (-9, 25), from_s=4)])
    (stays,), _ = afoot([walks((9, 25), (3, 25), from_s=4, waits_s=60)], until_s=40)
    assert crossed.severity is Severity.MODERATE
    assert stays.severity is Severity.SEVERE
    assert crossed.probability <= stays.probability < 1


def test_without_zones_who_walks_before_drivers_is_told_of_and_who_drivers_wait_for_is_not():
    learned = watched(traffic(until_s=50, every_s=2.0), until_s=54)
    person = walks((9, 26), (-9, 26), from_s=8)
    passing = traffic(until_s=20, every_s=2.0)
    found, _ = told([*passing, person], until_s=24, field=learned)
    assert [one.kind for one in found if one.kind is AFOOT] == [AFOOT]
    waiting = [
        drives(INNER_M, from_s=1, stops=[(20, 18)]),
        drives(-INNER_M, from_s=0, away=False, from_m=70, stops=[(32, 18)]),
    ]
    found, _ = told([*waiting, person], until_s=24, field=learned)
    assert [one for one in found if one.kind is AFOOT] == []
