"""From counts to a published model, and what is in it."""

import json

import numpy as np
import polars as pl
import pytest

from features import artifact
from features.artifact import open_artifact
from features.parking import lots as lots_table
from features.parking.build import QUALITIES, build
from features.parking.config import ParkingConfig
from features.parking.state import load
from features.self_test import load_rows
from tests.training.conftest import command
from tests.training.parking.city import CAPACITY, SMALL, START, flags
from tests.training.parking.conftest import NAMES, PLANNED
from training.export import Graph
from training.parking.judge import CHANGE, MODEL
from training.parking.run import START_STATE

ENTITIES = (*sorted(NAMES), PLANNED)


@pytest.fixture
def config(trained):
    return ParkingConfig.from_json(dict(open_artifact(trained.folder, None).config))


def test_it_errs_less_than_everything_that_needs_no_model(trained):
    mae = {row["forecaster"]: row["mae"] for row in trained.said["scores"]}
    assert {"last value", "same hour last week", "adaptive profile", CHANGE} < set(mae)
    assert min(mae, key=mae.__getitem__) == MODEL
    assert trained.said["beaten_by"] == []


def test_what_training_says(trained):
    said = trained.said
    assert (said["model"], said["version"], said["champion"], said["simulated"]) == ("parking", 1, 1, False)
    assert said["lots"] == len(CAPACITY), "the new lot and the planned one are not judged"
    assert 0.7 < said["coverage"] < 0.9
    assert 0 <= said["onnx_max_difference"] < 1e-2
    assert said["mlflow_run"]
    assert [row["steps"] for row in said["coverage_by_steps"]] == ["1", "2-3", "4-6"]
    for row in said["full"]:
        assert 0 < row["brier"] < row["brier_persistence"]
    assert said["share_windows"]["count"] > 100
    assert said["share_windows"]["failed"] < 0.1
    assert said["cold_start"]["count"] > 1000
    assert said["cold_start"]["mae"] > said["scores"][0]["mae"], "a lot never seen is harder"
    for name in ("weeks", "horizon_steps"):
        assert said["config"][name] == SMALL[name]


def test_the_artifact_is_whole(trained, config):
    manifest = open_artifact(trained.folder, None)
    assert manifest.entities == ENTITIES
    assert (manifest.quantity, manifest.unit, manifest.horizon_steps) == ("free_spaces", "spaces", 6)
    assert manifest.learned.start == START
    state = load(trained.folder / artifact.STATE, config)
    assert state.entities == ENTITIES
    assert state.as_of == manifest.state_as_of
    assert not np.isnan(state.tail[:, :6]).all(axis=0).any()
    begun = load(trained.folder / START_STATE, config)
    assert np.isnan(begun.tail).all(), "evaluate begins before the first count"
    np.testing.assert_array_equal(begun.trait, state.trait)
    assert {row.model for row in manifest.scores} > {MODEL, CHANGE, "last value"}
    assert config.extremal_index > 0
    card = (trained.folder / "CARD.md").read_text(encoding="utf-8")
    assert card.startswith("# parking version 1")
    assert "Know before use" in card
    assert (trained.folder / artifact.FALLBACK).is_file()


def test_lots_travel_with_the_model(trained):
    lots = lots_table.load(trained.folder / lots_table.FILE)
    assert lots.ids == ENTITIES
    assert lots.capacity.tolist() == [dict(CAPACITY, neu=90, planned=150)[name] for name in ENTITIES]
    assert lots.places().all()


