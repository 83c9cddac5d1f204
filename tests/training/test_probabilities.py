"""Scores of probabilities, by hand."""

import numpy as np
import pytest

from training.probabilities import average_precision, brier, calibration_error, reliability, skill, skills

NAN = float("nan")


def test_brier_leaves_out_what_is_unknown():
    assert brier(np.array([0.2, 0.7, NAN, 0.5]), np.array([0.0, 1.0, 1.0, NAN])) == pytest.approx((0.04 + 0.09) / 2)
    assert np.isnan(brier(np.array([NAN]), np.array([1.0])))


def test_skill_is_one_when_perfect_and_nought_when_no_better():
    observed = np.array([0.0, 1.0, 0.0, 1.0])
    climatology = np.full(4, 0.5)
    assert skill(observed, climatology, observed) == 1
    assert skill(climatology, climatology, observed) == 0
    assert skill(1 - observed, climatology, observed) == pytest.approx(-3)
    assert np.isnan(skill(climatology, observed, observed)), "a reference without an error"
    assert skills(observed, {"climatology": climatology}, observed) == {"climatology": 1}


def test_skill_compares_only_what_both_forecast():
    observed = np.array([0.0, 1.0, 1.0])
    assert skill(np.array([0.0, 1.0, 0.0]), np.array([0.5, 0.5, NAN]), observed) == 1


def test_reliability_counts_what_was_said_and_came():
    said, came = np.array([0.05, 0.08, 0.95, 1.0]), np.array([0.0, 1.0, 1.0, 1.0])
    bins = reliability(said, came)
    assert [each.count for each in bins] == [2, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    assert (bins[0].forecast, bins[0].observed) == (pytest.approx(0.065), 0.5)
    assert np.isnan(bins[1].observed)
    assert calibration_error(said, came) == pytest.approx(0.5 * 0.435 + 0.5 * 0.025)


def test_calibration_error_of_a_perfectly_calibrated_forecast_is_small():
    seed = 4
    chance = np.random.default_rng(seed)
    said = chance.random(200_000)
    came = (chance.random(200_000) < said).astype(float)
    assert calibration_error(said, came) < 0.01, f"seed {seed}"
    assert calibration_error(said**2, came) > 0.1, f"seed {seed}"


def test_average_precision_ranks():
    observed = np.array([0.0, 0.0, 1.0, 1.0])
    assert average_precision(np.array([0.1, 0.2, 0.8, 0.9]), observed) == 1
    assert average_precision(np.array([0.9, 0.8, 0.2, 0.1]), observed) == pytest.approx((1 / 3 + 2 / 4) / 2)
    assert np.isnan(average_precision(np.array([0.3]), np.array([0.0])))
