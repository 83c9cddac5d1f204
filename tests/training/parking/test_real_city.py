"""Twelve car parks of Germany and all of Birmingham, from the public files to published models."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.artifact import open_artifact
from tests.training.conftest import command
from training.parking.judge import MODEL

LOTS, WEEKS = 12, 20
SIMPLE = ("last value", "same hour last week", "adaptive profile")
GERMANY = ("--entity-col", "lot_id", "--timezone", "UTC", "--set", 'timezone="Europe/Berlin"', "--country", "DE")
BIRMINGHAM = (
    *("--shape", "day-slot", "--start", "2016-10-04T08:00", "--step-min", "30", "--timezone", "Europe/London"),
    *("--entity-col", "lot"),
)


def check(found, folder):
    """What any city's model has to hold."""
    mae = {row["forecaster"]: row["mae"] for row in found["scores"]}
    for name in SIMPLE:
        assert mae[MODEL] < mae[name], name
    assert 0.72 < found["coverage"] < 0.88
    for row in found["full"]:
        if row["came"] > 0.01:
            assert row["brier"] < row["brier_persistence"]
    manifest = open_artifact(Path(folder), None)
    assert (manifest.domain, manifest.simulated) == ("parking", False)
    return manifest


def check_rows(out, manifest):
    """Predictions that rise, lie within the lot and are all there."""
    frame = pl.read_parquet(out)
    levels = frame.select(pl.col(r"^q\d\d$")).to_numpy()
    assert levels.shape[1] == len(manifest.quantiles)
    assert np.isfinite(levels).all()
    assert (np.diff(levels, axis=1) >= 0).all()
    assert (levels >= 0).all()
    assert (levels <= 1.1 * frame["capacity"].to_numpy()[:, None] + 1e-2).all()
    assert frame["full"].is_between(0, 1).all()
    assert len(frame) == frame["issued_at"].n_unique() * len(manifest.entities) * manifest.horizon_steps
    return frame


@pytest.fixture
def germany(real_data, tmp_path):
    """Twenty weeks of autumn of the lots of four cities that lack the least, clocks going back in them."""
    counts = pl.read_parquet(real_data / "parking" / "germany_2023_2024.parquet")
    first = pl.datetime(2023, 8, 7)
    some = counts.filter(pl.col("time") >= first, pl.col("time") < first + pl.duration(weeks=WEEKS))
    lots = pl.read_csv(real_data / "parking" / "germany_lots.csv")
    cities = lots["city"].unique().sort()[:4]
    own = lots.filter(pl.col("city").is_in(cities.implode()))["lot_id"]
    whole = some.filter(pl.col("lot_id").cast(pl.String).is_in(own.implode()))
    best = whole.group_by("lot_id").len().sort("len", pl.col("lot_id").cast(pl.String), descending=[True, False])
    kept = best["lot_id"].cast(pl.String).head(LOTS)
    path = tmp_path / "germany.parquet"
    whole.filter(pl.col("lot_id").cast(pl.String).is_in(kept.implode())).write_parquet(path)
    table = tmp_path / "lots.csv"
    lots.filter(pl.col("lot_id").is_in(kept.implode())).write_csv(table)
    return path, table


def test_car_parks_of_germany(germany, home, tmp_path):
    counts, lots = germany
    words = ("train", "parking", "--data", counts, "--entities", lots, *GERMANY, "--quick", "--json")
    trained = json.loads(command(*words))
    manifest = check(trained, trained["folder"])
    assert manifest.entities == tuple(sorted(manifest.entities))
    assert len(manifest.entities) == LOTS
    out = tmp_path / "out.parquet"
    where = ("--data", counts, "--entity-col", "lot_id", "--timezone", "UTC")
    judged = json.loads(command("evaluate", "parking", *where, "--split", "test", "--out", out, "--json"))
    for name in ("scores", "coverage", "full", "share_windows"):
        assert judged[name] == trained[name], name
    check_rows(out, manifest)


def test_car_parks_of_birmingham(real_data, home, tmp_path):
    """Cars are counted, by day alone, and nobody says how many spaces there are."""
    counts = real_data / "parking" / "birmingham_77_days.parquet"
    words = ("train", "parking", "--data", counts, *BIRMINGHAM, "--country", "GB", "--quick")
    shown = command(*words, "--set", "horizon_steps=8")
    for part in ("parking/1 on its test part", "As if never seen", "is the champion"):
        assert part in shown
    out = tmp_path / "out.parquet"
    where = ("--data", counts, *BIRMINGHAM)
    judged = json.loads(command("evaluate", "parking", *where, "--split", "test", "--out", out, "--json"))
    manifest = check(judged, home / "artifacts" / "parking" / "1")
    assert (manifest.step_min, manifest.timezone) == (30, "Europe/London")
    assert len(manifest.entities) == 29, "lot 7 is counted in the last week alone: nothing tells its capacity"
    frame = check_rows(out, manifest)
    hours = frame.filter(pl.col("observed").is_not_null())["target_time"].dt.convert_time_zone("Europe/London")
    assert hours.dt.hour().is_between(8, 16).all()
