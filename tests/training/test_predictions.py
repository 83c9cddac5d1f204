"""Predictions in the columns of DESIGN.md, a row each."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from training import predictions
from training.predictions import prediction_writer, schema

ISSUED = datetime(2022, 12, 31, 15, tzinfo=UTC)
NAN = np.nan


@pytest.fixture
def add_two(make_manifest, tmp_path):
    """Writes two issue times of two entities and three steps; returns the file."""

    def write(**changes):
        path = tmp_path / "predictions.parquet"
        with prediction_writer(path, make_manifest(**changes), ("A-01/in", "서울역/in")) as writer:
            for hour in range(2):
                forecast = np.arange(18, dtype=np.float32).reshape(2, 3, 3) + 100 * hour
                forecast[1, 2] = NAN
                measured = np.array([[1, NAN, 3], [4, 5, 6]], dtype=np.float32)
                writer.add(ISSUED.replace(hour=15 + hour), forecast, measured, ["ok", "fallback: never measured"])
        return path

    return write


def test_the_columns_are_those_of_the_design(add_two):
    frame = pl.read_parquet(add_two())

    assert frame.columns == [
        "issued_at", "target_time", "step", "entity_id", "quantity", "unit", "q10", "q50", "q90", "observed", "model",
        "version", "quality",
    ]  # fmt: skip
    for name in ("issued_at", "target_time"):
        assert frame.schema[name] == pl.Datetime("ms", "UTC")
    for name in ("q10", "q50", "q90", "observed"):
        assert frame.schema[name] == pl.Float32
    assert (frame.schema["step"], frame.schema["version"]) == (pl.Int16, pl.Int32)


def test_each_row_is_one_prediction(add_two):
    frame = pl.read_parquet(add_two())

    assert frame.height == 2 * 2 * 3
    first, last = frame.row(0, named=True), frame.row(-1, named=True)
    assert first == {
        "issued_at": ISSUED,
        "target_time": ISSUED,
        "step": 1,
        "entity_id": "A-01/in",
        "quantity": "volume_veh_h",
        "unit": "veh/h",
        "q10": 0.0,
        "q50": 1.0,
        "q90": 2.0,
        "observed": 1.0,
        "model": "traffic",
        "version": 1,
        "quality": "ok",
    }
    assert (last["target_time"], last["step"]) == (ISSUED.replace(hour=18), 3)
    assert (last["entity_id"], last["quality"]) == ("서울역/in", "fallback: never measured")


def test_each_quantile_has_a_column_called_by_its_percent(make_manifest, tmp_path):
    levels = (0.025, 0.05, 0.5, 0.95, 0.999)
    forecast = np.arange(5, dtype=np.float32).reshape(1, 1, 5)
    with prediction_writer(tmp_path / "p.parquet", make_manifest(quantiles=levels), ("A-01/in",)) as writer:
        writer.add(ISSUED, forecast, np.zeros((1, 1), dtype=np.float32), ["ok"])

    (row,) = pl.read_parquet(tmp_path / "p.parquet").to_dicts()
    assert [row[name] for name in ("q2_5", "q05", "q50", "q95", "q99_9")] == [0, 1, 2, 3, 4]


def test_what_is_missing_is_null_and_never_zero(add_two):
    frame = pl.read_parquet(add_two())

    assert frame["observed"].to_list()[:3] == [1, None, 3]
    assert frame["q50"].to_list()[5] is None
    assert frame["observed"].is_nan().sum() == 0


@pytest.mark.parametrize("simulated", [True, False])
def test_the_file_says_whether_it_is_simulated(simulated, add_two):
    assert pl.read_parquet_metadata(add_two(simulated=simulated))["simulated"] == str(simulated).lower()


def test_many_small_groups_are_the_same_rows(add_two, make_manifest, monkeypatch):
    whole = pl.read_parquet(add_two())
    monkeypatch.setattr(predictions, "_GROUP_ROWS", 1)
    path = add_two()

    assert pq.ParquetFile(path).num_row_groups == 2
    assert pl.read_parquet(path).equals(whole)
    assert pq.read_schema(path).names == schema(make_manifest()).names


def test_a_file_that_is_not_finished_is_not_there(make_manifest, tmp_path):
    path = tmp_path / "predictions.parquet"
    path.write_bytes(b"an older one")

    def stop_midway():
        with prediction_writer(path, make_manifest(), ("A-01/in",)):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_midway()
    assert path.read_bytes() == b"an older one"
    assert list(tmp_path.iterdir()) == [path]
