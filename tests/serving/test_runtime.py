"""A runtime loads what is sound and answers only what fits the manifest."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from features.errors import ArtifactMismatch, BadInput, UnknownName
from features.manifest import TensorSpec
from serving.runtime import Runtime

COUNTS = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.float32)
WEIGHT = np.array([[2], [10]], dtype=np.float32)


def test_a_model_answers_by_output_name(runtime: Runtime) -> None:
    outputs = runtime.run("weigher", {"counts": COUNTS, "weight": WEIGHT}, version=1)

    assert sorted(outputs) == ["less", "total"]
    np.testing.assert_array_equal(outputs["total"], COUNTS * WEIGHT)


def test_the_version_loaded_last_answers_where_none_is_named(runtime: Runtime) -> None:
    outputs = runtime.run("weigher", {"counts": COUNTS, "weight": WEIGHT})

    np.testing.assert_array_equal(outputs["total"], COUNTS + WEIGHT)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        pytest.param({"counts": COUNTS}, r"Input 'weight' of weigher/2 is missing.*\[entity, 1\]", id="missing"),
        pytest.param({"count": COUNTS}, "no input of weigher/2 'count'. Did you mean 'counts'", id="a slip of the pen"),
        pytest.param({"extra": COUNTS}, "no input of weigher/2 'extra'.*Known: counts, weight", id="an extra one"),
        pytest.param(
            {"counts": COUNTS.astype("f8"), "weight": WEIGHT},
            r"'counts' of weigher/2: expected dtype float32 \(FP32\), got float64",
            id="another dtype",
        ),
        pytest.param(
            {"counts": COUNTS.astype(">f4"), "weight": WEIGHT}, "expected dtype float32", id="another byte order"
        ),
        pytest.param(
            {"counts": COUNTS[:, :2], "weight": WEIGHT},
            r"'counts' of weigher/2 expected shape \[entity, 3\], got \[2, 2\]",
            id="another length of a fixed axis",
        ),
        pytest.param(
            {"counts": COUNTS[0], "weight": WEIGHT}, r"expected shape \[entity, 3\], got \[3\]", id="an axis too few"
        ),
        pytest.param(
            {"counts": COUNTS, "weight": WEIGHT[:1]},
            r"'weight' of weigher/2 expected shape \[entity, 1\] = \[2, 1\] here, got \[1, 1\]",
            id="one named axis, two lengths",
        ),
        pytest.param({"counts": COUNTS[:0], "weight": WEIGHT[:0]}, "has no values", id="nothing"),
    ],
)
def test_an_input_that_does_not_fit_is_named(inputs: dict[str, Any], message: str, runtime: Runtime) -> None:
    with pytest.raises(BadInput, match=message) as refusal:
        runtime.run("weigher", inputs)
    assert refusal.value.mend


def test_an_index_out_of_range_is_the_callers_mistake_and_names_no_file(runtime: Runtime) -> None:
    with pytest.raises(BadInput, match="an index in them lies out of range") as refusal:
        runtime.run("picker", {"x": COUNTS, "at": np.array([7])})
    assert "/onnxruntime" not in str(refusal.value)


@pytest.mark.parametrize(
    ("model", "version", "message"),
    [
        pytest.param("weighr", None, "no model 'weighr'. Did you mean 'weigher'", id="a model"),
        pytest.param("weigher", 3, "no version of weigher '3'.*Known: 1, 2", id="a version"),
        pytest.param("w" * 1_000_000, None, "no model 'www", id="a name of a million letters"),
    ],
)
def test_what_is_not_loaded_is_unknown(model: str, version: int | None, message: str, runtime: Runtime) -> None:
    with pytest.raises(UnknownName, match=message):
        runtime.run(model, {"x": COUNTS}, version=version)


def test_many_callers_get_their_own_answers(runtime: Runtime) -> None:
    wrong: list[int] = []

    def ask(number: int) -> None:
        x = np.full((1 + number % 5, 3), number, dtype=np.float32)
        for _ in range(50):
            if not np.array_equal(runtime.run("doubler", {"x": x})["y"], 2 * x):
                wrong.append(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param({"name": "z"}, r"'inputs\.x' is not the graph's: only the graph has it", id="another name"),
        pytest.param({"dtype": "float64"}, r"'inputs\.x' .* dtype is float64", id="another dtype"),
        pytest.param({"shape": ("entity", 4)}, r"'inputs\.x' .* shape is \['entity', 4\]", id="another length"),
        pytest.param({"shape": ("entity", "lag")}, r"'inputs\.x' .* shape", id="a free axis that the graph fixes"),
        pytest.param({"shape": ("entity",)}, r"'inputs\.x' .* shape", id="an axis too few"),
    ],
)
def test_a_manifest_that_is_not_the_graphs_is_refused_by_field(
    changes: dict[str, Any],
    named: str,
    make_artifact: Callable[..., Path],
    make_graph: Callable[..., bytes],
    make_spec: Callable[..., TensorSpec],
    tmp_path: Path,
) -> None:
    x, y = make_spec("x"), make_spec("y")
    onnx_file = make_graph([helper.make_node("Add", ["x", "x"], ["y"])], [x], [y])
    claimed = x.model_copy(update=changes)
    folder = make_artifact(tmp_path, files={"model.onnx": onnx_file}, inputs=(claimed,), outputs=(y,))

    with pytest.raises(ArtifactMismatch, match=named):
        Runtime().load(folder)


@pytest.fixture
def make_free(
    make_artifact: Callable[..., Path], make_graph: Callable[..., bytes], make_spec: Callable[..., TensorSpec]
) -> Callable[..., Path]:
    """An artifact whose graph leaves free how long the last axis is, and whose manifest says three."""

    def make(root: Path, node: Any) -> Path:
        free = make_graph([node], [make_spec("x", shape=("entity", "step"))], [make_spec("y", shape=("entity", "any"))])
        return make_artifact(root, files={"model.onnx": free}, inputs=(make_spec("x"),), outputs=(make_spec("y"),))

    return make


def test_a_length_that_the_graph_leaves_free_is_held_by_the_runtime(
    make_free: Callable[..., Path], tmp_path: Path
) -> None:
    runtime = Runtime()
    runtime.load(make_free(tmp_path, helper.make_node("Add", ["x", "x"], ["y"])))

    with pytest.raises(BadInput, match=r"'x' of traffic/1 expected shape \[entity, 3\], got \[2, 2\]"):
        runtime.run("traffic", {"x": COUNTS[:, :2]})


def test_a_graph_that_answers_another_shape_than_it_promises_is_not_served(
    make_free: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_free(tmp_path, helper.make_node("Concat", ["x", "x"], ["y"], axis=1))

    with pytest.raises(
        ArtifactMismatch, match=r"output 'y' expected shape \[entity, 3\] = \[2, 3\] here, got \[2, 6\]"
    ):
        Runtime().load(folder)


def external(location: str, *, in_node: bool = False) -> tuple[list[Any], dict[str, Any]]:
    """Nodes and initializers of a graph whose weights lie in ``location``."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[3], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("length", "12")):
        tensor.external_data.add(key=key, value=value)
    add = helper.make_node("Mul", ["x", "w"], ["y"])
    if in_node:
        return [helper.make_node("Constant", [], ["w"], value=tensor), add], {}
    return [add], {"initializer": [tensor]}


