"""Servers that are watched in one way or another."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import pytest
from onnx import helper
from prometheus_client.parser import text_string_to_metric_families

from features.manifest import TensorSpec
from features.settings import Settings
from serving.client import Client
from serving.runtime import Runtime
from serving.server import Server

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Watched:
    """A running server, a client of it, and its metrics."""

    def __init__(self, server: Server, client: Client) -> None:
        self.server = server
        self.client = client

    def double(self, model: str = "doubler") -> dict[str, Any]:
        return self.client.infer(model, {"x": np.array([[1, 2, 3]], dtype=np.float32)})

    def listening(self) -> list[str]:
        """What of this room hears of calls and runs."""
        heard = (*self.server.guard.listeners, *self.server.runtime.after_run)
        return [one.__qualname__ for one in heard if one.__module__.startswith("serving.seen")]

    def scrape(self) -> str:
        assert self.server.watch.metrics_url is not None
        with urlopen(self.server.watch.metrics_url, timeout=5) as reply:  # noqa: S310
            assert reply.headers["Content-Type"].startswith("text/plain")
            return str(reply.read().decode())

    def samples(self) -> Samples:
        families = text_string_to_metric_families(self.scrape())
        return {(one.name, frozenset(one.labels.items())): one.value for each in families for one in each.samples}

    def value(self, name: str, **labels: str) -> float | None:
        return self.samples().get((name, frozenset(labels.items())))


@pytest.fixture(scope="session")
def masked_models(make_model: Callable[..., Path], models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``masked``: takes a value and whether it is known; never sees the mask."""
    root = tmp_path_factory.mktemp("masked")
    x, y = (
        TensorSpec(name=name, dtype="float32", shape=("entity", 3), unit="veh/h", meaning=f"The {name}")
        for name in "xy"
    )
    mask = x.model_copy(update={"name": "x_mask", "dtype": "bool", "unit": "1"})
    nodes = [
        helper.make_node("Cast", ["x_mask"], ["known"], to=1),
        helper.make_node("Mul", ["x", "known"], ["y"]),
    ]
    make_model(root, nodes, [x, mask], [y], name="masked", domain="other")
    return root


@pytest.fixture
def own_runtime(models: Path, masked_models: Path) -> Runtime:
    """``doubler``, both versions of ``weigher``, and ``masked``; of this test alone."""
    runtime = Runtime()
    for folder in (*sorted(models.glob("weigher/*")), models / "doubler/1", masked_models / "masked/1"):
        runtime.load(folder)
    return runtime


@pytest.fixture
def watched(own_runtime: Runtime, settings: Settings) -> Iterator[Callable[..., Watched]]:
    """Starts a server with these settings."""
    with ExitStack() as stack:
        yield lambda **changes: stack.enter_context(_watched(own_runtime, settings.model_copy(update=changes)))


@contextmanager
def _watched(runtime: Runtime, settings: Settings) -> Iterator[Watched]:
    server = Server(runtime, settings)
    server.start()
    try:
        with Client(server.address) as client:
            yield Watched(server, client)
    finally:
        server.stop(0)
