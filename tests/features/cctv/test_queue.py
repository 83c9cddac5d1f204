"""Vehicles that creep, and what only looks like a queue."""

import pytest

from features.cctv.events import Severity
from features.cctv.kinds import IncidentKind
from features.simulated.cctv.road import Road
from tests.features.cctv.play import INNER_M, OUTER_M, drives, told, zones

QUEUE = IncidentKind.QUEUE
NOISE = {"noise_px": 0.5, "misses": 0.05, "seed": 6}


def creeping(*, kmh=5.0, count=6, away=True, from_s=0.0):
    """Two lanes full of it, from far away up to the camera."""
    sign = 1 if away else -1
    return [
        drives(sign * lane, from_s=from_s, away=away, from_m=14.0 + 9 * n, kmh=kmh)
        for lane in (INNER_M, OUTER_M)
        for n in range(count)
    ]


@pytest.mark.parametrize("away", [True, False], ids=["away from the camera", "towards it"])
def test_a_queue_is_told_of_once_with_its_length_and_speed(away):
    found, _ = told(creeping(away=away), until_s=20, zones=zones(), **NOISE)
    (one,) = found
    assert one.kind is QUEUE
    assert one.raised_s < 10
    assert one.speed_km_h == pytest.approx(5, abs=2.5)
    assert 20 < one.length_m < 80
    assert one.severity in (Severity.MINOR, Severity.MODERATE)
    assert one.track_id is None


def test_it_is_over_when_they_have_left():
    found, _ = told(creeping(kmh=9, count=3), until_s=45, zones=zones())
    (one,) = [each for each in found if each.kind is QUEUE]
    assert one.cleared_s is not None


@pytest.mark.parametrize(
    ("kmh", "count"), [pytest.param(25.0, 6, id="slow, but it flows"), pytest.param(5.0, 1, id="too few")]
)
def test_what_is_no_queue(kmh, count):
    assert [
        one for one in told(creeping(kmh=kmh, count=count), until_s=14, zones=zones())[0] if one.kind is QUEUE
    ] == []


@pytest.mark.parametrize("drawn", [True, False], ids=["a crossing that was drawn", "a light that nobody drew"])
def test_who_waits_at_a_light_and_starts_again_is_no_queue(drawn):
    road = Road(lanes=2, crossing_y_m=40) if drawn else Road(lanes=2)
    waiting = [
        drives(lane, from_s=1 + 2.5 * n, stops=[(34 - 7.0 * n, 26 - 2.0 * n)])
        for lane in (INNER_M, OUTER_M)
        for n in range(3)
    ]
    found, _ = told(waiting, until_s=45, zones=zones(road) if drawn else None)
    assert [one for one in found if one.kind is QUEUE] == []


def test_who_stands_behind_what_was_told_of_is_none():
    first = drives(INNER_M, from_s=0, stops=[(52, 99)])
    behind = [drives(INNER_M, from_s=5 + 3.0 * n, stops=[(45 - 7.0 * n, 99)]) for n in range(5)]
    found, _ = told([first, *behind], until_s=40, zones=zones(Road(lanes=1)))
    assert [one.kind for one in found] == [IncidentKind.STOPPED_VEHICLE]


def test_the_longer_it_lasts_the_surer():
    short, long = (told(creeping(), until_s=until_s, zones=zones(), **NOISE)[0][0] for until_s in (8, 20))
    assert short.probability <= long.probability < 1
