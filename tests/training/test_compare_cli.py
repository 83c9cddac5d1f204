"""``haechi models compare`` as a user meets it."""

import pytest

from features.artifact import seal
from features.errors import BadInput
from training.ledger_file import TEST_ERRORS


@pytest.fixture
def two(own_home, add_version):
    """``traffic/1``, and ``traffic/2`` that errs by a tenth more."""
    add_version(own_home, 2, 1.1)
    return own_home


def test_the_better_one_is_named_with_its_interval(two, run_command, document, tmp_path):
    found = document("models", "compare", "traffic/1", "traffic/2", "--png", tmp_path / "compared.png")

    assert found["verdict"] == "a"
    assert found["sentence"].startswith("traffic/1 errs less than traffic/2 by ")
    assert found["overall"]["difference"] == pytest.approx(-0.1 * found["overall"]["mae_a"], rel=1e-4)
    assert set(found["by_step"]) == {"1", "3", "6", "12", "24"}
    assert {"rush hour", "night", "ordinary"} <= set(found["by_regime"])
    assert found["places"]["better_a"] == 1
    assert (tmp_path / "compared.png").read_bytes().startswith(b"\x89PNG")

    told = run_command("models", "compare", "traffic/2", "traffic/1")
    for words in ("traffic/2 (a) and traffic/1 (b)", "step 24", "rush hour", "of 6 places", found["sentence"]):
        assert words in told


def test_a_model_and_itself_do_not_differ(at_home, document):
    assert document("models", "compare", "traffic", "traffic/1")["verdict"] == "no difference beyond chance"


def test_both_can_be_replayed_over_a_later_file(at_home, document, make_panel, save_panel, tmp_path):
    later = save_panel(make_panel(days=84).window(1680, 84 * 24), tmp_path / "later.parquet")
    found = document("models", "compare", "traffic", "traffic", "--data", later)

    assert found["interval"].startswith("2022-05-15 15:00")
    assert found["overall"]["mae_a"] == found["overall"]["mae_b"] > 0


def test_a_file_that_one_learned_from_is_refused(at_home, run_command, city_file):
    with pytest.raises(BadInput, match="the model learned from"):
        run_command("models", "compare", "traffic", "traffic", "--data", city_file)


def test_a_version_without_a_ledger_is_named(two, run_command):
    folder = two / "artifacts" / "traffic" / "2"
    (folder / TEST_ERRORS).unlink()
    seal(folder, None)

    with pytest.raises(BadInput, match=r"traffic/2 holds no test_errors\.parquet.*older Haechi.*--data"):
        run_command("models", "compare", "traffic/1", "traffic/2")


def test_models_of_two_domains_are_refused(own_home, make_artifact, run_command, city_file):
    make_artifact(own_home / "artifacts", name="lots", domain="parking")

    with pytest.raises(BadInput, match="traffic is a model of traffic, lots one of parking"):
        run_command("models", "compare", "traffic", "lots", "--data", city_file)
