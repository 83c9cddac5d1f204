"""Models of hazards without training, and servers that answer from them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from features.disaster import schema
from features.disaster.config import DisasterConfig
from features.disaster.state import DisasterState, save
from features.settings import Settings
from serving.client import Client
from serving.runtime import Runtime
from serving.server import Server
from tests.serving.disaster.town import AIR, RIVER, STATIONS, air, river, weights


@pytest.fixture(scope="session")
def river_state() -> DisasterState:
    return river()


@pytest.fixture(scope="session")
def air_state() -> DisasterState:
    return air()


def _nodes(config: DisasterConfig) -> tuple[list[Any], list[Any]]:
    """Probability: a logistic curve of the weighted features, lower by level; the quantity stays what it is."""
    levels, steps = len(config.hazard.levels), len(config.horizons_steps)
    bias = np.repeat(-3.0 - np.arange(levels, dtype=np.float32), steps)
    later = np.tile(np.arange(steps, dtype=np.float32) / 4, levels)
    constants = {
        "weight": weights(config),
        "bias": bias + later,
        "cube": np.array([-1, levels, steps]),
        "axes": np.array([1, 2]),
        "spread": np.broadcast_to(np.array([-10, 0, 10], dtype=np.float32), (1, steps, 3)).copy(),
    }
    node = helper.make_node
    nodes = [
        node("Cast", ["feature_mask"], ["known"], to=TensorProto.FLOAT),
        node("Mul", ["feature", "known"], ["seen"]),
        node("MatMul", ["seen", "weight"], ["weighted"]),
        node("Add", ["weighted", "bias"], ["score"]),
        node("Sigmoid", ["score"], ["flat"]),
        node("Reshape", ["flat", "cube"], ["within"]),
        node("Mul", ["within", "within"], ["met"]),
        node("Unsqueeze", ["now", "axes"], ["latest"]),
        node("Add", ["latest", "spread"], ["level"]),
    ]
    return nodes, [numpy_helper.from_array(value, name) for name, value in constants.items()]


@pytest.fixture(scope="session")
def make_disaster(
    make_artifact: Callable[..., Path], make_graph: Callable[..., bytes], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """An artifact of a hazard; any manifest field can be given."""

    def make(config: DisasterConfig, state: DisasterState, unit: str, /, **changes: Any) -> Path:
        root = tmp_path_factory.mktemp("disaster")
        inputs, outputs = schema.inputs(config, unit), schema.outputs(config, unit)
        nodes, constants = _nodes(config)
        save(state, root / "state.parquet")
        files = {
            "model.onnx": make_graph(nodes, list(inputs), list(outputs), initializer=constants),
            "state.parquet": (root / "state.parquet").read_bytes(),
        }
        fields = {
            "domain": "disaster",
            "name": f"disaster-{config.hazard.name.replace('_', '-')}",
            "inputs": inputs,
            "outputs": outputs,
            "entities": state.places,
            "quantity": config.hazard.quantity,
            "unit": unit,
            "step_min": config.step_min,
            "horizon_steps": config.horizons_steps[-1],
            "config": config.to_json(),
            "state_as_of": state.as_of,
        }
        return make_artifact(root, files=files, **(fields | changes))

    return make


@pytest.fixture(scope="session")
def runtime(
    models: Path, make_disaster: Callable[..., Path], river_state: DisasterState, air_state: DisasterState
) -> Runtime:
    """``disaster-river-jamsu``, learned from the simulated Seoul, ``disaster-pm25``, and a model of another domain."""
    assert air_state.places == STATIONS
    runtime = Runtime()
    runtime.load(models / "doubler" / "1")
    runtime.load(make_disaster(RIVER, river_state, "cm", simulated=True))
    runtime.load(make_disaster(AIR, air_state, "ug/m3"))
    return runtime


@pytest.fixture
def server(runtime: Runtime, settings: Settings) -> Iterator[Server]:
    """A server that calls readings older than two hours stale."""
    server = Server(runtime, settings.model_copy(update={"stale_after_min": 120}))
    server.start()
    yield server
    server.stop(0)


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server.address) as client:
        yield client
