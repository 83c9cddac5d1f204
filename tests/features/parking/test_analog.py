"""What came after hours like these."""

from datetime import UTC, datetime

import numpy as np
import pytest

from features.calendar import days
from features.clock import utc_times
from features.parking.analog import analogs
from features.parking.profile import Clock
from tests.features.parking.town import small

CONFIG = small(weeks=6, timezone="Europe/Berlin", country="DE")
START = datetime(2024, 4, 8, tzinfo=UTC)
STEPS = 44 * 24


def clock_of(steps):
    times = utc_times(START, 60, steps)
    return Clock.of(times, days(times, country="DE", timezone="Europe/Berlin"), CONFIG)


def change_of(values, row, now=None):
    mean, spread = analogs(
        values[: row + 1],
        values[[row]] if now is None else now,
        clock_of(row + 1 + CONFIG.horizon_steps),
        np.array([row]),
        CONFIG,
    )
    return mean[0], spread[0]


def test_what_is_the_same_every_day_is_forecast_exactly():
    hours = np.arange(STEPS) % 24
    values = np.tile((0.5 + 0.4 * np.sin(hours / 24 * 2 * np.pi))[:, None], 2).astype(np.float32)
    row = 40 * 24 + 9
    mean, spread = change_of(values, row)
    ahead = values[row + 1 : row + 1 + CONFIG.horizon_steps] - values[row]
    np.testing.assert_allclose(mean, ahead, atol=1e-4)
    np.testing.assert_allclose(spread, 0, atol=1e-2)


def test_the_days_that_ran_like_today_weigh_most():
    """Half the days fill up from 10:00 on, and are a tenth fuller in the hours before."""
    chance = np.random.default_rng(8)
    busy = np.repeat(chance.random(44) < 0.5, 24)
    hours = np.arange(STEPS) % 24
    free = np.where(busy, 0.7, 0.9) - np.where(busy & (hours >= 10) & (hours < 20), 0.5, 0)
    values = free[:, None].astype(np.float32)
    for day in (40, 41, 42):
        row = day * 24 + 9
        mean, _ = change_of(values, row)
        came = values[row + 1, 0] - values[row, 0]
        assert abs(mean[0, 0] - came) < 0.2, f"seed 8, day {day}"
        assert abs(mean[0, 0] - came) < abs(values[:row].mean() - values[row, 0] - came)


def test_what_was_never_counted_has_no_analogy():
    values = np.full((STEPS, 2), np.nan, dtype=np.float32)
    values[:, 1] = 0.5
    mean, spread = change_of(values, 40 * 24)
    assert np.isnan(mean[:, 0]).all()
    assert np.isnan(spread[:, 0]).all()
    assert mean[:, 1].tolist() == pytest.approx([0.0] * CONFIG.horizon_steps)


def test_several_issue_times_are_answered_as_each_alone():
    values = np.random.default_rng(3).uniform(0, 1, (STEPS, 3)).astype(np.float32)
    values[values < 0.1] = np.nan
    rows = np.array([40 * 24, 40 * 24 + 5, 42 * 24 + 3])
    clock = clock_of(STEPS)
    together = analogs(values, values[rows], clock, rows, CONFIG)
    for at, row in enumerate(rows):
        alone = analogs(values, values[[row]], clock, np.array([row]), CONFIG)
        for one, other in zip(together, alone, strict=True):
            np.testing.assert_array_equal(one[at], other[0])
