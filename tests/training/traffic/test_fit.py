"""The regression finds what is there, whatever is missing and in however many chunks it comes."""

import numpy as np
import pytest
import torch

from features.errors import BadInput
from features.traffic.build import Table
from features.traffic.config import TrafficConfig
from training.traffic.fit import Ridge, Sums, fit, targets
from training.traffic.model import LinearCorrection

CONFIG = TrafficConfig(horizon_steps=2, history_steps=3, seasonal_lags_days=(1,))
NEARLY_NONE = Ridge(errors=1e-9, older=1e-9, slow=1e-9)


def table(seed, rows):
    chance = np.random.default_rng(seed)
    shapes = {
        "profile": (2,),
        "profile_now": (),
        "recent_error": (3, 2),
        "seasonal_error": (1, 2, 2),
        "neighbour_error": (3,),
    }
    inputs = {name: chance.normal(0, 5, (rows, *shape)).astype(np.float32) for name, shape in shapes.items()}
    inputs["profile"] = np.abs(inputs["profile"]) + 10
    inputs |= {
        f"{name}_mask": np.ones((rows, *shapes[f"{name}_error"]), dtype=np.bool_)
        for name in ("recent", "seasonal", "neighbour")
    }
    inputs["calendar"] = (chance.random((rows, 2, 3)) < 0.2).astype(np.float32)
    return Table(inputs=inputs, issued_at=(), entities=(), quality=np.zeros((0, 0), np.int8))


@pytest.fixture
def truth():
    """A model whose weights are known."""
    model = LinearCorrection(CONFIG)
    model.weight.copy_(torch.randn(model.weight.shape, generator=torch.Generator().manual_seed(9)) / 10)
    return model


def measured(truth, made):
    inputs = {name: torch.from_numpy(array) for name, array in made.inputs.items()}
    design = truth.design(inputs)
    return (inputs["profile"] + (design * truth.weight).sum(-1)).numpy()


def sums_of(*pairs):
    sums = Sums(CONFIG)
    for made, values in pairs:
        sums.add(made, values)
    return sums


def test_the_weights_that_made_the_targets_are_found(truth):
    made = table(1, 4000)

    found = fit(sums_of((made, measured(truth, made))), CONFIG, NEARLY_NONE)

    np.testing.assert_allclose(found.weight, truth.weight, atol=2e-3)


def test_targets_that_were_not_measured_do_not_matter(truth):
    made = table(2, 4000)
    values = measured(truth, made)
    gaps = np.random.default_rng(3).random(values.shape) < 0.3
    values[gaps] = np.nan

    sums = sums_of((made, values))

    assert sums.rows == (~gaps).sum()
    np.testing.assert_allclose(fit(sums, CONFIG, NEARLY_NONE).weight, truth.weight, atol=2e-3)


def test_chunks_add_up(truth):
    pairs = [(made := table(seed, 500), measured(truth, made)) for seed in range(4)]

    together = sums_of(*pairs)
    apart = sums_of(*pairs[:2]) + sums_of(*pairs[2:])

    torch.testing.assert_close(apart.gram, together.gram)
    torch.testing.assert_close(apart.cross, together.cross)
    assert apart.rows == together.rows


def test_adding_leaves_both_as_they_were(truth):
    made = table(5, 100)
    one, other = (sums_of((made, measured(truth, made))) for _ in range(2))
    before = one.gram.clone()

    _ = one + other

    assert torch.equal(one.gram, before)
    assert one.rows == other.rows


def test_shrinkage_draws_weights_towards_none(truth):
    made = table(6, 1000)
    sums = sums_of((made, measured(truth, made)))

    sizes = [fit(sums, CONFIG, Ridge(errors=by, older=by, slow=by)).weight.norm() for by in (1e-6, 1.0, 1e6)]

    assert sizes[0] > sizes[1] > sizes[2]
    assert sizes[2] < 1e-3


def test_a_regressor_that_never_varied_gets_no_weight(truth):
    made = table(7, 500)
    made.inputs["calendar"][...] = 0
    values = measured(truth, made)

    found = fit(sums_of((made, values)), CONFIG, NEARLY_NONE)

    assert (found.weight[:, -3:] == 0).all()
    assert torch.isfinite(found.weight).all()


def test_a_long_history_is_solved_too():
    """Three hundred and more regressors, which torch's batched solver gets wrong on two threads."""
    config = TrafficConfig(horizon_steps=24, history_steps=168)
    sums = Sums(config)
    design = torch.randn(2000, sums.gram.shape[-1], generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    truth = torch.linspace(-1, 1, sums.gram.shape[-1], dtype=torch.float64)
    sums.gram += design.T @ design
    sums.cross += design.T @ (design @ truth)
    sums.rows = 2000

    found = fit(sums, config, NEARLY_NONE)

    np.testing.assert_allclose(found.weight, truth.expand(24, -1), atol=1e-5)


def test_nothing_measured_is_refused():
    made = table(8, 10)

    with pytest.raises(BadInput, match="No target in the training interval was measured"):
        fit(sums_of((made, np.full((10, 2), np.nan, np.float32))), CONFIG, Ridge())


def test_every_regressor_has_a_shrinkage():
    assert len(Ridge().shares(CONFIG)) == LinearCorrection(CONFIG).weight.shape[1]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        pytest.param(0, [[1, 2], [5, 6]], id="inside"),
        pytest.param(3, [[4, np.nan], [8, np.nan]], id="past the end"),
        pytest.param(4, [[np.nan, np.nan], [np.nan, np.nan]], id="after the end"),
    ],
)
def test_targets_begin_at_the_issue_row(row, found):
    values = np.array([[1, 5], [2, 6], [3, 7], [4, 8]], dtype=np.float32)

    np.testing.assert_array_equal(targets(values, row, CONFIG), np.array(found, dtype=np.float32))
