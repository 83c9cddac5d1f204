"""When to fit anew, and what counts as a leak."""

from dataclasses import replace

import numpy as np
import pytest

from features.clock import utc_times
from features.errors import BadInput, HaechiError
from training.backtest import hidden, refit_days, refuse_leak, segments

SEED = 31
ROW = 100


@pytest.mark.parametrize("text", ["0", "-3", "1.5", "weekly", "", "٣", "1e2"])
def test_days_that_are_no_positive_whole_number_are_refused(text):
    with pytest.raises(BadInput, match=f"--refit-days {text} is no positive whole number.*'never'"):
        refit_days(text)


@pytest.mark.parametrize("every_days", [1, 2, 3, 7, None])
def test_every_row_belongs_to_one_fit_made_before_it(every_days):
    found = segments(50, 50 + 200, every_days=every_days, steps_per_day=24, horizon_steps=12)

    assert [row for rows in found for row in rows] == list(range(50, 250))
    starts = [rows.start for rows in found]
    assert starts == list(range(50, 250 - 12 + 1, 24 * every_days)) if every_days else starts == [50]


def test_an_origin_after_which_nothing_can_be_judged_is_left_out():
    assert segments(0, 50, every_days=1, steps_per_day=24, horizon_steps=12) == [range(24), range(24, 50)]


@pytest.mark.parametrize("every_days", [10, 11])
def test_an_interval_that_ends_before_the_second_fit_equals_never(every_days):
    with pytest.raises(BadInput, match=r"the 10\.0 days that are judged end before the second fit.*equals 'never'"):
        segments(0, 240, every_days=every_days, steps_per_day=24, horizon_steps=24)


def chance():
    print(f"seed {SEED}")  # noqa: T201
    return np.random.default_rng(SEED)


def test_another_future_leaves_the_past_as_it_was(city):
    other = hidden(city, ROW, chance())

    np.testing.assert_array_equal(other.values[:ROW], city.values[:ROW])
    assert (other.values[ROW:] == city.values[ROW:]).mean() < 0.01
    assert 0.4 < np.isnan(other.values[ROW:]).mean() < 0.6


def test_what_comes_late_is_hidden_until_it_comes(city):
    ends = utc_times(city.start + city.step, city.step_min, len(city))[:, None]
    late = np.where(np.isnan(city.values), np.datetime64("NaT", "s"), ends + np.timedelta64(3, "h"))
    late[:, 1] = np.where(np.isnan(city.values[:, 1]), np.datetime64("NaT", "s"), ends[:, 0])
    panel = replace(city, available_at=late)

    other = hidden(panel, ROW, chance())

    np.testing.assert_array_equal(other.values[:ROW, 1], panel.values[:ROW, 1])
    np.testing.assert_array_equal(other.values[: ROW - 3], panel.values[: ROW - 3])
    assert not np.array_equal(other.values[ROW - 3 : ROW], panel.values[ROW - 3 : ROW], equal_nan=True)
    now = np.datetime64(panel.time(ROW).replace(tzinfo=None), "s")
    changed = (other.values != panel.values) & ~np.isnan(other.values)
    assert (other.available_at[changed] > now).all()


def forecast(panel, row):
    """What knows nothing: the last three rows before, for three steps and quantiles."""
    return np.stack([panel.values[row - 3 : row].T] * 3, axis=-1)


def test_the_same_forecast_twice_is_no_leak(city):
    other = hidden(city, ROW, chance())

    refuse_leak(city, ROW, forecast(city, ROW), forecast(other, ROW))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda value: np.nextafter(value, np.float32(np.inf)), id="the last bit"),
        pytest.param(lambda value: value * np.nan, id="no longer a number"),
    ],
)
def test_a_leak_names_issue_time_and_entity(change, city):
    row = int(np.flatnonzero(~np.isnan(city.values[:, 4]))[ROW]) + 1
    one = forecast(city, row)
    other = one.copy()
    other[4, -1, 0] = change(other[4, -1, 0])

    with pytest.raises(HaechiError) as refused:
        refuse_leak(city, row, one, other)

    assert refused.value.exit_code == 1
    assert f"issued at {city.time(row).isoformat()} for {city.entities[4]} changes with what" in refused.value.cause
    assert "(1 of 6 entities)" in refused.value.cause