@pytest.mark.parametrize("in_node", [pytest.param(False, id="an initializer"), pytest.param(True, id="a constant")])
@pytest.mark.parametrize("location", ["weights.bin", "../weights.bin", "/etc/passwd", "*/_ORT_MEM_ADDR_/*"])
def test_a_graph_that_reaches_for_another_file_is_refused(
    location: str,
    in_node: bool,
    make_artifact: Callable[..., Path],
    make_graph: Callable[..., bytes],
    make_spec: Callable[..., TensorSpec],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nodes, more = external(location, in_node=in_node)
    x, y = make_spec("x"), make_spec("y")
    folder = make_artifact(tmp_path, files={"model.onnx": make_graph(nodes, [x], [y], **more)}, outputs=(y,))
    # It is there for the taking, in the artifact and where the process runs.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.bin").write_bytes(np.ones(3, np.float32).tobytes())

    with pytest.raises(ArtifactMismatch, match="tensor 'w' lies in another file"):
        Runtime().load(folder)


def test_external_weights_are_found_inside_a_branch_too(
    make_artifact: Callable[..., Path],
    make_graph: Callable[..., bytes],
    make_spec: Callable[..., TensorSpec],
    tmp_path: Path,
) -> None:
    nodes, more = external("weights.bin")
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    branch = helper.make_graph(nodes, "branch", [], [y], **more)
    node = helper.make_node("If", ["yes"], ["y"], then_branch=branch, else_branch=branch)
    inputs = (make_spec("x"), make_spec("yes", "bool", (1,)))
    onnx_file = make_graph([node], list(inputs), [make_spec("y")])
    folder = make_artifact(tmp_path, files={"model.onnx": onnx_file}, inputs=inputs)

    with pytest.raises(ArtifactMismatch, match="tensor 'w' lies in another file"):
        Runtime().load(folder)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="an empty file"),
        pytest.param(b"a graph", id="text"),
        pytest.param(b"\x80\x04K\x01.", id="a pickle"),
        pytest.param(b"\x08\x00\x00\x00ORTM" + b"\x00" * 64, id="onnxruntime's own format"),
    ],
)
def test_what_is_no_onnx_graph_is_refused(
    content: bytes, make_artifact: Callable[..., Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = make_artifact(tmp_path, files={"model.onnx": content})

    with pytest.raises(ArtifactMismatch, match=r"model\.onnx"):
        Runtime().load(folder)
    assert capfd.readouterr() == ("", "")


def test_a_refused_version_leaves_the_old_one_serving(
    make_model: Callable[..., Path], make_spec: Callable[..., TensorSpec], tmp_path: Path
) -> None:
    runtime = Runtime()
    node, x, y = helper.make_node("Add", ["x", "x"], ["y"]), make_spec("x"), make_spec("y")
    runtime.load(make_model(tmp_path, [node], [x], [y]))
    worse = make_model(tmp_path, [node], [x], [y], version=2)
    (worse / "CARD.md").write_text("# Better\n")

    with pytest.raises(ArtifactMismatch, match="checksum differs"):
        runtime.load(worse)
    assert [served.label for served in runtime.models()] == ["traffic/1"]
    np.testing.assert_array_equal(runtime.run("traffic", {"x": COUNTS})["y"], 2 * COUNTS)
