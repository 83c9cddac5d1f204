"""Whatever comes in, a finite forecast comes out; rows are their own, chance has a seed, and it learns."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from features.console import progress
from features.errors import HaechiError
from tests.training.traffic.rows import CONFIG, ENTITIES, TINY, masked, persistent, rows, sample, tensors
from training.traffic.network import ResidualNetwork
from training.traffic.train_network import fit_network

MASKED = ("recent", "seasonal", "neighbour")


def fitted(recipe=TINY, *, count=400, seed=7, change=lambda inputs: inputs, measured=persistent):
    inputs = change(rows(count))
    with progress() as bar:
        return fit_network(sample(inputs, measured(inputs)), np.arange(count), CONFIG, recipe, seed, bar)


@pytest.fixture(scope="module")
def network():
    return fitted(replace(TINY, network_epochs=5, network_learning_rate=0.02))


def forecast(network, inputs):
    with torch.inference_mode():
        return network(tensors(inputs))


def test_before_training_the_profile_is_the_forecast_and_the_interval_the_states():
    inputs = rows(9)

    median, factor = forecast(ResidualNetwork(CONFIG, TINY, ENTITIES).eval(), inputs)

    np.testing.assert_array_equal(median, inputs["profile"])
    assert factor.shape == (9, 4, 2)
    assert (factor == 1).all()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda inputs: inputs, id="as they are"),
        pytest.param(masked, id="nothing known"),
        pytest.param(
            lambda inputs: inputs | {f"{k}_error": inputs[f"{k}_error"] * 0 for k in MASKED}, id="no error anywhere"
        ),
        pytest.param(lambda inputs: inputs | {"typical_error": inputs["typical_error"] * 0}, id="never errs"),
        pytest.param(
            lambda inputs: {
                k: (v * 1e30).astype(v.dtype) if k[:-6] in MASKED and k.endswith("_error") else v
                for k, v in inputs.items()
            },
            id="errors beyond all measure",
        ),
        pytest.param(
            lambda inputs: masked(inputs) | {f"{k}_error": inputs[f"{k}_error"] * np.nan for k in MASKED},
            id="no number under the masks",
        ),
        pytest.param(lambda inputs: inputs | {"entity_code": inputs["entity_code"] * 0 - 1}, id="nobody's code"),
        pytest.param(lambda inputs: inputs | {"entity_code": inputs["entity_code"] + 10**9}, id="a code too large"),
        pytest.param(lambda inputs: inputs | {"clock": inputs["clock"] * 1000 - 500}, id="no time of any day"),
        pytest.param(lambda inputs: inputs | {"profile": inputs["profile"] * 0}, id="a road that nobody takes"),
    ],
)
def test_the_forecast_is_finite_and_near_the_profile(change, network):
    inputs = change(rows(200, seed=11))

    median, factor = forecast(network, inputs)

    off = np.abs(median.numpy() - inputs["profile"])
    assert (off <= 100 * inputs["typical_error"][:, None]).all()
    assert factor.isfinite().all()
    assert (factor > 0).all()


def test_what_stands_under_a_false_mask_does_not_matter(network):
    inputs = rows(50)
    hidden = inputs | {
        f"{name}_error": np.where(inputs[f"{name}_mask"], inputs[f"{name}_error"], np.float32(np.nan))
        for name in MASKED
    }

    for one, other in zip(forecast(network, hidden), forecast(network, inputs), strict=True):
        assert torch.equal(one, other)


def test_all_unknown_codes_are_one_entity_of_which_nothing_was_learned(network):
    inputs = rows(20)
    found = [
        forecast(network, inputs | {"entity_code": np.full(20, code)})[0] for code in (-1, -7, ENTITIES, ENTITIES + 90)
    ]

    assert all(torch.equal(one, found[0]) for one in found)
    assert not torch.equal(found[0], forecast(network, inputs | {"entity_code": np.full(20, 0)})[0])


def test_a_row_does_not_change_with_its_neighbours(network):
    inputs = rows(7)

    together = forecast(network, inputs)[0]
    alone = [forecast(network, {name: array[row : row + 1] for name, array in inputs.items()})[0] for row in range(7)]

    torch.testing.assert_close(torch.cat(alone), together, rtol=1e-5, atol=1e-3)


def test_a_seed_is_a_network():
    one, same, other = fitted(seed=1), fitted(seed=1), fitted(seed=2)

    for name, weight in one.state_dict().items():
        assert torch.equal(weight, same.state_dict()[name]), name
    assert not torch.equal(one.enter.weight, other.enter.weight)


def test_it_learns_that_errors_last():
    recipe = replace(TINY, network_epochs=8, network_learning_rate=0.02, network_width=16, network_dropout=0.0)
    unseen = rows(500, seed=99)

    median, _ = forecast(fitted(recipe, count=2000), unseen)

    truth = persistent(unseen)
    assert np.abs(median.numpy() - truth).mean() < 0.5 * np.abs(unseen["profile"] - truth).mean()


def test_its_interval_grows_with_the_noise():
    recipe = replace(TINY, network_epochs=8, network_learning_rate=0.02, network_dropout=0.0)
    inputs = rows(100, seed=5)

    def noisy(some, size):
        return (some["profile"] + np.random.default_rng(1).normal(0, size, some["profile"].shape)).astype(np.float32)

    calm, wild = (fitted(recipe, count=1000, measured=lambda some, by=by: noisy(some, by)) for by in (1, 60))

    assert (forecast(wild, inputs)[1].mean(dim=0) > 2 * forecast(calm, inputs)[1].mean(dim=0)).all()


def test_targets_that_were_not_measured_teach_nothing():
    def half(inputs):
        found = persistent(inputs)
        found[:, 2:] = np.nan
        return found

    found = fitted(measured=half)

    assert all(weight.isfinite().all() for weight in found.state_dict().values())
    assert (found.correct.bias[2:] == 0).all()
    assert (found.correct.bias[:2] != 0).all()


@pytest.mark.parametrize("steps", [1, 2, 5, 10])
def test_few_steps_of_training_are_enough_to_end(steps):
    found = fitted(replace(TINY, network_epochs=steps), count=64)

    assert all(weight.isfinite().all() for weight in found.state_dict().values())


def test_a_learning_rate_that_diverges_is_refused_by_name():
    # Every step multiplies all weights by -9.
    recipe = replace(TINY, network_learning_rate=1.0, network_weight_decay=10.0, network_epochs=20)

    with pytest.raises(HaechiError, match=r"diverged in epoch \d+.*network_learning_rate"):
        fitted(recipe)
