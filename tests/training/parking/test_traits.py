"""What a state carries of each lot from training, from the rows before validation alone."""

import numpy as np
import pytest

from tests.training.parking.city import config, free, lots, panel
from training.parking.job import past_of
from training.parking.traits import fit_traits, share_missing

DAYS = 70
LEARNED = 42 * 24


def fitted(values, learned=LEARNED):
    counts = panel(values=values)
    past = past_of(counts, lots(), lots().capacity, config())
    fit_traits(past.start, counts, past.shares(), learned, past.config)
    return past.start


@pytest.fixture(scope="module")
def state():
    return fitted(free(DAYS))


def test_how_a_lot_usually_fills(state):
    shares = free(DAYS)[:LEARNED] / lots().capacity
    np.testing.assert_allclose(state.trait[0], shares.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(state.trait[1], shares.std(axis=0), rtol=1e-4)
    np.testing.assert_allclose(state.trait[2], np.abs(np.diff(shares, axis=0)).mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(state.trait[3], (shares <= 0.05).mean(axis=0), rtol=1e-5)


def test_nothing_after_validation_begins_is_in_it(state):
    other = free(DAYS)
    other[LEARNED:] = np.random.default_rng(5).integers(0, 60, other[LEARNED:].shape)
    again = fitted(other)
    for name in ("trait", "typical", "neighbour"):
        np.testing.assert_array_equal(getattr(state, name), getattr(again, name), err_msg=name)


def test_what_is_typical_is_that_of_the_lots_city(state):
    cologne, bonn = state.typical[..., :5], state.typical[..., 5]
    assert (cologne == cologne[..., :1]).all()
    assert not np.array_equal(cologne[..., 0], bonn)
    assert state.typical[12, 0, 0] < 0.3 < 0.8 < state.typical[3, 0, 0], "full at noon, free by night"
    np.testing.assert_array_equal(state.typical[:, 6], state.typical[:, 7], err_msg="a holiday is like a Sunday")


def test_the_lots_that_err_alike_are_neighbours():
    chance = np.random.default_rng(8)
    values = np.full((DAYS * 24, 6), 30.0)
    shared = np.cumsum(chance.normal(0, 1, (DAYS * 24, 3)), axis=0)
    for lot in range(6):
        wave = np.sin(shared[:, lot // 2] / 3)
        values[:, lot] += 12 * wave + chance.normal(0, 0.5, DAYS * 24)
    state = fitted(values.astype(np.float32))
    assert state.neighbour[0].tolist() == [1, 0, 3, 2, 5, 4]
    assert not (state.neighbour == np.arange(6)).any(), "no lot is its own neighbour"


def test_of_a_lot_hardly_counted_nothing_is_fitted_but_what_is_typical():
    values = free(DAYS)
    values[:, 2] = np.nan
    state = fitted(values)
    assert np.isnan(state.trait[:, 2]).all()
    assert np.isfinite(state.typical[..., 2]).all()
    assert np.isnan(state.neighbour[:, 2]).all()
    assert not (state.neighbour == 2).any(), "nor is it anybody's neighbour"


def test_what_is_missing_is_counted_at_hours_at_which_any_lot_is_counted():
    values = free(14)
    hour = np.arange(len(values)) % 24
    values[(hour < 8) | (hour > 19)] = np.nan
    open_hours = (hour >= 8) & (hour <= 19)
    values[open_hours & (np.arange(len(values)) < 7 * 24), 4] = np.nan
    shares = values / lots().capacity
    found = share_missing(shares, panel(values=values), config())
    np.testing.assert_allclose(found, [0, 0, 0, 0, 0.5, 0])
