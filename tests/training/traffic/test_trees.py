"""Trees that a city's errors grow: every step has its group, and what is missing is no number."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from features.console import progress
from features.errors import BadInput
from tests.training.traffic.rows import CONFIG, TINY, masked, persistent, rows, sample, tensors
from training.traffic.trees import TreeFeatures, fit_trees, groups


def fitted(recipe=TINY, *, count=300, seed=7, measured=persistent):
    inputs = rows(count)
    with progress() as bar:
        return fit_trees(sample(inputs, measured(inputs)), np.arange(count), CONFIG, recipe, seed, bar, lambda _: None)


@pytest.fixture(scope="module")
def trees():
    return fitted()


@given(horizon=st.integers(1, 4032))
def test_groups_hold_every_step_once_and_are_few(horizon):
    found = groups(horizon)

    assert [step for some in found for step in some] == list(range(horizon))
    assert len(found) <= 8


def test_each_group_has_a_median_and_the_outer_quantiles(trees):
    assert trees.steps == [range(0, 1), range(1, 3), range(3, 4)]
    assert [len(boosters) for boosters in trees.boosters] == [3, 3, 3]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda inputs: inputs, id="as they are"),
        pytest.param(masked, id="nothing known"),
        pytest.param(lambda inputs: inputs | {"typical_error": inputs["typical_error"] * 0}, id="never errs"),
    ],
)
def test_rows_are_finite(change):
    inputs = change(rows(40))
    inputs["recent_error"] = np.where(inputs["recent_mask"], inputs["recent_error"], np.float32(np.nan))

    for steps in groups(CONFIG.horizon_steps):
        found = TreeFeatures(CONFIG)(tensors(inputs), steps)
        assert found.isfinite().all()
        assert len(found) == 40 * len(steps)


def test_a_row_of_a_step_is_the_same_alone_and_within_its_group():
    inputs, made = tensors(rows(6)), TreeFeatures(CONFIG)

    together = made(inputs, range(1, 3)).unflatten(0, (6, 2))

    for at, step in enumerate((1, 2)):
        assert torch.equal(together[:, at], made(inputs, range(step, step + 1)))


def test_the_slot_of_a_target_after_midnight_is_one_of_the_next_day():
    inputs = rows(1)
    inputs["clock"][:] = [[23, 2]]

    slots = TreeFeatures(CONFIG)(tensors(inputs), range(0, 3))[:, -2]

    assert slots.tolist() == [23, 0, 1]


def test_they_learn_that_errors_last():
    unseen = rows(300, seed=99)

    median, factor = fitted(replace(TINY, trees_count=40), count=1500)(tensors(unseen))

    truth = persistent(unseen)
    assert np.abs(median.numpy() - truth).mean() < 0.5 * np.abs(unseen["profile"] - truth).mean()
    assert median.shape == truth.shape
    assert factor.shape == (*truth.shape, 2)
    assert (factor > 0).all()


def test_a_seed_is_a_set_of_trees(trees):
    inputs = tensors(rows(50, seed=8))

    assert torch.equal(trees(inputs)[0], fitted()(inputs)[0])
    assert not torch.equal(trees(inputs)[0], fitted(seed=8)(inputs)[0])


def test_targets_that_were_not_measured_teach_nothing():
    def gaps(inputs):
        found = persistent(inputs)
        found[::3] = np.nan
        return found

    median, _ = fitted(measured=gaps)(tensors(rows(20, seed=8)))

    assert median.isfinite().all()


def test_a_step_that_was_never_measured_is_refused():
    def first_never(inputs):
        found = persistent(inputs)
        found[:, 0] = np.nan
        return found

    with pytest.raises(BadInput, match=r"No target was measured for trees to learn from.*without trees"):
        fitted(measured=first_never)


def test_rows_too_few_for_a_leaf_are_one_leaf():
    median, factor = fitted(replace(TINY, trees_min_rows=200), count=20)(tensors(rows(30, seed=8)))

    assert median.isfinite().all()
    assert factor.isfinite().all()
