"""A team's own MLflow server, named by ``MLFLOW_TRACKING_URI``."""

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import mlflow
import pytest

from features import registry
from features.errors import StorageFailure
from features.followed import read_followed
from training.mirror import Mirror, only_mirror
from training.publish import Why, promote
from training.track import Tracker

_SPEC = importlib.util.spec_from_file_location("registrations", Path(__file__).parent / "registrations.py")
registrations = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(registrations)
HANGS_S = 120


@pytest.fixture
def server(empty_home, tmp_path, monkeypatch):
    """The address of a server with an empty store."""
    store = shutil.copyfile(empty_home / "mlflow.db", tmp_path / "server.db")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["server", "--backend-store-uri", f"sqlite:///{store}", "--artifacts-destination", str(tmp_path / "kept")]
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "mlflow", *words, "--workers", "1", "--port", str(port)],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(address):
    until = time.monotonic() + HANGS_S
    while time.monotonic() < until:
        try:
            urlopen(f"{address}/health").close()  # noqa: S310
        except (URLError, ConnectionError):
            time.sleep(0.2)
        else:
            return
    pytest.fail("MLflow's server did not start")


def test_a_mirror_reads_the_server_and_keeps_what_it_has_when_the_server_vanishes(server, tmp_path, monkeypatch):
    graph, home, into = registrations.write_graph(tmp_path / "model.onnx"), tmp_path / "home", tmp_path / "mirror"
    registrations.register(graph, home)
    followed = read_followed(["models:/traffic@champion"])

    with only_mirror(into, followed):
        (step,) = Mirror(followed, into, tmp_path / "elsewhere", None).look()
        assert (step.version, step.changed, step.error) == (1, True, None)
        shutil.rmtree(tmp_path / "kept")
        registrations.register(graph, home)
        promote(home / "artifacts", "traffic", 2, Tracker(home), Why(how="forced", reason="moved"))
        shutil.rmtree(tmp_path / "kept")
        (step,) = Mirror(followed, into, tmp_path / "elsewhere", None).look()
        assert step.version == 1
        assert step.error is not None

        monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        (step,) = Mirror(followed, into, tmp_path / "elsewhere", None).look()
    assert isinstance(step.error, StorageFailure)
    assert registry.aliases(into, "traffic") == {"champion": 1}
    assert not (tmp_path / "elsewhere").exists()


def test_versions_and_aliases_are_kept_by_the_server(server, tmp_path, capsys):
    graph, home = registrations.write_graph(tmp_path / "model.onnx"), tmp_path / "home"

    versions = [registrations.register(graph, home).manifest.version for _ in range(2)]
    promote(home / "artifacts", "traffic", 2, Tracker(home), Why(how="forced", reason="moved"))

    client = mlflow.MlflowClient(server)
    assert versions == [1, 2] == list(registry.versions(home / "artifacts", "traffic"))
    assert {int(one.version) for one in client.search_model_versions("name = 'traffic'")} == {1, 2}
    assert {name: int(version) for name, version in client.get_registered_model("traffic").aliases.items()} == {
        "champion": 2,
        "previous": 1,
    }
    tag = json.loads(client.get_model_version("traffic", "2").tags["promotion"])
    assert (tag["from"], tag["to"], tag["how"], tag["reason"]) == (1, 2, "forced", "moved")
    assert list((tmp_path / "kept").rglob("SHA256SUMS"))
    assert not (home / "mlflow.db").exists()
    # What is printed there is the command's answer, and nobody else's.
    assert capsys.readouterr().out == ""
