"""What anyone could forecast without a model, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from training.baselines import FOUR_WEEKS, LAST_VALUE, LAST_WEEK, PROFILE, Baselines

NAN = np.nan
DAY = 2
WEEK = 7 * DAY


def column(weeks, now=()):
    """One place: the first interval of each week is given, the other intervals are 100."""
    values = np.full((len(weeks) * WEEK, 1), 100, dtype=np.float32)
    values[::WEEK, 0] = weeks
    return np.concatenate([values, np.array(now, dtype=np.float32).reshape(-1, 1)])


def at_the_end(values, profile=(7.0,)):
    """Baselines issued when all of ``values`` is over."""
    made = Baselines.of(values, steps_per_day=DAY, horizon_steps=len(profile))
    return {
        name: forecast[0].tolist()
        for name, forecast in made.forecast(len(values), np.array([profile], dtype=np.float32)).items()
    }


@pytest.mark.parametrize(
    ("weeks", "last_week", "four_weeks"),
    [
        pytest.param([1, 2, 3, 4], 4, 2.5, id="all four measured"),
        pytest.param([9, 1, 2, 3, 4], 4, 2.5, id="a fifth week is too old"),
        pytest.param([1, 2, 3, NAN], 3, 2, id="a gap last week: the week before"),
        pytest.param([1, NAN, NAN, NAN], 1, 1, id="only the oldest was measured"),
        pytest.param([NAN, NAN, NAN, NAN], 7, 7, id="none was measured: the profile"),
        pytest.param([5, NAN, NAN, NAN, NAN], 7, 7, id="measured five weeks ago: the profile"),
    ],
)
def test_weeks_before(weeks, last_week, four_weeks):
    found = at_the_end(column(weeks))

    assert found[LAST_WEEK] == [last_week]
    assert found[FOUR_WEEKS] == [four_weeks]


def test_the_last_value_is_repeated():
    assert at_the_end(column([1], now=[8, NAN]), profile=(7, 7, 7))[LAST_VALUE] == [8, 8, 8]


@pytest.mark.parametrize(
    ("silent_steps", "found"),
    [pytest.param(WEEK, 8, id="a week"), pytest.param(WEEK + 1, 7, id="longer: the profile")],
)
def test_the_last_value_is_at_most_a_week_old(silent_steps, found):
    assert at_the_end(np.array([[8], *[[NAN]] * silent_steps], dtype=np.float32))[LAST_VALUE] == [found]


def test_the_profile_is_taken_as_it_is():
    assert at_the_end(column([1]), profile=(7, 8))[PROFILE] == [7, 8]


def test_weeks_that_never_were_are_not_offered():
    assert set(at_the_end(np.ones((WEEK - 1, 1), dtype=np.float32))) == {LAST_VALUE, PROFILE}


def test_the_first_issue_time_knows_nothing_but_the_profile():
    made = Baselines.of(column([1, 2]), steps_per_day=DAY, horizon_steps=2)

    assert made.forecast(0, np.array([[7, 8]], dtype=np.float32))[LAST_VALUE].tolist() == [[7, 8]]


def test_a_horizon_beyond_a_week_takes_weeks_that_are_over():
    # Step 15 falls a week after step 1, which is not over when the forecast is issued.
    found = at_the_end(column([1, 2, 3, 4]), profile=tuple([7.0] * (WEEK + 1)))

    assert found[LAST_WEEK][0] == 3
    assert found[LAST_WEEK][WEEK] == 4


@given(
    values=arrays(np.float32, (6 * WEEK, 2), elements=st.floats(0, 100, width=32) | st.just(NAN)),
    row=st.integers(0, 6 * WEEK),
    steps=st.integers(1, 3 * WEEK),
)
def test_no_baseline_changes_when_the_future_does(values, row, steps):
    profile = np.full((2, steps), 7, dtype=np.float32)
    changed = values.copy()
    changed[row:] = 12345

    one, other = (
        Baselines.of(panel, steps_per_day=DAY, horizon_steps=steps).forecast(row, profile)
        for panel in (values, changed)
    )
    for name in (LAST_VALUE, LAST_WEEK, FOUR_WEEKS, PROFILE):
        if name in one and name in other:
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)
