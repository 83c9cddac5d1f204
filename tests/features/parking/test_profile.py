"""What is usual at a time of the week, on the wall clock of people, and on nothing that lies ahead."""

from datetime import UTC, datetime

import numpy as np
import pytest

from features.calendar import days
from features.clock import utc_times
from features.parking.config import ParkingConfig
from features.parking.profile import Clock, profiles

CONFIG = ParkingConfig(weeks=2, timezone="Europe/Berlin", country="DE")
WEEKS = 9
FORWARD, BACK = datetime(2024, 3, 31, tzinfo=UTC), datetime(2024, 10, 27, tzinfo=UTC)
SLOTS = 24


def clock_of(start, steps, config=CONFIG):
    times = utc_times(start, config.step_min, steps)
    return Clock.of(times, days(times, country=config.country, timezone=config.timezone), config)


def around(change, config=CONFIG):
    """The clock of the weeks before and after a Sunday on which clocks change."""
    start = datetime.fromtimestamp(change.timestamp() - 6 * 7 * 86400, UTC)
    return clock_of(start, WEEKS * 7 * config.steps_per_day, config)


def full_from_eight(clock):
    """Free shares of a lot that is full from 08:00 to 18:00 local every day."""
    hour = clock.slot[:, None]
    return np.where((hour >= 8) & (hour < 18), 0.0, 1.0).astype(np.float32)


def usual_of(values, clock, config=CONFIG, typical=np.nan):
    nothing = np.full((config.steps_per_day, 8, values.shape[1]), typical, dtype=np.float32)
    return profiles(values, clock, nothing, config, config.profile_days * config.steps_per_day)


@pytest.mark.parametrize("change", [FORWARD, BACK], ids=["forward", "back"])
def test_what_is_usual_follows_the_wall_clock_over_a_change(change):
    clock = around(change)
    usual = usual_of(full_from_eight(clock), clock)
    first = CONFIG.profile_days * CONFIG.steps_per_day
    for name in ("level", "fast", "even", "near"):
        found = getattr(usual, name)[first:, 0]
        np.testing.assert_array_equal(found, full_from_eight(clock)[first:, 0], err_msg=name)


def test_the_hour_that_comes_twice_is_as_usual_as_the_first_time():
    clock = around(BACK)
    values = np.random.default_rng(4).uniform(0, 1, (len(clock.day), 2)).astype(np.float32)
    usual = usual_of(values, clock)
    day = np.flatnonzero(clock.day == clock.day[np.flatnonzero(np.bincount(clock.day - clock.day[0]) == 25)[0] * 24])
    first, second = day[clock.slot[day] == 2]
    assert second == first + 1
    for name in ("level", "fast", "near", "saturday", "sunday", "spread", "days"):
        both = getattr(usual, name)[[first, second]]
        assert not np.isnan(both).any(), name
        np.testing.assert_array_equal(both[0], both[1], err_msg=name)


@pytest.mark.parametrize("change", [FORWARD, BACK], ids=["forward", "back"])
def test_no_profile_is_unknown_around_a_change(change):
    clock = around(change)
    values = np.random.default_rng(4).uniform(0, 1, (len(clock.day), 2)).astype(np.float32)
    usual = usual_of(values, clock)
    first = CONFIG.profile_days * CONFIG.steps_per_day
    for name in ("level", "fast", "even", "near", "saturday", "sunday"):
        assert not np.isnan(getattr(usual, name)[first:]).any(), name


@pytest.mark.parametrize("change", [FORWARD, BACK], ids=["forward", "back"])
def test_nothing_of_the_last_day_is_in_it(change):
    """Whatever the readings of a day before a row and after it are, what is usual there is the same."""
    clock = around(change)
    chance = np.random.default_rng(9)
    values = chance.uniform(0, 1, (len(clock.day), 2)).astype(np.float32)
    usual = usual_of(values, clock)
    sunday = np.flatnonzero(clock.day == clock.day[6 * 7 * SLOTS + 12])
    for row in (*sunday[:6], sunday[-1], sunday[-1] + 30):
        other = values.copy()
        other[row - SLOTS + 1 :] = chance.uniform(0, 1, other[row - SLOTS + 1 :].shape)
        changed = usual_of(other, clock)
        for name in ("level", "fast", "even", "near", "saturday", "sunday", "spread", "days"):
            mine, theirs = getattr(usual, name)[row], getattr(changed, name)[row]
            np.testing.assert_array_equal(mine, theirs, err_msg=f"{name}, row {row}")


def test_it_is_the_same_whether_rows_ahead_are_counted_yet_or_not():
    """Rows of the clock beyond the values lie ahead: profiles of them rest on what there is."""
    clock = around(FORWARD)
    values = np.random.default_rng(2).uniform(0, 1, (len(clock.day), 2)).astype(np.float32)
    whole, cut = usual_of(values, clock), usual_of(values[:-SLOTS], clock)
    np.testing.assert_array_equal(whole.level, cut.level)


def test_a_newer_day_weighs_more_than_an_older_one():
    clock = clock_of(datetime(2024, 5, 6, tzinfo=UTC), 5 * 7 * SLOTS)
    values = np.zeros((len(clock.day), 1), dtype=np.float32)
    row = len(values) - 1
    values[row - 7 * SLOTS] = 1
    usual = usual_of(values, clock)
    even, level, fast = (float(getattr(usual, name)[row, 0]) for name in ("even", "level", "fast"))
    assert even == pytest.approx(0.5, abs=1e-6)
    assert even < level < fast < 1


def test_a_holiday_is_usual_like_a_sunday():
    clock = clock_of(datetime(2024, 4, 1, tzinfo=UTC), 5 * 7 * SLOTS)
    sunday = clock.kind >= 6
    values = np.where(sunday, 1.0, 0.2).astype(np.float32)[:, None]
    usual = usual_of(values, clock)
    first = CONFIG.profile_days * SLOTS
    holidays = np.flatnonzero(clock.kind == 7)
    assert (holidays >= first).any(), "May Day"
    np.testing.assert_allclose(usual.level[first:, 0], values[first:, 0], atol=1e-6)


def test_without_history_what_is_typical_is_usual_and_nothing_stands_behind_it():
    clock = clock_of(datetime(2024, 5, 6, tzinfo=UTC), 4 * 7 * SLOTS)
    values = np.full((len(clock.day), 1), np.nan, dtype=np.float32)
    usual = usual_of(values, clock, typical=0.7)
    first = CONFIG.profile_days * SLOTS
    np.testing.assert_allclose(usual.level[first:], 0.7, atol=1e-6)
    assert (usual.days[first:] == 0).all()
    assert np.isnan(usual.spread[first:]).all()
    assert np.isnan(usual_of(values, clock).level).all(), "and without that nothing is"


def test_gaps_are_passed_over():
    clock = clock_of(datetime(2024, 5, 6, tzinfo=UTC), 5 * 7 * SLOTS)
    values = full_from_eight(clock)
    values[np.random.default_rng(1).random(values.shape) < 0.3] = np.nan
    usual = usual_of(values, clock)
    known = ~np.isnan(usual.level[:, 0])
    assert known.mean() > 0.5
    np.testing.assert_allclose(usual.level[known, 0], full_from_eight(clock)[known, 0], atol=1e-6)
