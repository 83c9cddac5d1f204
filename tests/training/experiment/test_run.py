"""``haechi experiment run``: a run file becomes RESULT.md, or nothing is touched."""

import json
from pathlib import Path

import pytest

from features.errors import BadInput, UnknownName
from training.experiment import run as running
from training.experiment.parts import BEGIN, END


def files(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_question_is_answered(home, city_file, ask, document, tmp_path):
    (tmp_path / "city.parquet").symlink_to(city_file)
    folder = ask("--data", "city.parquet", "--quick", "--set", "horizon_steps=6", question="해치가 더 나은가?")

    said = document("experiment", "run", folder)

    text, record = (folder / "RESULT.md").read_text(encoding="utf-8"), said["record"]
    assert text.startswith("# 해치가 더 나은가?\n")
    assert said["answer"] in text
    assert record == json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert record["model"] == "traffic/1"
    assert record["settings"]["horizon_steps"] == 6
    for row in record["scores"]:
        assert f" | {row['mae']:.2f} | {row['mae_step_1']:.2f}" in text, row["forecaster"]
    for told in (record["data_sha256"], record["commit"] or "unknown", "torch 2.", f"{record['coverage']:.1%}"):
        assert told in text
    assert record["validation"]
    assert "| rush hour |" in text
    assert "sites" in text
    kept = home / "artifacts" / "traffic" / "1" / "test_errors.parquet"
    assert (folder / "test_errors.parquet").read_bytes() == kept.read_bytes()
    assert "haechi evaluate traffic --model traffic/1 --data city.parquet" in text
    assert [Path(name).name for name in said["pictures"]] == sorted(path.name for path in folder.glob("pictures/*"))
    for name in said["pictures"]:
        assert f"(pictures/{Path(name).name})" in text
    assert str(tmp_path) not in text + (folder / "result.json").read_text(encoding="utf-8")

    [row] = document("experiment", "list")["experiments"]
    assert (row["question"], row["model"], row["mae"]) == ("해치가 더 나은가?", "traffic/1", record["scores"][0]["mae"])


def test_what_a_person_wrote_stays(quick, ask, run_command):
    folder = ask("--data", "city.parquet")
    run_command("experiment", "run", folder)
    result = folder / "RESULT.md"
    # With the line ends of another system, before and after the marks.
    theirs = result.read_bytes().replace(b"?\n\n<!--", b"?\r\nAsked by the mayor.\r\n\n<!--")
    theirs = theirs.replace(b"## Reading\n", b"## Reading\r\nIt does.\r\n")
    result.write_bytes(theirs.replace(b"313 issue times", b"no issue times"))

    run_command("experiment", "run", folder)

    assert result.read_bytes() == theirs


def test_what_a_person_writes_during_the_training_stays(quick, ask, run_command):
    folder = ask("--data", "city.parquet")
    run_command("experiment", "run", folder)
    result = folder / "RESULT.md"
    quick["before"] = lambda: result.write_bytes(result.read_bytes() + b"Written meanwhile.\n")

    run_command("experiment", "run", folder)

    assert result.read_bytes().endswith(b"Written meanwhile.\n")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("# By hand\n", id="no marks"),
        pytest.param(f"# By hand\n{BEGIN}\n", id="no end"),
        pytest.param(f"{END}\n{BEGIN}\n", id="the wrong way round"),
        pytest.param(f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n", id="twice"),
    ],
)
def test_a_result_by_hand_is_refused_before_the_training(text, quick, ask, run_command):
    folder = ask("--data", "city.parquet")
    (folder / "RESULT.md").write_text(text)

    with pytest.raises(BadInput, match="was written by hand") as refused:
        run_command("experiment", "run", folder)

    assert BEGIN in refused.value.mend
    assert (folder / "RESULT.md").read_text() == text
    assert not quick["options"]


@pytest.mark.parametrize("error", [BadInput(cause="It diverged", mend="Take another"), KeyboardInterrupt()])
def test_a_training_that_fails_leaves_all_as_it_was(error, quick, ask, run_command):
    folder = ask("--data", "city.parquet")
    run_command("experiment", "run", folder)
    before = files(folder)

    def fail():
        raise error

    quick["before"] = fail

    with pytest.raises((BadInput, SystemExit, AssertionError)):
        run_command("experiment", "run", folder)

    assert files(folder) == before


