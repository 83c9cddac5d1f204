"""A vehicle that stands where vehicles drive, and what only looks like one."""

import numpy as np
import pytest

from features.cctv.events import Severity
from features.cctv.kinds import IncidentKind, UserKind
from features.simulated.cctv.road import Road
from tests.features.cctv.play import INNER_M, OUTER_M, drives, polygon, stays, told, traffic, walks, zones

STOPPED = IncidentKind.STOPPED_VEHICLE
ROAD, CROSSING = Road(lanes=2), Road(lanes=2, crossing_y_m=36)
LINE_M = 30.0
"""Middle of a car that waits first at the crossing, away from the camera."""


def stopped(actors, *, until_s=60, road=ROAD, extra="", **eyes):
    found, tellings = told(actors, until_s=until_s, zones=zones(road, extra), **eyes)
    return [one for one in found if one.kind is STOPPED], tellings


@pytest.mark.parametrize("away", [True, False], ids=["away from the camera", "towards it"])
@pytest.mark.parametrize("lane", [INNER_M, OUTER_M], ids=["inner lane", "outer lane"])
def test_who_stands_on_a_lane_is_told_of_once_whoever_gave_way_had_gone(lane, away):
    car = drives(lane if away else -lane, from_s=10, away=away, stops=[(30, 99)], from_m=4 if away else 80)
    onset = 10 + (26 if away else 50) / 10 + 1.6
    (one,), _ = stopped([*traffic(until_s=8), car])
    assert one.onset_s == pytest.approx(onset, abs=1.5)
    # Towards the camera the picture ends before it: whom it waits for may be there.
    assert one.raised_s - one.onset_s == pytest.approx(6.5 if away else 8, abs=0.3)
    assert one.cleared_s is None
    assert one.severity is Severity.MODERATE
    assert 0.5 < one.probability < 1


def test_it_is_over_when_the_driver_goes_on_and_is_told_again_only_for_news():
    (one,), tellings = stopped([drives(OUTER_M, from_s=5, stops=[(30, 25)])])
    assert one.cleared_s == pytest.approx(34.2, abs=2)
    assert [each.incident_id for each in tellings] == [one.incident_id] * len(tellings)
    assert len(tellings) <= 4


def test_who_waits_behind_it_belongs_to_it():
    first = drives(INNER_M, from_s=5, stops=[(40, 99)])
    behind = [drives(INNER_M, from_s=8 + 3 * n, stops=[(40 - 7.0 * (n + 1), 99)]) for n in range(3)]
    found, _ = told([first, *behind], until_s=50, zones=zones(Road(lanes=1)))
    assert [one.kind for one in found] == [STOPPED]


@pytest.mark.parametrize("lane", [INNER_M, OUTER_M], ids=["behind it", "beside its lane"])
def test_who_stands_near_who_was_told_of_belongs_to_it(lane):
    first, later = drives(INNER_M, from_s=5, stops=[(46, 99)]), drives(lane, from_s=22, stops=[(22, 99)])
    found, tellings = stopped([first, later])
    assert len(found) == 1
    assert {one.incident_id for one in tellings} == {1}


def test_far_from_it_another_is_one_of_its_own():
    first = drives(INNER_M, from_s=5, stops=[(56, 99)])
    other = drives(-INNER_M, from_s=12, away=False, from_m=80, stops=[(16, 99)])
    assert len(stopped([first, other])[0]) == 2


@pytest.mark.parametrize("red_s", [16, 90], ids=["a short red", "a long red"])
def test_a_red_light_is_none(red_s):
    waiting = [
        drives(INNER_M, from_s=5, stops=[(LINE_M, red_s)]),
        drives(OUTER_M, from_s=6, stops=[(LINE_M, red_s)]),
        drives(INNER_M, from_s=8, stops=[(LINE_M - 7, red_s)]),
        drives(-INNER_M, from_s=2, away=False, from_m=80, stops=[(44, red_s)]),
    ]
    found, _ = told(waiting, until_s=red_s + 25, zones=zones(CROSSING))
    assert found == []


def test_who_stays_when_the_others_have_green_is_one():
    stays_on = drives(INNER_M, from_s=5, stops=[(LINE_M, 99)])
    others = [drives(OUTER_M, from_s=6 + 4 * n, stops=[(LINE_M - 7 * n, 20 - 3 * n)]) for n in range(3)]
    (one,), _ = stopped([stays_on, *others], road=CROSSING)
    # The first of them starts at 30 s, has passed it and the crossing 3 s later, and the last of a line needs 8 s.
    assert one.raised_s == pytest.approx(30 + 3 + 8, abs=1.5)


