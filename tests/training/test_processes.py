"""Trainings as processes: killed, interrupted, side by side, without MLflow."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import mlflow
import numpy as np
import pytest

from features import registry
from features.artifact import open_artifact

# Kills its own process, as ``kill -9`` would, when a function of a module is called.
KILLED = """
import os, signal, sys
from importlib import import_module
module, name = sys.argv.pop(1).split(":")
setattr(import_module(module), name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
import haechi
haechi.main()
"""
HANGS_S = 300


@pytest.fixture
def start(tmp_path, city_file):
    """Starts a training in ``tmp_path/home``, its scratch in ``tmp_path/scratch``."""
    (tmp_path / "scratch").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HAECHI_", "MLFLOW_"))}

    def begin(*python):
        words = [sys.executable, *(python or ("-m", "haechi")), "train", "traffic", "--data", str(city_file), "--quick"]
        return subprocess.Popen(  # noqa: S603
            words,
            cwd=tmp_path,
            env=kept | {"HAECHI_HOME": "home", "TMPDIR": str(tmp_path / "scratch")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return begin


def assert_whole(home, versions):
    assert registry.versions(home / "artifacts", "traffic") == versions
    for version in versions:
        open_artifact(home / "artifacts" / "traffic" / str(version), None)
    client = mlflow.MlflowClient(f"sqlite:///{home / 'mlflow.db'}")
    assert sorted(int(one.version) for one in client.search_model_versions("name = 'traffic'")) == list(versions)
    assert registry.aliases(home / "artifacts", "traffic")["champion"] in versions


def test_two_trainings_at_once_both_succeed_in_a_new_home(start, tmp_path, city):
    both = [start(), start()]
    said = [process.communicate(timeout=HANGS_S) for process in both]

    assert [process.returncode for process in both] == [0, 0], said
    assert_whole(tmp_path / "home", (1, 2))
    assert sorted(line for out, _ in said for line in out.splitlines() if line.startswith("Registered")) == [
        "Registered traffic/1 in home/artifacts/traffic/1",
        "Registered traffic/2 in home/artifacts/traffic/2",
    ]
    missing = np.isnan(city.values)
    for _, err in said:
        # Beside the answer: what was found, and why it took longer; no library's warning.
        expected = ("Another process is writing", "On its test interval traffic errs MORE than")
        lines = [line for line in err.splitlines() if not line.startswith(expected)]
        assert [line.split(":")[0] for line in lines] == [
            f"{(~missing).sum():,} rows",
            f"{missing.sum():,} values missing ({missing.mean():.1%})",
        ]
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize(
    "point",
    [
        pytest.param("training.traffic.run:train", id="while it fits"),
        pytest.param("training.traffic.run:save", id="while its state is written"),
    ],
)
def test_after_kill_9_the_next_training_succeeds(point, start, home, run_command, city_file):
    process = start("-c", KILLED, point)
    process.communicate(timeout=HANGS_S)
    assert process.returncode == -signal.SIGKILL
    assert registry.versions(home / "artifacts", "traffic") == ()

    run_command("train", "traffic", "--data", city_file, "--quick")

    [version] = registry.versions(home / "artifacts", "traffic")
    assert_whole(home, (version,))


def test_ctrl_c_leaves_nothing_and_prints_no_traceback(start, home, tmp_path):
    process = start()
    assert process.stderr.readline().startswith("9,")

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=HANGS_S)

    assert process.returncode not in (0, -signal.SIGINT)
    assert "Traceback" not in err
    assert list((tmp_path / "scratch").iterdir()) == []
    assert registry.versions(home / "artifacts", "traffic") == ()


def test_without_mlflow_the_command_says_that_nothing_is_tracked(home, run_command, city_file, monkeypatch, capsys):
    monkeypatch.setattr("training.track.find_spec", lambda _: None)

    said = run_command("train", "traffic", "--data", city_file, "--quick")

    assert "Registered traffic/1" in said
    assert "nothing is tracked" in capsys.readouterr().err
    assert "not tracked: MLflow was not installed" in " ".join(run_command("models", "show", "traffic").split())
    assert open_artifact(home / "artifacts" / "traffic" / "1", None).mlflow_run is None
    assert not (Path(home) / "mlartifacts").exists()
