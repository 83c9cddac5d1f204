"""Quantiles in spaces and odds of being full: rising, within the lot, in agreement, whatever network and trees say."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from features.parking import odds
from features.parking.config import ParkingConfig
from training.parking.model import MOST_FREE, Odds, agreed, groups, rising

CONFIG = ParkingConfig(horizon_steps=4)
LEVELS = CONFIG.quantiles
seeds = st.integers(0, 10_000)


def said(seed, capacity=200.0, width=None, odds_of_full=None):
    """What the last layer makes of random numbers: quantiles (lot, step, level) and full (lot, step)."""
    chance = np.random.default_rng(seed)
    middle = chance.normal(0.5, 0.5, (5, 4, len(LEVELS)))
    quantiles = torch.from_numpy(np.sort(middle, axis=2).astype(np.float32))
    moved = torch.from_numpy(chance.normal(0, 0.2, (5, 4)).astype(np.float32))
    logits = chance.normal(0, 3, (5, 4)) if odds_of_full is None else np.full((5, 4), odds_of_full)
    wide = chance.normal(1, 1, (5, len(LEVELS) - 1, 4)) if width is None else np.full((5, len(LEVELS) - 1, 4), width)
    spaces = torch.full((5,), capacity)
    answer = Odds(CONFIG)(
        quantiles,
        moved,
        torch.from_numpy(logits.astype(np.float32)),
        torch.from_numpy(wide.astype(np.float32)),
        spaces,
    )
    return [each.numpy() for each in answer]


@given(seeds)
def test_quantiles_rise_and_stay_within_the_lot(seed):
    free, full = said(seed)
    assert (np.diff(free, axis=2) >= 0).all()
    assert free.min() >= 0
    assert free.max() <= 200 * MOST_FREE + 1e-3
    assert (full >= 0).all()
    assert (full <= 1).all()


@given(seeds)
def test_each_quantile_lies_on_its_side_of_what_counts_as_full(seed):
    free, full = said(seed)
    below = CONFIG.full_share * 200
    level = np.array(LEVELS, dtype=np.float32)
    low = level <= full
    assert (free[low] <= below + 1e-3).all()
    assert (free[~low] >= below - 1e-3).all()


def test_a_lot_of_unknown_capacity_has_no_forecast():
    free, full = said(1, capacity=float("nan"))
    assert np.isnan(free).all()
    assert np.isnan(full).all()


def test_wider_quantiles_lie_further_out_and_the_median_stays():
    narrow, wide = (said(3, width=each, odds_of_full=-20.0)[0] for each in (1.0, 2.0))
    at = len(LEVELS) // 2
    np.testing.assert_array_equal(narrow[..., at], wide[..., at])
    assert (wide[..., :at] <= narrow[..., :at]).all()
    assert (wide[..., at + 1 :] >= narrow[..., at + 1 :]).all()
    none = said(3, width=-5.0, odds_of_full=-20.0)[0]
    np.testing.assert_array_equal(none, np.broadcast_to(none[..., at : at + 1], none.shape))


@given(seeds, st.floats(0, 1))
def test_the_graph_brings_into_agreement_as_the_features_do(seed, full):
    free = np.sort(np.random.default_rng(seed).uniform(0, 1.1, (3, len(LEVELS))), axis=1).astype(np.float32)
    probability = np.full((3, 1), full, dtype=np.float32)
    mine = agreed(torch.from_numpy(free), torch.from_numpy(probability), torch.tensor(LEVELS), 0.05).numpy()
    theirs = odds.agreed(free, probability[:, 0], np.array(LEVELS, dtype=np.float32), np.full(3, 0.05))
    np.testing.assert_allclose(mine, theirs, atol=1e-6)


@given(seeds)
def test_rising_leaves_the_median_and_what_rises_already(seed):
    values = torch.from_numpy(np.random.default_rng(seed).normal(0, 1, (4, 7)).astype(np.float32))
    found = rising(values, 3)
    assert (found.diff(dim=1) >= 0).all()
    assert torch.equal(found[:, 3], values[:, 3])
    assert torch.equal(rising(found, 3), found)


@pytest.mark.parametrize(("step_min", "steps"), [(60, 24), (60, 6), (60, 1), (15, 96), (30, 8), (5, 12)])
def test_every_step_is_of_one_group(step_min, steps):
    found = groups(ParkingConfig(step_min=step_min, horizon_steps=steps))
    assert [step for group in found for step in group] == list(range(steps))
