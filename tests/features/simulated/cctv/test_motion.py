"""Drivers who do not run into each other, stop at red, give way to people, and what is staged."""

import numpy as np
import pytest

from features.cctv.kinds import IncidentKind, UserKind
from features.simulated.cctv.motion import Traffic
from features.simulated.cctv.road import Road
from features.simulated.cctv.users import SIZE_M
from features.simulated.cctv.witness import Witness
from tests.features.simulated.cctv.stage import scene

VEHICLES = {UserKind.CAR, UserKind.BUS, UserKind.TRUCK, UserKind.MOTORBIKE}


def played(**changes):
    """Frames of a scene, and what went wrong in it."""
    one = scene(**changes)
    traffic, witness, frames = Traffic(scene=one), Witness(scene=one), []
    for number, users in enumerate(traffic.frames()):
        witness.see(number / one.fps, users, traffic.staged)
        frames.append([(u.track_id, u.kind, u.x_m, u.y_m, u.speed_ms, u.direction_rad) for u in users])
    return frames, witness.incidents


@pytest.mark.parametrize("seed", range(4))
def test_nobody_drives_into_whoever_is_ahead(seed):
    frames, incidents = played(seed=seed, length_s=40, volume_veh_h=(1500, 1500), road=Road(lanes=2, crossing_y_m=30))
    assert incidents == []
    for users in frames:
        driving = [u for u in users if u[1] in VEHICLES]
        for a in driving:
            for b in driving:
                if a[0] < b[0] and abs(a[2] - b[2]) < 1.2 and (a[2] > 0) == (b[2] > 0):
                    assert abs(a[3] - b[3]) > (SIZE_M[a[1]][0] + SIZE_M[b[1]][0]) / 2 - 0.3, (seed, a, b)


def test_everybody_stops_at_red_and_goes_on():
    frames, _ = played(length_s=44, road=Road(lanes=2, crossing_y_m=30), volume_veh_h=(1200, 1200))
    # 60 s of warm-up lie before: the light is red at first and again after 44 s.
    standing = [sum(u[1] in VEHICLES and u[4] < 0.5 for u in users) for users in frames]
    assert max(standing[: 16 * 5]) >= 2
    assert min(standing[25 * 5 : 40 * 5]) == 0
    walking = [u for users in frames for u in users if u[1] is UserKind.PERSON]
    assert all(28 <= u[3] <= 32 for u in walking), "people keep to the crossing"


def test_traffic_is_as_thick_as_it_is_told():
    frames, _ = played(length_s=600, fps=2, volume_veh_h=(600, 0))
    passed = {u[0] for users in frames for u in users if u[1] in VEHICLES}
    assert 70 <= len(passed) <= 130, "600 an hour for ten minutes, and who was there before"
    assert all(u[2] > 0 for users in frames for u in users), "they keep to the right"


@pytest.mark.parametrize("kind", list(IncidentKind))
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_staged_comes_and_is_written_down(kind, seed):
    volume = (2000, 900) if kind is IncidentKind.QUEUE else (900, 900)
    frames, incidents = played(seed=seed, length_s=60, incident=kind, incident_s=8, volume_veh_h=volume)
    assert incidents, (kind, seed)
    first = incidents[0]
    assert first.kind is kind
    assert first.onset_s >= 8 or kind is IncidentKind.QUEUE
    assert len(incidents) <= 3, "one incident is not told again and again"
    if first.track_id is not None:
        at_onset = {u[0]: u for u in frames[round(first.onset_s * 5)]}[first.track_id]
        assert 8 < at_onset[3] < 71, "it is seen"
        if kind is IncidentKind.STOPPED_VEHICLE:
            assert at_onset[4] < 0.3
            assert first.cleared_s is None
        if kind is IncidentKind.WRONG_WAY:
            assert at_onset[2] > 0
            assert np.isclose(at_onset[5], np.pi)


def test_a_red_light_a_crossing_and_a_bus_stop_are_no_incident():
    road = Road(lanes=2, crossing_y_m=28, bus_stop_y_m=50)
    _, incidents = played(length_s=60, road=road, volume_veh_h=(1200, 1200))
    assert incidents == []


def test_the_same_seed_is_the_same_traffic():
    assert played(length_s=10) == played(length_s=10)
    assert played(length_s=10) != played(length_s=10, seed=4)
