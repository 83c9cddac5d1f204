"""A parking model without training, and servers that answer from it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from features.parking import lots as parking_lots
from features.parking import schema
from features.parking.config import ParkingConfig
from features.parking.state import ParkingState, save
from features.settings import Settings
from serving.client import Client
from serving.runtime import Runtime
from serving.server import Server
from tests.serving.parking.town import CONFIG, LOTS, TOWN, state

OFFSETS = (-0.15, -0.12, -0.05, 0.0, 0.05, 0.12, 0.15)


@pytest.fixture(scope="session")
def parking_state() -> ParkingState:
    return state()


def nodes(config: ParkingConfig) -> tuple[list[Any], list[Any]]:
    """The profile and how far the newest count is from it; the emptier, the less likely full."""
    constants = {
        "offsets": np.array(OFFSETS, dtype=np.float32)[None, None],
        "one": np.array([1]),
        "two": np.array([2]),
        "ends": np.array([1, 2]),
        "nought": np.array(0, dtype=np.float32),
        "whole": np.array(1, dtype=np.float32),
        "edge": np.array(config.full_share + 0.06, dtype=np.float32),
        "steep": np.array(30, dtype=np.float32),
    }
    node = helper.make_node
    found = [
        node("Cast", ["now_mask"], ["is_known"], to=TensorProto.FLOAT),
        node("Mul", ["now_deviation", "is_known"], ["off"]),
        node("Unsqueeze", ["off", "one"], ["off_row"]),
        node("Add", ["profile", "off_row"], ["level"]),
        node("Clip", ["level", "nought", "whole"], ["share"]),
        node("Unsqueeze", ["share", "two"], ["shares"]),
        node("Add", ["shares", "offsets"], ["spread_out"]),
        node("Clip", ["spread_out", "nought", "whole"], ["quantiles"]),
        node("Unsqueeze", ["capacity", "ends"], ["spaces"]),
        node("Mul", ["quantiles", "spaces"], ["free"]),
        node("Sub", ["edge", "shares"], ["lack"]),
        node("Mul", ["lack", "steep"], ["score"]),
        node("Sigmoid", ["score"], ["full"]),
    ]
    return found, [numpy_helper.from_array(value, name) for name, value in constants.items()]


@pytest.fixture(scope="session")
def make_parking(
    make_artifact: Callable[..., Path],
    make_graph: Callable[..., bytes],
    parking_state: ParkingState,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Path]:
    """An artifact of the town; ``held`` is its state; a graph and any manifest field can be given."""

    def make(
        held: ParkingState = parking_state, *, graph: bytes | None = None, with_lots: bool = True, **changes: Any
    ) -> Path:
        root = tmp_path_factory.mktemp("parking")
        inputs, outputs = schema.inputs(CONFIG, "spaces"), schema.outputs(CONFIG, "spaces")
        own, constants = nodes(CONFIG)
        save(held, root / "state.parquet")
        TOWN.save(root / parking_lots.FILE)
        files = {
            "model.onnx": graph or make_graph(own, list(inputs), list(outputs), initializer=constants),
            "state.parquet": (root / "state.parquet").read_bytes(),
        }
        if with_lots:
            files[parking_lots.FILE] = (root / parking_lots.FILE).read_bytes()
        fields = {
            "domain": "parking",
            "name": "parking",
            "inputs": inputs,
            "outputs": outputs,
            "entities": LOTS,
            "quantity": "free_spaces",
            "unit": "spaces",
            "step_min": CONFIG.step_min,
            "horizon_steps": CONFIG.horizon_steps,
            "quantiles": CONFIG.quantiles,
            "config": CONFIG.to_json(),
            "state_as_of": held.as_of,
        }
        return make_artifact(root, files=files, **(fields | changes))

    return make


@pytest.fixture(scope="session")
def runtime(models: Path, make_parking: Callable[..., Path]) -> Runtime:
    """``parking``, learned from the simulated Seoul, and a model of another domain."""
    runtime = Runtime()
    runtime.load(models / "doubler" / "1")
    runtime.load(make_parking(simulated=True))
    return runtime


@pytest.fixture
def server(runtime: Runtime, settings: Settings) -> Iterator[Server]:
    """A server that calls counts older than two hours stale."""
    server = Server(runtime, settings.model_copy(update={"stale_after_min": 120}))
    server.start()
    yield server
    server.stop(0)


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server.address) as client:
        yield client
