"""An interval of a mean over days holds the true mean as often as it says."""

import numpy as np
import pytest

from training.bootstrap import block_days, mean_interval

SERIES = 400


def noise(days, resemblance, seed=20221):
    """(day, series): each day's value keeps a share of the day before's."""
    print(f"seed {seed}")  # noqa: T201
    chance = np.random.default_rng(seed)
    values = chance.normal(size=(days + 50, SERIES))
    for day in range(1, len(values)):
        values[day] += resemblance * values[day - 1]
    return values[50:]


def wrong(values, block):
    """Share of series whose interval does not hold zero, the true mean."""
    found = mean_interval(values, np.ones_like(values), block=block, seed=7)
    return float(((found.low > 0) | (found.high < 0)).mean())


@pytest.mark.parametrize("days", [14, 30, 73])
def test_independent_days_deceive_in_one_case_of_twenty_at_most(days):
    # 400 tries of 5 % give up to 7 % by their own chance.
    assert wrong(noise(days, 0), block_days(days, 1440)) <= 0.07


@pytest.mark.parametrize(("days", "share"), [(14, 0.13), (28, 0.1), (73, 0.08)])
def test_days_that_resemble_each_other_deceive_hardly_more(days, share):
    # Half of a day's value is the day before's. Blocks alone deceive in 14, 9 and 7 cases of a hundred.
    assert wrong(noise(days, 0.5), block_days(days, 1440)) <= share


def test_without_blocks_their_resemblance_is_still_seen():
    assert wrong(noise(73, 0.5), 1) <= 0.1


def test_the_interval_narrows_with_the_days_as_theory_says():
    values = noise(180, 0)
    found = mean_interval(values, np.ones_like(values), block=7, seed=7)

    assert np.median(found.high - found.low) == pytest.approx(2 * 1.96 / np.sqrt(180), rel=0.15)


def test_days_count_by_their_targets():
    sums, counts = np.array([[10.0], [0.0], [2.0], [4.0]]), np.array([[10.0], [0.0], [1.0], [1.0]])

    assert mean_interval(sums, counts, block=1, seed=7).value == pytest.approx(16 / 12)


def test_what_never_varies_has_no_width():
    found = mean_interval(np.full((30, 1), -3.0), np.ones((30, 1)), block=3, seed=7)

    assert (found.low, found.high) == (pytest.approx(-3), pytest.approx(-3))


def test_of_fewer_than_three_blocks_or_days_nothing_is_told():
    values = noise(30, 0)[:, :2]
    rare = np.zeros_like(values)
    rare[[3, 20], 0] = 1  # two days with a target
    rare[:, 1] = 1

    found = mean_interval(values * rare, rare, block=3, seed=7)

    assert np.isnan(found.low).tolist() == [True, False]
    assert np.isnan(mean_interval(values[:5], np.ones((5, 2)), block=2, seed=7).low).all()


def test_the_same_seed_draws_the_same():
    values = noise(30, 0)
    one, other, third = (mean_interval(values, np.ones_like(values), block=3, seed=seed).low for seed in (7, 7, 8))

    np.testing.assert_array_equal(one, other)
    assert not np.array_equal(one, third)
