"""Odds from distances: calibrated, and never falling as the quantity rises."""

import numpy as np

from training.disaster.calibrate import fit_terms
from training.disaster.model import SLOPES


def _columns(above: np.ndarray, on: np.ndarray) -> np.ndarray:
    """What the log odds are linear in where nothing is known of the scale and of where the quantity stands now."""
    nothing = np.zeros_like(above)
    return np.stack([above, np.maximum(above, 0), nothing, on, np.ones_like(above), nothing], axis=1)


def test_terms_give_back_the_odds_that_made_the_events():
    seed = 11
    chance = np.random.default_rng(seed)
    above = chance.normal(-1, 2, 40_000)
    true = 1 / (1 + np.exp(-(1.5 * above - 0.5)))
    came = (chance.random(len(above)) < true).astype(float)
    columns = _columns(above, np.zeros_like(above))
    said = 1 / (1 + np.exp(-(columns @ fit_terms(columns, came, np.ones(len(above))))))
    assert np.abs(said - true).mean() < 0.02, f"seed {seed}"


def test_slopes_never_turn_even_where_the_events_do():
    seed = 12
    above = np.random.default_rng(seed).normal(0, 2, 5000)
    came = (above < 0).astype(float)
    columns = _columns(above, (above > 0).astype(float))
    assert (fit_terms(columns, came, np.ones(len(above)))[:SLOPES] >= 0).all(), f"seed {seed}"
