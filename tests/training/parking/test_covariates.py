"""``--covariates`` of parking: a model that is told of the rain errs less, and says what it lacks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from rich.progress import Progress

from features.artifact import STATE
from features.clock import step_number
from features.covariate_ring import departures
from features.parking.config import ParkingConfig
from features.parking.state import load
from features.series import Panel
from features.settings import load as load_settings
from training.export import Graph
from training.parking.evaluate import evaluate
from training.parking.job import read_job
from training.parking.judge import CHANGE, MODEL, judge
from training.parking.learn import learn
from training.parking.rejudge import rejudge
from training.parking.replay import Widths
from training.parking.run import run
from training.parking.search import problem

START = datetime(2024, 3, 4, tzinfo=UTC)
HOURS = 50 * 24
LOTS = ("garage", "park", "street")
SMALL = {"weeks": 2, "horizon_steps": 6, "network_width": 32, "issues": 300, "trees_min_rows": 20}


@pytest.fixture(scope="module")
def wet_town(save_panel, tmp_path_factory):
    """Three lots that half fill by day, and are left by whoever can once it rains; and the rain, as it was forecast."""
    folder, chance = tmp_path_factory.mktemp("wet"), np.random.default_rng(11)
    told = HOURS + 12
    wet = np.convolve(chance.random(told) < 0.04, np.ones(5))[:told] > 0
    busy = np.clip(np.sin((np.arange(HOURS) % 24 - 6) / 12 * np.pi), 0.2, 1) * np.where(wet[:HOURS], 0.2, 0.8)
    capacity = np.array([400, 200, 100])
    taken = busy[:, None] * capacity + chance.normal(0, 2, (HOURS, len(LOTS)))
    values = np.clip(np.round(capacity - taken), 0, capacity).astype(np.float32)
    # Once nobody is there, so that capacities can be told.
    values[:2] = capacity
    panel = Panel(start=START, step_min=60, entities=LOTS, values=values, quantity="free_spaces")
    save_panel(panel, folder / "counts.parquet")
    times = pl.Series([panel.time(row) for row in range(told)]).cast(pl.Datetime("us", "UTC"))
    rain = pl.DataFrame({"time": times, "rain_mm": np.where(wet, 5.0, 0.0)})
    rain.with_columns((pl.col("time") - timedelta(hours=12)).alias("available_at")).write_parquet(
        folder / "rain.parquet"
    )
    rain.write_csv(folder / "observed.csv")
    return folder


@pytest.fixture(scope="module")
def asked(wet_town, make_options):
    """A small training with the forecast."""
    return make_options(
        wet_town / "counts.parquet", name="wet", config=SMALL, quick=True, covariates=wet_town / "rain.parquet"
    )


@pytest.fixture(scope="module")
def wet(asked, tmp_path_factory):
    """Folder and manifest of the model that was trained with the forecast."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HAECHI_HOME", str(tmp_path_factory.mktemp("wet") / "home"))
        # Tracking takes longer than the training.
        patch.setattr("training.track.find_spec", lambda _: None)
        patch.setattr("training.parking.run._THREADS", 1)
        published = run(read_job(asked), load_settings(), tmp_path_factory.mktemp("scratch")).published
    return published.folder, published.manifest


def judged(model, asked, data, *, covariates, **more):
    how = {"entities": None, "whole": False, "out": None, "bar": Progress(disable=True)} | more
    return evaluate(model, [data], asked.shape, asked.reading, covariates=covariates, **how)


def test_a_forecast_of_the_rain_makes_forecasts_better(asked, wet, tmp_path):
    found = judged(wet, asked, asked.data[0], covariates=asked.covariates, out=tmp_path / "wet.parquet")
    job = read_job(replace(asked, covariates=None))
    learned = learn(job, 1, tmp_path / "dry.onnx", Progress(disable=True))
    widths = Widths.of(learned.past.start)
    rows = range(job.split.test, job.split.end)
    dry = judge(Graph(learned.graph), learned.past, rows, job.learned, job.split.test, widths, Progress(disable=True))
    assert found.judgement.shares.mae(MODEL) < 0.75 * dry.shares.mae(MODEL)
    assert set(pl.read_parquet(tmp_path / "wet.parquet")["quality"]).isdisjoint({"degraded: no covariate"})
    assert "covariates" not in learned.config.to_json()


def test_without_the_forecast_it_says_so_and_still_answers(asked, wet, tmp_path, capsys):
    rain = judged(wet, asked, asked.data[0], covariates=asked.covariates)
    blind = judged(wet, asked, asked.data[0], covariates=None, out=tmp_path / "blind.parquet")
    assert rain.judgement.shares.mae(MODEL) < blind.judgement.shares.mae(MODEL) < 3 * rain.judgement.shares.mae(CHANGE)
    assert set(pl.read_parquet(tmp_path / "blind.parquet")["quality"]).isdisjoint({"ok"})
    assert "is given none: add --covariates FILE" in capsys.readouterr().err


def test_the_artifact_says_what_the_model_looks_at_and_its_state_knows_what_is_ahead(wet):
    folder, manifest = wet
    config = ParkingConfig.from_json(dict(manifest.config))
    assert config.covariates == ("rain_mm",)
    assert [spec.name for spec in manifest.inputs][-2:] == ["covariate", "covariate_mask"]
    assert "It also looks at rain_mm" in (folder / "CARD.md").read_text(encoding="utf-8")
    held = load(folder / STATE, config).covariate
    assert np.isfinite(departures(held, step_number(manifest.state_as_of, 60), config.ring)).all()


def test_no_row_is_seen_before_it_is_known(asked):
    past = read_job(asked).past()
    known = past.known(300).covariates
    assert known.available_at.max() == np.datetime64(past.panel.time(300).replace(tzinfo=None), "s")
    assert len(known) < len(past.panel.covariates)


def test_chunks_see_what_one_walk_sees(asked):
    past = read_job(asked).past()
    rows, quiet = np.array([20, 400, 401, 900]), Progress(disable=True)
    alone = [table.inputs for row in rows for _, table in past.tables(np.array([row]), quiet, "")]
    ((_, together),) = past.tables(rows, quiet, "")
    for name in ("covariate", "covariate_mask"):
        np.testing.assert_array_equal(np.concatenate([one[name] for one in alone]), together.inputs[name])
    assert together.inputs["covariate_mask"][len(LOTS) :].all()


def test_two_searches_with_other_weather_are_two_studies(asked, wet_town):
    one, other = (problem(replace(asked, covariates=path)) for path in (asked.covariates, wet_town / "observed.csv"))
    assert one.known["covariates"] == ["rain_mm"]
    assert one.identity["covariates_sha256"] != other.identity["covariates_sha256"]


def test_a_file_that_no_model_saw_is_judged_with_its_rain(wet, wet_town, asked, tmp_path):
    counts = pl.read_parquet(wet_town / "counts.parquet").filter(pl.col("time") < START + timedelta(days=21))
    counts.with_columns(entity_id="other " + pl.col("entity_id")).write_parquet(tmp_path / "other.parquet")
    told, blind = (
        rejudge([wet], [tmp_path / "other.parquet"], "long", asked.reading, rain)[0].by_issue["error"].sum()
        for rain in (wet_town / "rain.parquet", None)
    )
    assert told < 0.9 * blind
