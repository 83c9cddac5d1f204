"""Every call of the Open Inference Protocol v2, over gRPC and HTTP, by foreign clients, a bare one and our own.

A row says what is asked and what each wire answers; a client that does not offer a call is left out of its row.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tritonclient import grpc as triton_grpc
from tritonclient import http as triton_http
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from features.errors import BadInput, HaechiError, UnknownName
from features.settings import Settings
from serving.client import Client
from serving.repository import Repository
from serving.runtime import Runtime
from serving.server import Server

COUNTS = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.float32)
WEIGHT = np.array([[2], [10]], dtype=np.float32)
GOOD = {"counts": COUNTS, "weight": WEIGHT}
METADATA = {
    "name": "weigher",
    "versions": ["1", "2"],
    "platform": "onnxruntime_onnx",
    "inputs": [("counts", "FP32", [-1, 3]), ("weight", "FP32", [-1, 1])],
    "outputs": [("total", "FP32", [-1, 3]), ("less", "FP32", [-1, 3])],
}


@dataclass(frozen=True)
class Refused:
    """How a call is refused: the code of gRPC, the status of HTTP, our own error, and words of the text."""

    grpc: str
    http: int
    ours: type[HaechiError]
    text: str


def not_found(text: str) -> Refused:
    return Refused("NOT_FOUND", 404, UnknownName, text)


def wrong(text: str) -> Refused:
    return Refused("INVALID_ARGUMENT", 400, BadInput, text)


NO_MODEL = not_found("There is no model 'nobody'. ")
NO_VERSION = not_found("There is no version of weigher '9'. Known: 1, 2")
ROWS = [
    pytest.param("live", (), True, id="server live"),
    pytest.param("ready", (), True, id="server ready"),
    pytest.param("server", (), "haechi", id="server metadata"),
    pytest.param("model_ready", ("weigher", ""), True, id="model ready"),
    pytest.param("model_ready", ("weigher", "1"), True, id="version ready"),
    pytest.param("model_ready", ("nobody", ""), False, id="unknown model not ready"),
    pytest.param("model_ready", ("weigher", "9"), False, id="unknown version not ready"),
    pytest.param("metadata", ("weigher", ""), METADATA, id="model metadata"),
    pytest.param("metadata", ("weigher", "1"), METADATA, id="version metadata"),
    pytest.param("metadata", ("nobody", ""), NO_MODEL, id="metadata of an unknown model"),
    pytest.param("metadata", ("weigher", "9"), NO_VERSION, id="metadata of an unknown version"),
    pytest.param("infer", ("weigher", "", GOOD), {"total": COUNTS + WEIGHT, "less": -COUNTS - WEIGHT}, id="infer"),
    pytest.param("infer", ("weigher", "1", GOOD), {"total": COUNTS * WEIGHT, "less": -COUNTS * WEIGHT}, id="version"),
    pytest.param("infer", ("nobody", "", GOOD), NO_MODEL, id="infer by an unknown model"),
    pytest.param("infer", ("weigher", "9", GOOD), NO_VERSION, id="infer by an unknown version"),
    pytest.param(
        "infer", ("weigher", "", GOOD | {"counts": COUNTS[:, :2]}),
        wrong("Input 'counts' of weigher/2 expected shape [entity, 3], got [2, 2]. Send every axis"), id="bad shape",
    ),
    pytest.param(
        "infer", ("weigher", "", GOOD | {"counts": COUNTS.astype("f8")}),
        wrong("Input 'counts' of weigher/2: expected dtype float32 (FP32), got float64. Convert it"), id="bad dtype",
    ),
    pytest.param(
        "infer", ("weigher", "", {"counts": COUNTS}), wrong("Input 'weight' of weigher/2 is missing. Send it"),
        id="missing input",
    ),
    pytest.param("index", (), {("weigher", "1", "READY"), ("weigher", "2", "READY")}, id="index"),
    pytest.param("load", ("weigher",), None, id="load"),
    pytest.param("load", ("nobody",), NO_MODEL, id="load an unknown model"),
    pytest.param("unload", ("weigher",), None, id="unload"),
    pytest.param("unload", ("nobody",), NO_MODEL, id="unload an unknown model"),
]  # fmt: skip


class Triton:
    """NVIDIA's client, of either wire."""

    def __init__(self, wire: Any, address: str) -> None:
        self.wire = wire
        self.http = wire is triton_http
        self.client = wire.InferenceServerClient(address)
        self.live, self.ready = self.client.is_server_live, self.client.is_server_ready
        self.model_ready = self.client.is_model_ready
        self.load, self.unload = self.client.load_model, self.client.unload_model
        self.close = self.client.close

    def server(self) -> str:
        return self._json(self.client.get_server_metadata)["name"]

    def metadata(self, model: str, version: str) -> Any:
        return described(self._json(self.client.get_model_metadata, model, version))

    def index(self) -> Any:
        found = self._json(self.client.get_model_repository_index)
        return listed(found if self.http else found["models"])

    def infer(self, model: str, version: str, inputs: dict[str, np.ndarray]) -> Any:
        tensors = []
        for name, array in inputs.items():
            tensors.append(self.wire.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype)))
            tensors[-1].set_data_from_numpy(array)
        result = self.client.infer(model, tensors, model_version=version)
        return {name: result.as_numpy(name) for name in ("total", "less")}

    def refusal(self, error: Exception) -> Any:
        assert isinstance(error, InferenceServerException)
        return error.status().removeprefix("StatusCode."), error.message()

    def _json(self, ask: Callable[..., Any], *arguments: str) -> Any:
        return ask(*arguments) if self.http else ask(*arguments, as_json=True)


