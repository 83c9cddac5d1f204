"""How the interval follows what became of earlier forecasts."""

import numpy as np
import pytest

from features.errors import BadInput
from features.quantiles import outer
from features.traffic.advance import IssuedInterval, Raw, advance
from tests.features.traffic.city import (
    START,
    assert_equal,
    delays,
    hours,
    issued,
    newborn,
    panel,
    small,
)

NAN = float("nan")


def judged(value: float, *, low: float = 10, high: float = 20, delay_min: int = 0):
    """Multipliers of the first step, before and after one measurement against one forecast."""
    config, state = small(), newborn(small())
    measured = panel([[value, NAN, NAN]])
    measured = panel(measured.values, available_at=delays(measured, np.full((1, 3), delay_min)))
    raw = Raw(measured=measured, issued=(issued(config, START, low, high),))
    moved = advance(state, raw, config, START + hours(4 + -(-delay_min // 60)))
    return state, moved


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        pytest.param(15, -1, -1, id="within: both ends come closer"),
        pytest.param(5, 9, -1, id="below: the lower end moves away"),
        pytest.param(25, -1, 9, id="above: the upper end moves away"),
        pytest.param(10, -1, -1, id="on the lower edge is within"),
        pytest.param(20, -1, -1, id="on the upper edge is within"),
        pytest.param(0, 9, -1, id="a true zero counts"),
    ],
)
def test_interval_widens_after_a_miss_and_narrows_else(value, low, high):
    before, after = judged(value)
    step = small().calibration_gain * small().quantiles[0]
    assert after.width[:, 0, 0] - before.width[:, 0, 0] == pytest.approx(np.array([low, high]) * step, rel=1e-3)


@pytest.mark.parametrize(
    ("value", "delay_min"),
    [pytest.param(NAN, 0, id="not measured"), pytest.param(5, 24 * 60, id="known a day after it was over")],
)
def test_forecast_that_was_not_measured_within_a_day_counts_for_nothing(value, delay_min):
    before, after = judged(value, delay_min=delay_min)
    np.testing.assert_array_equal(after.width, before.width)


@pytest.mark.parametrize("delay_min", [30, 60, 300, 23 * 60])
def test_value_that_comes_late_counts_when_it_comes(delay_min):
    before, after = judged(25, delay_min=delay_min)
    _, on_time = judged(25)
    np.testing.assert_array_equal(after.width[1], on_time.width[1])
    assert after.width[1][0, 0] > before.width[1][0, 0]
    config, measured = small(), panel([[25, NAN, NAN]])
    late = panel(measured.values, available_at=delays(measured, np.full((1, 3), delay_min)))
    raw = Raw(measured=late, issued=(issued(config, START, 10, 20),))
    just_before = advance(newborn(config), raw, config, START + hours(-(-delay_min // 60)))
    np.testing.assert_array_equal(just_before.width[1], newborn(config).width[1])


def test_forecast_is_counted_once_a_step_and_entity_however_often_it_is_told():
    config, state = small(), newborn(small())
    measured, forecast = panel(np.full((6, 3), 100.0)), issued(config, START, 10, 20)
    once = advance(state, Raw(measured=measured, issued=(forecast,)), config, START + hours(6))
    again = state
    for step in range(7):
        again = advance(again, Raw(measured=measured, issued=(forecast, forecast)), config, START + hours(step))
    assert_equal(once, again)
    gain = config.calibration_gain * config.quantiles[-1]
    np.testing.assert_allclose(once.width[1] - state.width[1], gain, rtol=1e-3)
    assert np.isnan(once.pending[:, :, 1]).all()


def test_each_step_ahead_is_judged_by_its_own_target():
    config, state = small(), newborn(small())
    values = np.array([[15.0] * 3, [15.0] * 3, [99.0] * 3])
    raw = Raw(measured=panel(values), issued=(issued(config, START, 10, 20),))
    moved = advance(state, raw, config, START + hours(3)).width[1] - state.width[1]
    assert (moved[:2] < 0).all()
    assert (moved[2] > 0).all()


def test_forecasts_that_overlap_are_all_judged():
    config, state = small(), newborn(small())
    forecasts = tuple(issued(config, START + hours(at), 10, 20) for at in range(3))
    raw = Raw(measured=panel(np.full((3, 3), 99.0)), issued=forecasts)
    moved = advance(state, raw, config, START + hours(3)).width[1] - state.width[1]
    gain = config.calibration_gain * config.quantiles[-1]
    np.testing.assert_allclose(moved[:, 0], [3 * gain, 2 * gain, gain], rtol=1e-3)


def test_forecast_of_the_past_and_of_the_future_waits_or_is_gone():
    config, state = small(), newborn(small())
    raw = Raw(
        measured=panel(np.full((2, 3), 99.0)),
        issued=(issued(config, START - hours(3), 10, 20), issued(config, START + hours(3), 10, 20)),
    )
    moved = advance(state, raw, config, START + hours(2))
    np.testing.assert_array_equal(moved.width[1], state.width[1])
    assert np.isnan(moved.pending[:, :, 1]).all()
    assert (~np.isnan(advance(moved, raw, config, START + hours(3)).pending[:, :, 1])).sum() == 9


def test_interval_never_closes_altogether():
    config = small(calibration_gain=1.0)
    values = np.full((48, 3), 15.0)
    forecasts = tuple(issued(config, START + hours(at), 10, 20) for at in range(48))
    raw = Raw(measured=panel(values), issued=forecasts)
    moved = advance(newborn(config), raw, config, START + hours(48))
    np.testing.assert_allclose(moved.width, 0.05)


@pytest.mark.parametrize("late_h", [pytest.param(0, id="on time"), pytest.param(1, id="always an hour late"), 20])
def test_interval_finds_the_noise_that_it_was_not_told_of(late_h):
    """Known truth: noise of 10 around 100; whatever multipliers it starts from, the share within is as asked."""
    config = small(horizon_steps=1)
    chance = np.random.default_rng(7)
    state = newborn(config, entities=4)
    state.width[0], state.width[1] = 5.0, 0.1
    within, values = [], 100 + 10 * chance.standard_normal((1500, 4))
    for step in range(1500):
        now = START + hours(step)
        forecast = issued(config, now, 100 - 10 * state.width[0], 100 + 10 * state.width[1], entities=4)
        measured = panel(values[max(0, step - late_h) : step + 1], start=now - hours(min(step, late_h)))
        late = delays(measured, np.full(measured.values.shape, 60 * late_h))
        raw = Raw(measured=panel(measured.values, start=measured.start, available_at=late), issued=(forecast,))
        state = advance(state, raw, config, now + hours(1))
        low, high = forecast.bounds
        within.append((low <= values[step]) & (values[step] <= high))
    assert np.mean(within[500:]) == pytest.approx(config.interval, abs=0.03)


def test_bounds_of_another_number_of_quantiles_are_refused():
    config = small(quantiles=(0.05, 0.25, 0.5, 0.75, 0.95))
    raw = Raw(measured=panel(np.full((1, 3), 9.0)), issued=(issued(config, START, 10, 20),))
    with pytest.raises(BadInput, match=r"has shape \(2, 3, 3\)") as refused:
        advance(newborn(config), raw, config, START + hours(1))
    assert "(4, 3, 3)" in refused.value.mend


@pytest.mark.parametrize(
    "levels",
    [
        pytest.param((0.1, 0.5, 0.9), id="three"),
        pytest.param((0.05, 0.25, 0.5, 0.75, 0.95), id="five"),
        pytest.param((0.2, 0.4, 0.5, 0.55, 0.9), id="uneven"),
    ],
)
def test_each_quantile_covers_its_own_share_and_none_crosses(levels):
    """Known truth: skewed noise around 100; whatever widths it starts from, each quantile's share is as asked."""
    config = small(horizon_steps=1, quantiles=levels)
    chance = np.random.default_rng(11)
    state = newborn(config, entities=4)
    state.width[:] = 1.0
    half = len(levels) // 2
    noise = chance.gamma(2.0, 8.0, (600, 4))
    values = 100 + noise - np.median(noise)
    below = []
    for step in range(600):
        now = START + hours(step)
        width = 10 * state.width
        # As models put them: an outer quantile is never nearer to the median than an inner one.
        low = np.minimum.accumulate(100 - width[:half][::-1])[::-1]
        bounds = np.concatenate([low, np.maximum.accumulate(100 + width[half:])]).astype(np.float32)
        assert (np.diff(bounds, axis=0) >= 0).all()
        raw = Raw(measured=panel(values[[step]], start=now), issued=(IssuedInterval(issued_at=now, bounds=bounds),))
        state = advance(state, raw, config, now + hours(1))
        below.append(values[step] < bounds[:, 0])
    np.testing.assert_allclose(np.mean(below[200:], axis=(0, 2)), outer(levels), atol=0.03)
