"""``haechi serve --models models:/weigher@champion``: MLflow's champion answers, and MLflow stays out of the server."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import psutil
import pytest

from features import registry
from features.errors import BadInput, HaechiError
from features.settings import Settings
from serving import mirrored as mirroring
from serving.client import Client
from serving.mirrored import mirrored

CHAMPION = "models:/weigher@champion"
INTO = Path("mirror") / "weigher@champion"
# Runs before anything else in the process, and tells at its end what was loaded.
WITNESS = """
import atexit, os, sys
if sys.argv[1:2] == ["serve"] or "serve" in sys.orig_argv:
    atexit.register(lambda: open(os.environ["WITNESS"], "w").write(" ".join(sys.modules)))
"""


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Path:
    """A folder with the MLflow that keeps ``weigher`` 1, its champion, and 2."""
    folder = tmp_path_factory.mktemp("city")
    client = _store(folder)
    experiment = client.create_experiment("haechi-weigher", artifact_location=str(folder / "kept"))
    client.create_registered_model("weigher")
    for version in ("1", "2"):
        run = client.create_run(experiment).info
        client.log_artifacts(run.run_id, str(models / "weigher" / version), "artifact")
        client.create_model_version("weigher", source=run.artifact_uri, run_id=run.run_id)
    return folder


@pytest.fixture
def home(city: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    _crown(city, "1")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{city / 'mlflow.db'}")
    monkeypatch.setenv("HAECHI_HOME", str(tmp_path))
    monkeypatch.setenv("HAECHI_POLL_S", "0.2")
    return tmp_path


def _store(folder: Path) -> mlflow.MlflowClient:
    return mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")


def _crown(folder: Path, version: str) -> None:
    _store(folder).set_registered_model_alias("weigher", "champion", version)


@contextmanager
def serving(home: Path, *more: str) -> Iterator[tuple[dict[str, Any], "subprocess.Popen[str]"]]:
    (home / "sitecustomize.py").write_text(WITNESS)
    environment = os.environ | {"PYTHONPATH": str(home), "WITNESS": str(home / "witness")}
    with (home / "log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "haechi", "serve", "--models", CHAMPION, "--port", "0", "--json", *more],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            text = ""
            for line in process.stdout or ():
                text += line
                if line == "}\n":
                    break
            assert text, (home / "log").read_text()
            yield json.loads(text), process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)


def mirror_of(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    return [one for one in psutil.Process(process.pid).children(recursive=True) if "mirror" in one.cmdline()]


def eventually(condition: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 60
    while time.monotonic() < until_s:
        if condition():
            return
        time.sleep(0.1)
    pytest.fail("it never came to pass")


def weighed(address: str) -> float:
    """6 by version 1, which multiplies, 5 by version 2, which adds."""
    with Client(address) as client:
        counts, weight = np.full((1, 3), 3, np.float32), np.full((1, 1), 2, np.float32)
        return float(client.infer("weigher", {"counts": counts, "weight": weight})["total"][0, 0])


def test_the_alias_is_followed_the_mirror_restarted_and_mlflow_stays_out(home: Path, city: Path) -> None:
    with serving(home) as (document, process):
        assert [(model["name"], model["version"]) for model in document["models"]] == [("weigher", 1)]
        assert weighed(document["address"]) == 6
        (first,) = mirror_of(process)
        first.kill()
        _crown(city, "2")
        eventually(lambda: weighed(document["address"]) == 5)
        (second,) = mirror_of(process)
        assert second.pid != first.pid
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0

    assert not second.is_running()
    loaded = {name.partition(".")[0] for name in (home / "witness").read_text().split()}
    assert "onnxruntime" in loaded
    assert not loaded & {"torch", "lightgbm", "mlflow", "sklearn", "onnx", "pandas", "sqlalchemy"}, loaded
    assert "mirror: " in (home / "log").read_text()
    assert registry.aliases(home / INTO, "weigher") == {"champion": 2, "previous": 1}


def test_the_mirror_leaves_with_a_server_that_is_killed_and_what_it_left_is_served_without_mlflow(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(home) as (_, process):
        (mirror,) = mirror_of(process)
        process.kill()
        process.wait()
        eventually(lambda: not mirror.is_running() or mirror.status() == psutil.STATUS_ZOMBIE)

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{home / 'gone.db'}")
    with serving(home) as (document, _):
        assert weighed(document["address"]) == 6
    assert "weigher/1 stays" in (home / "log").read_text()
    assert "There is no MLflow store" in (home / "log").read_text()


def test_nothing_to_serve_says_what_the_mirror_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{home / 'gone.db'}")
    with pytest.raises(HaechiError, match="There is no MLflow store"), mirrored(Path(CHAMPION), home):
        pytest.fail("there is nothing")


@pytest.mark.parametrize("models", ["models:/weigher", "models:/weigher/1", "models:/weigher@champion,other"])
def test_what_is_no_alias_is_refused(models: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not a model and its alias"), mirrored(Path(models), tmp_path):
        pytest.fail("it is refused")


def test_where_mlflow_is_not_installed_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirroring, "find_spec", lambda _: None)
    with pytest.raises(HaechiError, match="not installed here") as refused, mirrored(Path(CHAMPION), tmp_path):
        pytest.fail("it is refused")
    assert "haechi models mirror" in refused.value.mend


def test_a_setting_names_it_as_the_flag_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAECHI_MODELS", CHAMPION)
    assert mirroring.is_mirrored(Settings().models)
    assert not mirroring.is_mirrored(Path("models"))
