import numpy as np
import pytest

from features.tables import quality

DAY = 24


def column(values):
    return np.array(values, dtype=np.float32)[:, None]


def ordinary_days(days, seed=3):
    """Hourly volumes with a daily shape and a little noise: (time, 1)."""
    print(f"seed={seed}")  # noqa: T201 - shown where a test fails
    rng = np.random.default_rng(seed)
    shape = 1000 + 800 * np.sin(np.arange(days * DAY) * 2 * np.pi / DAY)
    return (shape * rng.normal(1, 0.03, days * DAY)).astype(np.float32)[:, None]


def test_gaps_at_both_ends_and_in_every_entity():
    nan = np.nan
    runs = quality.gaps(np.array([[nan, 1], [1, nan], [nan, nan], [nan, 1]], dtype=np.float32))
    assert runs.entity.tolist() == [0, 0, 1]
    assert runs.start.tolist() == [0, 2, 1]
    assert runs.length.tolist() == [1, 2, 2]


@pytest.mark.parametrize(
    ("values", "lengths"),
    [
        pytest.param([1, 5, 5, 5, 5, 5, 5, 2], [6], id="six equal readings"),
        pytest.param([1, 5, 5, 5, 5, 5, 2, 3], [], id="five are chance"),
        pytest.param([0, 0, 0, 0, 0, 0, 0, 0], [], id="zeros are an empty road"),
        pytest.param([5, 5, 5, np.nan, 5, 5, 5, 5], [], id="a hole ends a run"),
        pytest.param([5] * 7 + [6] * 8, [7, 8], id="two runs"),
    ],
)
def test_stuck_runs(values, lengths):
    assert quality.stuck_runs(column(values)).length.tolist() == lengths


def test_spike_is_found_where_it_is():
    values = ordinary_days(30)
    values[300] *= 4
    found = quality.spikes(values, steps_per_day=DAY)
    assert np.flatnonzero(found).tolist() == [300]


def test_rush_hours_are_no_spikes():
    values = ordinary_days(30)
    values[8::DAY] *= 3
    assert not quality.spikes(values, steps_per_day=DAY).any()


def test_reading_beside_a_hole_is_not_judged():
    values = ordinary_days(30)
    values[300] *= 4
    values[301] = np.nan
    assert not quality.spikes(values, steps_per_day=DAY).any()


@pytest.mark.parametrize(
    ("start_h", "end_h", "factor", "ratios"),
    [
        pytest.param(10 * 7 * DAY, None, 0.5, [0.5], id="traffic halves at a week's start"),
        pytest.param(10 * 7 * DAY + 80, None, 2.0, [2.0], id="traffic doubles in mid-week"),
        pytest.param(10 * 7 * DAY, 11 * 7 * DAY, 0.4, [], id="one holiday week is no new level"),
        pytest.param(10 * 7 * DAY, None, 0.8, [], id="a fifth less is ordinary"),
        pytest.param(6 * 7 * DAY, 12 * 7 * DAY, 0.5, [0.5, 2.0], id="down and back up"),
    ],
)
def test_level_shifts(start_h, end_h, factor, ratios):
    values = ordinary_days(7 * 20)
    values[start_h:end_h] *= factor
    shifts = quality.level_shifts(values, steps_per_day=DAY)
    assert [shift.ratio for shift in shifts] == pytest.approx(ratios, rel=0.15)
    if shifts:
        assert abs(shifts[0].row - start_h) < 7 * DAY


def test_level_is_compared_across_an_outage():
    values = ordinary_days(7 * 20)
    values[10 * 7 * DAY :] *= 0.5
    values[8 * 7 * DAY : 12 * 7 * DAY] = np.nan
    (shift,) = quality.level_shifts(values, steps_per_day=DAY)
    assert shift.row == 12 * 7 * DAY


def test_short_panel_has_no_level_shifts():
    assert quality.level_shifts(ordinary_days(20), steps_per_day=DAY) == []


def test_median_leaves_out_what_is_missing():
    nan = np.nan
    values = np.array([[1, nan, nan, 4], [3, nan, 2, 4], [8, nan, 4, nan]], dtype=np.float32)
    np.testing.assert_array_equal(quality.nan_median(values), np.array([3, nan, 3, 4], dtype=np.float32))
