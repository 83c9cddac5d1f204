"""A search tries what it is given to try, survives what trials do, and goes on where it was stopped."""

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from optuna.trial import TrialState

from features.errors import BadInput
from tests.training.search.doubles import KNOWN, Bowl, Broken, infinite
from training.search import run
from training.search.report import found_in
from training.search.run import BASELINES, finished, ranked

ROOT = Path(__file__).resolve().parents[3]
HANGS_S = 60
SEARCH = """
import sys
from pathlib import Path
from time import monotonic
from rich.progress import Progress
from tests.training.search.doubles import Bowl, problem
from training.search.run import Budget, Search
from training.search.space import read_space
from training.search.store import opened
from tests.training.search.conftest import SEED, SPACE

folder = Path(sys.argv[1])
what = problem(Bowl(folder / "log", 0.1), space=SPACE)
with opened(folder / "study.db", what.identity) as study:
    budget = Budget(trials=int(sys.argv[2]), deadline_s=monotonic() + 600, memory_bytes=2**31)
    one = Search(
        study=study, problem=what, space=read_space(None, what, SEED), budget=budget, seed=SEED, on_finished=print
    )
    one.run(Progress(disable=True))
print(one.stopped)
"""


def values(trials):
    return [(trial.params, trial.value) for trial in trials if trial.state is not TrialState.FAIL]


def test_it_finishes_as_many_trials_as_asked(search):
    one, trials = search(trials=6)

    assert len(trials) == len(finished(one.study)) == 6
    assert one.stopped == "6 trials are finished"
    assert one.study.user_attrs[BASELINES] == {"without a search": pytest.approx(3.2), "profile": 9.0}
    assert ranked(one.study)[0].value == min(trial.value for trial in trials if trial.state is TrialState.COMPLETE)


def test_it_begins_where_a_training_without_it_stands(search):
    _, trials = search(trials=1)
    assert trials[0].params == {"width": KNOWN["width"], "rate": KNOWN["rate"]}

    _, trials = search(trials=2)
    assert trials[1].params != trials[0].params


def test_it_begins_as_near_to_that_as_the_space_allows(search):
    _, trials = search(trials=1, space={"width": {"low": 20, "high": 30}, "rate": {"low": 0.0, "high": 1.0}})

    assert trials[0].params["rate"] == KNOWN["rate"]
    assert 20 <= trials[0].params["width"] <= 30


def test_more_trials_go_on_where_fewer_ended(search, tmp_path):
    search(trials=3)
    _, resumed = search(trials=6)
    (tmp_path / "study.db").unlink()
    _, at_once = search(trials=6)

    assert values(resumed) == values(at_once)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        pytest.param("memory", "out of memory", id="out of memory"),
        pytest.param("killed", "out of memory", id="killed by the system"),
        pytest.param("nan", "it diverged: its error is nan", id="a fold's error is no number"),
        pytest.param("inf", "it diverged: its error is inf", id="a fold's error is infinite"),
        pytest.param("nan at last", "it diverged: its error is nan", id="the last figure is no number"),
        pytest.param("bug", "ZeroDivisionError", id="a bug"),
        pytest.param("diverged", "The network diverged in epoch 2", id="a network that diverges"),
    ],
)
def test_a_trial_that_fails_is_reported_and_the_search_goes_on(kind, reason, search):
    one, _ = search(trials=4, space={"kind": ["plain", kind], "width": {"low": 1, "high": 20}})

    found = found_in(one.study, 7)
    assert found.whole >= 1
    assert {trial.params["kind"] for trial in found.failed} == {f'"{kind}"'}
    assert all(reason in trial.user_attrs["reason"] for trial in found.failed)
    assert all(trial.state is TrialState.PRUNED for trial in found.failed)


def test_settings_that_go_together_nowhere_are_a_reason(search):
    one, _ = search(trials=30, space={"width": [4, 5, 500]})

    failed = found_in(one.study, 7).failed
    assert {trial.user_attrs["reason"] for trial in failed} == {"width=500 is outside 1 to 100"}


