"""The module forecasts what its regression says, in order, and looks at nothing under a false mask."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from features.traffic.config import TrafficConfig
from training.traffic.model import LinearCorrection, quantiles

CONFIG = TrafficConfig(horizon_steps=5, history_steps=4, seasonal_lags_days=(1, 7))


def random_inputs(seed, rows=7, scale=300.0):
    chance = torch.Generator().manual_seed(seed)
    steps, history, lags = CONFIG.horizon_steps, CONFIG.history_steps, len(CONFIG.seasonal_lags_days)

    def numbers(*shape):
        return torch.randn(rows, *shape, generator=chance) * scale

    return {
        "profile": numbers(steps).abs(),
        "profile_now": numbers().abs(),
        "recent_error": numbers(history, 2) / 10,
        "recent_mask": numbers(history, 2) > 0,
        "seasonal_error": numbers(lags, steps, 2) / 10,
        "seasonal_mask": numbers(lags, steps, 2) > 0,
        "calendar": (numbers(steps, 3) > 0).float(),
        "neighbour_error": numbers(history) / 10,
        "neighbour_mask": numbers(history) > 0,
        "spread": numbers(steps, 2),
    }


@pytest.fixture
def model():
    made = LinearCorrection(CONFIG)
    made.weight.copy_(torch.randn(made.weight.shape, generator=torch.Generator().manual_seed(5)) / 50)
    return made.eval()


def test_without_weights_the_profile_is_the_forecast():
    inputs = random_inputs(1)

    assert torch.equal(LinearCorrection(CONFIG)(inputs), inputs["profile"])


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_factored_forecast_is_profile_plus_design_times_weight(seed):
    model = LinearCorrection(CONFIG)
    model.weight.copy_(torch.randn(model.weight.shape, generator=torch.Generator().manual_seed(seed)) / 50)
    inputs = random_inputs(seed)

    expected = inputs["profile"] + (model.design(inputs) * model.weight).sum(-1)

    torch.testing.assert_close(model(inputs), expected, rtol=1e-4, atol=1e-2)


@settings(deadline=None, max_examples=100)
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1e-3, 1e5))
def test_quantiles_never_cross_and_are_never_negative(seed, scale):
    model = LinearCorrection(CONFIG)
    model.weight.copy_(torch.randn(model.weight.shape, generator=torch.Generator().manual_seed(seed)))

    inputs = random_inputs(seed, scale=scale)

    forecast = quantiles(model(inputs), inputs["spread"])

    assert (forecast >= 0).all()
    assert (forecast.diff(dim=-1) >= 0).all()


@pytest.mark.parametrize("part", ["recent", "seasonal", "neighbour"])
@pytest.mark.parametrize("value", [pytest.param(1e6, id="huge"), pytest.param(float("nan"), id="not a number")])
def test_values_under_a_false_mask_do_not_matter(part, value, model):
    inputs = random_inputs(2)
    hidden = dict(inputs)
    hidden[f"{part}_error"] = torch.where(inputs[f"{part}_mask"], inputs[f"{part}_error"], value)

    assert torch.equal(model(hidden), model(inputs))
    assert torch.equal(model.design(hidden), model.design(inputs))


def test_a_row_does_not_change_with_its_neighbours(model):
    inputs = random_inputs(3)

    alone = torch.cat([model({name: one[row : row + 1] for name, one in inputs.items()}) for row in range(7)])

    torch.testing.assert_close(alone, model(inputs), rtol=1e-5, atol=1e-3)


def test_a_holiday_lowers_every_road_by_the_same_share():
    model = LinearCorrection(CONFIG)
    model.weight[:, -3] = -0.2
    inputs = random_inputs(4)
    inputs["calendar"] = torch.zeros_like(inputs["calendar"])
    inputs["calendar"][:, 2, 0] = 1

    share = model(inputs) / inputs["profile"]

    np.testing.assert_allclose(share[:, 2], 0.8, rtol=1e-5)
    np.testing.assert_allclose(share[:, [0, 1, 3, 4]], 1, rtol=1e-5)


def test_what_the_neighbours_did_shifts_the_forecast():
    model = LinearCorrection(CONFIG)
    model.weight[:, 2 * CONFIG.history_steps] = 0.5  # of their latest error
    inputs = random_inputs(6)
    inputs["neighbour_mask"][:, 0] = True

    found = model(inputs)

    expected = inputs["profile"] + inputs["neighbour_error"][:, :1] / 2
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-3)


def test_quantiles_stand_at_their_widths_with_the_median_in_the_middle():
    median, width = torch.tensor([[10.0, 3.0]]), torch.tensor([[[4.0, 2.0], [5.0, 1.0]]])

    assert quantiles(median, width).tolist() == [[[6, 10, 12], [0, 3, 4]]]


def test_five_quantiles_rise_even_where_an_inner_width_is_the_larger():
    found = quantiles(torch.tensor([[10.0]]), torch.tensor([[[1.0, 4.0, 2.0, 1.0]]]))

    assert found.tolist() == [[[6, 6, 10, 12, 12]]]
