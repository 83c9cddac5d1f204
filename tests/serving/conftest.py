"""Tiny graphs, sealed as artifacts, and servers that answer from them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from features.manifest import TensorSpec
from features.settings import Settings
from serving.client import Client
from serving.runtime import Runtime
from serving.server import Server

OPSET = helper.make_opsetid("", 17)
ELEMENTS = {
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "uint8": TensorProto.UINT8,
    "bool": TensorProto.BOOL,
    "string": TensorProto.STRING,
}


def spec(name: str, dtype: str = "float32", shape: tuple[int | str, ...] = ("entity", 3)) -> TensorSpec:
    return TensorSpec(name=name, dtype=dtype, shape=shape, unit="veh/h", meaning=f"The {name} of each entity")


def graph(nodes: list[onnx.NodeProto], inputs: list[TensorSpec], outputs: list[TensorSpec], **more: Any) -> bytes:
    """The ONNX file of ``nodes`` between what the manifest says of inputs and outputs."""
    values = [
        [helper.make_tensor_value_info(one.name, ELEMENTS[one.dtype], list(one.shape)) for one in side]
        for side in (inputs, outputs)
    ]
    made = helper.make_graph(nodes, "g", *values, **more)
    return helper.make_model(made, opset_imports=[OPSET], ir_version=8).SerializeToString()


@pytest.fixture(scope="session")
def make_spec() -> Callable[..., TensorSpec]:
    """A float32 tensor of (entity, 3), unless said otherwise."""
    return spec


@pytest.fixture(scope="session")
def make_graph() -> Callable[..., bytes]:
    """An ONNX file from nodes, inputs and outputs."""
    return graph


@pytest.fixture(scope="session")
def make_model(make_artifact: Callable[..., Path]) -> Callable[..., Path]:
    """An artifact of nodes between inputs and outputs."""

    def make(
        root: Path, nodes: list[onnx.NodeProto], inputs: list[TensorSpec], outputs: list[TensorSpec], **changes: Any
    ) -> Path:
        files = {"model.onnx": graph(nodes, inputs, outputs)}
        return make_artifact(root, files=files, inputs=tuple(inputs), outputs=tuple(outputs), **changes)

    return make


@pytest.fixture(scope="session")
def models(make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with one model of each kind that the tests need.

    ``doubler``: y = x + x. ``weigher``: total = counts * weight, sharing the axis ``entity``; versions 1 and 2.
    ``echo-DTYPE``: y = x. ``picker``: the row that an index names, which may lie out of range.
    """
    root = tmp_path_factory.mktemp("models")
    node = helper.make_node
    make_model(root, [node("Add", ["x", "x"], ["y"])], [spec("x")], [spec("y")], name="doubler", domain="other")
    for version, operator in ((1, "Mul"), (2, "Add")):
        make_model(
            root,
            [node(operator, ["counts", "weight"], ["total"]), node("Neg", ["total"], ["less"])],
            [spec("counts"), spec("weight", shape=("entity", 1))],
            [spec("total"), spec("less")],
            name="weigher",
            domain="other",
            version=version,
        )
    for dtype in ELEMENTS:
        make_model(
            root,
            [node("Identity", ["x"], ["y"])],
            [spec("x", dtype, ("row",))],
            [spec("y", dtype, ("row",))],
            name=f"echo-{dtype}",
            domain="other",
        )
    make_model(
        root,
        [node("Gather", ["x", "at"], ["y"], axis=0)],
        [spec("x"), spec("at", "int64", ("pick",))],
        [spec("y", shape=("pick", 3))],
        name="picker",
        domain="other",
    )
    return root


@pytest.fixture(scope="session")
def runtime(models: Path) -> Runtime:
    """All of ``models`` loaded, the newest version last."""
    runtime = Runtime()
    for folder in sorted(models.glob("*/[0-9]*")):
        runtime.load(folder)
    return runtime


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A free port on this machine, and messages of at most 1 MiB."""
    return Settings(home=tmp_path, host="127.0.0.1", port=0, max_message_mib=1)


@pytest.fixture
def server(runtime: Runtime, settings: Settings) -> Iterator[Server]:
    """A server that answers from ``runtime``."""
    server = Server(runtime, settings)
    server.start()
    yield server
    server.stop(0)


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """Our own client of ``server``."""
    with Client(server.address) as client:
        yield client
