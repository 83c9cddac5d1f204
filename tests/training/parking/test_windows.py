"""Share windows, back-tested on made-up forecasts with known truth."""

import numpy as np
import pytest

from tests.training.parking.city import config, lots, panel
from training.parking.job import past_of
from training.parking.windows import MOST_RISK, Offering, fit_risk

STEPS = 12


def offering(short, came):
    """Windows' material as a replay gathers it: one forecast of some lots after the other."""
    past = past_of(panel(14), lots(), lots().capacity, config())
    hour = np.zeros(14 * 24, dtype=np.int64)
    return Offering(past=past, learned=np.ones(6, dtype=bool), hour=hour, short=list(short), came=list(came))


def made_up(seed, *, together, forecasts=800):
    """Forecasts that are right of each step; shortfalls of steps come together, or each by itself."""
    chance = np.random.default_rng(seed)
    short = chance.beta(0.3, 12, (forecasts, 6, 1)) * np.ones(STEPS)
    dice = chance.random((forecasts, 6, 1 if together else STEPS))
    return short, (dice < short).astype(np.float64)


@pytest.mark.parametrize("seed", [1, 2])
def test_where_steps_are_independent_windows_fail_as_often_as_is_said(seed):
    offered = offering(*made_up(seed, together=False)).offers(1.0, 0.0)
    assert offered.count > 1000, f"seed {seed}"
    assert abs(offered.failed - offered.stated) < 4 * np.sqrt(offered.stated / offered.count), f"seed {seed}"
    assert offered.stated <= MOST_RISK
    assert offered.lots == 6


def test_the_extremal_index_is_found():
    """Near one where steps are independent, far below where one cause decides all."""
    apart, together = (offering(*made_up(3, together=each, forecasts=250)) for each in (False, True))
    index, unforeseen = fit_risk(together)
    assert index < 0.4 < fit_risk(apart)[0], "seed 3"
    fitted, plain = together.offers(index, unforeseen), together.offers(1.0, 0.0)
    assert abs(fitted.failed - fitted.stated) < abs(plain.failed - plain.stated)


def test_what_no_forecast_sees_is_stated_too():
    """Feeds that jump now and then where all seems safe: windows are no longer said to be safe."""
    chance = np.random.default_rng(5)
    short = np.zeros((300, 6, STEPS))
    came = (chance.random(short.shape) < 0.003).astype(np.float64)
    blind = offering(short, came)
    _, unforeseen = fit_risk(blind)
    assert unforeseen == pytest.approx(0.003, abs=0.001), "seed 5"
    offered = blind.offers(1.0, unforeseen)
    assert abs(offered.failed - offered.stated) < 0.01


def test_where_nothing_can_be_offered_the_index_stays_one():
    none = offering([np.full((6, STEPS), 0.5)], [np.zeros((6, STEPS))])
    assert none.offers(1.0, 0.0).count == 0
    assert np.isnan(none.offers(1.0, 0.0).failed)
    assert fit_risk(none) == (1, 0)


def test_a_window_that_nobody_counted_to_its_end_is_left_out_unless_it_failed():
    came = np.zeros((6, STEPS))
    came[1, 3] = np.nan
    came[2, 3], came[2, 5] = np.nan, 1
    offered = offering([np.zeros((6, STEPS))], [came]).offers(1.0, 0.0)
    assert (offered.count, offered.failed) == (5, pytest.approx(1 / 5))
    assert offered.hours == STEPS - 1
