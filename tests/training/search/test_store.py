"""A study's file: whole or not there, one search at a time, and never another search's."""

import sqlite3

import optuna
import pytest
from optuna.trial import TrialState

from features.errors import BadInput, StorageFailure
from training.search import store
from training.search.store import opened, study_file

IDENTITY = {"data": "a" * 64, "split": "2022-08-08"}
WIDTH = {"width": optuna.distributions.IntDistribution(1, 20)}


def test_what_was_told_is_there_again(tmp_path):
    with opened(tmp_path / "x.db", IDENTITY) as study:
        study.tell(study.ask(WIDTH), 3.0)

    with opened(tmp_path / "x.db", IDENTITY) as study:
        assert [trial.value for trial in study.get_trials()] == [3.0]


@pytest.mark.parametrize(
    ("key", "message"),
    [pytest.param("data", "another data$", id="data"), pytest.param("split", "another split .2022", id="split")],
)
def test_another_search_is_refused(key, message, tmp_path):
    with opened(tmp_path / "x.db", IDENTITY):
        pass

    with pytest.raises(BadInput) as refused, opened(tmp_path / "x.db", IDENTITY | {key: "b" * 64}):
        pass

    assert refused.match(message.replace("$", r"\."))
    assert "--study x-2" in refused.value.mend


def test_one_search_at_a_time(tmp_path):
    with (
        opened(tmp_path / "x.db", IDENTITY),
        pytest.raises(StorageFailure, match="Another search is at work"),
        opened(tmp_path / "x.db", IDENTITY),
    ):
        pass


def test_a_trial_left_running_is_queued_again_but_not_for_ever(tmp_path):
    for _ in range(3):
        with opened(tmp_path / "x.db", IDENTITY) as study:
            left = study.ask(WIDTH).params

    with opened(tmp_path / "x.db", IDENTITY) as study:
        trials = study.get_trials()

    assert [trial.state for trial in trials] == [TrialState.FAIL, TrialState.FAIL, TrialState.PRUNED]
    assert all(trial.params == left for trial in trials)
    assert trials[-1].user_attrs["reason"] == "the search was killed under it 3 times"


def test_killed_while_it_begins_it_begins_again(tmp_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store.os, "replace", killed)
        with pytest.raises(KeyboardInterrupt), opened(tmp_path / "x.db", IDENTITY):
            pass
    assert not (tmp_path / "x.db").exists()

    with opened(tmp_path / "x.db", IDENTITY) as study:
        assert study.user_attrs == IDENTITY


@pytest.mark.parametrize("content", [b"not a database, but long enough to be one" * 100, None])
def test_a_file_that_is_no_study_is_refused(content, tmp_path):
    path = tmp_path / "x.db"
    if content is None:
        sqlite3.connect(path).execute("create table other (x)").connection.close()
    else:
        path.write_bytes(content)

    with pytest.raises(StorageFailure, match=r"x\.db does not open as a study"), opened(path, IDENTITY):
        pass


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".x", "a" * 101])
def test_a_name_that_is_no_files_name_is_refused(name, tmp_path):
    with pytest.raises(BadInput, match="is not a study's name"):
        study_file(tmp_path, name)
