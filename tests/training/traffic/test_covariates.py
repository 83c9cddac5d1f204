"""Every member looks at what is known of the whole city, none is led astray by what is not; so does the graph."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from features.console import progress
from features.covariate_ring import RECENT
from features.traffic import schema
from tests.training.traffic.rows import CONFIG, TINY, masked, rows, sample, tensors
from training.export import Graph, check_parity
from training.traffic.compose import export_blend
from training.traffic.fit import Ridge, Sums, fit
from training.traffic.members import fit_members
from training.traffic.model import LinearCorrection

NAMES = ("rain_mm", "pressure_pa")
WEATHERED = replace(CONFIG, covariates=NAMES)
ALL = {"linear": 0.3, "network": 0.3, "trees": 0.4}


class _Table:
    def __init__(self, inputs):
        self.inputs = inputs


def drawn(count=600, *, ahead=True):
    """Rows and targets: each unit of rain takes a hundredth of the vehicles, as far as it is known."""
    inputs = rows(count, config=WEATHERED)
    inputs["covariate"] /= 10
    if not ahead:
        for name in ("covariate", "covariate_mask"):
            inputs[name][:, RECENT:] = 0
    wet = inputs["covariate"][:, RECENT:, 0] if ahead else inputs["covariate"][:, :1, 0]
    return inputs, (inputs["profile"] * (1 - wet / 100)).astype(np.float32)


def fitted(inputs, measured):
    sums = Sums(WEATHERED)
    sums.add(_Table(inputs), measured)
    linear = fit(sums, WEATHERED, Ridge(errors=0.01, older=0.01, slow=1.0))
    recipe = replace(TINY, network_width=32, network_epochs=20, network_learning_rate=0.02, trees_count=20)
    with progress() as bar:
        return fit_members(linear, sample(inputs, measured), np.arange(len(measured)), WEATHERED, recipe, 8, bar)


@pytest.fixture(scope="module")
def members():
    return fitted(*drawn())


def medians(members, inputs):
    known = sample(inputs, np.zeros((len(inputs["profile"]), CONFIG.horizon_steps), dtype=np.float32))
    return members.medians(known, np.arange(len(inputs["profile"])))


def with_rain(inputs, mm):
    wet = inputs["covariate"].copy()
    wet[:, RECENT:, 0] = mm
    return inputs | {"covariate": wet, "covariate_mask": np.ones_like(inputs["covariate_mask"])}


@pytest.mark.parametrize("name", ALL)
def test_every_member_sees_the_rain_ahead(name, members):
    inputs, _ = drawn(200)
    dry, wet = (medians(members, with_rain(inputs, mm))[name] for mm in (0, 4))
    assert (wet < dry).mean() > 0.9


@pytest.mark.parametrize("name", ALL)
def test_what_stands_under_a_false_mask_is_not_looked_at(name, members):
    inputs, _ = drawn(50)
    blind = masked(inputs)
    other = blind | {"covariate": blind["covariate"] + 1000}
    np.testing.assert_array_equal(medians(members, blind)[name], medians(members, other)[name])


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("value", [1e6, -1e30, 3e38])
def test_what_nobody_ever_saw_makes_no_forecast_explode(name, value, members):
    inputs, _ = drawn(50)
    usual, odd = (medians(members, each)[name] for each in (inputs, with_rain(inputs, value)))
    assert np.isfinite(odd).all()
    assert np.abs(odd - usual).max() < 2 * inputs["profile"].max()


@pytest.mark.parametrize("name", ALL)
def test_a_forecast_that_training_had_none_of_changes_nothing(name):
    inputs, measured = drawn(ahead=False)
    learned = fitted(inputs, measured)
    dry, wet = (medians(learned, with_rain(inputs, mm))[name] for mm in (0, 4))
    np.testing.assert_allclose(dry, wet, rtol=1e-5)


def test_linear_model_is_its_design_times_its_weight(members):
    inputs, _ = drawn(40)
    model: LinearCorrection = members.linear
    expected = tensors(inputs)["profile"] + (model.design(tensors(inputs)) * model.weight).sum(-1)
    torch.testing.assert_close(model(tensors(inputs)), expected, rtol=1e-5, atol=1e-2)


@pytest.mark.parametrize("shares", [{"linear": 0.5, "network": 0.5}, ALL], ids=["no trees", "all"])
def test_graph_says_what_the_members_say_whatever_is_missing(shares, members, tmp_path):
    path = tmp_path / "model.onnx"
    native = export_blend(members.blend(shares), WEATHERED, "veh/h", path)
    inputs, _ = drawn(120)
    unknown = {name: np.zeros_like(inputs[name]) for name in ("covariate", "covariate_mask")}
    cases = {
        "held out": inputs,
        "no covariate": inputs | unknown,
        "nothing known": masked(inputs),
        "beyond all": with_rain(inputs, 1e9),
    }
    check_parity(native, Graph(path), cases)
    taken = {one.name for one in Graph(path)._session.get_inputs()}
    assert taken == {spec.name for spec in schema.inputs(WEATHERED, "veh/h")}


def test_without_covariates_the_graph_takes_none(tmp_path):
    model = LinearCorrection(CONFIG)
    assert not [name for name, _ in model.named_buffers()]
    assert not [spec.name for spec in schema.inputs(CONFIG, "veh/h") if spec.name.startswith("covariate")]
