"""``haechi evaluate traffic``: a published model judged as live would have lived it."""

from dataclasses import replace

import polars as pl
import pytest

from features.errors import BadInput, UnknownName
from training.baselines import LAST_VALUE
from training.ledger_file import TEST_ERRORS
from training.ledger_file import load as load_ledger
from training.provenance import data_sha256

TEST_ROWS = 336


def test_evaluate_says_what_training_said(at_home, document, city_file, manifest, tmp_path):
    found = document("evaluate", "traffic", "--data", city_file, "--out", tmp_path / "p.parquet")

    trained = {(score.model, score.horizon): score.value for score in manifest.scores if score.metric == "mae"}
    for row in found["scores"]:
        assert row["mae"] == pytest.approx(trained[(row["forecaster"], "1-24")], abs=1e-6)
        for step in (1, 3, 6, 12, 24):
            assert row[f"mae_step_{step}"] == pytest.approx(trained[(row["forecaster"], str(step))], abs=1e-6)
    frame = pl.read_parquet(tmp_path / "p.parquet")
    off = frame.select((pl.col("q50") - pl.col("observed")).abs().mean()).item()
    assert off == pytest.approx(trained[("linear", "1-24")], rel=1e-5)
    assert frame.height == (TEST_ROWS - 24 + 1) * 6 * 24
    inside = frame.drop_nulls("observed").select(pl.col("observed").is_between("q10", "q90").mean()).item()
    assert found["coverage"] == pytest.approx(inside, abs=1e-6)
    sites = frame.drop_nulls("observed").group_by("entity_id").agg(pl.col("observed").is_between("q10", "q90").mean())
    within = sites["observed"].is_between(0.74, 0.86)
    assert found["coverage_by_site"]["share_within"] == pytest.approx(within.mean())
    assert set(found["coverage_by_site"]["worst"]) <= set(sites.filter(~within)["entity_id"])
    assert sum(row["targets"] for row in found["by_regime"]) == found["targets"]
    whole = sum(row["targets"] * row["mae"] for row in found["by_regime"]) / found["targets"]
    assert whole == pytest.approx(off, rel=1e-5)


def test_the_ledger_of_the_training_lies_in_the_artifact(at_home, document, city_file, city):
    ledger = load_ledger(at_home / "artifacts" / "traffic" / "1" / TEST_ERRORS)

    assert ledger.data_sha256 == data_sha256(city.window(len(city) - TEST_ROWS, len(city)))
    assert (ledger.start, ledger.end) == (city.time(len(city) - TEST_ROWS), city.end)
    found = document("evaluate", "traffic", "--data", city_file)
    assert ledger.regimes() == found["by_regime"]


def test_predictions_come_twice_the_same_and_never_cross(at_home, document, city_file, tmp_path):
    for name in ("one", "other"):
        document("evaluate", "traffic", "--data", city_file, "--out", tmp_path / f"{name}.parquet")
    frame = pl.read_parquet(tmp_path / "one.parquet")

    assert frame.equals(pl.read_parquet(tmp_path / "other.parquet"))
    assert frame.filter((pl.col("q10") > pl.col("q50")) | (pl.col("q50") > pl.col("q90"))).is_empty()
    assert frame["q10"].min() >= 0


def test_the_order_of_rows_and_entities_in_the_file_changes_nothing(at_home, document, city_file, tmp_path):
    pl.read_parquet(city_file).sample(fraction=1, shuffle=True, seed=3).write_parquet(tmp_path / "shuffled.parquet")

    found = [
        document("evaluate", "traffic", "--data", path, "--out", tmp_path / f"{number}.parquet")
        for number, path in enumerate((city_file, tmp_path / "shuffled.parquet"))
    ]

    assert found[0]["scores"] == found[1]["scores"]
    assert pl.read_parquet(tmp_path / "0.parquet").equals(pl.read_parquet(tmp_path / "1.parquet"))


@pytest.fixture
def later(make_panel, save_panel, tmp_path):
    """The same city, two weeks that begin where the ten weeks end; changed as asked."""

    def write(change=lambda panel: panel):
        panel = make_panel(days=84).window(1680, 84 * 24)
        return save_panel(change(panel), tmp_path / "later.parquet")

    return write


def test_another_stretch_is_judged_as_a_whole(at_home, document, later):
    found = document("evaluate", "traffic", "--data", later(), "--split", "all")

    assert found["remark"].startswith("state carried on from")
    assert found["targets"] > 13 * 24 * 6 * 20
    mae = {row["forecaster"]: row["mae"] for row in found["scores"]}
    assert mae["linear"] < mae[LAST_VALUE] / 2


def test_an_older_stretch_warms_a_new_state_up(at_home, document, make_panel, save_panel, tmp_path):
    panel = make_panel(days=28)
    older = replace(panel, start=panel.start.replace(year=2021))

    found = document("evaluate", "traffic", "--data", save_panel(older, tmp_path / "older.parquet"), "--split", "all")

    assert "168 steps warm a new state up and are not scored" in found["remark"]


def test_an_overlapping_stretch_is_refused(at_home, run_command, city_file):
    with pytest.raises(BadInput, match=r"the model learned from .* Judge it on another interval"):
        run_command("evaluate", "traffic", "--data", city_file, "--split", "all")


def test_another_file_is_not_its_test_part(at_home, run_command, later):
    with pytest.raises(BadInput, match="not the measurements that traffic/1 was trained on"):
        run_command("evaluate", "traffic", "--data", later())


def test_an_entity_never_seen_in_training_is_left_out_and_named(at_home, document, later, capsys):
    def rename(panel):
        return replace(panel, entities=(*panel.entities[:-1], "Z-99/in"))

    found = document("evaluate", "traffic", "--data", later(rename), "--split", "all")

    assert found["entities_left_out"] == ["Z-99/in"]
    assert "1 entities that the model does not know are left out, e.g. Z-99/in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            lambda panel: replace(panel, entities=tuple(f"Z-{i}" for i in range(6))),
            "knows none of the 6 entities, e.g. 'Z-0'",
            id="another city",
        ),
        pytest.param(
            lambda panel: replace(panel, quantity="speed_kmh"), "The file holds speed_kmh", id="another quantity"
        ),
        pytest.param(lambda panel: panel.window(0, 20), "20 steps are left to judge", id="too short"),
        pytest.param(lambda panel: replace(panel, step_min=30), "30 min", id="another step"),
    ],
)
def test_a_file_that_cannot_be_judged_is_refused(change, message, at_home, run_command, later, tmp_path):
    with pytest.raises(BadInput, match=message):
        run_command("evaluate", "traffic", "--data", later(change), "--split", "all", "--out", tmp_path / "p.parquet")
    assert not (tmp_path / "p.parquet").exists()


def test_a_model_of_another_domain_is_refused(home, make_artifact, run_command, city_file):
    make_artifact(home / "artifacts", name="lots", domain="parking")

    with pytest.raises(BadInput, match=r"lots is a model of parking, not of traffic.*haechi evaluate parking"):
        run_command("evaluate", "traffic", "--data", city_file, "--model", "lots")


def test_a_split_there_is_none_of_is_refused(at_home, run_command, city_file):
    with pytest.raises(UnknownName, match=r"no split 'tset'\. Did you mean 'test'"):
        run_command("evaluate", "traffic", "--data", city_file, "--split", "tset")


def test_predictions_into_a_folder_that_is_not_there_are_refused(at_home, run_command, city_file, tmp_path):
    with pytest.raises(BadInput, match="is not there"):
        run_command("evaluate", "traffic", "--data", city_file, "--out", tmp_path / "gone" / "p.parquet")
