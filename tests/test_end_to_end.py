"""From measurements to answers over gRPC, each step the command that a user would type; on two cities."""

import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import polars as pl
import psutil
import pytest
from tritonclient import grpc as triton
from tritonclient.utils import np_to_triton_dtype

from features.artifact import open_artifact
from features.manifest import Manifest
from features.traffic import state as traffic_state
from features.traffic.build import Table, build
from features.traffic.config import TrafficConfig
from serving.client import Client
from serving.traffic.replies import Forecast, Measurement

HANGS_S = 300
"""Far beyond what any of this takes."""
TRAINING_STACK = {"torch", "lightgbm", "mlflow", "sklearn", "pandas"}
# A forecast may exceed what was ever measured, but not by this much.
PLAUSIBLE_TIMES_LARGEST = 2
DAYS_FROM, DAYS_TO = "2022-03-07", "2022-05-02"


@dataclass(frozen=True)
class City:
    """A folder in which a model was trained, what training said, and what it learned from."""

    folder: Path
    trained: dict[str, Any]
    measured: pl.DataFrame

    @property
    def artifact(self) -> Path:
        return self.folder / self.trained["folder"]

    @property
    def manifest(self) -> Manifest:
        return open_artifact(self.artifact, None)

    def features(self) -> Table:
        """What the same ``build`` makes of the artifact's own state, as of its end."""
        manifest = self.manifest
        assert manifest.state_as_of is not None
        config = TrafficConfig.from_json(dict(manifest.config))
        state = traffic_state.load(self.artifact / "state.parquet", config)
        return build(None, state, config, [manifest.state_as_of])


# Tells at the end of a process what was loaded into it.
WITNESS = """
import atexit, os, sys
atexit.register(lambda: open(os.environ["WITNESS"], "w").write(" ".join(sys.modules)))
"""


def start(folder: Path, *words: str, **more: str) -> "subprocess.Popen[str]":
    """``haechi`` in that folder, with nothing set that is not its own or in ``more``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HAECHI_", "MLFLOW_"))}
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-m", "haechi", *words],
        cwd=folder,
        env=kept | {"COLUMNS": "80"} | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def haechi(folder: Path, *words: str) -> str:
    """What a command says on stdout; it must succeed."""
    process = start(folder, *words)
    output, errors = process.communicate(timeout=HANGS_S)
    assert process.returncode == 0, errors
    return output


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> City:
    """Six weeks of the simulated Seoul."""
    folder = tmp_path_factory.mktemp("simulated-seoul")
    span = ("--from", "2024-03-04", "--to", "2024-04-15")
    haechi(folder, "simulate", "--seed", "11", *span, "--out", "city")
    trained = json.loads(haechi(folder, "train", "traffic", "--data", "city/traffic.parquet", "--quick", "--json"))
    return City(folder, trained, pl.read_parquet(folder / "city" / "traffic.parquet"))


@pytest.fixture(scope="session")
def real(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> City:
    """Eight weeks of the eight best measured sites of the real Seoul, both directions."""
    folder = tmp_path_factory.mktemp("real-seoul")
    first, last = (pl.lit(day).str.to_datetime(time_zone="UTC") for day in (DAYS_FROM, DAYS_TO))
    rows = pl.scan_parquet(real_data / "traffic" / "seoul_volume_2022.parquet")
    weeks = rows.filter(pl.col("time") >= first, pl.col("time") < last).collect()
    sites = weeks.group_by("site_id").len().sort("len", "site_id", descending=[True, False]).head(8)["site_id"]
    measured = weeks.filter(pl.col("site_id").is_in(sites.implode()))
    measured.write_parquet(folder / "seoul.parquet")
    columns = ("--entity-col", "site_id,direction", "--value-col", "volume_veh_h")
    words = ("train", "traffic", "--data", "seoul.parquet", *columns, "--quick", "--json")
    trained = json.loads(haechi(folder, *words))
    named = measured.with_columns(entity_id=pl.col("site_id") + "/" + pl.col("direction"))
    return City(folder, trained, named)


@dataclass(frozen=True)
class Served:
    """A city's model, answering."""

    city: City
    address: str
    process: "subprocess.Popen[str]"


@contextmanager
def serving(city: City, **more: str) -> Iterator[Served]:
    process = start(city.folder, "serve", "--port", "0", "--json", **more)
    assert process.stdout is not None
    try:
        text = ""
        for line in process.stdout:
            text += line
            if line == "}\n":
                break
        else:
            raise AssertionError(f"it never was ready: {process.communicate()[1]}")
        yield Served(city, json.loads(text)["address"], process)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def served_simulated(simulated: City) -> Iterator[Served]:
    with serving(simulated) as served:
        yield served


@pytest.fixture(scope="session")
def served_real(real: City) -> Iterator[Served]:
    with serving(real) as served:
        yield served


@pytest.fixture(params=["simulated", "real"])
def served(request: pytest.FixtureRequest) -> Served:
    """Each city in turn; the real one only where its data is."""
    found: Served = request.getfixturevalue(f"served_{request.param}")
    return found


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    with Client(served.address) as client:
        yield client


def quantiles(forecast: Forecast) -> np.ndarray:
    """(prediction, 3)."""
    return np.array([[one.q10, one.q50, one.q90] for one in forecast.predictions])


def test_haechi_forecast_shows_every_hour_ahead(served: Served) -> None:
    entity = served.city.manifest.entities[3]
    simulated = served.city.manifest.simulated
    shown = haechi(served.city.folder, "forecast", "traffic", "--entity", entity, "--server", served.address)

    assert f"{'SIMULATED  ' if simulated else ''}{entity}  volume_veh_h, issued " in shown
    assert len([line for line in shown.splitlines() if "█" in line]) == 24
    # Measured years ago, and asked about now.
    assert "quality: degraded: stale" in shown


