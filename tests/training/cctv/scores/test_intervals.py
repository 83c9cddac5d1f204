"""Exact intervals, held against what is printed in tables, and against their definition."""

import pytest
from scipy.stats import binom, poisson

from training.cctv.scores.intervals import rate_interval, share_interval


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [
        pytest.param(0, 0.0, 3.689, id="none"),
        pytest.param(1, 0.025, 5.572, id="one"),
        pytest.param(10, 4.795, 18.390, id="ten"),
    ],
)
def test_rates_are_garwoods(count, low, high):
    assert rate_interval(count, 1.0) == pytest.approx((low, high), abs=1e-3)
    assert rate_interval(count, 4.0) == pytest.approx((low / 4, high / 4), abs=1e-3)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        pytest.param(0, 0, 0.0, 1.0, id="nothing is known"),
        pytest.param(0, 10, 0.0, 0.3085, id="none of ten"),
        pytest.param(9, 10, 0.555, 0.9975, id="nine of ten"),
        pytest.param(24, 24, 0.8575, 1.0, id="all of 24"),
    ],
)
def test_shares_are_clopper_and_pearsons(hits, of, low, high):
    assert share_interval(hits, of) == pytest.approx((low, high), abs=1e-3)


@pytest.mark.parametrize("count", [1, 3, 17])
def test_each_bound_is_missed_with_a_fortieth(count):
    low, high = rate_interval(count, 1.0)
    assert (poisson.sf(count - 1, low), poisson.cdf(count, high)) == pytest.approx((0.025, 0.025))
    low, high = share_interval(count, 20)
    assert (binom.sf(count - 1, 20, low), binom.cdf(count, 20, high)) == pytest.approx((0.025, 0.025))