def test_of_new_lots_it_is_said_that_they_are_new(trained, config):
    """Two days of history are hardly any, and of a lot not yet counted there is none: both are answered."""
    state = load(trained.folder / artifact.STATE, config)
    found = build(None, state, config, [state.as_of])
    quality = dict(zip(state.entities, (QUALITIES[code] for code in found.quality[0]), strict=True))
    assert quality["neu"] == "degraded: hardly any history of its own"
    assert quality[PLANNED] == "degraded: no count and no history of its own"
    assert [quality[name] for name in CAPACITY].count("ok") >= 5
    free_spaces, full = Graph(trained.folder / artifact.MODEL).outputs(found.inputs)
    assert np.isfinite(free_spaces).all()
    assert (free_spaces >= 0).all()
    assert (free_spaces <= 1.1 * state.capacity[:, None, None] + 1e-2).all()
    assert (np.diff(free_spaces, axis=2) >= 0).all()
    assert ((full >= 0) & (full <= 1)).all()


def test_the_fallback_answers_the_self_test_too(trained):
    rows = load_rows(trained.folder / artifact.SELF_TEST)
    model, fallback = (Graph(trained.folder / name).outputs(rows) for name in (artifact.MODEL, artifact.FALLBACK))
    assert [each.shape for each in model] == [each.shape for each in fallback]
    known = rows["capacity_mask"]
    assert known.any()
    assert np.isfinite(model[0][known]).all()
    assert np.isfinite(fallback[0][known & rows["profile_mask"].all(axis=1)]).all()
    assert np.isnan(model[0][~known]).all(), "nobody knows how many spaces there are"


def test_its_own_test_part_is_judged_as_it_was(at_trained, tmp_path):
    out = tmp_path / "predictions.parquet"
    again = json.loads(
        command("evaluate", "parking", *flags(at_trained.data), "--split", "test", "--out", out, "--json")
    )
    for part in ("scores", "scores_spaces", "coverage", "coverage_by_steps", "full", "share_windows", "beaten_by"):
        assert again[part] == at_trained.said[part], part
    frame = pl.read_parquet(out)
    assert frame.columns == [
        "issued_at", "target_time", "step", "entity_id", "quantity", "unit", "q05", "q10", "q25", "q50", "q75", "q90",
        "q95", "observed", "full", "capacity", "model", "version", "quality",
    ]  # fmt: skip
    levels = frame.select("q05", "q10", "q25", "q50", "q75", "q90", "q95").to_numpy()
    assert (np.diff(levels, axis=1) >= 0).all()
    assert frame["full"].is_between(0, 1).all()
    assert set(frame["entity_id"].unique()) == set(ENTITIES)
    assert frame.filter(pl.col("target_time") != pl.col("issued_at") + pl.duration(hours=pl.col("step"))).is_empty()
    assert frame["observed"].max() <= 1.1 * max(CAPACITY.values()), "24621 is no observation"
    qualities = frame.group_by("entity_id").agg(pl.col("quality").unique())
    assert set(qualities.filter(pl.col("entity_id") == PLANNED)["quality"][0]) == {
        "degraded: no count and no history of its own"
    }
    metadata = pl.read_parquet_metadata(out)
    assert metadata["simulated"] == "false"
    assert "full_share" in metadata["config"]
    mine = frame.filter(pl.col("entity_id").is_in(list(CAPACITY)), pl.col("observed").is_not_null())
    error = ((mine["q50"] - mine["observed"]).abs() / mine["capacity"] * 100).mean()
    mae = {row["forecaster"]: row["mae"] for row in again["scores"]}
    assert error == pytest.approx(mae[MODEL], rel=1e-3)


def test_what_a_person_reads(at_trained):
    shown = command("evaluate", "parking", *flags(at_trained.data), "--split", "test")
    for part in ("parking/1, 2024-02-26", "6 lots", "probability of being full", "80 % interval", CHANGE):
        assert part in shown
    assert "share windows at a risk of 5%" in shown
    assert "as it was at the start of the test part" in shown


def test_a_time_of_year_that_training_did_not_see_is_no_reason_to_fall_back(trained):
    manifest = open_artifact(trained.folder, None)
    limits = [one for one in manifest.limits.ranges if one.input == "calendar"]
    assert limits
    assert all(min(np.ravel(one.high)) > 1000 and max(np.ravel(one.low)) < -1000 for one in limits)
