"""Models to measure a server with, sealed as artifacts: random weights, real shapes, a known cost."""

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from features.artifact import CARD, MANIFEST, MODEL, SELF_TEST, seal
from features.manifest import Manifest, TensorSpec, schema_sha256
from features.self_test import SelfTest, record, save_rows

SENSORS, STEPS, CHANNELS = 170, 12, 3
_SEED = 7


def traffic(root: Path, version: int = 1, name: str = "traffic") -> Path:
    """``traffic``: x [batch, 170, 12, 3] to y [batch, 170, 12, 1], one small MLP a sensor."""
    graph = _mlp([STEPS * CHANNELS, 128, 128, STEPS], version, sensors=True)
    return _artifact(root, name, version, graph, ("batch", SENSORS, STEPS, CHANNELS), ("batch", SENSORS, STEPS, 1))


def tabular(root: Path) -> Path:
    """``tabular``: x [batch, 32] to y [batch, 4]."""
    return _artifact(root, "tabular", 1, _mlp([32, 64, 64, 4], 1, sensors=False), ("batch", 32), ("batch", 4))


def slow(root: Path, layers: int) -> Path:
    """``slow``: x [batch, 512] to y [batch, 512] through ``layers`` square matrices; its cost grows with them."""
    graph = _mlp([512] * (layers + 1), 1, sensors=False)
    return _artifact(root, "slow", 1, graph, ("batch", 512), ("batch", 512))


def _mlp(widths: list[int], seed: int, *, sensors: bool) -> bytes:
    chance = np.random.default_rng(_SEED + seed)
    tensors, nodes, now = [], [], "x"
    if sensors:
        tensors.append(numpy_helper.from_array(np.array([-1, SENSORS, widths[0]], np.int64), "flat"))
        nodes.append(helper.make_node("Reshape", ["x", "flat"], ["h"]))
        now = "h"
    for layer, (wide, narrow) in enumerate(pairwise(widths)):
        weight = (chance.standard_normal((wide, narrow)) / np.sqrt(wide)).astype(np.float32)
        tensors += [
            numpy_helper.from_array(weight, f"w{layer}"),
            numpy_helper.from_array(np.zeros(narrow, np.float32), f"b{layer}"),
        ]
        is_last = layer == len(widths) - 2
        nodes.append(helper.make_node("MatMul", [now, f"w{layer}"], [f"m{layer}"]))
        nodes.append(helper.make_node("Add", [f"m{layer}", f"b{layer}"], [f"a{layer}"]))
        now = f"a{layer}"
        if not is_last:
            nodes.append(helper.make_node("Relu", [now], [f"r{layer}"]))
            now = f"r{layer}"
    if sensors:
        tensors.append(numpy_helper.from_array(np.array([-1, SENSORS, STEPS, 1], np.int64), "unflat"))
        nodes.append(helper.make_node("Reshape", [now, "unflat"], ["y"]))
    else:
        nodes.append(helper.make_node("Identity", [now], ["y"]))
    shapes = (
        (["batch", SENSORS, STEPS, CHANNELS], ["batch", SENSORS, STEPS, 1])
        if sensors
        else (["batch", widths[0]], ["batch", widths[-1]])
    )
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in zip("xy", shapes, strict=True)
    ]
    graph = helper.make_graph(nodes, "g", [values[0]], [values[1]], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _rows(shape: tuple[int | str, ...]) -> np.ndarray:
    """Two of them, the same in every run."""
    lengths = [2 if isinstance(axis, str) else axis for axis in shape]
    return np.random.default_rng(_SEED).standard_normal(lengths, dtype=np.float32)


def _artifact(
    root: Path,
    name: str,
    version: int,
    graph: bytes,
    shape_in: tuple[int | str, ...],
    shape_out: tuple[int | str, ...],
) -> Path:
    inputs = (TensorSpec(name="x", dtype="float32", shape=shape_in, unit="1", meaning="Anything"),)
    outputs = (TensorSpec(name="y", dtype="float32", shape=shape_out, unit="1", meaning="Anything"),)
    rows = {"x": _rows(shape_in)}
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    answers = dict(zip(["y"], session.run(["y"], rows), strict=True))
    manifest = Manifest(
        format=2,
        domain="bench",
        name=name,
        version=version,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        git_commit=None,
        mlflow_run=None,
        minimum_runtime="0.1.0",
        inputs=inputs,
        outputs=outputs,
        entities=(),
        quantity="nothing",
        unit="1",
        step_min=60,
        horizon_steps=1,
        quantiles=(),
        timezone="UTC",
        country="KR",
        feature_schema_sha256=schema_sha256(inputs, outputs),
        training=None,
        scores=(),
        config={},
        state_as_of=None,
        simulated=True,
        self_test=SelfTest(outputs=record(answers), fallback=(), tolerance=1e-3),
        non_finite="refuse",
        limits=None,
        fallback=None,
        deciles=(),
    )
    folder = root / name / str(version)
    folder.mkdir(parents=True)
    (folder / MODEL).write_bytes(graph)
    (folder / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    save_rows(rows, folder / SELF_TEST)
    (folder / CARD).write_text("# Random weights, to measure servers with\n", encoding="utf-8")
    seal(folder, None)
    return folder
