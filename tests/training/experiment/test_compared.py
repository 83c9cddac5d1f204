"""``haechi experiment compare``: which of the experiments errs less on the same interval."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from features.errors import BadInput
from training.ledger_file import load, save


@pytest.fixture
def ran(quick, ask, run_command):
    """Run an experiment whose errors are ``share`` of another's; gives its folder."""

    def make(question, share=1.0, **changes):
        folder = ask("--data", "city.parquet", question=question)
        run_command("experiment", "run", folder)
        path = folder / "test_errors.parquet"
        ledger = load(path)
        less = {
            name: {**getattr(ledger, name), "error": getattr(ledger, name)["error"] * share}
            for name in ("by_issue", "by_place", "by_part")
        }
        save(replace(ledger, **less, **changes), path)
        return folder

    return make


def test_the_one_that_errs_less_is_named_with_its_gain(ran, document):
    first, other = ran("As it is?"), ran("With less?", share=0.8)

    [found] = document("experiment", "compare", first, other)["comparisons"]

    assert found["verdict"] == "b"
    assert found["sentence"].startswith(f"{other} errs less than {first} by")
    assert found["overall"]["mae_b"] == pytest.approx(0.8 * found["overall"]["mae_a"], rel=1e-4)
    assert 0 < found["overall"]["low"] < found["overall"]["difference"] < found["overall"]["high"]
    assert set(found["by_step"]) == {"1", "3", "6", "12", "24"}
    assert "rush hour" in found["by_regime"]
    assert found["places"]["count"] == 6
    assert found["settings"] == {}


def test_one_does_not_win_against_itself(ran, document):
    first = ran("As it is?")

    [found] = document("experiment", "compare", first, first)["comparisons"]

    assert found["verdict"] == "no difference beyond chance"


def test_several_are_held_against_the_first_and_written(ran, run_command, tmp_path):
    folders = [ran("해치?"), ran("With less?", share=0.8), ran("With more?", share=1.2)]

    run_command("experiment", "compare", *folders, "--out", "compared.md")

    text = Path("compared.md").read_text(encoding="utf-8")
    assert f"**{folders[1]} errs less than {folders[0]}" in text
    assert f"**{folders[0]} errs less than {folders[2]}" in text
    assert "| rush hour |" in text
    assert "| step 24 |" in text
    assert f"haechi experiment compare {folders[0]} {folders[1]} {folders[2]}" in text
    assert str(tmp_path) not in text


def test_what_differs_stands_there(ran, document):
    first, other = ran("As it is?"), ran("With less?", share=0.8)
    record = json.loads((other / "result.json").read_text(encoding="utf-8"))
    record["settings"]["history_steps"], record["seed"] = 48, 8
    (other / "result.json").write_text(json.dumps(record), encoding="utf-8")

    [found] = document("experiment", "compare", first, other)["comparisons"]

    assert found["settings"] == {"history_steps": [24, 48], "seed": [7, 8]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"data_sha256": "0" * 64}, "measurements", id="other data"),
        pytest.param({"unit": "mph"}, "unit veh/h and mph", id="another unit"),
        pytest.param({"timezone": "UTC"}, "clock Asia/Seoul and UTC", id="another clock"),
    ],
)
def test_what_was_not_judged_on_the_same_is_refused(changes, message, ran, run_command):
    first, other = ran("As it is?"), ran("Elsewhere?", **changes)

    with pytest.raises(BadInput, match=message) as refused:
        run_command("experiment", "compare", first, other, "--out", "compared.md")
    assert f"{first} and {other}" in refused.value.cause
    assert not Path("compared.md").exists()


def test_what_cannot_be_compared_is_refused(ran, ask, run_command):
    first, never = ran("As it is?"), ask(question="Never run?")

    with pytest.raises(BadInput, match="Name two or more"):
        run_command("experiment", "compare", first)
    with pytest.raises(BadInput, match="was never run"):
        run_command("experiment", "compare", first, never)
    for name in ("compared.txt", first / "RESULT.md"):
        with pytest.raises(BadInput, match="is no place for a comparison"):
            run_command("experiment", "compare", first, first, "--out", name)
    (first / "test_errors.parquet").unlink()
    with pytest.raises(BadInput, match="there is nothing to compare"):
        run_command("experiment", "compare", first, first)
    (first / "result.json").write_text("{}")
    with pytest.raises(BadInput, match="is damaged"):
        run_command("experiment", "compare", first, first)


def test_what_is_simulated_says_so(ran, run_command, document):
    first = ran("As it is?")
    record = json.loads((first / "result.json").read_text(encoding="utf-8"))
    (first / "result.json").write_text(json.dumps(record | {"simulated": True}), encoding="utf-8")

    assert document("experiment", "compare", first, first)["simulated"]
    assert "SIMULATED" in run_command("experiment", "compare", first, first)