@pytest.mark.parametrize("name", ["error_by_step.png", "test_errors.parquet", "result.json", "RESULT.md"])
def test_ctrl_c_while_writing_leaves_no_half_file(name, quick, ask, run_command, monkeypatch):
    folder = ask("--data", "city.parquet")
    run_command("experiment", "run", folder)
    before = files(folder)
    whole = Path.write_bytes

    def interrupted(path, content):
        if path.name.startswith(f".{name}."):
            whole(path, content[: len(content) // 2])
            raise KeyboardInterrupt
        return whole(path, content)

    monkeypatch.setattr(Path, "write_bytes", interrupted)

    with pytest.raises((SystemExit, AssertionError)):
        run_command("experiment", "run", folder)

    after = files(folder)
    assert after.keys() == before.keys()
    assert (folder / "RESULT.md").read_bytes() == before[folder / "RESULT.md"]
    json.loads((folder / "result.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param("sede = 3", "Did you mean 'seed'", id="an option"),
        pytest.param("qestion = 'Why?'", "Did you mean 'question'", id="the question"),
    ],
)
def test_an_unknown_key_offers_the_nearest(line, message, quick, ask, run_command):
    folder = ask("--data", "city.parquet")
    path = folder / "run.toml"
    path.write_text(f"{line}\n{path.read_text(encoding='utf-8')}", encoding="utf-8")

    with pytest.raises(UnknownName, match=message):
        run_command("experiment", "run", folder)
    assert not (folder / "RESULT.md").exists()


def test_an_unknown_setting_offers_the_nearest(at_home, city_file, ask, run_command):
    folder = ask("--data", city_file)
    with (folder / "run.toml").open("a", encoding="utf-8") as file:
        file.write("history_step = 3\n")

    with pytest.raises(UnknownName, match="Did you mean 'history_steps'"):
        run_command("experiment", "run", folder)
    assert not (folder / "RESULT.md").exists()


def test_a_question_that_is_no_text_is_refused(quick, ask, run_command):
    folder = ask("--data", "city.parquet")
    (folder / "run.toml").write_text("question = 3")

    with pytest.raises(BadInput, match="question = 3 is no text"):
        run_command("experiment", "run", folder)


def test_data_named_apart_is_not_written_down(quick, ask, run_command, tmp_path):
    folder = ask("--entity-col", "site,direction")
    with pytest.raises(BadInput, match="No measurements are named"):
        run_command("experiment", "run", folder)

    run_command("experiment", "run", folder, "--data", tmp_path / "secret.parquet")

    assert quick["options"][0].data == (tmp_path / "secret.parquet",)
    text = (folder / "RESULT.md").read_text(encoding="utf-8")
    assert "secret" not in text + (folder / "result.json").read_text(encoding="utf-8")
    assert f"haechi experiment run {folder} --data PATH" in text
    assert "--data PATH --entity-col site,direction" in text


def test_every_model_of_the_training_stands_in_the_table(quick, found, ask, run_command, monkeypatch):
    folder = ask("--data", "city.parquet")
    row = {**found[0]["scores"][0], "forecaster": "fast blend", "mae": 12.34}
    fast = {"model": "traffic-fast", "version": 1, "scores": [row], "coverage": 0.777, "pinball": 8.76}
    monkeypatch.setitem(found[0], "also", [fast])

    run_command("experiment", "run", folder)

    text = (folder / "RESULT.md").read_text(encoding="utf-8")
    assert "| traffic-fast/1 (fast blend) | 12.34 |" in text
    assert "interval of traffic-fast/1 holds 77.7%" in text


def test_a_setting_that_no_manifest_keeps_is_on_record(quick, ask, run_command):
    folder = ask("--data", "city.parquet", "--set", "ridge_errors=0.5")

    run_command("experiment", "run", folder)

    assert json.loads((folder / "result.json").read_text(encoding="utf-8"))["settings"]["ridge_errors"] == 0.5


def test_what_is_simulated_says_so(quick, ask, run_command, manifest, monkeypatch):
    folder = ask("--data", "city.parquet")
    simulated = manifest.model_copy(update={"simulated": True})
    monkeypatch.setattr(running, "open_artifact", lambda *_: simulated)

    run_command("experiment", "run", folder)

    assert "**SIMULATED**" in (folder / "RESULT.md").read_text(encoding="utf-8")


def test_a_model_that_nobody_needs_says_so(quick, found, ask, run_command):
    folder = ask("--data", "city.parquet")
    own, *others = found[0]["scores"]
    worse = [{**own, "mae": 2 * max(row["mae"] for row in others)}, *others]

    said = run_command("experiment", "run", folder)
    assert "MORE" not in said or own["mae"] > min(row["mae"] for row in others)

    found[0]["scores"][:] = worse
    try:
        assert "MORE than the best baseline" in run_command("experiment", "run", folder)
    finally:
        found[0]["scores"][:] = [own, *others]


def test_an_experiment_that_was_never_run_is_listed(quick, ask, document):
    folder = ask("--data", "city.parquet")

    assert document("experiment", "list") == {
        "experiments": [
            {"folder": str(folder), **dict.fromkeys(("question", "model", "mae", "best_baseline", "its_mae"))}
        ]
    }
    assert document("experiment", "list", "nowhere") == {"experiments": []}
