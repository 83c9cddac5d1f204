"""``--covariates FILE`` from the command line to the artifact and back, and no forecast that knew too much."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from features.artifact import STATE, open_artifact
from features.covariates import Covariates
from features.errors import BadInput
from features.manifest import schema_sha256
from features.traffic import schema
from features.traffic.config import TrafficConfig
from features.traffic.state import load
from training.backtest import hidden
from training.covariates import joined
from training.traffic.job import read_job
from training.traffic.search import problem

AHEAD = timedelta(hours=24)


@pytest.fixture(scope="module")
def wet_city(city, save_panel, tmp_path_factory):
    """The small city with spells of rain, each hour of which keeps four in ten vehicles away, and its weather."""
    folder = tmp_path_factory.mktemp("wet")
    chance = np.random.default_rng(11)
    onset = chance.random(len(city)) < 0.02
    wet = np.convolve(onset, np.ones(4))[: len(city)] > 0
    values = city.values * np.where(wet, 0.6, 1.0)[:, None]
    save_panel(replace(city, values=values.astype(np.float32)), folder / "city.parquet")
    times = pl.Series([city.time(row) for row in range(len(city))]).cast(pl.Datetime("us", "UTC"))
    rain = pl.DataFrame({"time": times, "rain_mm": np.where(wet, 5.0, 0.0)})
    rain.with_columns((pl.col("time") - AHEAD).alias("available_at")).write_parquet(folder / "forecast.parquet")
    rain.write_csv(folder / "observed.csv")
    return folder


@pytest.fixture(scope="module")
def wet_home(wet_city, empty_home, run_command, tmp_path_factory):
    """A home with ``dry/1``, trained without the weather, and ``wet/1``, with its forecast."""
    home = shutil.copytree(empty_home, tmp_path_factory.mktemp("wet") / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HAECHI_HOME", str(home))
        given = ("--data", wet_city / "city.parquet", "--quick")
        run_command("train", "traffic", *given, "--name", "dry")
        run_command("train", "traffic", *given, "--name", "wet", "--covariates", wet_city / "forecast.parquet")
    return home


@pytest.fixture
def at_wet_home(wet_home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HAECHI_HOME", str(wet_home))
    return wet_home


def mae(document):
    return document["scores"][0]["mae"]


def test_a_forecast_of_the_rain_makes_forecasts_better_and_its_lack_is_said(at_wet_home, wet_city, document, capsys):
    judged = ("evaluate", "traffic", "--data", wet_city / "city.parquet")
    dry = document(*judged, "--model", "dry")
    wet = document(*judged, "--model", "wet", "--covariates", wet_city / "forecast.parquet")
    blind = document(*judged, "--model", "wet", "--out", "blind.parquet")
    assert mae(wet) < 0.9 * mae(dry)
    assert mae(blind) < 1.2 * mae(dry)
    assert "is given none: add --covariates FILE" in capsys.readouterr().err
    qualities = pl.read_parquet("blind.parquet")["quality"].value_counts()
    counted = dict(qualities.iter_rows())
    assert counted["degraded: no covariate"] > 0.9 * sum(counted.values())


def test_the_artifact_says_what_the_model_looks_at(at_wet_home):
    folder = at_wet_home / "artifacts" / "wet" / "1"
    manifest = open_artifact(folder, None)
    config = TrafficConfig.from_json(manifest.config)
    assert config.covariates == ("rain_mm",)
    assert manifest.inputs == schema.inputs(config, "veh/h")
    assert "It also looks at rain_mm" in (folder / "CARD.md").read_text()
    state = load(folder / STATE, config)
    assert not np.isnan(state.covariate[: 7 * 24]).all()


def test_without_covariates_the_artifact_is_as_it_was(at_wet_home):
    folder = at_wet_home / "artifacts" / "dry" / "1"
    manifest = open_artifact(folder, None)
    assert "covariates" not in manifest.config
    plain = TrafficConfig.from_json(manifest.config)
    assert manifest.feature_schema_sha256 == schema_sha256(
        schema.inputs(plain, "veh/h")[:16], schema.outputs(plain, "veh/h")
    )
    assert "covariate" not in pl.read_parquet_schema(folder / STATE)


def test_evaluate_refuses_what_does_not_fit_the_model(at_wet_home, wet_city, run_command):
    judged = ("evaluate", "traffic", "--data", wet_city / "city.parquet")
    with pytest.raises(BadInput, match="the model looks at no covariates"):
        run_command(*judged, "--model", "dry", "--covariates", wet_city / "forecast.parquet")
    pl.read_parquet(wet_city / "forecast.parquet").rename({"rain_mm": "rain"}).write_parquet("other.parquet")
    with pytest.raises(BadInput, match="Did you mean 'rain'"):
        run_command(*judged, "--model", "wet", "--covariates", "other.parquet")


def test_weather_of_other_days_is_refused(city, wet_city, tmp_path):
    table = pl.read_parquet(wet_city / "forecast.parquet")
    table.with_columns(pl.col("time") + timedelta(days=999)).write_parquet(tmp_path / "later.parquet")
    with pytest.raises(BadInput, match="nothing of the measurements") as refused:
        joined(city, tmp_path / "later.parquet", None)
    assert "--timezone" in refused.value.mend


def test_weather_that_no_forecast_could_have_seen_is_refused(city, wet_city, tmp_path):
    table = pl.read_parquet(wet_city / "forecast.parquet")
    known = table.with_columns(available_at=pl.col("time").max() + timedelta(days=999))
    known.write_parquet(tmp_path / "future.parquet")
    with pytest.raises(BadInput, match="nothing in it was available before") as refused:
        joined(city, tmp_path / "future.parquet", None)
    assert "available_at" in refused.value.mend


def test_covariates_cannot_be_set_without_a_file(wet_city, make_options):
    with pytest.raises(BadInput, match="There is no setting 'covariates'"):
        read_job(make_options(wet_city / "city.parquet", config={"covariates": ["rain_mm"]}, quick=True))


def test_backtest_is_checked_for_leaks_of_weather_too(wet_city, home, document):
    found = document(
        "backtest", "traffic", "--data", wet_city / "city.parquet", "--quick", "--covariates", wet_city / "observed.csv"
    )
    assert found["leak_check"]["passed"]
    assert found["config"]["covariates"] == ["rain_mm"]


def test_another_future_has_another_weather(city):
    time = np.datetime64(city.start.replace(tzinfo=None), "s") + np.arange(100) * np.timedelta64(3600, "s")
    rain = Covariates(names=("rain_mm",), time=time, available_at=time, values=np.ones((100, 1), dtype=np.float32))
    other = hidden(replace(city, covariates=rain), 50, np.random.default_rng(1)).covariates.values[:, 0]
    assert (other[:51] == 1).all()
    assert (other[51:] != 1).all()


def test_a_run_file_and_a_search_take_them(wet_city, make_options, home, run_command, tmp_path):
    options = make_options(wet_city / "city.parquet", covariates=wet_city / "observed.csv", quick=True)
    searched = problem(options)
    assert "covariates" not in searched.known
    assert searched.identity["covariates_sha256"] != problem(
        replace(options, covariates=wet_city / "forecast.parquet")
    ).identity.get("covariates_sha256")
    words = ("--data", wet_city / "city.parquet", "--covariates", wet_city / "observed.csv", "--quick")
    made = json.loads(run_command("experiment", "new", "traffic", "Does rain matter?", *words, "--json"))
    run_command("experiment", "run", made["folder"])
    record = json.loads((tmp_path / made["folder"] / "result.json").read_text())
    assert record["settings"]["covariates"] == ["rain_mm"]


def test_a_search_judges_with_the_weather(wet_city, make_options):
    def reached(covariates):
        options = make_options(wet_city / "city.parquet", covariates=covariates, quick=True)
        return problem(options).objective({}, lambda *_: None)

    assert reached(wet_city / "forecast.parquet") < reached(None)


def test_models_are_compared_on_another_file_with_its_weather(
    at_wet_home, wet_city, make_panel, save_panel, document, tmp_path
):
    later = make_panel(days=14)
    save_panel(replace(later, start=later.start + timedelta(days=140)), tmp_path / "later.parquet")
    rain = pl.read_parquet(wet_city / "forecast.parquet").with_columns(
        pl.col("time", "available_at") + timedelta(days=140)
    )
    rain.write_parquet(tmp_path / "rain.parquet")
    judged = ("models", "compare", "dry/1", "wet/1", "--data", tmp_path / "later.parquet")
    blind, told = document(*judged), document(*judged, "--covariates", tmp_path / "rain.parquet")
    assert blind["overall"]["mae_a"] == told["overall"]["mae_a"]
    assert blind["overall"]["mae_b"] != told["overall"]["mae_b"]


def test_help_names_the_flag(run_command):
    for name in (["train"], ["evaluate"], ["backtest"], ["search"], ["experiment", "new"], ["models", "compare"]):
        assert "--covariates" in run_command(*name, "--help")
