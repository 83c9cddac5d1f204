"""An experiment on the small city, and a training that costs nothing."""

import shutil
from pathlib import Path

import pytest

from features.artifact import open_artifact
from training.traffic import commands


@pytest.fixture
def ask(run_command, tmp_path):
    """Make an experiment in ``experiments`` of the working folder; gives its folder."""

    def make(*words, question="Does it help?", date="2022-06-01"):
        run_command("experiment", "new", "traffic", question, "--date", date, *words)
        return max(Path("experiments/traffic").iterdir(), key=lambda folder: folder.stat().st_mtime_ns)

    return make


@pytest.fixture(scope="session")
def found(trained_home, tmp_path_factory):
    """What a training of ``trained_home`` says of itself, and its pictures."""
    folder = trained_home / "artifacts" / "traffic" / "1"
    manifest = open_artifact(folder, None)
    rows = {}
    for score in manifest.scores:
        if score.metric == "mae":
            key = "mae" if "-" in score.horizon else f"mae_step_{score.horizon}"
            rows.setdefault(score.model, {"forecaster": score.model})[key] = score.value
    pictures = tmp_path_factory.mktemp("drawn")
    (pictures / "error_by_step.png").write_bytes(b"a picture")
    document = {
        "folder": str(folder),
        "scores": list(rows.values()),
        "coverage": 0.8,
        "pinball": 9.5,
        "issue_times_scored": 313,
        "validation": [{"what": "ridge", "setting": "errors 0.1", "mae": 30.25}],
        "config": manifest.config,
        "shares": {"linear": 1.0},
        "also": [],
    }
    return document, pictures


@pytest.fixture
def quick(at_home, found, monkeypatch):
    """In place of a training: what one said. A function put into ``before`` is called while it trains."""
    document, pictures = found
    asked = {"options": [], "before": lambda: None}

    def experiment(options, scratch):
        asked["options"].append(options)
        asked["before"]()
        shutil.copytree(pictures, scratch / "pictures")
        return document

    monkeypatch.setattr(commands, "experiment", experiment)
    return asked
