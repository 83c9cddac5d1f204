"""``haechi experiment new``: a question becomes a folder with a run file."""

import tomllib
from datetime import date
from pathlib import Path

import pytest

from features.errors import BadInput, UnknownName
from training.traffic import commands
from training.traffic.job import SETTINGS


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run_file(folder):
    return tomllib.loads((folder / "run.toml").read_text(encoding="utf-8"))


def test_what_was_given_stands_in_the_run_file(ask):
    folder = ask(
        "--data", "a.csv", "--data", "b.csv", "--entity-col", "site,direction", "--quick", "--set", "history_steps=48"
    )

    assert folder == Path("experiments/traffic/2022-06-01-does-it-help")
    assert run_file(folder) == {
        "question": "Does it help?",
        "data": ["a.csv", "b.csv"],
        "entity_col": "site,direction",
        "quick": True,
        "set": {"history_steps": 48},
    }


def test_every_other_option_and_setting_stands_there_as_a_comment(ask):
    lines = (ask("--data", "a.csv", "--seed", "3") / "run.toml").read_text(encoding="utf-8").splitlines()

    assert "seed = 3" in lines
    assert any(line.startswith('# split = "0.6,0.2,0.2"  # Shares of train') for line in lines)
    for key in SETTINGS.keys() - {"country", "timezone", "step_min"}:
        assert any(line.startswith(f"# {key} = ") for line in lines), key
    # Each once: a file with all comments removed is still one.
    keys = [line.removeprefix("# ").partition(" = ")[0] for line in lines if " = " in line]
    assert len(set(keys)) == len(keys)


def test_the_run_file_is_one_of_train(ask, run_command, monkeypatch):
    folder, found = ask("--data", "a.csv", "--name", "mine", "--set", "horizon_steps=6"), []
    monkeypatch.setattr(commands, "train", lambda options, *, as_json: found.append(options))

    run_command("train", "traffic", "--run", folder / "run.toml")

    assert (found[0].data, found[0].name, found[0].config) == ((Path("a.csv"),), "mine", {"horizon_steps": 6})
    assert found[0].question == "Does it help?"


def test_another_run_file_is_where_it_begins(ask):
    Path("run.toml").write_text('data = "a.csv"\nseed = 3\nquestion = "Another?"\n[set]\nhistory_steps = 12\n')

    found = run_file(ask("--run", "run.toml", "--set", "horizon_steps=6"))

    assert found.pop("set") == {"history_steps": 12, "horizon_steps": 6}
    assert found == {"question": "Does it help?", "data": ["a.csv"], "seed": 3}


def test_a_question_in_korean(ask):
    folder = ask(question="공휴일은 따로 봐야 하나?")

    assert folder.name == "2022-06-01-공휴일은-따로-봐야-하나"
    assert run_file(folder) == {"question": "공휴일은 따로 봐야 하나?", "set": {}}


def test_a_question_of_several_lines_and_signs_is_one_text(ask):
    assert run_file(ask(question='Does "it"\n[set]\n\x7fhelp\\?'))["question"] == 'Does "it" [set] help\\?'


def test_the_day_is_todays(document):
    before = date.today()  # noqa: DTZ011 - the day on the clock of whoever asks
    folder = Path(document("experiment", "new", "traffic", "Why?", "--root", "mine")["folder"])

    assert folder.parent == Path("mine/traffic")
    assert before <= date.fromisoformat(folder.name[:10]) <= date.today()  # noqa: DTZ011


def test_a_folder_that_is_there_is_refused(ask):
    folder = ask("--seed", "3")
    before = (folder / "run.toml").read_bytes()

    with pytest.raises(BadInput, match="is there already") as refused:
        ask("--seed", "4")

    assert f"haechi experiment run {folder}" in refused.value.mend
    assert (folder / "run.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "question", "error", "message"),
    [
        pytest.param(("--set", "history_step=3"), "Why?", UnknownName, "Did you mean 'history_steps'", id="a setting"),
        pytest.param(("--set", "horizon_steps={a=1}"), "Why?", BadInput, "is no number", id="a setting of tables"),
        pytest.param(("--split", "half"), "Why?", BadInput, "--split half", id="an option that makes no sense"),
        pytest.param((), " \n", BadInput, "The question is empty", id="no question"),
        pytest.param((), "?", BadInput, "has no letter", id="a question without a letter"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_made(words, question, error, message, ask):
    with pytest.raises(error, match=message):
        ask(*words, question=question)
    assert not list(Path().iterdir())


def test_an_unknown_domain_offers_the_known(run_command):
    with pytest.raises(UnknownName, match="Did you mean 'traffic'"):
        run_command("experiment", "new", "trafic", "Why?")
