"""What a forecast says of any number of spaces: monotone in the spaces, in the demand and in the capacity."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from features.parking.odds import agreed, at_arrival, at_most

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
FULL_SHARE = 0.05

capacity = st.floats(5, 2000)
share = st.floats(0, 1.1)
above_it = st.floats(1e-3, 1.1)
odds = st.floats(0, 1)
told = st.floats(0, LEVELS[-1])
"""Beyond the highest quantile all that is left ends at the threshold, or not far above."""
quantiles = st.lists(share, min_size=len(LEVELS), max_size=len(LEVELS)).map(sorted)


def forecast(shares, full, spaces):
    """Quantiles in spaces, in agreement with ``full``, and the threshold, as a served forecast has them."""
    below = np.array(FULL_SHARE * spaces)
    free = agreed(np.array(shares) * spaces, np.array(full), LEVELS, below).astype(np.float64)
    return free, np.array(full), below


def chance(free, full, below, spaces):
    return float(at_most(free, full, LEVELS, below, np.array(spaces)))


@given(quantiles, odds, capacity)
def test_agreed_quantiles_still_rise_and_lie_on_their_side(shares, full, spaces):
    free, _, below = forecast(shares, full, spaces)
    assert (np.diff(free) >= 0).all()
    for level, one in zip(LEVELS, free, strict=True):
        near = 1e-5 * spaces
        assert one <= below + near if level <= full else one >= below - near


@given(quantiles, capacity)
def test_quantiles_that_agree_already_are_left_alone(shares, spaces):
    free, full, below = forecast(shares, 0.6, spaces)
    np.testing.assert_allclose(agreed(free, full, LEVELS, below), free, rtol=1e-6)


@given(quantiles, odds, capacity, share, share)
def test_it_is_a_probability_and_rises_with_the_spaces(shares, full, spaces, one, other):
    said = forecast(shares, full, spaces)
    fewer, more = (chance(*said, each * spaces) for each in sorted((one, other)))
    assert 0 <= fewer <= more + 1e-9 <= 1 + 2e-9


@given(quantiles, told, capacity, above_it, st.floats(0, 0.5))
def test_it_rises_with_demand(shares, full, spaces, asked, more_cars):
    """Every quantile lower by as many cars; of what counts as full there is one figure, and below it a convention."""
    fewer, above = np.maximum(np.array(shares) - more_cars, 0), (FULL_SHARE + asked) * spaces
    before, after = (chance(*forecast(each, full, spaces), above) for each in (shares, fewer))
    assert after >= before - 1e-5


@example([1.0] * len(LEVELS), 0.03125, 5.0)
@given(quantiles, odds, capacity)
def test_what_it_says_of_the_threshold_is_the_probability_of_being_full(shares, full, spaces):
    """Where quantiles were brought to the threshold it leaps there, over that probability."""
    free, full, below = forecast(shares, full, spaces)
    assert chance(free, full, below, float(below) * (1 - 1e-6)) - 1e-3 <= full
    assert full <= chance(free, full, below, float(below) * (1 + 1e-6)) + 1e-3


@given(quantiles, told, capacity, st.floats(0, 500), above_it)
def test_it_falls_where_the_lot_is_larger_at_the_same_number_of_cars(shares, full, spaces, more_bays, asked):
    """Every quantile of what is free is as many bays higher, and the same number of spaces is asked for."""
    larger, above = (np.array(shares) * spaces + more_bays) / (spaces + more_bays), FULL_SHARE * more_bays
    above += (FULL_SHARE + asked) * spaces
    before = chance(*forecast(shares, full, spaces), above)
    after = chance(*forecast(larger, full, spaces + more_bays), above)
    assert after <= before + 1e-4


@given(st.floats(0.02, 0.98), capacity)
def test_it_passes_through_the_quantiles_and_the_threshold(full, spaces):
    shares = np.linspace(0.15, 0.9, len(LEVELS))
    free, full, below = np.array(shares) * spaces, np.array(0.03 * full), np.array(FULL_SHARE * spaces)
    for level, one in zip(LEVELS, free, strict=True):
        assert abs(chance(free, full, below, one) - level) < 1e-6
    assert abs(chance(free, full, below, float(below)) - float(full)) < 1e-6


@given(st.lists(st.floats(0, 1000), min_size=2, max_size=24), st.floats(0, 1), st.floats(0, 1000))
def test_an_arrival_lies_between_its_neighbours(steps, along, now):
    ahead = along * len(steps)
    found = float(at_arrival(np.array([now]), np.array(steps)[:, None], ahead)[0])
    known = [now, *steps]
    left = min(int(ahead), len(steps) - 1)
    low, high = sorted((known[left], known[left + 1]))
    assert low - 1e-9 <= found <= high + 1e-9


def test_an_arrival_at_a_step_is_that_step_and_an_unknown_now_is_the_first():
    steps = np.array([[20.0], [40.0], [10.0]])
    assert [float(at_arrival(np.array([5.0]), steps, at)[0]) for at in (0, 1, 2, 3)] == [5, 20, 40, 10]
    assert float(at_arrival(np.array([np.nan]), steps, 0.5)[0]) == 20
