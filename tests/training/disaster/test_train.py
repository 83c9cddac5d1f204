"""From a file to a published model of a hazard, and back to what it is worth; and every mistake on the way."""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features import artifact
from features.artifact import open_artifact
from features.disaster.config import DisasterConfig
from features.disaster.state import load
from features.errors import BadInput, UnknownName
from features.self_test import load_rows
from tests.training.conftest import command
from tests.training.disaster.streams import START, stream, train
from training.export import Graph


def test_a_hazard_of_the_citys_own_is_trained_judged_published_and_judged_again(city, tmp_path):
    found = train(city)
    assert (found["model"], found["version"], found["champion"]) == ("disaster-stream", 1, 1)
    for one in found["quantity"]:
        assert one["rmse"] < one["rmse_persistence"]
        assert one["rmse_linear"] < one["rmse_persistence"]
        assert 0.6 < one["coverage"] < 0.95
    for one, high in zip(found["quantity"], found["quantity_high"], strict=True):
        assert 0 < high["count"] < one["count"]
        assert high["rmse_persistence"] > one["rmse_persistence"]
    for one in found["probabilities"]:
        if one["level"] == "watch":
            assert one["came"] > 0
            assert one["skill_climatology"] > 0
            assert one["skill_bins"] > 0
            assert one["skill_linear"] is not None
    assert {row["level"] for row in found["alarms"]} == {"watch", "flood"}
    folder = Path(found["folder"])
    manifest = open_artifact(folder, None)
    config = DisasterConfig.from_json(manifest.config)
    assert len(config.alarm_at) == 2
    assert load(folder / artifact.STATE, config).as_of == START + timedelta(hours=3599)
    assert (folder / "CARD.md").read_text().startswith("# disaster-stream version 1")

    out = tmp_path / "predictions.parquet"
    again = json.loads(
        command("evaluate", "disaster", "--data", city, "--model", "disaster-stream", "--out", out, "--json")
    )
    for part in ("quantity", "quantity_high", "probabilities"):
        assert again[part] == found[part]
    assert again["alarms"] == found["alarms"]
    rows = pl.read_parquet(out)
    assert rows.columns[:9] == [
        "issued_at", "target_time", "step", "entity_id", "quantity", "unit", "hazard", "level", "probability",
    ]  # fmt: skip
    assert (rows["q10"] <= rows["q50"]).all()
    assert (rows["q50"] <= rows["q90"]).all()
    assert rows["probability"].is_between(0, 1).all()
    wide = rows.pivot("step", index=["issued_at", "entity_id", "level"], values="probability").drop_nulls()
    assert (wide["3"] >= wide["1"]).all(), "a longer time holds a shorter one"
    levels = rows.pivot("level", index=["issued_at", "entity_id", "step"], values="probability").drop_nulls()
    assert (levels["watch"] >= levels["flood"]).all(), "a higher level is never likelier"


def test_the_risk_never_falls_when_the_stage_rises(city):
    """All else equal: the latest reading is higher, and with it what was highest."""
    found = train(city)
    folder = Path(found["folder"])
    config = DisasterConfig.from_json(open_artifact(folder, None).config)
    graph = Graph(folder / artifact.MODEL)
    rows = load_rows(folder / artifact.SELF_TEST)
    rows = {name: array[:4] for name, array in rows.items()}
    names = [each.name for each in config.features]
    before = np.zeros((4, 2, 2))
    for rise in range(0, 200, 5):
        risen = {name: array.copy() for name, array in rows.items()}
        risen["now"] += rise
        risen["value"] += rise
        latest, highest = names.index("stage_cm lag 0"), names.index("stage_cm highest 6")
        risen["feature"][:, latest] += rise
        risen["feature"][:, highest] = np.maximum(risen["feature"][:, highest], risen["feature"][:, latest])
        now = graph.outputs(risen)[1]
        assert (now >= before - 0.02).all(), f"at {rise} cm more"
        before = now


