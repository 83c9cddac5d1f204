"""Where an experiment lies."""

import unicodedata
from datetime import date
from pathlib import Path

import pytest

from features.errors import BadInput
from training.experiment.folder import opened, place, slugged, under

DAY = date(2022, 6, 1)


@pytest.mark.parametrize(
    ("question", "name"),
    [
        pytest.param("Does a LONGER history help?", "does-a-longer-history-help", id="words"),
        pytest.param("공휴일은 따로 봐야 하나?", "공휴일은-따로-봐야-하나", id="Korean"),
        pytest.param(unicodedata.normalize("NFD", "공휴일"), "공휴일", id="Korean, letter by letter"),
        pytest.param("  q10/q90 … at 80 %?!  ", "q10-q90-at-80", id="signs"),
        pytest.param("../../etc", "etc", id="a path is none"),
        pytest.param("word " * 40, "-".join(["word"] * 12), id="cut between words"),
        pytest.param("가" * 100, "가" * 60, id="one word without end"),
        pytest.param("?!", "", id="no letter"),
    ],
)
def test_a_question_names_its_folder(question, name):
    assert slugged(question) == name
    assert len(f"2022-06-01-{name}".encode()) < 255


def test_the_day_comes_first(tmp_path):
    assert place(tmp_path, "traffic", DAY, "Why?", None) == tmp_path / "traffic" / "2022-06-01-why"
    assert place(tmp_path, "traffic", DAY, "?!", "why-not") == tmp_path / "traffic" / "2022-06-01-why-not"


@pytest.mark.parametrize(
    ("slug", "message"),
    [
        pytest.param(None, "has no letter to name a folder by", id="no letter"),
        pytest.param("Why not", "--slug Why not is no name", id="a slug with a space"),
        pytest.param("../x", r"--slug \.\./x is no name", id="a slug that is a path"),
        pytest.param("", "has no letter", id="an empty slug"),
    ],
)
def test_no_name_is_refused(slug, message, tmp_path):
    with pytest.raises(BadInput, match=message):
        place(tmp_path, "traffic", DAY, "?", slug)


def test_a_folder_without_a_run_file_is_no_experiment(tmp_path):
    with pytest.raises(BadInput, match=r"has no run\.toml"):
        opened(tmp_path)


def test_a_folder_of_no_domain_is_refused(tmp_path):
    (tmp_path / "run.toml").touch()

    with pytest.raises(BadInput, match="does not lie in a domain's folder"):
        opened(tmp_path)


def test_a_folder_is_shown_without_the_path_of_the_machine(tmp_path, monkeypatch):
    folder = tmp_path / "experiments" / "traffic" / "2022-06-01-why"
    folder.mkdir(parents=True)
    (folder / "run.toml").touch()
    (folder.parent / "notes").mkdir()

    assert opened(folder).shown == "traffic/2022-06-01-why"
    monkeypatch.chdir(tmp_path)
    assert opened(folder).shown == "experiments/traffic/2022-06-01-why"
    monkeypatch.chdir(folder)
    assert opened(Path()).shown == "."
    assert [one.folder for one in under(tmp_path / "experiments")] == [folder]