def test_who_stands_beyond_the_stop_line_does_not_wait_at_it():
    (one,), _ = stopped([drives(INNER_M, from_s=5, stops=[(36, 99)])], road=CROSSING)
    assert one.raised_s < 18


def test_a_bus_at_its_stop_is_none_nor_who_waits_behind_it():
    road = Road(lanes=1, bus_stop_y_m=40)
    bus = drives(INNER_M, from_s=5, kind=UserKind.BUS, stops=[(39, 15)])
    car = drives(INNER_M, from_s=8, stops=[(29, 14)])
    assert stopped([bus, car], road=road)[0] == []
    assert stopped([drives(INNER_M, from_s=5, kind=UserKind.BUS, stops=[(39, 30)])], road=Road(lanes=1))[0] != []


def test_a_parking_zone_is_for_standing():
    bay = polygon("parking", np.array([[6.6, 20.0], [9.0, 20.0], [9.0, 45.0], [6.6, 45.0]]))
    car = drives(7.4, from_s=5, stops=[(30, 99)])
    assert stopped([car], extra=bay)[0] == []
    (one,), _ = stopped([car])
    assert one.severity is Severity.MINOR
    assert "shoulder" in one.zone


def test_who_was_parked_before_anybody_watched_is_never_told_of():
    parked = [stays(7.2, y, kind=UserKind.CAR) for y in (20, 27, 34)]
    assert stopped([*parked, *traffic(until_s=50)])[0] == []


def test_where_all_stand_nobody_has_broken_down():
    jam = [
        drives(lane, from_s=2 + 2.0 * n, stops=[(110 - 8.0 * n, 40)]) for n in range(12) for lane in (INNER_M, OUTER_M)
    ]
    found, _ = told(jam, until_s=45, zones=zones(), noise_px=0.5, seed=3)
    assert [one for one in found if one.kind is STOPPED] == []


def test_who_stands_in_a_queue_has_not_broken_down():
    creeps = [drives(OUTER_M, from_m=8.0 + 9 * n, kmh=5) for n in range(7)]
    creeps += [drives(INNER_M, from_m=26.0 + 9 * n, kmh=5) for n in range(5)]
    stands = drives(INNER_M, from_m=14, kmh=5, stops=[(22, 99)])
    found, _ = told([*creeps, stands], until_s=30, zones=zones())
    assert [one.kind for one in found] == [IncidentKind.QUEUE]


def test_far_away_a_few_pixels_are_no_evidence():
    assert stopped([drives(OUTER_M, from_s=5, stops=[(100, 99)])])[0] == []


def test_what_hides_it_does_not_end_it():
    car = drives(-OUTER_M, from_s=2, away=False, from_m=80, stops=[(34, 99)])
    trucks = [drives(-INNER_M, from_s=20 + 4 * n, away=False, kind=UserKind.TRUCK, kmh=20) for n in range(5)]
    trucks += [drives(-OUTER_M, from_s=45, away=False, kind=UserKind.BUS, from_m=28, stops=[(24, 12)])]
    found, _ = stopped([car, *trucks], until_s=80, noise_px=0.5, misses=0.1, seed=5)
    own = [one for one in found if one.track_id == found[0].track_id]
    assert len(own) == 1
    assert own[0].cleared_s is None


def test_who_gets_out_of_it_belongs_to_it():
    car = drives(OUTER_M, from_s=5, stops=[(30, 99)])
    driver = walks((OUTER_M + 1.0, 28), (OUTER_M + 1.2, 26.5), from_s=22, waits_s=15)
    found, _ = told([car, driver], until_s=50, zones=zones())
    assert [one.kind for one in found] == [STOPPED]


def test_who_stops_for_people_waits_for_them():
    car = drives(INNER_M, from_s=8, stops=[(26, 4)])
    person = walks((-7, 32), (7, 32), from_s=6)
    assert stopped([car, person], until_s=30)[0] == []


def test_passing_makes_it_surer_and_lasting_makes_it_worse():
    car = drives(OUTER_M, from_s=5, stops=[(30, 199)])
    (alone,), _ = stopped([car], until_s=20)
    (passed,), _ = stopped([car, *traffic(every_s=2.5, lanes=(INNER_M,), until_s=20)], until_s=20)
    assert passed.probability > alone.probability
    assert passed.raised_s <= alone.raised_s
    (later,), _ = stopped([car], until_s=90)
    assert later.severity is Severity.SEVERE
    assert later.probability > alone.probability
