"""Registrations of a tiny graph, and a process that kills itself in the middle of them.

Run as ``python registrations.py GRAPH HOME...``: in each home a process registers ``traffic`` and kills itself at the
point that the home's folder is named after.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from features import registry
from features.artifact import CARD, MANIFEST, MODEL, SELF_TEST
from features.manifest import Manifest, TensorSpec, schema_sha256
from features.self_test import SelfTest, save_rows
from features.self_test import record as recorded
from features.settings import Settings
from training import publish as publishing
from training.publish import Published, publish
from training.scores import Scoreboard
from training.track import RunRecord, Tracker

SPEC = TensorSpec(name="x", dtype="float32", shape=("entity", 2), unit="veh/h", meaning="Volumes")
OUTPUT = SPEC.model_copy(update={"name": "y"})
# Where a registration may be cut off: before or after a call.
POINTS: dict[str, tuple[Any, str, bool]] = {
    "before-the-run": (Tracker, "record", False),
    "after-the-run": (Tracker, "record", True),
    "after-mlflow-took-a-version": (Tracker, "register", True),
    "before-the-checksums": (publishing, "seal", False),
    "before-the-run-keeps-it": (Tracker, "attach", False),
    "before-the-rename": (publishing.os, "rename", False),
    "after-the-rename": (publishing.os, "rename", True),
    "before-the-aliases": (publishing.registry, "set_aliases", False),
    "amid-the-aliases": (registry.json, "dump", True),
    "before-the-aliases-of-mlflow": (Tracker, "set_aliases", False),
    "after-all": (Tracker, "set_aliases", True),
}


def write_graph(path: Path) -> Path:
    """A graph that doubles."""
    from onnx import TensorProto, helper, save_model

    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["entity", 2]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "g", ends[:1], ends[1:])
    save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


def record(graph: Path) -> RunRecord:
    """What a training of ``traffic`` would leave behind, without the training."""
    pictures = graph.parent / "pictures"
    pictures.mkdir(exist_ok=True)
    (pictures / "coverage.png").write_bytes(b"\x89PNG" + bytes(500_000))
    scores = Scoreboard(model="linear", quantiles=(0.1, 0.5, 0.9), unit="veh/h")
    scores.add(np.ones((1, 2, 3), np.float32), np.ones((1, 2), np.float32), {}, np.array([0, 1]))
    return RunRecord(
        name="traffic",
        started_at=datetime(2022, 12, 31, tzinfo=UTC),
        parameters={"seed": "7"},
        metrics=scores.metrics(),
        pictures=pictures,
        graph=graph,
        inputs=(SPEC,),
        outputs=(OUTPUT,),
    )


def register(graph: Path, home: Path, **settings: Any) -> Published:
    """Register ``traffic`` once."""

    def write(folder: Path, version: int, mlflow_run: str | None) -> None:
        (folder / MODEL).write_bytes(graph.read_bytes())
        (folder / MANIFEST).write_text(_manifest(version, mlflow_run).to_json())
        (folder / CARD).write_text("# Card\n")
        save_rows({SPEC.name: np.zeros((1, 2), np.float32)}, folder / SELF_TEST)

    return publish(record(graph), write, Settings(home=home, **settings))


def _manifest(version: int, mlflow_run: str | None) -> Manifest:
    return Manifest(
        format=2,
        domain="traffic",
        name="traffic",
        version=version,
        created_at=datetime(2022, 12, 31, tzinfo=UTC),
        git_commit=None,
        mlflow_run=mlflow_run,
        minimum_runtime="0.1.0",
        inputs=(SPEC,),
        outputs=(OUTPUT,),
        entities=("A-01/in",),
        quantity="volume_veh_h",
        unit="veh/h",
        step_min=60,
        horizon_steps=2,
        quantiles=(0.1, 0.5, 0.9),
        timezone="Asia/Seoul",
        country="KR",
        feature_schema_sha256=schema_sha256((SPEC,), (OUTPUT,)),
        training={"start": "2022-01-01T00:00Z", "end": "2022-02-01T00:00Z", "rows": 1, "data_sha256": "0" * 64},
        scores=(),
        config={},
        state_as_of=None,
        simulated=False,
        self_test=SelfTest(tolerance=0.001, outputs=recorded({OUTPUT.name: np.zeros((1, 2))}), fallback=()),
        non_finite="pass",
        limits=None,
        fallback=None,
        deciles=(),
    )


def die_at(point: str) -> None:
    """Have this process killed, as by ``kill -9``, at one of ``POINTS``."""
    owner, name, after = POINTS[point]
    original: Callable[..., Any] = getattr(owner, name)

    def fatal(*args: Any, **named: Any) -> None:
        if after:
            original(*args, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, fatal)


def main(graph: Path, homes: list[Path]) -> None:
    """Register in every home and die there; the libraries are loaded once for all."""
    import_module("mlflow.onnx")
    import_module("mlflow.store.model_registry.sqlalchemy_store")
    for home in homes:
        child = os.fork()
        if child == 0:
            die_at(home.name)
            register(graph, home)
            os._exit(1)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            sys.exit(f"{home.name}: ended by itself, status {status}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(home) for home in sys.argv[2:]])
