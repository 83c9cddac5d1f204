"""A file of predictions, as an evaluation writes it, becomes the alerts that there would have been."""

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import haechi
from features.errors import BadInput
from features.quantiles import column
from serving.alerts.alerting import Alerting
from serving.alerts.look import Criterion
from serving.alerts.store import Store
from serving.alerts.words import Phase, Severity, Status
from serving.parking.alerts import replay
from serving.parking.feeds import EVERY
from tests.serving.parking.test_chart import MONDAY
from tests.serving.parking.town import CONFIG

HOUR = timedelta(hours=1)
SILENT = "degraded: no count in the last hours"
HOURS, STEPS = 48, 4
# Lot A fills up once; the feed of B is dead for six hours; in the last three C and D are silent too.
FREE = np.concatenate([np.full(10, 100.0), np.linspace(100, 0, 10), np.zeros(8), np.full(HOURS + STEPS - 28, 100.0)])


def rows() -> pl.DataFrame:
    made = []
    for name in "ABCD":
        for hour in range(HOURS):
            silent = (name == "B" and 20 <= hour < 26) or (name in "BCD" and hour >= HOURS - 3)
            for step in range(1, STEPS + 1):
                spaces = float(FREE[hour + step]) if name == "A" else 80.0 + hour % 3
                made.append(
                    {
                        "issued_at": MONDAY + hour * HOUR,
                        "target_time": MONDAY + (hour + step) * HOUR,
                        "step": step,
                        "entity_id": name,
                        "quantity": "free_spaces",
                        "unit": "spaces",
                        **{column(level): max(spaces + 20 * (level - 0.5), 0) for level in CONFIG.quantiles},
                        "observed": None if silent else spaces,
                        "full": 0.9 if spaces < 5 else 0.02,
                        "capacity": 100.0,
                        "model": "parking",
                        "version": 3,
                        "quality": SILENT if silent else "ok",
                    }
                )
    return pl.DataFrame(made).with_columns(
        pl.col("entity_id", "model", "quality", "quantity", "unit").cast(pl.Categorical),
        pl.col("full", "capacity").cast(pl.Float32),
        pl.col("step").cast(pl.Int16),
    )


def write(path: Path, frame: pl.DataFrame, *, simulated: bool = False) -> Path:
    frame.write_parquet(path, metadata={"simulated": str(simulated).lower(), "config": json.dumps(CONFIG.to_json())})
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "predictions.parquet", rows())


def raised(file: Path, tmp_path: Path) -> list[Any]:
    store = Store(str(tmp_path / "alerts.sqlite"))
    try:
        for seen in replay(file, exercise=False):
            Alerting(store).observe(seen)
        return sorted(store.alerts(), key=lambda one: (one.kind, one.raised_at, one.place))
    finally:
        store.close()


def test_what_filled_up_or_died_is_raised_once_and_released(file: Path, tmp_path: Path) -> None:
    filling, outage, dead = (
        next(one for one in raised(file, tmp_path) if one.place == place and one.kind == kind)
        for kind, place in (("lot_filling", "A"), ("feed_dead", EVERY), ("feed_dead", "B"))
    )
    # Two hours before it is full; the last that was said of it is that it is.
    assert filling.raised_at == MONDAY + 17 * HOUR
    assert filling.phase is Phase.RELEASED
    assert (filling.content.severity, filling.content.probability) == (Severity.MINOR, None)
    assert filling.content.headline.en == "A is full: 0 spaces free"
    assert (dead.raised_at, dead.phase) == (MONDAY + 20 * HOUR, Phase.RELEASED)
    assert (outage.raised_at, outage.phase) == (MONDAY + (HOURS - 3) * HOUR, Phase.ONGOING)
    assert outage.content.area.entities == ("B", "C", "D")
    assert len(raised(file, tmp_path)) == 3


def test_the_command_replays_it(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    words = ["alerts", "replay", "--domain", "parking", "--events", str(file), "--store", str(tmp_path / "a.sqlite")]
    monkeypatch.setattr(sys, "argv", ["haechi", *words, "--json"])
    with pytest.raises(SystemExit) as ended:
        haechi.main()
    said = capsys.readouterr()
    assert ended.value.code == 0, said.err
    document = json.loads(said.out)
    assert [document[name] for name in ("events", "alerts", "releases")] == [3, 3, 2]


def test_of_calm_hours_only_the_first_is_kept(file: Path) -> None:
    calm = [look for seen in replay(file, exercise=False) for look in seen if look.criterion is Criterion.RELEASED]
    assert len(calm) < 20


@pytest.mark.parametrize(("simulated", "exercise"), [(True, False), (False, True)])
def test_what_is_simulated_is_an_exercise(simulated: bool, exercise: bool, tmp_path: Path) -> None:
    path = write(tmp_path / "p.parquet", rows(), simulated=simulated)
    found = [one.content.status for seen in replay(path, exercise=exercise) for one in seen if one.content is not None]
    assert set(found) == {Status.EXERCISE}


def test_what_cannot_be_said_is_unknown(tmp_path: Path) -> None:
    nothing = [pl.lit(None, dtype=pl.Float32).alias(name) for name in ("full", *map(column, CONFIG.quantiles))]
    path = write(tmp_path / "p.parquet", rows().with_columns(nothing))
    kinds = {one.criterion for seen in replay(path, exercise=False) for one in seen if one.kind == "lot_filling"}
    assert kinds == {Criterion.UNKNOWN, Criterion.BETWEEN}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(lambda path: path.write_text("{}"), "cannot be read", id="no Parquet"),
        pytest.param(lambda path: path.unlink(), "cannot be read", id="no file"),
        pytest.param(lambda path: pl.read_parquet(path).write_parquet(path), "does not say what model", id="nameless"),
        pytest.param(
            lambda path: write(path, pl.read_parquet(path)[1:]), "rows for .* issue times, not 2", id="a row short"
        ),
        pytest.param(
            lambda path: write(path, pl.read_parquet(path).drop("full")), "cannot be read: .*full", id="no full"
        ),
        pytest.param(
            lambda path: pl.read_parquet(path).write_parquet(path, metadata={"config": '{"stepmin": 5}'}),
            "no .*'stepmin'",
            id="another domain's config",
        ),
    ],
)
def test_what_is_no_file_of_predictions_is_refused(spoil: Any, message: str, file: Path) -> None:
    spoil(file)
    with pytest.raises(BadInput, match=message):
        list(replay(file, exercise=False))
