"""One event is one incident: told once, revised for news, over when it is, and named after its rules."""

from dataclasses import replace

import numpy as np
import pytest

from features.cctv.detections import Detections
from features.cctv.field import Field
from features.cctv.incidents import Incidents
from features.cctv.kinds import IncidentKind, UserKind
from features.cctv.rules import load_rules
from tests.features.cctv.onlooker import Onlooker
from tests.features.cctv.play import (
    FPS,
    OUTER_M,
    POSE,
    SIZE,
    drives,
    present,
    stays,
    told,
    traffic,
    walks,
    watched,
    zones,
)

CAR = drives(OUTER_M, from_s=3, stops=[(28, 99)])


def test_an_incident_says_what_an_operator_needs():
    (one,), tellings = told([CAR], until_s=30, zones=zones())
    assert (one.incident_id, one.camera, one.kind) == (1, "CAM-007", IncidentKind.STOPPED_VEHICLE)
    assert one.onset_s < one.raised_s
    assert one.zone == "carriageway 2"
    assert not one.learned
    left, top, right, bottom = one.xyxy_px
    assert (left < right, top < bottom) == (True, True)
    assert "car" in one.why
    assert "승용차" in one.why_ko
    assert [each.raised_s for each in tellings] == [one.raised_s] * len(tellings)


def test_several_at_once_are_several():
    actors = [CAR, stays(-OUTER_M, 24, from_s=4), walks((9, 40), (-9, 40), from_s=6)]
    found, _ = told(actors, until_s=26, zones=zones())
    assert {one.kind for one in found} == {
        IncidentKind.STOPPED_VEHICLE,
        IncidentKind.ABANDONED_OBJECT,
        IncidentKind.PEDESTRIAN_ON_CARRIAGEWAY,
    }
    assert len({one.incident_id for one in found}) == len(found) == 3


def test_it_goes_on_under_a_new_identity():
    """A track breaks while its owner stands."""
    field, onlooker = Field(SIZE), Onlooker(POSE)
    incidents, found = Incidents("CAM-007", load_rules(), zones(), field), []
    for frame in range(40 * FPS):
        now_s = frame / FPS
        tracks, left_behind = onlooker.look(present([CAR], now_s), now_s)
        if now_s > 20:
            tracks = [replace(track, track_id=track.track_id + 100, first_s=20.0, travelled_px=0.0) for track in tracks]
        found += incidents.step(tracks, left_behind, now_s)
    assert {one.incident_id for one in found} == {1}
    assert found[-1].cleared_s is None
    assert found[-1].track_id > 100


@pytest.mark.parametrize("fps", [2.5, 5, 10], ids=["2.5 a second", "5 a second", "10 a second"])
def test_it_is_the_same_however_often_it_is_looked(fps):
    onlooker, incidents, found = Onlooker(POSE), Incidents("C", load_rules(), zones(), Field(SIZE)), {}
    for frame in range(round(24 * fps)):
        now_s = frame / fps
        for one in incidents.step(*onlooker.look(present([CAR], now_s), now_s), now_s):
            found[one.incident_id] = one
    (one,) = found.values()
    assert one.raised_s == pytest.approx(12, abs=2.5)


def test_nothing_is_told_of_an_empty_road_or_of_traffic():
    assert told([], until_s=5, zones=zones()) == ([], [])
    assert told([], until_s=5) == ([], [])
    assert told(traffic(until_s=30, every_s=2.5), until_s=36, zones=zones(), noise_px=0.6, misses=0.1, seed=9) == (
        [],
        [],
    )
    assert told(traffic(until_s=30, every_s=2.5), until_s=36, noise_px=0.6, misses=0.1, seed=9) == ([], [])


def test_without_zones_it_says_that_it_learned_the_road():
    learned = watched(traffic(until_s=50, every_s=2.0), until_s=54)
    passing = traffic(until_s=40, every_s=3.0, lanes=(1.6,))
    found, _ = told([CAR, *passing], until_s=40, field=learned)
    (one,) = [each for each in found if each.kind is IncidentKind.STOPPED_VEHICLE]
    assert (one.learned, one.zone) == (True, "learned carriageway")


def test_boxes_that_lie_still_everywhere_do_not_stop_it():
    chance = np.random.default_rng(11)
    incidents = Incidents("CAM-007", load_rules(), zones(), Field(SIZE))
    for frame in range(60):
        corners = chance.uniform(0, 280, (8, 2))
        rows = [(x, y, x + 9, y + 9, 0.5, UserKind.OBJECT) for x, y in corners.tolist()]
        found = incidents.step([], Detections.of(rows), frame / FPS)
        assert found == []
