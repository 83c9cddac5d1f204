"""A small city measured for ten weeks, and models trained on it once."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import haechi
from features.artifact import MANIFEST, open_artifact, seal
from features.calendar import days as calendar_days
from features.clock import utc_times
from features.series import Panel
from features.tables.options import read_options
from training.ledger_file import TEST_ERRORS, load_ledger
from training.ledger_file import save as save_ledger
from training.options import TrainOptions

SEED = 20220
START = datetime(2022, 3, 6, 15, tzinfo=UTC)  # a Monday's midnight in Seoul
ENTITIES = ("A-01/in", "A-01/out", "A-02/in", "A-02/out", "A-03/in", "서울역/in")


def synthetic(*, days: int = 70, step_min: int = 60, seed: int = SEED) -> Panel:
    """Volumes that follow hour and kind of day, with noise, single gaps and one gap of two days."""
    print(f"seed {seed}")  # noqa: T201
    chance = np.random.default_rng(seed)
    per_day = 1440 // step_min
    row = np.arange(days * per_day)
    daily = 1 + 0.6 * np.sin(2 * np.pi * (row / per_day - 0.3))
    calendar = calendar_days(utc_times(START, step_min, len(row)), country="KR", timezone="Asia/Seoul")
    weekly = np.where(calendar.day_type >= 5, 0.7, 1.0)
    base = np.linspace(200, 1200, len(ENTITIES))
    values = (daily * weekly)[:, None] * base * chance.normal(1, 0.05, (len(row), len(ENTITIES)))
    values[chance.random(values.shape) < 0.03] = np.nan
    values[len(row) // 2 : len(row) // 2 + 2 * per_day, 1] = np.nan
    return Panel(
        start=START,
        step_min=step_min,
        entities=ENTITIES,
        values=values.astype(np.float32).clip(min=1),
        quantity="volume_veh_h",
    )


def write_long(panel: Panel, path: Path) -> Path:
    """The panel as a long table, a row for each measured value."""
    rows, columns = np.nonzero(~np.isnan(panel.values))
    pl.DataFrame(
        {
            "time": pl.Series([panel.time(int(row)) for row in rows]).cast(pl.Datetime("us", "UTC")),
            "entity_id": [panel.entities[column] for column in columns],
            panel.quantity: panel.values[rows, columns],
        }
    ).write_parquet(path)
    return path


@pytest.fixture(scope="session")
def make_panel() -> Callable[..., Panel]:
    """Measurements of a small city: ``days``, ``step_min`` and ``seed`` can be given."""
    return synthetic


@pytest.fixture(scope="session")
def city() -> Panel:
    """Ten weeks of the small city."""
    return synthetic()


@pytest.fixture(scope="session")
def city_file(city: Panel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those ten weeks as a file."""
    return write_long(city, tmp_path_factory.mktemp("city") / "city.parquet")


@pytest.fixture(scope="session")
def save_panel() -> Callable[[Panel, Path], Path]:
    """Writes a panel as a long table."""
    return write_long


@pytest.fixture(scope="session")
def make_options() -> Callable[..., TrainOptions]:
    """What ``haechi train traffic --data PATH`` asks for; any field can be given."""

    def make(path: Path, **changes: Any) -> TrainOptions:
        flags = dict.fromkeys(("value_col", "timezone", "start", "step_min", "missing_value"))
        fields = {
            "data": (Path(path),),
            "reading": read_options(time_col="time", entity_col="entity_id", **flags),
            "shape": "long",
            "split": (0.6, 0.2, 0.2),
            "split_at": None,
            "config": {},
            "entities": None,
            "name": "traffic",
            "seed": 7,
            "country": "KR",
            "timezone": "Asia/Seoul",
            "quick": False,
        }
        return TrainOptions(**(fields | changes))

    return make


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose MLflow store is set up and holds nothing: setting one up takes seconds."""
    from training.track import Tracker

    home = tmp_path_factory.mktemp("empty") / "home"
    home.mkdir()
    Tracker(home)
    return home


@pytest.fixture
def home(empty_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home of the test's own; commands run in ``tmp_path``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HAECHI_HOME", str(tmp_path / "home"))
    return Path(shutil.copytree(empty_home, tmp_path / "home"))


@pytest.fixture(scope="session")
def trained_home(empty_home: Path, city_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with ``traffic/1``, trained by the command on the small city; nobody may alter it."""
    home = Path(shutil.copytree(empty_home, tmp_path_factory.mktemp("trained") / "home"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HAECHI_HOME", str(home))
        command("train", "traffic", "--data", city_file, "--quick")
    return home


@pytest.fixture
def own_home(trained_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of ``trained_home`` that a test may alter; commands run in ``tmp_path``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HAECHI_HOME", str(tmp_path / "home"))
    return Path(shutil.copytree(trained_home, tmp_path / "home"))


def command(*words: object) -> str:
    """Run ``haechi`` in this process; what it prints on stdout. What it raises is raised here, what it warns of too."""
    answer = CliRunner().invoke(haechi.app, [str(word) for word in words], catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    sys.stderr.write(answer.stderr)
    return answer.stdout


@pytest.fixture(scope="session")
def run_command() -> Callable[..., str]:
    """Runs ``haechi`` in this process."""
    return command


@pytest.fixture(scope="session")
def with_values() -> Callable[[Panel, np.ndarray], Panel]:
    """The same panel with other values."""
    return lambda panel, values: replace(panel, values=values.astype(np.float32))


@pytest.fixture
def document(run_command):
    """What a command prints with --json."""
    return lambda *words: json.loads(run_command(*words, "--json"))


@pytest.fixture
def at_home(trained_home, tmp_path, monkeypatch):
    """Commands look into ``trained_home`` and write nothing there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HAECHI_HOME", str(trained_home))
    return trained_home


@pytest.fixture(scope="session")
def manifest(trained_home):
    return open_artifact(trained_home / "artifacts" / "traffic" / "1", None)


@pytest.fixture(scope="session")
def add_version() -> Callable[[Path, int, float], Path]:
    """Adds a version of ``traffic`` to a home: its first one, whose errors were ``times`` as large."""

    def add(home: Path, version: int, times: float) -> Path:
        folder = Path(
            shutil.copytree(home / "artifacts" / "traffic" / "1", home / "artifacts" / "traffic" / str(version))
        )
        content = json.loads((folder / MANIFEST).read_text())
        (folder / MANIFEST).write_text(json.dumps(content | {"version": version}))
        ledger = load_ledger(folder)
        larger = {
            name: {key: sums * (times if key == "error" else 1) for key, sums in getattr(ledger, name).items()}
            for name in ("by_issue", "by_place", "by_part")
        }
        save_ledger(replace(ledger, **larger), folder / TEST_ERRORS)
        seal(folder, None)
        return folder

    return add
