"""Persistence as a probability: what came after the like of now, and nothing else."""

import numpy as np
import pytest

from features.disaster.config import DisasterConfig
from features.disaster.table import hazard
from features.errors import BadInput
from training.disaster.bins import BINS, Bins, fit_bins, load_bins
from training.disaster.sample import Sample

CONFIG = DisasterConfig(hazard=hazard("pm25"))
HORIZONS, LEVELS = len(CONFIG.horizons_steps), len(CONFIG.hazard.levels)


def _sample(value: np.ndarray, came: np.ndarray) -> Sample:
    """One place whose value now is ``value`` and where every level came, at every horizon, where ``came`` says so."""
    rows = len(value)
    outcome = np.repeat(np.repeat(came[:, None, None], LEVELS, axis=1), HORIZONS, axis=2).astype(np.float32)
    blank = np.full((rows, 1, HORIZONS), np.nan, dtype=np.float32)
    inputs = {"value": np.nan_to_num(value)[:, None], "value_mask": ~np.isnan(value)[:, None]}
    return Sample(
        inputs=inputs,
        quality=np.zeros(rows, np.int8),
        issue=np.arange(rows),
        place=np.zeros(rows, np.int64),
        labels=None,
        at=blank[:, 0],
        value_at=blank,
        peak=blank,
        met=outcome,
        within=outcome,
    )


def test_a_bin_says_how_often_it_came_there():
    seed = 21
    chance = np.random.default_rng(seed)
    value = chance.uniform(0, 200, 20_000)
    true = np.where(value >= 75, 0.8, 0.1)
    sample = _sample(value, chance.random(len(value)) < true)
    said = fit_bins(sample, np.ones(len(value), np.bool_), CONFIG).said(sample, CONFIG)
    for found in (said.met, said.within):
        assert np.abs(found[:, 0, 0] - true).mean() < 0.03, f"seed {seed}"
        assert np.abs(found[:, 0, 0] - true).max() < 0.2, f"seed {seed}"


def test_rows_that_are_not_learned_from_change_nothing():
    value = np.linspace(0, 200, 1000)
    came, learned = (value > 100).astype(float), np.arange(1000) % 2 == 0
    other = np.where(learned, came, 1 - came)
    first, second = (fit_bins(_sample(value, each), learned, CONFIG) for each in (came, other))
    np.testing.assert_array_equal(first.within, second.within)


def test_of_a_place_that_is_silent_it_says_nothing():
    value = np.append(np.linspace(0, 200, 500), np.nan)
    sample = _sample(value, value > 75)
    said = fit_bins(sample, np.ones(len(value), np.bool_), CONFIG).said(sample, CONFIG)
    assert np.isnan(said.met[-1]).all()
    assert not np.isnan(said.met[:-1]).any()


def test_it_is_the_same_table_from_a_file(tmp_path):
    value = np.linspace(0, 200, 500)
    found = fit_bins(_sample(value, value > 75), np.ones(len(value), np.bool_), CONFIG)
    found.save(tmp_path / BINS)
    again = load_bins(tmp_path)
    assert isinstance(again, Bins)
    for name in ("edges", "within", "met"):
        np.testing.assert_array_equal(getattr(again, name), getattr(found, name))


def test_an_artifact_without_one_says_to_train_again(tmp_path):
    with pytest.raises(BadInput, match="older Haechi"):
        load_bins(tmp_path)
