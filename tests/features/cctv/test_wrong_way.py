"""A vehicle that drives against the others, and what only looks like one."""

from dataclasses import replace

import numpy as np
import pytest

from features.cctv.events import Severity
from features.cctv.field import Field
from features.cctv.incidents import Incidents
from features.cctv.kinds import IncidentKind, UserKind
from features.cctv.rules import load_rules
from tests.features.cctv.onlooker import Onlooker
from tests.features.cctv.play import (
    FPS,
    INNER_M,
    OUTER_M,
    POSE,
    SIZE,
    drives,
    present,
    told,
    traffic,
    watched,
    zones,
)

WRONG = IncidentKind.WRONG_WAY


def wrong(actors, *, until_s=36, **how):
    return [one for one in told(actors, until_s=until_s, **how)[0] if one.kind is WRONG]


@pytest.mark.parametrize("away", [True, False], ids=["away from the camera", "towards it"])
@pytest.mark.parametrize("lane", [INNER_M, OUTER_M, 6.2], ids=["inner lane", "outer lane", "the lane's edge"])
@pytest.mark.parametrize("arrows", [True, False], ids=["an arrow says so", "the others show it"])
def test_who_drives_against_the_others_is_told_of(away, lane, arrows):
    ghost = drives(-lane if away else lane, from_s=24, away=away, from_m=10 if away else 70)
    (one,) = wrong([*traffic(until_s=22, every_s=3), ghost], zones=zones(arrows=arrows), noise_px=0.5, seed=1)
    assert one.onset_s + 2 <= one.raised_s < 24 + 5
    assert one.severity is Severity.SEVERE
    assert one.speed_km_h == pytest.approx(36, abs=8)
    assert one.cleared_s is None or one.cleared_s <= 34


def test_who_drives_as_the_others_do_is_none():
    assert wrong(traffic(until_s=30, every_s=2.5), zones=zones(), noise_px=0.8, misses=0.1, seed=2) == []


def test_nobody_knows_the_way_of_a_road_that_hardly_anybody_has_driven():
    one, against = drives(OUTER_M, from_s=5), drives(INNER_M, from_s=12, away=False)
    assert wrong([one, against], until_s=24, zones=zones(arrows=False)) == []


def test_an_arrow_says_the_way_of_a_road_that_nobody_has_driven():
    against = drives(INNER_M, from_s=2, away=False)
    (one,) = wrong([against], until_s=16, zones=zones())
    assert one.zone == "carriageway 2"
    assert one.speed_km_h == pytest.approx(36, abs=5)
    assert wrong([against], until_s=16, zones=zones(arrows=False)) == []
    assert wrong([drives(INNER_M, from_s=2)], until_s=16, zones=zones()) == []


def test_where_a_pixel_is_more_than_a_metre_nobody_drives_the_wrong_way():
    far = drives(INNER_M, from_s=2, away=False, from_m=100, stops=[(58, 99)])
    assert wrong([far], until_s=16, zones=zones(), noise_px=0.5, seed=4) == []


def test_who_is_taken_for_the_next_behind_again_and_again_drives_as_the_others_do():
    """An identity that is handed on down a line goes backwards, though nobody does."""
    line = [drives(INNER_M, from_m=52.0 - 6 * n, kmh=9) for n in range(7)]
    onlooker, camera = Onlooker(POSE), zones()
    incidents, found = Incidents("CAM-007", load_rules(), camera, Field(SIZE)), []
    for frame in range(10 * FPS):
        now_s = frame / FPS
        tracks, left_behind = onlooker.look(present(line, now_s), now_s)
        first_to_last = sorted(tracks, key=lambda track: track.foot_px[1])
        taken = min(int(max(now_s - 2, 0) / 0.6), len(line) - 1)
        tracks = [replace(track, track_id=999) if rank == taken else track for rank, track in enumerate(first_to_last)]
        found += incidents.step(tracks, left_behind, now_s)
    assert [one for one in found if one.kind is WRONG] == []


def test_who_reverses_into_a_gap_does_not_drive():
    backs = drives(OUTER_M, from_s=16, away=False, from_m=34, kmh=6)
    assert wrong([*traffic(until_s=14, every_s=3), backs], until_s=28, zones=zones()) == []


def test_people_may_walk_either_way():
    walkers = [drives(7.5, from_s=14, away=False, from_m=40, kmh=5, kind=UserKind.PERSON)]
    assert wrong([*traffic(until_s=14, every_s=3), *walkers], until_s=26, zones=zones()) == []


def test_without_zones_the_field_tells_the_way():
    learned = watched(traffic(until_s=60, every_s=2.5), until_s=64)
    ghost = drives(OUTER_M, from_s=6, away=False, from_m=70)
    (one,) = wrong([*traffic(until_s=4, every_s=3), ghost], until_s=16, field=learned)
    assert one.learned
    assert one.zone == "learned carriageway"


def test_among_those_who_creep_it_must_go_twice_as_far():
    against = drives(INNER_M, from_s=6, away=False, from_m=48, kmh=18)
    creep = [drives(OUTER_M, from_m=10.0 + 9 * n, kmh=4) for n in range(6)]
    (alone,), (among,) = (wrong([against, *others], until_s=20, zones=zones()) for others in ([], creep))
    assert alone.raised_s - alone.onset_s < 3.5
    assert among.raised_s - among.onset_s >= 24 / 5 - 0.5


def test_it_is_surer_the_more_have_driven_the_other_way():
    ghost = [drives(OUTER_M, from_s=30, away=False, from_m=60)]
    few, many = (
        wrong([*traffic(until_s=28, every_s=every_s), *ghost], until_s=36, zones=zones(arrows=False))[0]
        for every_s in (6.0, 2.0)
    )
    assert few.probability < many.probability < 1
    assert np.isfinite(many.probability)
