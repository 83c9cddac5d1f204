"""Windows in which bays can be lent: within the risk asked for, as long as they can be, and as risky as said."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.parking.sharing import joint_risk, windows

MOST_RISK = 0.05
probability = st.one_of(st.floats(0, 1), st.floats(0, 0.03), st.just(0.0), st.just(float("nan")))
short = st.lists(probability, max_size=24).map(np.array)
index = st.sampled_from([0.05, 0.3, 0.7, 1.0])
risk = st.sampled_from([0.0, 0.01, 0.05, 0.3])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=24), st.floats(0.01, 1))
def test_the_risk_of_steps_together_lies_between_the_worst_and_independence(each, extremal_index):
    found = joint_risk(each, extremal_index)
    independent = 1 - float(np.prod(1 - np.array(each)))
    assert max(each) <= found <= max(independent, max(each)) + 1e-12
    assert joint_risk([*each, 0.5], extremal_index) >= found - 1e-12, "one step more is never less risky"


def test_of_no_step_there_is_no_risk():
    assert joint_risk([], 1.0) == 0


@given(short, risk, index)
def test_windows_are_in_order_apart_and_within_the_risk(short, most_risk, extremal_index):
    found = windows(short, most_risk=most_risk, extremal_index=extremal_index)
    for one in found:
        assert 1 <= one.first < one.last <= len(short)
        own = short[one.first - 1 : one.last]
        assert not np.isnan(own).any(), "what is not known is not safe"
        assert one.risk <= most_risk + 1e-12
        assert one.risk == pytest.approx(joint_risk(own, extremal_index))
    for one, after in pairwise(found):
        assert one.last < after.first


@given(short, risk, index)
def test_no_window_can_be_a_step_longer(short, most_risk, extremal_index):
    """Not without more risk than was asked for, or a step that another window has."""
    found = windows(short, most_risk=most_risk, extremal_index=extremal_index)
    taken = {step for one in found for step in range(one.first, one.last + 1)}
    for one in found:
        for step, own in (
            (one.first - 1, short[max(one.first - 2, 0) : one.last]),
            (one.last + 1, short[one.first - 1 : one.last + 1]),
        ):
            if 1 <= step <= len(short) and step not in taken:
                assert np.isnan(own).any() or joint_risk(own, extremal_index) > most_risk - 1e-9


@given(short, risk, index)
def test_the_longest_that_there_is_is_found(short, most_risk, extremal_index):
    found = windows(short, most_risk=most_risk, extremal_index=extremal_index)
    longest = max((one.last - one.first + 1 for one in found), default=0)
    for first in range(len(short)):
        own = short[first : first + max(longest, 1) + 1]
        if len(own) > max(longest, 1) and not np.isnan(own).any():
            assert joint_risk(own, extremal_index) > most_risk - 1e-9


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_windows_fail_as_often_as_is_said_where_the_forecast_is_right(seed):
    """Made-up forecasts whose truth is known: each step falls short by itself, as often as was forecast."""
    chance = np.random.default_rng(seed)
    stated, failed = [], []
    for _ in range(3000):
        each = chance.beta(0.3, 12, 24)
        came = chance.random(24) < each
        for one in windows(each, most_risk=MOST_RISK, extremal_index=1.0):
            stated.append(one.risk)
            failed.append(came[one.first - 1 : one.last].any())
    expected, own = float(np.mean(stated)), np.array(stated)
    sampling = float(np.sqrt((own * (1 - own)).sum())) / len(own)
    assert len(stated) > 2000
    assert abs(float(np.mean(failed)) - expected) < 4 * sampling, f"seed {seed}"
    assert max(stated) <= MOST_RISK


def test_where_one_cause_decides_all_hours_independence_says_too_much():
    """With an extremal index the stated risk comes nearer to what happens."""
    chance = np.random.default_rng(5)
    off = {}
    for extremal_index in (1.0, 0.1):
        stated, failed = [], []
        for _ in range(3000):
            each = np.full(24, float(chance.uniform(0.001, 0.01)))
            came = np.broadcast_to(chance.random() < each[0], 24)
            for one in windows(each, most_risk=MOST_RISK, extremal_index=extremal_index):
                stated.append(one.risk)
                failed.append(came[one.first - 1 : one.last].any())
        off[extremal_index] = abs(float(np.mean(stated)) - float(np.mean(failed)))
    assert off[0.1] < off[1.0] / 3
