"""A graph is published only if it says what the module says, on every kind of row."""

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from features.errors import HaechiError
from features.traffic import schema
from features.traffic.config import TrafficConfig
from training.export import Graph, check_parity
from training.traffic.compose import export_blend
from training.traffic.members import Members
from training.traffic.model import LinearCorrection

CONFIG = TrafficConfig(horizon_steps=4, history_steps=3, seasonal_lags_days=(1, 7))
INPUTS, OUTPUTS = schema.inputs(CONFIG, "veh/h"), schema.outputs(CONFIG, "veh/h")


def rows(count, *, mask=True, seed=3):
    chance = np.random.default_rng(seed)
    made = {}
    for spec in INPUTS:
        shape = (count, *spec.shape[1:])
        if spec.dtype == "bool":
            made[spec.name] = np.full(shape, mask)
        elif spec.dtype == "int64":
            made[spec.name] = chance.integers(0, 5, shape)
        else:
            made[spec.name] = chance.normal(100, 50, shape).astype(np.float32)
    return made


CASES = {"held out": rows(11), "with missing values": rows(11, mask=False), "unseen": rows(1, seed=4)}


@pytest.fixture(scope="module")
def model():
    made = LinearCorrection(CONFIG)
    made.weight.copy_(torch.randn(made.weight.shape, generator=torch.Generator().manual_seed(5)) / 20)
    return Members(linear=made, networks=[], trees=None).blend({"linear": 1.0})


@pytest.fixture
def graph(model, tmp_path):
    export_blend(model, CONFIG, "veh/h", tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


def test_graph_and_module_agree_on_every_kind_of_row(model, graph):
    assert check_parity(model, Graph(graph), CASES) < 1e-2


@pytest.mark.parametrize("count", [0, 1, 2, 5000])
def test_any_number_of_entities(count, graph):
    assert Graph(graph)(rows(count)).shape == (count, 4, 3)


def test_the_graph_is_named_as_the_manifest_says(graph):
    found = onnx.load(graph).graph

    assert [one.name for one in found.input] == [spec.name for spec in INPUTS]
    assert [one.name for one in found.output] == [spec.name for spec in OUTPUTS]
    assert {one.type.tensor_type.shape.dim[0].dim_param for one in (*found.input, *found.output)} == {"entity"}


def test_values_under_a_false_mask_do_not_matter_in_the_graph(graph):
    inputs = rows(5, mask=False)
    masked = [name.replace("_mask", "_error") for name in inputs if name.endswith("_mask")]
    hidden = inputs | {name: np.full_like(inputs[name], np.nan) for name in masked}

    np.testing.assert_array_equal(Graph(graph)(hidden), Graph(graph)(inputs))


def altered(graph, change):
    """The graph with its weights changed."""
    loaded = onnx.load(graph)
    constants = [node.attribute[0].t for node in loaded.graph.node if node.op_type == "Constant"]
    for holder in (*loaded.graph.initializer, *constants):
        array = numpy_helper.to_array(holder)
        if array.ndim == 2 and array.dtype == np.float32:
            holder.CopyFrom(numpy_helper.from_array(change(array.copy()), holder.name))
    onnx.save(loaded, str(graph))
    return Graph(graph)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda weight: weight * 1.01, id="one per cent off"),
        pytest.param(lambda weight: weight * 0, id="no weights"),
        pytest.param(lambda weight: weight * np.nan, id="no numbers"),
    ],
)
def test_a_broken_graph_is_refused(change, model, graph):
    with pytest.raises(HaechiError, match=r"Graph and model differ on rows '[a-z ]+' by"):
        check_parity(model, altered(graph, change), CASES)


def test_a_graph_that_is_broken_only_where_values_are_missing_is_refused(model, graph):
    whole = Graph(graph)

    def broken(inputs):
        return whole(inputs) + np.float32(0 if inputs["recent_mask"].all() else 1)

    with pytest.raises(HaechiError, match="differ on rows 'with missing values' by 1"):
        check_parity(model, broken, CASES)


def test_missing_values_of_the_profile_stay_missing_in_both(model, graph):
    inputs = rows(3)
    inputs["profile"][1] = np.nan

    assert check_parity(model, Graph(graph), {"never measured": inputs}) < 1e-2
    assert np.isnan(Graph(graph)(inputs)[1]).all()
