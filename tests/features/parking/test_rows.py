"""Counts after those that a state remembers: when each was known, and what can be none."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from features.errors import BadInput, UnknownName
from features.parking.rows import rows_of
from features.series import Panel
from tests.features.parking.town import CAPACITY, LOTS, START, counts, known_at, lived, panel, small

CONFIG = small()
STEPS = 12 * 24
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def state():
    return lived(CONFIG, STEPS)


def news(state, values, available_at=None, lots=LOTS):
    """Counts that follow the state's."""
    return Panel(
        start=state.as_of + HOUR,
        step_min=60,
        entities=lots,
        values=np.asarray(values, dtype=np.float32),
        quantity="free_spaces",
        available_at=available_at,
    )


def test_counts_come_after_the_tail_as_free_shares(state):
    values = counts(3, 3, CONFIG)
    rows = rows_of(state, news(state, values), CONFIG, state.as_of + 3 * HOUR)
    assert len(rows.values) == CONFIG.memory_steps + 3
    np.testing.assert_array_equal(rows.values[: CONFIG.memory_steps], state.tail)
    np.testing.assert_allclose(rows.values[-3:], values / CAPACITY, rtol=1e-6)
    assert rows.known_s is None
    assert (rows.alike[-3:] > 0).all()


def test_what_cannot_be_is_missing_and_a_lot_that_is_not_counted_too(state):
    rows = rows_of(state, news(state, [[24621.0], [-4.0]], lots=LOTS[:1]), CONFIG, state.as_of + 2 * HOUR)
    assert np.isnan(rows.values[-2:]).all()
    assert (rows.alike[-2:] == 0).all()


def test_a_count_that_comes_late_is_known_from_then_on(state):
    values = counts(3, 3, CONFIG)
    known = np.array(
        [[np.datetime64((state.as_of + (at + 1) * HOUR).replace(tzinfo=None), "s")] * 4 for at in range(3)]
    )
    known[0, 1] += np.timedelta64(2, "h")
    rows = rows_of(state, news(state, values, known), CONFIG, state.as_of + 3 * HOUR)
    last = len(rows.values) - 1
    assert np.isnan(rows.known_at(last - 1)[CONFIG.memory_steps, 1])
    assert rows.known_at(last)[CONFIG.memory_steps, 1] == pytest.approx(values[0, 1] / CAPACITY[1])
    assert np.isnan(rows.timely()[CONFIG.memory_steps, 1])


def test_a_count_a_day_late_is_not_taken(state):
    steps = 30
    values = counts(3, steps, CONFIG)
    own = np.datetime64((state.as_of + HOUR).replace(tzinfo=None), "s") + np.arange(steps) * np.timedelta64(1, "h")
    known = np.repeat(own[:, None], 4, axis=1)
    known[0, 0] += np.timedelta64(24, "h")
    known[1, 0] += np.timedelta64(23, "h")
    rows = rows_of(state, news(state, values, known), CONFIG, state.as_of + steps * HOUR)
    assert np.isnan(rows.values[CONFIG.memory_steps, 0])
    assert not np.isnan(rows.values[CONFIG.memory_steps + 1, 0])


def test_what_the_state_has_seen_is_not_taken_twice(state):
    other = known_at(panel(counts(8, STEPS, CONFIG), CONFIG), state.as_of)
    rows = rows_of(state, other, CONFIG, state.as_of + HOUR)
    np.testing.assert_array_equal(rows.values[: CONFIG.memory_steps], state.tail)


def test_occupied_spaces_become_free_ones(state):
    config = small(measure="occupied")
    rows = rows_of(state, news(state, [[100.0, 30, 60, 0]]), config, state.as_of + HOUR)
    np.testing.assert_allclose(rows.values[-1], [0.75, 0.75, 0, 1])


@pytest.mark.parametrize(
    ("changes", "last", "error", "words"),
    [
        pytest.param({"step_min": 30}, 3, BadInput, "30 minutes apart, the model's 60", id="another clock"),
        pytest.param(
            {"start": START + timedelta(days=12, minutes=7)}, 3, BadInput, "not on the 60-minute", id="off it"
        ),
        pytest.param({"entities": (*LOTS[:3], "garage/3")}, 3, UnknownName, "garage/3", id="a lot that nobody knows"),
        pytest.param({}, 1, BadInput, "garage/1 for .* is known from .*Leave out", id="from the future"),
        pytest.param({}, -1, BadInput, "which the state has seen", id="a time long gone"),
    ],
)
def test_what_does_not_fit_the_state_is_refused(state, changes, last, error, words):
    measured = replace(news(state, counts(3, 3, CONFIG)), **changes)
    with pytest.raises(error, match=words):
        rows_of(state, measured, CONFIG, state.as_of + last * HOUR)
