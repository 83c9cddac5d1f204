"""When a picture was taken, and which are wanted."""

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.cctv.clock import FilmClock, LiveClock, Playout, Ticker


@pytest.mark.parametrize("fps", [5, 6, 12.5, 15, 23.976, 25, 29.97, 30, 60])
def test_five_a_second_are_wanted_whatever_the_camera_sends(fps):
    ticker = Ticker(5)
    wanted = [number / fps for number in range(int(60 * fps)) if ticker.is_due(number / fps)]
    assert len(wanted) == pytest.approx(300, abs=2)


def test_a_slow_camera_keeps_all_of_its_pictures():
    ticker = Ticker(5)
    assert all(ticker.is_due(number / 3) for number in range(30))


def test_after_a_gap_nothing_is_made_up_for():
    ticker = Ticker(5)
    assert [ticker.is_due(time_s) for time_s in (0.0, 60.0, 60.1, 60.2)] == [True, True, False, True]


def test_rounded_times_are_on_time():
    ticker = Ticker(5)
    assert [ticker.is_due(time_s) for time_s in (0.0, 0.199, 0.399, 0.6)] == [True] * 4


def test_a_film_tells_its_own_times():
    clock = FilmClock(25)
    assert [clock.at(time_s, 0) for time_s in (0.0, 0.04, 0.1, 0.5)] == pytest.approx([0.0, 0.04, 0.1, 0.5])
    assert not clock.is_makeshift


def test_a_film_whose_timestamps_stand_still_is_counted():
    clock = FilmClock(10)
    times_s = [clock.at(0.0, 0) for _ in range(20)]
    assert clock.is_makeshift
    assert np.diff(times_s)[-10:] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("stream_s", "time_s"),
    [
        pytest.param((5.0, 5.04, 0.0, 0.04), (5.0, 5.04, 5.08, 5.12), id="joined films"),
        pytest.param((0.0, nan, 0.08, 0.12), (0.0, 0.04, 0.08, 0.12), id="one without a time"),
        pytest.param((0.0, 1e7, 1e7 + 0.04), (0.0, 0.04, 0.08), id="a time that is nonsense"),
        pytest.param((0.0, 60.0, 60.04), (0.0, 60.0, 60.04), id="a recorder that left out a minute"),
    ],
)
def test_a_films_time_never_goes_back(stream_s, time_s):
    clock = FilmClock(25)
    assert [clock.at(one, 0) for one in stream_s] == pytest.approx(time_s)


def test_a_film_that_names_no_frame_rate_still_has_times():
    for fps in (0.0, nan, inf, 90_000.0):
        clock = FilmClock(fps)
        assert np.diff([clock.at(nan, 0) for _ in range(3)]) == pytest.approx(0.04)


def test_a_feeds_pictures_are_as_far_apart_as_it_says_not_as_they_arrive():
    clock = LiveClock(0.0)
    times_s = [clock.at(1000 + n * 0.04, 7.0 + late_s) for n, late_s in enumerate((0, 0.3, 0.3, 0.31, 0.32))]
    assert times_s == pytest.approx([7.0, 7.04, 7.08, 7.12, 7.16])
    assert not clock.is_makeshift


@pytest.mark.parametrize(
    "stream_s",
    [
        pytest.param([0.0] * 150, id="stands still"),
        pytest.param([nan] * 150, id="none"),
        pytest.param([float(n % 2) for n in range(150)], id="to and fro"),
        pytest.param([n * 40.0 for n in range(150)], id="a thousand times too fast"),
    ],
)
def test_where_timestamps_cannot_be_trusted_the_arrival_counts(stream_s):
    clock = LiveClock(0.0)
    times_s = [clock.at(one, 3 + n * 0.04) for n, one in enumerate(stream_s)]
    assert times_s[-20:] == pytest.approx([3 + n * 0.04 for n in range(130, 150)])
    assert clock.is_makeshift or all(one != one for one in stream_s)


def test_a_feed_that_comes_back_goes_on_later():
    clock = LiveClock(100.0)
    assert clock.at(0.0, 108.0) == 108.0
    assert LiveClock(100.0).at(0.0, 99.0) == 100.0


@given(
    steps=st.lists(
        st.tuples(st.floats(-100, 100) | st.just(nan) | st.just(0.04), st.floats(0, 5)), min_size=1, max_size=60
    )
)
def test_no_feed_turns_time_back(steps):
    clock, stream_s, arrived_s, last_s = LiveClock(0.0), 0.0, 0.0, 0.0
    for step_s, waited_s in steps:
        stream_s, arrived_s = (stream_s if stream_s == stream_s else 0.0) + step_s, arrived_s + waited_s
        time_s = clock.at(stream_s, arrived_s)
        assert time_s >= last_s
        assert time_s <= arrived_s + 3.001
        last_s = time_s


def test_a_film_is_played_in_its_own_time():
    playout = Playout(None, 5)
    assert playout.left_s(2.0, 100.0) == 0
    assert playout.left_s(2.2, 100.0) == pytest.approx(0.2)
    assert playout.left_s(2.4, 100.7) == pytest.approx(-0.3)


def test_nobody_waits_through_what_a_recorder_left_out():
    playout = Playout(None, 5)
    playout.left_s(0.0, 100.0)
    assert playout.left_s(3600.0, 100.2) == pytest.approx(0)
    assert playout.left_s(3600.2, 100.2) == pytest.approx(0.2)