class Bare:
    """What curl would do."""

    def __init__(self, address: str) -> None:
        self.connection = HTTPConnection(*address.split(":"), timeout=20)
        self.close = self.connection.close

    def ask(self, verb: str, path: str, document: Any = None) -> Any:
        self.connection.request(verb, path, None if document is None else json.dumps(document))
        response = self.connection.getresponse()
        told = json.loads(response.read())
        if response.status != 200:
            raise LookupError(response.status, told)
        return told

    def live(self) -> bool:
        return self.ask("GET", "/v2/health/live")["live"]

    def ready(self) -> bool:
        return self.ask("GET", "/v2/health/ready")["ready"]

    def server(self) -> str:
        return self.ask("GET", "/v2")["name"]

    def model_ready(self, model: str, version: str) -> bool:
        try:
            return self.ask("GET", f"{of(model, version)}/ready")["ready"]
        except LookupError as error:
            status, told = error.args
            assert (status, "Not ready. " in told["error"]) == (404, True)
            return told["ready"]

    def metadata(self, model: str, version: str) -> Any:
        return described(self.ask("GET", of(model, version)))

    def infer(self, model: str, version: str, inputs: dict[str, np.ndarray]) -> Any:
        tensors = [
            {"name": n, "shape": a.shape, "datatype": np_to_triton_dtype(a.dtype), "data": a.tolist()}
            for n, a in inputs.items()
        ]
        outputs = self.ask("POST", f"{of(model, version)}/infer", {"inputs": tensors})["outputs"]
        return {one["name"]: np.array(one["data"], np.float32).reshape(one["shape"]) for one in outputs}

    def index(self) -> Any:
        return listed(self.ask("POST", "/v2/repository/index"))

    def load(self, model: str) -> None:
        assert self.ask("POST", f"/v2/repository/models/{model}/load") == {}

    def unload(self, model: str) -> None:
        assert self.ask("POST", f"/v2/repository/models/{model}/unload", {}) == {}

    def refusal(self, error: Exception) -> Any:
        status, told = error.args
        return str(status), told["error"]


class Ours:
    """``serving.client``."""

    def __init__(self, address: str) -> None:
        self.client = Client(address)
        self.ready, self.load, self.unload = self.client.ready, self.client.load, self.client.unload
        self.close = self.client.close

    def metadata(self, model: str, version: str) -> Any:
        told = self.client.metadata(model, version)
        sides = {
            side: [(one.name, one.dtype, list(one.shape)) for one in getattr(told, side)]
            for side in ("inputs", "outputs")
        }
        return {"name": told.name, "versions": list(told.versions), "platform": told.platform, **sides}

    def infer(self, model: str, version: str, inputs: dict[str, np.ndarray]) -> Any:
        return self.client.infer(model, inputs, version)

    def index(self) -> Any:
        return {(one.name, one.version, one.state) for one in self.client.models()}

    def refusal(self, error: Exception) -> Any:
        return type(error), str(error)


def of(model: str, version: str) -> str:
    return f"/v2/models/{model}/versions/{version}" if version else f"/v2/models/{model}"


def described(told: dict[str, Any]) -> dict[str, Any]:
    """Metadata, with lengths as numbers: gRPC's JSON writes them as text."""
    sides = {
        side: [(one["name"], one["datatype"], list(map(int, one["shape"]))) for one in told[side]]
        for side in ("inputs", "outputs")
    }
    return {"name": told["name"], "versions": told["versions"], "platform": told["platform"], **sides}


def listed(told: list[dict[str, str]]) -> set[tuple[str, str, str]]:
    return {(one["name"], one["version"], one["state"]) for one in told}


@pytest.fixture
def server(models: Path, settings: Settings) -> Iterator[Server]:
    """A server whose models callers may load and unload."""
    runtime = Runtime()
    repository = Repository(models, runtime)
    server = Server(runtime, settings.model_copy(update={"http_port": 0}), repository)
    runtime.load(models / "weigher" / "1")
    runtime.load(models / "weigher" / "2")
    server.start()
    yield server
    server.stop(0)


CLIENTS: dict[str, tuple[str, Callable[[Server], Any]]] = {
    "tritonclient.grpc": ("grpc", lambda server: Triton(triton_grpc, server.address)),
    "tritonclient.http": ("http", lambda server: Triton(triton_http, server.http_address or "")),
    "bare HTTP": ("http", lambda server: Bare(server.http_address or "")),
    "our client": ("ours", lambda server: Ours(server.address)),
}


@pytest.mark.parametrize("who", CLIENTS)
@pytest.mark.parametrize(("call", "arguments", "expected"), ROWS)
def test_call(call: str, arguments: tuple[Any, ...], expected: Any, who: str, server: Server) -> None:
    wire, connect = CLIENTS[who]
    client = connect(server)
    ask = getattr(client, call, None)
    if ask is None:
        assert wire == "ours"
        client.close()
        return
    try:
        answered = ask(*arguments)
    except (InferenceServerException, LookupError, HaechiError) as error:
        assert isinstance(expected, Refused), error  # noqa: PT017  # a call may also be answered
        kind, text = client.refusal(error)
        assert kind == (str(expected.http) if wire == "http" else getattr(expected, wire))
        assert expected.text in text
    else:
        if call == "infer":
            assert answered.keys() == expected.keys()
            for name, array in expected.items():
                np.testing.assert_array_equal(answered[name], array)
        elif call == "index":
            assert expected <= answered
        else:
            assert answered == expected
    finally:
        client.close()
