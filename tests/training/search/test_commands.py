"""``haechi search``: from a file to the run file of the best settings, or to a refusal."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import tomllib
from contextlib import closing
from pathlib import Path

import pytest

from features.errors import BadInput, UnknownName
from training.track import Tracker

ROOT = Path(__file__).resolve().parents[3]
HANGS_S = 90
SPACE = """
[space]
history_steps = [3, 6, 12]
ridge_errors = {low = 1e-3, high = 1.0, log = true}
"""


@pytest.fixture
def space(home, tmp_path):
    path = tmp_path / "space.toml"
    path.write_text(SPACE)
    return path


def test_a_search_ends_in_a_run_file_that_trains(home, space, city_file, document, tmp_path):
    words = ("search", "traffic", "--data", city_file, "--space", space, "--quick", "--set", "horizon_steps=6")

    found = document(*words, "--trials", 3, "--name", "mine", "--out", tmp_path / "out")

    assert found["trials"] == {"finished": 3, "complete": 3, "pruned": 0, "failed": 0}
    assert list(found["baselines"]) == ["without a search", "adaptive profile"]
    assert [one["mae"] for one in found["best"]] == sorted(one["mae"] for one in found["best"])
    assert found["pictures"] == [str(tmp_path / "out" / "history.png")]
    assert found["better_than_baseline"] == (found["best"][0]["mae"] < found["baselines"]["without a search"])
    written = tomllib.loads((home / "search" / "traffic.toml").read_text())
    best = found["best"][0]["settings"] if found["better_than_baseline"] else {}
    assert written == {"data": [str(city_file)], "name": "mine", "quick": True, "set": {"horizon_steps": 6, **best}}

    # Resumed: nothing is left to do, and MLflow has one run a trial below the study's.
    again = document(*words, "--trials", 3, "--name", "mine")
    assert again["best"] == found["best"]
    assert again["mlflow_run"] == found["mlflow_run"]
    client = Tracker(home)._client
    [experiment] = [one for one in client.search_experiments() if one.name == "haechi-mine-search"]
    runs = client.search_runs([experiment.experiment_id])
    parents = [run.data.tags.get("mlflow.parentRunId") for run in runs]
    assert sorted(map(str, parents)) == sorted(["None", *[found["mlflow_run"]] * 3])

    trained = document("train", "traffic", "--run", found["run_file"])
    assert trained["model"] == "mine"
    assert trained["config"]["horizon_steps"] == 6


def test_another_space_is_another_study(home, space, city_file, run_command):
    words = ("search", "traffic", "--data", city_file, "--quick", "--space", space, "--trials", 1)
    run_command(*words)
    space.write_text("[space]\nhistory_steps = [3, 6]\n")

    with pytest.raises(BadInput, match="begun with another space") as refused:
        run_command(*words)

    assert "--study traffic-2" in refused.value.mend


def test_without_mlflow_nothing_is_tracked(home, space, city_file, document, monkeypatch, capsys):
    monkeypatch.setattr("training.track.find_spec", lambda _: None)

    found = document("search", "traffic", "--data", city_file, "--quick", "--space", space, "--trials", 1)

    assert found["mlflow_run"] is None
    assert "nothing is tracked" in capsys.readouterr().err


def test_ctrl_c_prints_what_was_found_and_exits_130(home, space, city_file):
    words = ("search", "traffic", "--data", city_file, "--quick", "--space", space, "--trials", "500", "--json")
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, str(ROOT / "haechi.py"), *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until = time.monotonic() + HANGS_S
    while not _finished(home / "search" / "traffic.db"):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.1)

    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=HANGS_S)

    assert process.returncode == 130
    assert "Traceback" not in err
    found = json.loads(out)
    assert found["stopped"] == "interrupted"
    assert found["trials"]["complete"] == len(found["best"]) > 0
    assert tomllib.loads((home / "search" / "traffic.toml").read_text())["data"] == [str(city_file)]


def _finished(path):
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path)) as database:
        return database.execute("select count(*) from trials where state = 'COMPLETE'").fetchone()[0]


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        pytest.param(("--set", "history_step=3"), UnknownName, "Did you mean 'history_steps'", id="an unknown setting"),
        pytest.param(("--set", "history_steps=3"), BadInput, "both set and searched", id="set and searched"),
        pytest.param(("--study", "../x"), BadInput, "is not a study's name", id="a study that is a path"),
        pytest.param(("--split", "0.03,0.5,0.47"), BadInput, "The train part has", id="a history too short"),
        pytest.param(("--memory-gib", "0.1"), BadInput, "cannot be trained: ", id="no memory for any trial"),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(words, error, message, home, space, city_file, run_command):
    with pytest.raises(error, match=message):
        run_command("search", "traffic", "--data", city_file, "--space", space, "--trials", 1, *words)


def test_flags_are_those_of_train(run_command):
    shown = run_command("search", "--help")

    assert all(flag in shown for flag in ("--entity-col", "--split-at", "--missing-value", "--quick", "--space"))
