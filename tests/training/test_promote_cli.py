"""A champion is replaced by one that beats it beyond chance, or by force, which is recorded."""

import json

import mlflow
import pytest

from features import registry
from features.artifact import seal
from features.errors import BadInput, UnknownName
from training.ledger_file import TEST_ERRORS

FORCE = ("--force", "--reason", "half of the sensors were moved")


@pytest.fixture
def versions(own_home, add_version):
    """``traffic/1``, the champion; 2 errs by a tenth less, 3 by a tenth more, 4 as 1 does."""
    for version, times in ((2, 0.9), (3, 1.1), (4, 1.0)):
        add_version(own_home, version, times)
    return own_home


def records(home):
    return registry.promotions(home / "artifacts", "traffic")


def test_the_better_version_replaces_the_champion_and_it_is_recorded(versions, document, run_command):
    found = document("models", "promote", "traffic/2")

    assert (found["champion"], found["before"]) == (2, 1)
    assert found["comparison"].startswith("traffic/2 errs less than traffic/1 by ")
    first, promoted = records(versions)
    assert (first["how"], first["from"], first["to"]) == ("first", None, 1)
    assert (promoted["how"], promoted["from"], promoted["to"]) == ("promotion", 1, 2)
    assert promoted["comparison"] == found["comparison"]
    assert {"traffic/2": "champion", "traffic/1": "previous"}.items() <= {
        row["model"]: row["alias"] for row in document("models", "list")["models"]
    }.items()
    assert document("models", "show", "traffic/2")["promotions"] == [promoted]
    assert "promotion, 1 -> 2. traffic/2 errs less than traffic/1" in run_command("models", "show", "traffic/2")


@pytest.mark.parametrize(
    ("version", "message"),
    [
        pytest.param(3, "traffic/1 errs less than traffic/3 by", id="a worse one"),
        pytest.param(4, "No difference beyond chance between traffic/4 and traffic/1", id="its equal"),
    ],
)
def test_what_is_not_better_is_refused_and_can_be_forced(version, message, versions, run_command, document):
    with pytest.raises(BadInput, match=rf"does not replace the champion traffic/1: {message}.*--force") as refusal:
        run_command("models", "promote", f"traffic/{version}")
    assert refusal.value.exit_code == 2
    assert registry.aliases(versions / "artifacts", "traffic")["champion"] == 1
    assert len(records(versions)) == 1

    document("models", "promote", f"traffic/{version}", *FORCE)
    last = records(versions)[-1]
    assert (last["how"], last["from"], last["to"], last["reason"]) == ("forced", 1, version, FORCE[2])
    assert message in last["comparison"]


def test_a_version_without_a_ledger_is_refused_without_force(versions, run_command):
    folder = versions / "artifacts" / "traffic" / "2"
    (folder / TEST_ERRORS).unlink()
    seal(folder, None)

    with pytest.raises(BadInput, match=r"could not be compared: traffic/2 holds no test_errors\.parquet"):
        run_command("models", "promote", "traffic/2")
    assert "traffic/2 is the champion" in run_command("models", "promote", "traffic/2", *FORCE)


def test_a_damaged_champion_can_be_replaced_by_force(versions, run_command):
    (versions / "artifacts" / "traffic" / "1" / "CARD.md").write_text("other")

    with pytest.raises(BadInput, match=r"could not be compared: .*CARD\.md"):
        run_command("models", "promote", "traffic/2")
    assert "traffic/2 is the champion" in run_command("models", "promote", "traffic/2", *FORCE)


@pytest.mark.parametrize("words", [("--force",), ("--reason", "x"), ("--force", "--reason", " ")])
def test_force_and_reason_go_together(words, at_home, run_command):
    with pytest.raises(BadInput, match="--force and --reason go together"):
        run_command("models", "promote", "traffic/1", *words)


def test_promoting_the_champion_says_that_it_was_the_champion(own_home, run_command):
    assert run_command("models", "promote", "traffic") == "traffic/1 was the champion already\n"
    assert len(records(own_home)) == 1


def test_a_rollback_needs_no_comparison_and_goes_further_back(versions, document, run_command):
    document("models", "promote", "traffic/2")
    document("models", "promote", "traffic/4", *FORCE)
    document("models", "promote", "traffic/3", *FORCE)

    for now, before in ((4, 3), (2, 4), (1, 2)):
        found = document("models", "rollback", "traffic")
        assert (found["champion"], found["before"]) == (now, before)
        last = records(versions)[-1]
        assert (last["how"], last["from"], last["to"]) == ("rollback", before, now)
    with pytest.raises(BadInput, match="no champion before this one"):
        run_command("models", "rollback", "traffic")
    document("models", "promote", "traffic/2")
    assert document("models", "rollback", "traffic")["champion"] == 1


def test_a_home_older_than_the_record_rolls_back_to_the_previous_one(versions, document):
    document("models", "promote", "traffic/2")
    (versions / "artifacts" / "traffic" / "promotions.jsonl").unlink()

    assert document("models", "rollback", "traffic")["champion"] == 1


def test_going_back_twice_says_what_was_gone_back_from(versions, document, run_command):
    document("models", "promote", "traffic/2")
    document("models", "rollback", "traffic")
    with pytest.raises(BadInput, match="traffic/2 came after it and was rolled back") as refusal:
        run_command("models", "rollback", "traffic")
    assert "promote traffic/2" in refusal.value.mend


def test_nothing_to_roll_back_to_is_said(own_home, run_command):
    with pytest.raises(BadInput, match="traffic has had no champion before this one"):
        run_command("models", "rollback", "traffic")
    with pytest.raises(UnknownName, match=r"no model 'trafic'\. Did you mean 'traffic'"):
        run_command("models", "rollback", "trafic")


def test_a_second_training_leaves_the_champion_and_mlflow_knows_who_it_is(own_home, city_file, document):
    second = document("train", "traffic", "--data", city_file, "--quick")
    assert (second["version"], second["champion"]) == (2, 1)

    document("models", "promote", "traffic/2", *FORCE)
    client = mlflow.MlflowClient(f"sqlite:///{own_home / 'mlflow.db'}")
    assert int(client.get_model_version_by_alias("traffic", "champion").version) == 2
    assert json.loads(client.get_model_version("traffic", "2").tags["promotion"]) == records(own_home)[-1]
    assert document("models", "rollback", "traffic")["champion"] == 1
    assert int(client.get_model_version_by_alias("traffic", "champion").version) == 1
