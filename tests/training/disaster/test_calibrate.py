"""Odds from distances: calibrated, and never falling as the quantity rises."""

import numpy as np

from training.disaster.calibrate import fit_terms
from training.disaster.model import SLOPES


def test_terms_give_back_the_odds_that_made_the_events():
    seed = 11
    chance = np.random.default_rng(seed)
    above = chance.normal(-1, 2, 40_000)
    true = 1 / (1 + np.exp(-(1.5 * above - 0.5)))
    came = (chance.random(len(above)) < true).astype(float)
    columns = np.stack([above, np.maximum(above, 0), np.zeros_like(above), np.ones_like(above), above * 0], axis=1)
    said = 1 / (1 + np.exp(-(columns @ fit_terms(columns, came, np.ones(len(above))))))
    assert np.abs(said - true).mean() < 0.02, f"seed {seed}"


def test_slopes_never_turn_even_where_the_events_do():
    seed = 12
    above = np.random.default_rng(seed).normal(0, 2, 5000)
    came = (above < 0).astype(float)
    columns = np.stack([above, np.maximum(above, 0), above > 0, np.ones_like(above), above * 0], axis=1).astype(float)
    assert (fit_terms(columns, came, np.ones(len(above)))[:SLOPES] >= 0).all(), f"seed {seed}"
