"""Widths follow how often readings were beyond each quantile: in the long run as often as is meant."""

from datetime import timedelta

import numpy as np
import pytest

from features.errors import BadInput
from features.parking.state import fresh
from features.parking.track import IssuedInterval, Tracker
from features.quantiles import MEDIAN, outer
from tests.features.parking.town import START, small

CONFIG = small(horizon_steps=2)
LEVELS = np.array(outer(CONFIG.quantiles))
TAILS = np.minimum(LEVELS, 1 - LEVELS)
SIGN = np.where(LEVELS < MEDIAN, -1, 1)


@pytest.fixture
def state():
    made = fresh(("wild", "calm"), START, CONFIG)
    made.capacity = np.array([100, 100], dtype=np.float32)
    return made


def interval(state, number, bounds):
    issued_at = START + number * timedelta(hours=1)
    return IssuedInterval(issued_at=issued_at, bounds=np.full(state.width.shape, bounds, dtype=np.float32))


def number_of(time):
    return int(time.timestamp()) // 3600


def test_in_the_long_run_as_much_lies_beyond_each_quantile_as_is_meant(state):
    """Whatever the model's own distance is: here far too wide for one lot, far too narrow for the other."""
    chance = np.random.default_rng(21)
    steps, base = 6000, number_of(START)
    spread = np.array([0.16, 0.02])
    readings = (0.5 + spread * chance.standard_normal((steps + 3, 2))).astype(np.float32)
    tracker, beyond, counted = Tracker(state, (), CONFIG), np.zeros((6, 2)), 0
    for at in range(steps):
        tracker.to(base + at, readings, base)
        distance = 0.06 * np.arange(3, 0, -1)
        own = np.concatenate([distance, distance[::-1]])[:, None, None] * SIGN[:, None, None]
        bounds = 50 + 100 * own * tracker.width
        tracker.issue(base + at, bounds.astype(np.float32))
        if at > 500:
            off = SIGN[:, None] * (100 * readings[at + 1] - bounds[:, 0])
            beyond, counted = beyond + (off > 0), counted + 1
    np.testing.assert_allclose(beyond / counted, np.broadcast_to(TAILS[:, None], (6, 2)), atol=0.012)
    assert (tracker.width[:, :, 0] > 2 * tracker.width[:, :, 1]).all(), "the wild lot's are wider"


def test_widths_move_only_where_something_was_issued_and_counted(state):
    base = number_of(START)
    readings = np.array([[0.5, 0.5], [0.9, np.nan], [0.9, 0.9], [0.9, 0.9]], dtype=np.float32)
    silent = Tracker(state, (), CONFIG)
    silent.to(base + 3, readings, base)
    assert silent.idle
    np.testing.assert_array_equal(silent.width, state.width)
    tracker = Tracker(state, (interval(state, 0, 50.0),), CONFIG)
    tracker.to(base + 1, readings, base)
    assert (tracker.width[:, 0, 0] != 1).all(), "counted"
    assert (tracker.width[:, 1, 0] == 1).all(), "two steps ahead is not due yet"
    assert (tracker.width[:, :, 1] == 1).all(), "not counted"
    tracker.to(base + 2, readings, base)
    assert (tracker.width[:, 1] != 1).all()
    after = tracker.width.copy()
    tracker.to(base + 3, readings, base)
    np.testing.assert_array_equal(tracker.width, after)
    assert tracker.idle, "each forecast is judged once"


def test_a_reading_beyond_widens_and_one_inside_narrows_a_little(state):
    base = number_of(START)
    tracker = Tracker(state, (interval(state, 0, 50.0),), CONFIG)
    tracker.to(base + 1, np.array([[0.5, 0.5], [0.9, 0.1]], dtype=np.float32), base)
    gain, low = CONFIG.tracking_gain, LEVELS < MEDIAN
    above, below = tracker.width[:, 0, 0], tracker.width[:, 0, 1]
    np.testing.assert_allclose(above[~low], np.exp(gain * (1 - TAILS[~low])), rtol=1e-5)
    np.testing.assert_allclose(above[low], np.exp(-gain * TAILS[low]), rtol=1e-5)
    np.testing.assert_allclose(below[low], np.exp(gain * (1 - TAILS[low])), rtol=1e-5)


def test_a_distance_neither_closes_altogether_nor_grows_without_end(state):
    base, steps = number_of(START), 4000
    readings = np.tile(np.array([[1.0, 0.5]], dtype=np.float32), (steps + 1, 1))
    tracker = Tracker(state, (), CONFIG)
    for at in range(steps):
        tracker.to(base + at, readings, base)
        tracker.issue(base + at, np.full(state.width.shape, 50.0, dtype=np.float32))
    assert tracker.width.min() >= 0.05 - 1e-6
    assert tracker.width.max() <= 20 + 1e-4


def test_step_by_step_is_the_same_as_at_once(state):
    base = number_of(START)
    readings = np.random.default_rng(6).uniform(0, 1, (40, 2)).astype(np.float32)
    issued = [interval(state, at, bounds) for at, bounds in enumerate(np.linspace(10, 90, 30))]
    at_once, stepwise = (Tracker(state, issued, CONFIG) for _ in range(2))
    at_once.to(base + 35, readings, base)
    for at in range(36):
        stepwise.to(base + at, readings, base)
    np.testing.assert_array_equal(at_once.width, stepwise.width)
    np.testing.assert_array_equal(at_once.pending, stepwise.pending)
    backwards = Tracker(state, issued[::-1], CONFIG)
    backwards.to(base + 35, readings, base)
    np.testing.assert_array_equal(at_once.width, backwards.width)


def test_a_forecast_of_another_shape_is_refused(state):
    wrong = IssuedInterval(issued_at=START, bounds=np.zeros((2, 2, 2), dtype=np.float32))
    with pytest.raises(BadInput, match=r"has shape .*each quantile but the median"):
        Tracker(state, (wrong,), CONFIG)