def test_of_a_dead_gauge_nothing_is_said(city):
    folder = Path(train(city)["folder"])
    rows = load_rows(folder / artifact.SELF_TEST)
    dead = ~rows["now_mask"]
    assert dead.any()
    for graph in (artifact.MODEL, artifact.FALLBACK):
        for found in Graph(folder / graph).outputs(rows):
            assert np.isnan(found[dead]).all()
            assert np.isfinite(found[~dead]).all()


def test_another_file_is_judged_whole_and_its_own_is_refused(city, tmp_path):
    train(city)
    later = tmp_path / "later.parquet"
    stream(900, 5, START + timedelta(days=400)).write_parquet(later)
    judge = ("evaluate", "disaster", "--model", "disaster-stream", "--split", "all", "--json")
    found = json.loads(command(*judge, "--data", later))
    assert found["quantity"][0]["rmse"] < found["quantity"][0]["rmse_persistence"]
    with pytest.raises(BadInput, match="the model learned from"):
        command(*judge, "--data", city)
    with pytest.raises(BadInput, match="not the readings"):
        command("evaluate", "disaster", "--model", "disaster-stream", "--data", later)


def test_every_stretch_is_judged_by_a_model_that_had_not_seen_it(city):
    flags = ("--hazard", "stream", "--data", city, "--quick", "--json")
    found = json.loads(command("backtest", "disaster", *flags))
    assert found["quantity"][0]["rmse"] < found["quantity"][0]["rmse_persistence"]
    events = next(row for row in found["alarms"] if row["level"] == "watch")
    assert events["events"] > 10
    assert events["pod"] > 0.5
    with pytest.raises(BadInput, match="leaving out one year after the other"):
        command("backtest", "disaster", *flags, "--refit-days", "7")


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        pytest.param([], BadInput, "No hazard is named", id="no hazard"),
        pytest.param(["--hazard", "steam"], UnknownName, "Did you mean 'stream'", id="an unknown hazard"),
        pytest.param(["--hazard", "stream", "--set", "tres_count=3"], UnknownName, "trees_count", id="a setting"),
        pytest.param(["--hazard", "stream", "--split", "0.5,0.2,0.3"], BadInput, "--split is not of", id="a split"),
        pytest.param(["--hazard", "stream", "--covariates", "x.csv"], BadInput, "--covariates is", id="covariates"),
        pytest.param(["--hazard", "stream", "--set", "trees_leaves=1"], BadInput, "outside 2 to 255", id="a value"),
    ],
)
def test_what_cannot_be_trained_is_refused_with_a_mend(city, words, error, said):
    with pytest.raises(error, match=said):
        command("train", "disaster", "--data", city, *words)


def test_a_hazard_is_not_of_traffic(city):
    with pytest.raises(BadInput, match="of disaster, not of traffic"):
        command("train", "traffic", "--hazard", "stream", "--data", city, "--value-col", "stage_cm")


def test_a_file_without_the_quantity_or_of_another_clock_is_refused(city, tmp_path):
    dry = tmp_path / "dry.parquet"
    stream(900, 2).drop("stage_cm").write_parquet(dry)
    with pytest.raises(BadInput, match="'stage_cm' is not measured"):
        command("train", "disaster", "--hazard", "stream", "--data", dry)
    daily = tmp_path / "daily.parquet"
    stream(2400, 2).filter(pl.col("time").dt.hour() == 0).write_parquet(daily)
    with pytest.raises(BadInput, match="judged every 60 minutes"):
        command("train", "disaster", "--hazard", "stream", "--data", daily)


def test_seouls_fine_dust_beats_climatology_and_persistence(real_data, home):
    """On the real city, the last year never looked at: a linear core alone."""
    file = real_data / "hazard" / "air_seoul_city_hourly_2018_2021.parquet"
    flags = ("--hazard", "pm25", "--shape", "air-city", "--data", file, "--quick", "--json")
    found = json.loads(command("train", "disaster", *flags))
    for one in found["quantity"]:
        assert one["rmse"] < one["rmse_persistence"]
    for one in found["probabilities"]:
        if one["level"] == "advisory" and one["kind"] == "within":
            assert one["skill_climatology"] > 0
            assert one["skill_bins"] > 0
            assert one["skill_linear"] is not None
            assert one["skill_persistence"] > 0
            assert one["calibration_error"] < 0.02