def test_a_forecast_is_finite_ordered_and_of_the_size_of_what_was_measured(served: Served, client: Client) -> None:
    manifest = served.city.manifest
    forecast = client.traffic_latest("traffic", issued_at=manifest.state_as_of)
    values = quantiles(forecast)
    largest = dict(served.city.measured.group_by("entity_id").agg(pl.col("volume_veh_h").max()).iter_rows())

    assert (forecast.simulated, forecast.unit, forecast.issued_at) == (
        manifest.simulated,
        "veh/h",
        manifest.state_as_of,
    )
    assert len(values) == 24 * len(manifest.entities)
    assert np.isfinite(values).all()
    assert (np.diff(values, axis=1) >= 0).all()
    assert (values >= 0).all()
    for one in forecast.predictions:
        assert one.q90 <= PLAUSIBLE_TIMES_LARGEST * largest[one.entity_id], one


def test_it_beats_the_same_hour_last_week_on_its_held_out_test(served: Served) -> None:
    mae = {row["forecaster"]: row["mae"] for row in served.city.trained["scores"]}

    assert mae["linear"] < mae["same hour last week"]
    assert mae["linear"] < mae["last value"]


def test_new_measurements_in_the_request_move_the_forecast(served: Served, client: Client) -> None:
    entity, as_of = served.city.manifest.entities[0], served.city.manifest.state_as_of
    assert as_of is not None
    step = timedelta(hours=1)
    before = client.traffic_latest("traffic", entity_ids=[entity], issued_at=as_of + 6 * step)
    expected = client.traffic_latest("traffic", entity_ids=[entity], issued_at=as_of)
    twice = [
        Measurement(time=one.target_time, entity_id=entity, value=2 * one.q50 + 100) for one in expected.predictions[:6]
    ]
    after = client.traffic_latest("traffic", entity_ids=[entity], measurements=twice)

    assert after.issued_at == after.as_of == as_of + 6 * step
    # Fresh, whatever else: a sensor that suddenly reads twice as much may be at another level, and that is said.
    assert {one.quality for one in after.predictions} <= {"ok", "degraded: level shift"}
    assert [one.value for one in after.observed][-6:] == pytest.approx([one.value for one in twice])
    # Twice the traffic now is more of it in the hour to come.
    assert after.predictions[0].q50 > before.predictions[0].q50
    # The model keeps nothing of what one caller sent.
    again = client.traffic_latest("traffic", entity_ids=[entity], issued_at=as_of + 6 * step)
    assert again == before


def test_a_foreign_client_with_the_same_features_gets_the_same_numbers(served: Served, client: Client) -> None:
    city, features = served.city, served.city.features()
    tensors = []
    for name, array in features.inputs.items():
        tensors.append(triton.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype)))
        tensors[-1].set_data_from_numpy(array)
    foreign = triton.InferenceServerClient(served.address)
    answered = foreign.infer("traffic", tensors).as_numpy("forecast")
    foreign.close()
    session = onnxruntime.InferenceSession(city.artifact / "model.onnx")
    (direct,) = session.run(["forecast"], features.inputs)
    typed = quantiles(client.traffic_latest("traffic", issued_at=city.manifest.state_as_of))

    assert answered.shape == (len(city.manifest.entities), 24, 3)
    np.testing.assert_allclose(answered, direct, rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(typed.reshape(answered.shape), answered, rtol=1e-5, atol=1e-3)


def test_its_metadata_is_all_that_a_foreign_client_needs(served: Served) -> None:
    foreign = triton.InferenceServerClient(served.address)
    metadata = foreign.get_model_metadata("traffic", as_json=True)
    foreign.close()
    inputs = served.city.features().inputs

    assert {one["name"]: [int(axis) for axis in one["shape"]] for one in metadata["inputs"]} == {
        name: [-1, *array.shape[1:]] for name, array in inputs.items()
    }


def test_no_library_of_the_training_stack_is_mapped_where_a_model_is_served(served: Served, client: Client) -> None:
    assert client.ready()
    mapped = [Path(one.path).parts for one in psutil.Process(served.process.pid).memory_maps()]

    assert any("onnxruntime" in parts for parts in mapped)
    assert [parts for parts in mapped if set(parts) & TRAINING_STACK] == []


def test_told_to_stop_it_is_gone_and_has_loaded_no_training_stack(simulated: City, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITNESS)
    told = tmp_path / "modules.txt"
    with serving(simulated, PYTHONPATH=str(tmp_path), WITNESS=str(told)) as served:
        with Client(served.address) as client:
            assert math.isfinite(quantiles(client.traffic_latest("traffic"))[0, 1])
        children = psutil.Process(served.process.pid).children(recursive=True)
        served.process.send_signal(signal.SIGTERM)
        _, errors = served.process.communicate(timeout=HANGS_S)

    assert served.process.returncode == 0, errors
    assert "stopped; refused calls: none" in errors
    assert "Traceback" not in errors
    assert [child for child in children if child.is_running()] == []
    loaded = {name.partition(".")[0] for name in told.read_text().split()}
    assert "onnxruntime" in loaded
    assert loaded & TRAINING_STACK == set()


def test_training_says_what_is_simulated(simulated: City) -> None:
    assert simulated.trained["simulated"]
    assert datetime.fromisoformat("2024-04-15T00:00+09:00") == simulated.manifest.state_as_of
    assert "SIMULATED" in (simulated.artifact / "CARD.md").read_text(encoding="utf-8").upper()
