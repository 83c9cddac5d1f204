"""Long calls are run in blocks where each row is answered by itself, and only there."""

from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from serving import row_blocks
from serving.runtime import Runtime

ROWS = {"x": np.array([[1, 2, 3], [4, 5, 6], [7, 8, 10]], np.float32)}


def session(*nodes: onnx.NodeProto) -> onnxruntime.InferenceSession:
    """Of a graph from x [row, 3] to y [row, 3]."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["row", 3]) for name in "xy"]
    graph = helper.make_graph(list(nodes), "g", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


@pytest.fixture
def manifest(runtime: Runtime) -> object:
    """Of a model whose tensors all have the same rows."""
    return runtime.get("doubler").manifest


def test_a_graph_that_answers_each_row_by_itself_is_told(manifest: object) -> None:
    assert row_blocks.by_rows(manifest, session(helper.make_node("Neg", ["x"], ["y"])), ROWS)


def test_a_graph_that_looks_from_row_to_row_is_told(manifest: object) -> None:
    mean = helper.make_node("ReduceMean", ["x"], ["m"], axes=[0], keepdims=1)
    looks = session(mean, helper.make_node("Sub", ["x", "m"], ["y"]))
    assert not row_blocks.by_rows(manifest, looks, ROWS)


def test_a_graph_that_takes_no_other_number_of_rows_is_not_cut(manifest: object) -> None:
    shape = helper.make_node(
        "Constant", [], ["s"], value=helper.make_tensor("v", TensorProto.INT64, [2], [len(ROWS["x"]), 3])
    )
    assert not row_blocks.by_rows(manifest, session(shape, helper.make_node("Reshape", ["x", "s"], ["y"])), ROWS)


def test_of_one_row_nothing_is_seen(manifest: object) -> None:
    assert not row_blocks.by_rows(manifest, session(helper.make_node("Neg", ["x"], ["y"])), {"x": ROWS["x"][:1]})


def test_a_model_of_several_axes_is_never_cut(runtime: Runtime) -> None:
    assert not runtime.get("picker").by_rows


@pytest.mark.parametrize("count", [1, 1024, 1025, 2048, 2500])
def test_blocks_are_put_together_in_their_order(count: int) -> None:
    sizes: list[int] = []

    def run(_: object, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        sizes.append(len(inputs["x"]))
        return [2 * inputs["x"]]

    x = np.arange(count, dtype=np.float32)
    (answer,) = row_blocks.run(SimpleNamespace(run=run), ["y"], {"x": x}, apart=True)
    np.testing.assert_array_equal(answer, 2 * x)
    assert max(sizes) <= 1024
    assert len(sizes) == -(-count // 1024)


def test_what_is_not_known_to_stand_apart_is_run_whole() -> None:
    sizes: list[int] = []
    fake = SimpleNamespace(run=lambda _, inputs: sizes.append(len(inputs["x"])) or [inputs["x"]])
    row_blocks.run(fake, ["y"], {"x": np.zeros(5000, np.float32)}, apart=False)
    assert sizes == [5000]
