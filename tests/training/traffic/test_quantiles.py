"""Quantiles set by config: trained with, evaluated with and served with."""

import numpy as np
import polars as pl
import pytest

from features.artifact import open_artifact
from features.errors import BadInput
from features.settings import Settings
from serving.client import Client
from serving.runtime import Runtime
from serving.server import Server

FIVE = (0.05, 0.25, 0.5, 0.75, 0.95)
NAMES = ["q05", "q25", "q50", "q75", "q95"]
SET = ("--set", f"quantiles={list(FIVE)}", "--set", "horizon_steps=6")


def test_a_model_of_five_quantiles_is_trained_judged_and_served(home, document, make_panel, save_panel, tmp_path):
    data = save_panel(make_panel(days=35), tmp_path / "city.parquet")
    document("train", "traffic", "--data", data, "--quick", *SET)
    document("evaluate", "traffic", "--data", data, "--out", tmp_path / "p.parquet")
    folder = home / "artifacts" / "traffic" / "1"

    assert open_artifact(folder, None).quantiles == FIVE
    frame = pl.read_parquet(tmp_path / "p.parquet")
    assert [name for name in frame.columns if name.startswith("q") and name[1:].isdigit()] == NAMES
    assert (np.diff(frame.select(NAMES).to_numpy(), axis=1) >= 0).all()
    known = frame.drop_nulls("observed")
    shares = [known.select((pl.col("observed") <= pl.col(name)).mean()).item() for name in NAMES]
    np.testing.assert_allclose(shares, FIVE, atol=0.08)
    runtime = Runtime()
    runtime.load(folder)
    server = Server(runtime, Settings(home=tmp_path, host="127.0.0.1", port=0))
    server.start()
    try:
        with Client(server.address) as client:
            forecast = client.traffic_latest("traffic", entity_ids=["A-01/in"])
    finally:
        server.stop(0)
    assert forecast.levels == FIVE
    for one in forecast.predictions:
        assert len(one.values) == 5
        assert list(one.values) == sorted(one.values)
        assert one.q50 == one.values[2]
        assert np.isnan([one.q10, one.q90]).all(), "the model has no such quantile"


def test_quantiles_without_a_median_train_nothing(home, run_command, city_file):
    with pytest.raises(BadInput, match=r"quantiles=\[0.1, 0.9\] has 2 levels"):
        run_command("train", "traffic", "--data", city_file, "--quick", "--set", "quantiles=[0.1, 0.9]")
    assert not list((home / "artifacts").glob("*/*"))
