"""Shares are those that err least on rows that no member has seen; quantiles rise whatever the members say."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.traffic.rows import CONFIG, ENTITIES, TINY, rows, tensors
from training.traffic.blend import Smooth, choose_weights
from training.traffic.members import Members
from training.traffic.model import LinearCorrection, quantiles
from training.traffic.network import ResidualNetwork

CHANCE = np.random.default_rng(6)
TRUTH = CHANCE.normal(300, 80, (400, 3)).astype(np.float32)
NOISE = CHANCE.normal(0, 20, TRUTH.shape).astype(np.float32)
OTHER = CHANCE.normal(0, 20, TRUTH.shape).astype(np.float32)


@pytest.mark.parametrize(
    ("medians", "shares"),
    [
        pytest.param({"linear": TRUTH + 5}, {"linear": 1.0}, id="one alone"),
        pytest.param(
            {"linear": TRUTH + NOISE, "network": TRUTH - 3 * NOISE}, {"linear": 0.75, "network": 0.25}, id="opposites"
        ),
        pytest.param({"linear": TRUTH + NOISE, "network": TRUTH}, {"linear": 0.0, "network": 1.0}, id="one is right"),
        pytest.param(
            {"linear": TRUTH + NOISE + OTHER, "network": TRUTH - NOISE, "trees": TRUTH - OTHER / 2},
            {"linear": 0.25, "network": 0.25, "trees": 0.5},
            id="three that cancel out",
        ),
    ],
)
def test_the_best_mix_is_found(medians, shares):
    found = choose_weights(medians, TRUTH)

    assert found.shares == pytest.approx(shares)
    assert found.validation_mae == pytest.approx(5.0 if len(medians) == 1 else 0.0, abs=1e-3)


def test_what_was_not_measured_does_not_count():
    measured, wrong = TRUTH.copy(), TRUTH.copy()
    measured[::2], wrong[::2] = np.nan, 1e9

    found = choose_weights({"linear": TRUTH + NOISE, "network": wrong}, measured)

    assert found.shares == {"linear": 0.0, "network": 1.0}
    assert found.validation_mae == 0


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_member_alone_errs_less_than_the_mix(seed):
    chance = np.random.default_rng(seed)
    medians = {name: TRUTH + chance.normal(0, 30, TRUTH.shape).astype(np.float32) for name in ("linear", "trees")}

    found = choose_weights(medians, TRUTH)

    assert sum(found.shares.values()) == pytest.approx(1)
    assert all(found.validation_mae <= np.abs(one - TRUTH).mean() + 1e-4 for one in medians.values())


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), outer=st.sampled_from([2, 4, 8]), scale=st.floats(1e-3, 1e5))
def test_quantiles_never_cross_and_are_never_negative(seed, outer, scale):
    chance = torch.Generator().manual_seed(seed)
    median = torch.randn(20, 3, generator=chance) * scale
    width = torch.randn(20, 3, outer, generator=chance) * scale  # some of them the wrong way round

    found = quantiles(median, width)

    assert (found >= 0).all()
    assert (found.diff(dim=-1) >= 0).all()
    torch.testing.assert_close(found[..., outer // 2], median.clamp(min=0))


def untrained(seed):
    torch.manual_seed(seed)
    network = ResidualNetwork(CONFIG, TINY, ENTITIES)
    for head in (network.correct, network.widen):
        torch.nn.init.normal_(head.weight, std=0.5)
    return network.eval()


@pytest.fixture
def linear():
    made = LinearCorrection(CONFIG)
    made.weight.copy_(torch.randn(made.weight.shape, generator=torch.Generator().manual_seed(5)) / 50)
    return made


def test_the_sum_is_weighted_by_the_shares(linear):
    networks, inputs = [untrained(1), untrained(2)], tensors(rows(30))

    with torch.inference_mode():
        median, factor = Smooth(linear, networks, 0.25, 0.75)(inputs)
        alone = [network(inputs) for network in networks]

        expected = 0.25 * linear(inputs) + 0.375 * (alone[0][0] + alone[1][0])
        torch.testing.assert_close(median, expected)
        # The linear model leaves the interval as it is.
        torch.testing.assert_close(factor, 0.25 + 0.375 * (alone[0][1] + alone[1][1]))


def test_a_member_without_a_share_is_left_out(linear):
    blend = Members(linear=linear, networks=[untrained(1)], trees=None).blend({"linear": 1.0, "network": 0.0})

    assert len(blend.smooth.networks) == 0
    assert blend.trees is None


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), share=st.floats(0, 1))
def test_a_blend_never_crosses(seed, share):
    linear = LinearCorrection(CONFIG)
    linear.weight.copy_(torch.randn(linear.weight.shape, generator=torch.Generator().manual_seed(seed)))
    members = Members(linear=linear, networks=[untrained(seed)], trees=None)
    inputs = rows(20, seed=seed)
    inputs["spread"] = -inputs["spread"] if seed % 2 else inputs["spread"]

    found = members.blend({"linear": share, "network": 1 - share})(inputs)

    assert found.shape == (20, 4, 3)
    assert (found >= 0).all()
    assert (np.diff(found) >= 0).all()


def test_without_weights_the_blend_is_the_profile_and_its_spread():
    fresh = Members(linear=LinearCorrection(CONFIG), networks=[ResidualNetwork(CONFIG, TINY, ENTITIES)], trees=None)
    inputs = rows(10)

    found = fresh.blend({"linear": 0.5, "network": 0.5})(inputs)

    low, high = inputs["profile"] - inputs["spread"][..., 0], inputs["profile"] + inputs["spread"][..., 1]
    np.testing.assert_allclose(found, np.stack([low.clip(min=0), inputs["profile"], high], axis=-1), rtol=1e-5)


def test_dropout_is_over_when_it_forecasts():
    members = Members(linear=LinearCorrection(CONFIG), networks=[untrained(1).train()], trees=None)
    inputs = rows(10)

    blend = members.blend({"network": 1.0})

    np.testing.assert_array_equal(blend(inputs), blend(inputs))
