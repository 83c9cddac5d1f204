"""Who stands since when: told within seconds, of slow traffic as far as pixels allow, at the picture's edge never."""

import numpy as np
import pytest

from features.cctv.kinds import UserKind
from features.cctv.tracker import Tracker
from tests.features.cctv.driver import GROUND, SIZE, driven

SEED = 20


def braked(stops_at_m, step_s, lasts_s=8.0):
    """Places of somebody who drives at 12 m/s, brakes by 3 m/s2 and stands; when it stands."""
    times = np.arange(0, 6 + lasts_s, step_s)
    starts_m, stands_s = stops_at_m - 12 * 2 - 12**2 / 6, 2 + 12 / 3
    braking = np.clip(times - 2, 0, 4)
    places = starts_m + 12 * np.minimum(times, 2) + 12 * braking - 1.5 * braking**2
    return [place if place > 6 else None for place in places.tolist()], stands_s


@pytest.mark.parametrize("ground", [GROUND, None], ids=["with a plane", "without"])
@pytest.mark.parametrize("stops_at_m", [16.0, 25.0, 40.0])
@pytest.mark.parametrize("step_s", [0.2, 0.4], ids=["5 fps", "2.5 fps"])
def test_who_comes_to_stand_is_told_of_within_seconds(ground, stops_at_m, step_s):
    delays, onsets = [], []
    for seed in range(10):
        tracker = Tracker(ground=ground, size_wh_px=SIZE)
        places, stands_s = braked(stops_at_m, step_s)
        told = driven(tracker, places, step_s, np.random.default_rng(seed))
        first = next(number for number, tracks in enumerate(told) if tracks and tracks[0].stands_since_s is not None)
        delays.append(first * step_s - stands_s)
        onsets.append(told[-1][0].stands_since_s - stands_s)
        assert {track.track_id for tracks in told for track in tracks} == {1}
    # Without a plane nobody knows how little a pixel far away is.
    assert np.median(delays) <= (2.0 if ground is not None else 4.5)
    assert max(delays) <= (3.5 if ground is not None else 6.5)
    assert min(delays) > -1.0, "who still brakes does not stand"
    assert np.abs(np.median(onsets)) <= 1.25, "the last metre is crept"


@pytest.mark.parametrize("ground", [GROUND, None], ids=["with a plane", "without"])
@pytest.mark.parametrize("from_m", [20.0, 40.0, 58.0])
def test_slow_traffic_does_not_stand(ground, from_m):
    wrong = []
    for seed in range(10):
        tracker = Tracker(ground=ground, size_wh_px=SIZE)
        places = from_m + 1.5 * np.arange(0, 10, 0.2)
        told = driven(tracker, places.tolist(), 0.2, np.random.default_rng(seed))
        wrong += [track.stands_since_s is not None for tracks in told for track in tracks]
        if ground is not None:
            (track,) = told[-1]
            assert abs(track.speed_km_h - 5.4) < 3 * track.speed_sd_km_h + 1, "as far as pixels allow"
    assert np.mean(wrong) <= (0.0 if ground is not None else 0.03)


def test_who_drives_on_no_longer_stands():
    tracker = Tracker(ground=GROUND, size_wh_px=SIZE)
    places = [20.0] * 30 + (20 + 0.7 * (np.arange(0, 4, 0.2)) ** 2).tolist()
    told = driven(tracker, places, 0.2, np.random.default_rng(SEED))
    assert told[29][0].stands_since_s is not None
    assert told[29][0].speed_km_h == 0.0
    moves = [tracks[0].stands_since_s is None for tracks in told[30:]]
    assert moves[-1]
    assert moves.index(True) * 0.2 <= 2.2


def test_who_drives_out_of_the_picture_does_not_stand_at_its_edge():
    tracker = Tracker(ground=GROUND, size_wh_px=SIZE)
    told = driven(tracker, np.arange(40, -12, -2.5).tolist(), 0.2, kind=UserKind.BUS)
    assert any(told)
    assert all(track.stands_since_s is None for tracks in told for track in tracks)
    assert told[-1] == [], "and is soon forgotten"
