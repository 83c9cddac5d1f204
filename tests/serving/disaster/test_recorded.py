"""A file of predictions, as training writes it, becomes the alerts that there would have been."""

import json
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from rich.progress import Progress

import haechi
from features.disaster.measured import Measured
from features.errors import BadInput
from features.manifest import Manifest
from serving.alerts.alerting import Alerting
from serving.alerts.look import Criterion
from serving.alerts.store import Store
from serving.alerts.words import Phase, Severity, Status
from serving.disaster.alerts import replay
from tests.features.disaster.doubles import START, config_of, newborn
from training.disaster.predictions import write
from training.disaster.sample import Said, sample_of

CONFIG = replace(config_of("river_jamsu"), alarm_at=(0.5, 0.6, 0.7))
GAUGE = "1018680"
# Ten minutes apart: calm, a rise, above the line at 550 cm, and calm again; never still, as a stuck gauge is.
STAGES = np.concatenate([np.full(40, 300.0), np.linspace(300, 600, 20), np.full(20, 600), np.full(120, 300)])
STAGES += np.arange(len(STAGES)) % 2


@pytest.fixture
def file(make_manifest: Any, tmp_path: Path) -> Path:
    """The river's predictions by someone who is sure from 450 cm on that people must leave."""
    measured = Measured(
        start=START, step_min=10, entities=(GAUGE,), values={"stage_cm": STAGES[:, None].astype(np.float32)}
    )
    sample = sample_of(measured, newborn(CONFIG, START), CONFIG, Progress(disable=True))
    stage = sample.inputs["now"]
    within = np.zeros((len(sample), 3, 4), dtype=np.float32)
    within[:, 0] = np.where(stage >= 450, 0.9, 0.05)[:, None]
    level = np.repeat(np.repeat(stage[:, None, None], 4, axis=1), 3, axis=2).astype(np.float32)
    manifest: Manifest = make_manifest(
        domain="disaster",
        name="disaster-river-jamsu",
        quantity="stage_cm",
        unit="cm",
        step_min=10,
        config=CONFIG.to_json(),
    )
    said = Said(level=level, within=within, met=within)
    rows = np.ones(len(sample), dtype=np.bool_)
    path = tmp_path / "predictions.parquet"
    write(said, sample, rows, (GAUGE,), manifest, path, simulated=False)
    return path


def test_a_flood_is_raised_revised_and_released_once(file: Path, tmp_path: Path) -> None:
    (seen,) = replay(file, exercise=False)
    store = Store(str(tmp_path / "alerts.sqlite"))
    try:
        Alerting(store).observe(seen)
        (alert,) = store.alerts()
    finally:
        store.close()

    assert (alert.kind, alert.place, alert.phase) == ("river_jamsu", GAUGE, Phase.RELEASED)
    met = [look for look in seen if look.criterion is Criterion.MET]
    first, last = (START + timedelta(minutes=10 * int(np.flatnonzero(STAGES >= 450)[at])) for at in (0, -1))
    assert (met[0].at, met[-1].at) == (first, last)
    assert {look.content.severity for look in met} == {Severity.MODERATE}
    assert met[0].content.probability == pytest.approx(0.9)
    # In force from the line on, by what was observed.
    assert met[-1].content.lead_min is None
    assert "in force" in met[-1].content.headline.en


def test_the_command_replays_it(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    words = ["alerts", "replay", "--domain", "disaster", "--events", str(file), "--store", str(tmp_path / "a.sqlite")]
    monkeypatch.setattr(sys, "argv", ["haechi", *words, "--json"])
    with pytest.raises(SystemExit) as ended:
        haechi.main()
    said = capsys.readouterr()
    assert ended.value.code == 0, said.err
    document = json.loads(said.out)
    assert [document[name] for name in ("events", "alerts", "releases", "open")] == [1, 1, 1, 1]


def test_of_calm_hours_only_the_first_is_kept(file: Path) -> None:
    (seen,) = replay(file, exercise=False)
    calm = [look for look in seen if look.criterion is Criterion.RELEASED]
    assert len(calm) <= 3


def test_a_replay_may_be_an_exercise(file: Path) -> None:
    (seen,) = replay(file, exercise=True)
    assert {look.content.status for look in seen if look.content is not None} == {Status.EXERCISE}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(lambda path: path.write_text("{}"), "cannot be read", id="no Parquet"),
        pytest.param(lambda path: path.unlink(), "cannot be read", id="no file"),
        pytest.param(
            lambda path: pl.read_parquet(path).write_parquet(path), "does not say which hazard", id="nameless"
        ),
        pytest.param(
            lambda path: pl.read_parquet(path)[1:].write_parquet(path, metadata=pl.read_parquet_metadata(path)),
            "rows for .* issue times, not 12 each",
            id="a row short",
        ),
    ],
)
def test_what_is_no_file_of_predictions_is_refused(spoil: Any, message: str, file: Path) -> None:
    spoil(file)
    with pytest.raises(BadInput, match=message):
        list(replay(file, exercise=False))
