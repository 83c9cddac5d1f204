"""A traffic model without training, and servers that answer from it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper, numpy_helper

from features.manifest import TensorSpec
from features.series import Panel
from features.settings import Settings
from features.traffic import schema
from features.traffic.advance import Raw, advance
from features.traffic.state import TrafficState, fresh, save
from serving.client import Client
from serving.runtime import Runtime
from serving.server import Server
from tests.serving.traffic.city import AS_OF, CONFIG, ENTITIES, START, volumes


@pytest.fixture(scope="session")
def state() -> TrafficState:
    values = volumes(9 * 24)
    panel = Panel(start=START, step_min=60, entities=ENTITIES, values=values, quantity="volume_veh_h")
    return advance(fresh(ENTITIES, START, CONFIG), Raw(measured=panel), CONFIG, AS_OF)


@pytest.fixture(scope="session")
def make_traffic(
    make_artifact: Callable[..., Path],
    make_graph: Callable[..., bytes],
    state: TrafficState,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Path]:
    """A model whose forecast is the profile and its spread, nothing more; ``inputs`` may be other than ours."""

    def make(inputs: tuple[TensorSpec, ...] = schema.inputs(CONFIG, "veh/h"), **changes: Any) -> Path:
        root = tmp_path_factory.mktemp("traffic")
        outputs = schema.outputs(CONFIG, "veh/h")
        node = helper.make_node
        nodes = [
            node("Split", ["spread", "ones"], ["low", "high"], axis=2),
            node("Unsqueeze", ["profile", "two"], ["median"]),
            node("Sub", ["median", "low"], ["q10"]),
            node("Add", ["median", "high"], ["q90"]),
            node("Concat", ["q10", "median", "q90"], ["forecast"], axis=2),
        ]
        constants = [numpy_helper.from_array(np.array(v), k) for k, v in (("ones", [1, 1]), ("two", [2]))]
        onnx_file = make_graph(nodes, list(inputs), list(outputs), initializer=constants)
        save(state, root / "state.parquet")
        files = {"model.onnx": onnx_file, "state.parquet": (root / "state.parquet").read_bytes()}
        # Told apart from the model's by its sign.
        below = [node("Neg", ["profile"], ["less"]), node("Unsqueeze", ["less", "two"], ["q"])]
        below.append(node("Concat", ["q"] * 3, ["forecast"], axis=2))
        files["fallback.onnx"] = make_graph(below, list(inputs[:1]), list(outputs), initializer=constants[1:])
        fields = {"entities": ENTITIES, "config": CONFIG.to_json(), "horizon_steps": 3, "state_as_of": AS_OF}
        return make_artifact(root, files=files, inputs=inputs, outputs=outputs, **(fields | changes))

    return make


@pytest.fixture(scope="session")
def runtime(models: Path, make_traffic: Callable[..., Path]) -> Runtime:
    """``traffic``, learned from the simulated Seoul, and ``doubler``, a model of another domain."""
    runtime = Runtime()
    runtime.load(models / "doubler" / "1")
    runtime.load(make_traffic(simulated=True))
    return runtime


@pytest.fixture
def server(runtime: Runtime, settings: Settings) -> Iterator[Server]:
    """A server that calls measurements older than two hours stale."""
    server = Server(runtime, settings.model_copy(update={"stale_after_min": 120}))
    server.start()
    yield server
    server.stop(0)


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server.address) as client:
        yield client
