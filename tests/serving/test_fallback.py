"""Rows that a model should not answer are answered by its fallback, row by row, and said to be."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from features.artifact import seal
from features.errors import ArtifactMismatch, BadInput
from features.limits import Limits, Range
from features.manifest import Manifest, TensorSpec
from features.settings import Settings
from serving.client import Client
from serving.limits import RowLimits
from serving.outputs import MISSING, NOT_FINITE, OUTSIDE, read, written
from serving.proto import open_inference_grpc_pb2 as oip
from serving.queries import query
from serving.runtime import Runtime
from serving.server import Server
from serving.tensors import encode

LIMITS = Limits(ranges=(Range(input="x", low=(-10,), high=(10,)),), most_missing=0.5)
KNOWN = np.ones((4, 3), dtype=bool)
X = np.array([[1, 2, 3], [4, 5, 99], [7, 8, 9], [-11, 0, 0]], dtype=np.float32)

Make = Callable[..., Path]


@pytest.fixture(scope="module")
def make_guarded(
    make_artifact: Make,
    make_graph: Callable[..., bytes],
    make_spec: Callable[..., TensorSpec],
    tmp_path_factory: pytest.TempPathFactory,
) -> Make:
    """``traffic/1``: y = x + x where the model answers, y = -x where the fallback does."""

    def make(nodes: list[Any] | None = None, **changes: Any) -> Path:
        x, mask, y = make_spec("x"), make_spec("x_mask", "bool"), make_spec("y")
        files = {
            "model.onnx": make_graph(nodes or [helper.make_node("Add", ["x", "x"], ["y"])], [x, mask], [y]),
            "fallback.onnx": make_graph([helper.make_node("Neg", ["x"], ["y"])], [x], [y]),
        }
        fields = {"inputs": (x, mask), "outputs": (y,), "limits": LIMITS, "fallback": "fallback.onnx"}
        return make_artifact(tmp_path_factory.mktemp("guarded"), files=files, **(fields | changes))

    return make


def loaded(folder: Path) -> Runtime:
    runtime = Runtime()
    runtime.load(folder)
    return runtime


@pytest.fixture(scope="module")
def runtime(make_guarded: Make) -> Runtime:
    return loaded(make_guarded())


def test_rows_within_the_limits_are_the_models(runtime: Runtime) -> None:
    outputs = runtime.run("traffic", {"x": X[::2], "x_mask": KNOWN[::2]})

    assert outputs.fallback == {}
    np.testing.assert_array_equal(outputs["y"], 2 * X[::2])


def test_rows_beyond_are_the_fallbacks_and_the_others_stay_the_models(runtime: Runtime) -> None:
    mask = KNOWN.copy()
    mask[2, 1:] = False
    outputs = runtime.run("traffic", {"x": X, "x_mask": mask})

    assert outputs.fallback == {1: OUTSIDE, 2: MISSING, 3: OUTSIDE}
    np.testing.assert_array_equal(outputs["y"], np.concatenate([2 * X[:1], -X[1:]]))


def test_what_may_be_missing_is_counted_by_row(runtime: Runtime) -> None:
    mask = KNOWN[:2].copy()
    mask[0] = False

    assert runtime.run("traffic", {"x": X[:1].repeat(2, 0), "x_mask": mask}).fallback == {0: MISSING}


def test_each_place_of_the_last_axis_may_have_its_own_range(make_guarded: Make) -> None:
    ranges = (Range(input="x", low=(0, 0, -1000), high=(5, 5, 1000)),)
    runtime = loaded(make_guarded(limits=Limits(ranges=ranges, most_missing=None)))

    assert runtime.run("traffic", {"x": X, "x_mask": ~KNOWN}).fallback == {2: OUTSIDE, 3: OUTSIDE}


def test_a_row_without_a_finite_answer_is_the_fallbacks(make_guarded: Make) -> None:
    runtime = loaded(make_guarded([helper.make_node("Log", ["x"], ["y"])], limits=None))
    outputs = runtime.run("traffic", {"x": X, "x_mask": KNOWN})

    assert outputs.fallback == {3: NOT_FINITE}
    np.testing.assert_array_equal(outputs["y"][3], -X[3])
    np.testing.assert_allclose(outputs["y"][:3], np.log(X[:3]), rtol=1e-5)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_by_input_and_row(value: float, make_guarded: Make) -> None:
    runtime, x = loaded(make_guarded(non_finite="refuse")), X.copy()
    x[2, 1] = value

    with pytest.raises(BadInput, match=rf"Input 'x' of traffic/1: row 2 holds {value} at \[2, 1\]") as refused:
        runtime.run("traffic", {"x": x, "x_mask": KNOWN})
    assert "False in its mask" in refused.value.mend


def test_what_is_not_finite_passes_where_the_manifest_says_so_and_never_answers_silently(make_guarded: Make) -> None:
    runtime, x = loaded(make_guarded(non_finite="pass")), X[:1].copy()
    x[0, 0] = np.nan

    assert runtime.run("traffic", {"x": x, "x_mask": KNOWN[:1]}).fallback == {0: OUTSIDE}


def test_a_model_without_limits_takes_everything(runtime: Runtime, make_guarded: Make) -> None:
    plain = loaded(make_guarded(limits=None, fallback=None))
    outputs = plain.run("traffic", {"x": X * 1e30, "x_mask": ~KNOWN})

    assert outputs.fallback == {}
    np.testing.assert_array_equal(outputs["y"], X * 2e30)


def test_a_fallback_of_other_outputs_is_not_served(
    make_guarded: Make, make_graph: Callable[..., bytes], make_spec: Callable[..., TensorSpec]
) -> None:
    folder = make_guarded()
    wrong = make_graph([helper.make_node("Neg", ["z"], ["y"])], [make_spec("z")], [make_spec("y")])
    (folder / "fallback.onnx").write_bytes(wrong)
    seal(folder, None)
    with pytest.raises(ArtifactMismatch, match=r"'inputs\.z' is not the graph's: only the graph has it"):
        Runtime().load(folder)


def test_a_fallback_that_answers_otherwise_than_in_training_is_not_served(
    make_guarded: Make, make_graph: Callable[..., bytes], make_spec: Callable[..., TensorSpec]
) -> None:
    folder = make_guarded()
    other = make_graph([helper.make_node("Abs", ["x"], ["y"])], [make_spec("x")], [make_spec("y")])
    (folder / "fallback.onnx").write_bytes(other)
    seal(folder, None)
    with pytest.raises(ArtifactMismatch, match=r"fallback\.onnx fails its self-test: output 'y' expected -"):
        Runtime().load(folder)


# --- over the wire ----------------------------------------------------------------------------------------------------


def test_foreign_clients_and_ours_learn_which_rows_are_the_fallbacks(make_guarded: Make, settings: Settings) -> None:
    server = Server(loaded(make_guarded(domain="other", name="guarded")), settings)
    server.start()
    try:
        with Client(server.address) as client:
            outputs = client.infer("guarded", {"x": X, "x_mask": KNOWN})
            fine = client.infer("guarded", {"x": X[:1], "x_mask": KNOWN[:1]})
            request = oip.ModelInferRequest(model_name="guarded")
            for name, array in {"x": X, "x_mask": KNOWN}.items():
                datatype, raw = encode(array)
                request.inputs.add(name=name, datatype=datatype, shape=array.shape)
                request.raw_input_contents.append(raw)
            reply = client.ask(
                query(oip.DESCRIPTOR.services_by_name["GRPCInferenceService"], "ModelInfer", request, lambda told: told)
            )
    finally:
        server.stop(0)

    assert outputs.fallback == {1: OUTSIDE, 3: OUTSIDE}
    assert fine.fallback == {}
    np.testing.assert_array_equal(outputs["y"][1], -X[1])
    assert reply.parameters["fallback_rows"].int64_param == 2
    assert reply.parameters["fallback_reasons"].string_param == "outside training range: 1,3"


@given(st.dictionaries(st.integers(0, 40), st.sampled_from([OUTSIDE, MISSING, NOT_FINITE])))
def test_reasons_survive_the_wire(fallback: dict[int, str]) -> None:
    assert read(written(fallback)) == fallback


# --- the check itself -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_rows_found_at_once_are_those_found_one_by_one(
    seed: int, make_manifest: Callable[..., Manifest], make_spec: Callable[..., TensorSpec]
) -> None:
    print(f"seed {seed}")  # noqa: T201
    chance = np.random.default_rng(seed)
    inputs = (
        make_spec("a"), make_spec("b", shape=("entity", 2, 2)), make_spec("c", shape=("entity",)),
        make_spec("a_mask", "bool"), make_spec("b_mask", "bool", ("entity", 2, 2)),
    )  # fmt: skip
    low_b, high_b = (-1.0, -2.0), (2.0, 1.5)
    ranges = (Range(input="a", low=(-2,), high=(2,)), Range(input="b", low=low_b, high=high_b))
    limits = Limits(ranges=ranges, most_missing=0.4)
    manifest = make_manifest(inputs=inputs, limits=limits, fallback="fallback.onnx")
    rows = int(chance.integers(1, 30))
    arrays = {spec.name: chance.normal(size=(rows, *spec.shape[1:])).astype(np.float32) for spec in inputs[:3]}
    arrays |= {spec.name: chance.random((rows, *spec.shape[1:])) < 0.7 for spec in inputs[3:]}

    expected = {}
    for row in range(rows):
        missing = [np.mean(~arrays[name][row]) for name in ("a_mask", "b_mask")]
        outside = [not -2 <= value <= 2 for value in arrays["a"][row]]
        outside += [not low_b[at] <= pair[at] <= high_b[at] for pair in arrays["b"][row] for at in (0, 1)]
        if any(outside):
            expected[row] = OUTSIDE
        elif np.mean(missing) > 0.4:
            expected[row] = MISSING
    assert RowLimits(manifest).faults(arrays) == expected
