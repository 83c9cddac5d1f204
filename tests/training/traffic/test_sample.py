"""Rows to learn from: in order of time, thinned to what memory holds, and blind to what came later."""

from math import gcd

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.console import progress
from features.traffic.config import TrafficConfig
from features.traffic.state import fresh
from training.traffic import sample
from training.traffic.sample import gather

CONFIG = TrafficConfig(horizon_steps=3, history_steps=3, seasonal_lags_days=(1,))
FIRST, LAST = 100, 160


def gathered(panel):
    with progress() as bar:
        return gather(panel, fresh(panel.entities, panel.start, CONFIG), FIRST, LAST, CONFIG, bar)


@pytest.fixture(scope="module")
def found(city):
    return gathered(city)


def test_every_issue_time_has_a_row_of_each_entity(found, city):
    count = (LAST - FIRST) * len(city.entities)

    assert {len(tensor) for tensor in found.inputs.values()} == {count}
    assert found.measured.shape == (count, 3)
    np.testing.assert_array_equal(found.inputs["entity_code"], np.tile(np.arange(6), LAST - FIRST))


def test_targets_are_those_after_the_issue_time(found, city):
    np.testing.assert_array_equal(found.measured[6 * 7 + 2], city.values[FIRST + 7 : FIRST + 10, 2])
    assert found.ends[6 * 7 + 2] == FIRST + 10


def test_nothing_at_or_after_the_last_row_is_looked_at(found, city, with_values):
    values = city.values.copy()
    values[LAST:] = 99999

    other = gathered(with_values(city, values))

    assert found.measured[-6:, 1:].isnan().all()
    np.testing.assert_array_equal(found.measured, other.measured)
    for name, tensor in found.inputs.items():
        np.testing.assert_array_equal(tensor, other.inputs[name], err_msg=name)


def test_rows_within_end_within(found):
    rows = found.within(FIRST + 10, LAST - 20, 3)

    ends = found.ends[rows]
    assert ends.min() == FIRST + 13
    assert ends.max() == LAST - 20


def test_parts_that_touch_share_no_target(found):
    early, late = found.within(0, 130, 3), found.within(130, LAST, 3)

    assert found.ends[early].max() <= (found.ends[late] - 3).min()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda values: values.__setitem__((slice(LAST - 60, LAST), 2), np.nan), id="of no target"),
        pytest.param(lambda values: values.__setitem__((slice(0, LAST - 3), 2), np.nan), id="of nothing measured yet"),
    ],
)
def test_nobody_learns(change, city, with_values):
    values = city.values.copy()
    change(values)

    made = gathered(with_values(city, values))

    # The last three issue times know something of the second kind, but their targets do not end in time.
    rows = made.within(FIRST, LAST - 3, 3)
    assert 2 not in made.inputs["entity_code"][rows]
    assert set(made.inputs["entity_code"][rows].tolist()) == {0, 1, 3, 4, 5}


def test_memory_thins_issue_times_and_keeps_every_hour(monkeypatch, make_panel):
    monkeypatch.setattr(sample, "_ROWS", 100)
    panel = make_panel(days=20)
    with progress() as bar:
        made = gather(panel, fresh(panel.entities, panel.start, CONFIG), 24, 20 * 24, CONFIG, bar)

    issues = np.unique(made.ends)
    assert len(made.measured) <= 100
    assert len(set(np.diff(issues).tolist())) == 1
    assert gcd(int(np.diff(issues)[0]), 24) == 1


@given(issues=st.integers(1, 10**6), entities=st.integers(1, 5000), per_day=st.sampled_from([1, 8, 24, 96, 288, 1440]))
def test_no_stride_holds_more_than_memory(issues, entities, per_day):
    stride = sample._stride(issues, entities, per_day)

    assert gcd(stride, per_day) == 1
    # A city of more entities than rows still has its issue times, one a stride.
    assert -(-issues // stride) * entities <= 300_000 + entities


def test_batches_are_all_of_the_rows_in_order(found):
    chosen = np.arange(3, 60, 2)

    parts = list(found.batches(chosen, 10))

    np.testing.assert_array_equal(np.concatenate(parts), chosen)
    assert max(map(len, parts)) == 10