def test_every_trial_may_fail(search):
    one, trials = search(trials=3, space={"kind": ["bug"], "rate": {"low": 0.0, "high": 1.0}})

    assert ranked(one.study) == []
    assert len(trials) == 3


def test_the_same_settings_are_not_tried_twice(search, tmp_path):
    one, _ = search(trials=20, space={"width": [4, 5, 6]})

    assert one.stopped == "all 3 points of the space are tried"
    assert (tmp_path / "log").read_text().count("begin {'width'") == 3


def test_a_trial_that_loses_is_pruned(search):
    one, _ = search(trials=14, space={"width": {"low": 1, "high": 100}})

    pruned = [trial for trial in finished(one.study) if trial.state is TrialState.PRUNED]
    assert pruned
    assert all(not trial.user_attrs.get("reason") for trial in pruned)
    assert min(trial.intermediate_values[0] for trial in pruned) > ranked(one.study)[0].value


def test_no_trial_starts_that_would_outlast_the_minutes(search, monkeypatch):
    # What trains without a search takes 100 s, and 200 s are over by then.
    ticks_s = itertools.count(time.monotonic(), 100.0)
    monkeypatch.setattr(run, "monotonic", lambda: next(ticks_s))
    one, trials = search(seconds=300.0)

    assert "would outlast the minutes" in one.stopped
    assert [trial.state for trial in trials] == [TrialState.WAITING]


def test_a_trial_that_outlasts_the_minutes_is_tried_again(search, tmp_path):
    _, (first,) = search(trials=1)
    # Another fits, by what the first one took.
    seconds = 2.0 + 2 * first.duration.total_seconds()
    one, trials = search(trials=2, seconds=seconds, objective=Bowl(tmp_path / "log", 30))
    assert one.stopped == "the minutes are over"
    assert [trial.state for trial in trials] == [TrialState.COMPLETE, TrialState.FAIL, TrialState.WAITING]

    _, trials = search(trials=2)
    assert trials[2].params == trials[1].params
    assert trials[2].state in (TrialState.COMPLETE, TrialState.PRUNED)


def test_a_start_that_diverges_ends_the_search_at_once(search):
    with pytest.raises(BadInput, match=r"cannot be trained: it diverged"):
        search(baselines=infinite)


def test_settings_that_train_never_end_the_search_at_once(search):
    with pytest.raises(BadInput, match=r"cannot be trained: Nothing was measured\. Measure"):
        search(objective=Broken())


def test_killed_twice_it_loses_the_running_trials_alone(search, tmp_path):
    for trials_begun in (3, 6):
        process = _start(tmp_path, 8)
        _wait_for(tmp_path / "log", trials_begun, process)
        process.kill()
        process.communicate()
    process = _start(tmp_path, 8)
    out, err = process.communicate(timeout=HANGS_S)
    assert process.returncode == 0, err
    assert out.splitlines()[-1] == "8 trials are finished"

    _, resumed = search(trials=8)
    assert sum(trial.state is TrialState.FAIL for trial in resumed) <= 2
    (tmp_path / "study.db").unlink()
    _, at_once = search(trials=8)
    # Where no kill changed what was known when a trial was asked for, a search is the same search.
    assert values(resumed) == values(at_once)


def test_ctrl_c_stops_it_and_keeps_the_running_trial(tmp_path, search):
    process = _start(tmp_path, 50)
    _wait_for(tmp_path / "log", 3, process)

    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=HANGS_S)

    assert (process.returncode, err) == (0, "")
    assert out.splitlines()[-1] == "interrupted"
    _, trials = search(trials=1)
    assert trials[-1].state is TrialState.WAITING
    assert trials[-1].system_attrs["fixed_params"] == trials[-2].params


def _start(folder, trials):
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", SEARCH, str(folder), str(trials)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _wait_for(log, begun, process):
    """Until that many trials have begun, the one of the baselines among them."""
    before = log.read_text().count("begin") if log.exists() else 0
    until = time.monotonic() + HANGS_S
    while not log.exists() or log.read_text().count("begin") < before + begun:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
