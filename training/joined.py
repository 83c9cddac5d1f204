"""One ONNX graph of parts: what comes before the trees, each set of trees, and what comes after."""

from collections.abc import Sequence
from pathlib import Path

import lightgbm
import onnx
from onnx import compose, helper

from features.manifest import TensorSpec
from training.export import OPSET, TREE_OPSET
from training.trees import to_onnx


def handed_on(name: str, shape: tuple[int | str, ...]) -> TensorSpec:
    """What one part of a graph hands to the next."""
    return TensorSpec(name=name, dtype="float32", shape=shape, unit="1", meaning="Handed on inside the graph")


def tree_part(booster: lightgbm.Booster, name: str, rows: str, answer: str, width: int) -> onnx.GraphProto:
    """The graph of some trees, from a tensor of the part before to one of the part after.

    Args:
        booster: the trees.
        name: of the part, unique in the whole.
        rows: the tensor (row, feature) that they split on.
        answer: the tensor that their answers become.
        width: of ``answer``, (row / width, width).
    """
    part = compose.add_prefix(to_onnx(booster, TREE_OPSET), f"{name}/").graph
    given, gives = part.input[0].name, part.output[0].name
    part.node.insert(0, helper.make_node("Identity", [rows], [given]))
    shape = helper.make_tensor(f"{answer}_shape", onnx.TensorProto.INT64, [2], [-1, width])
    part.initializer.append(shape)
    part.node.append(helper.make_node("Reshape", [gives, shape.name], [answer]))
    graph: onnx.GraphProto = part
    return graph


def join(
    before: onnx.ModelProto, parts: Sequence[onnx.GraphProto], after: onnx.ModelProto, name: str, path: Path
) -> None:
    """Write one graph of them all, the names inside each told apart.

    Args:
        before: takes the inputs.
        parts: of ``tree_part``.
        after: gives the outputs.
        name: of the graph.
        path: of the file to write.
    """
    first = compose.add_prefix(before, "before/", rename_inputs=False, rename_outputs=False).graph
    last = compose.add_prefix(after, "after/", rename_inputs=False, rename_outputs=False).graph
    graphs = [first, *parts, last]
    graph = helper.make_graph(
        [node for one in graphs for node in one.node],
        name,
        first.input,
        last.output,
        [constant for one in graphs for constant in one.initializer],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=before.ir_version), path)
