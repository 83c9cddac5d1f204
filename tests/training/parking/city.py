"""A made-up city of car parks: counts, its table of lots, and a training on it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from rich.progress import Progress

from features.parking.config import ParkingConfig
from features.parking.lots import Lots, nameless
from features.series import Panel
from features.tables.options import read_options
from tests.training.conftest import command
from training.options import TrainOptions

START = datetime(2024, 1, 1, tzinfo=UTC)
"""A Monday."""
CAPACITY = {"dom": 300, "hafen": 120, "markt": 80, "messe": 500, "post": 60, "ring": 200}
NO_BAR = Progress(disable=True)

SMALL = {
    "weeks": 2,
    "horizon_steps": 6,
    "neighbours": 2,
    "issues": 160,
    "rows": 3000,
    "network_width": 16,
    "network_steps": 120,
    "trees_count": 15,
    "trees_min_rows": 20,
    "full_trees_count": 15,
    "trees_rows": 5000,
}
"""Settings of a model in a few seconds."""


def free(days: int, seed: int = 1, capacity: dict[str, int] = CAPACITY, step_min: int = 60) -> np.ndarray:
    """Free spaces, (time, lot): full at noon on working days, half full on others, with errors that last for hours."""
    chance = np.random.default_rng(seed)
    steps = days * 1440 // step_min
    hour = (np.arange(steps) * step_min / 60) % 24
    day = np.arange(steps) * step_min // 1440
    working = np.where(day % 7 < 5, 1.0, 0.45)
    of_day = chance.normal(0, 0.06, days)[day]
    bell = np.exp(-0.5 * ((hour - 12.5) / 3.5) ** 2)
    size = np.array(list(capacity.values()))
    own = np.linspace(0.75, 1.15, len(size))
    noise = np.zeros((steps, len(size)))
    for at in range(1, steps):
        noise[at] = 0.85 * noise[at - 1] + chance.normal(0, 0.02, len(size))
    taken = (bell * working)[:, None] * own + of_day[:, None] * bell[:, None] + 0.05 + noise
    return np.round(np.clip(1 - taken, 0, 1) * size).astype(np.float32)


def panel(days: int = 56, seed: int = 1, values: np.ndarray | None = None) -> Panel:
    """Counts of the city."""
    counted = free(days, seed) if values is None else values
    return Panel(start=START, step_min=60, entities=tuple(CAPACITY), values=counted, quantity="free_spaces")


def lots() -> Lots:
    """What is known of the city's lots: all in one city but the last."""
    known = nameless(tuple(CAPACITY))
    return Lots(
        **{name: getattr(known, name) for name in ("ids", "name", "kind", "ev_bays", "disabled_bays", "max_height_m")},
        city=("Köln",) * 5 + ("Bonn",),
        capacity=np.array(list(CAPACITY.values()), dtype=np.float32),
        lat=np.linspace(50.7, 50.95, 6).astype(np.float32),
        lon=np.linspace(6.9, 7.1, 6).astype(np.float32),
    )


def write(folder: Path, values: np.ndarray, names: tuple[str, ...] = tuple(CAPACITY), **columns: Any) -> Path:
    """Counts as a long table, NaN left out; ``value`` names the measured column, ``start`` the first time."""
    start, quantity = columns.get("start", START), columns.get("value", "free_spaces")
    step = timedelta(minutes=columns.get("step_min", 60))
    rows, at = np.nonzero(~np.isnan(values))
    path = folder / columns.get("name", "counts.parquet")
    pl.DataFrame(
        {
            "time": [start + int(row) * step for row in rows],
            "lot_id": [names[lot] for lot in at],
            quantity: values[rows, at],
        }
    ).write_parquet(path)
    return path


def table(folder: Path, names: tuple[str, ...] = tuple(CAPACITY), capacity: Any = None, name: str = "lots.csv") -> Path:
    """The table of lots that belongs to the counts."""
    path = folder / name
    pl.DataFrame(
        {
            "lot_id": names,
            "city": ["Köln"] * (len(names) - 1) + ["Bonn"],
            "capacity": list(CAPACITY.values()) if capacity is None else capacity,
            "lat": np.linspace(50.7, 50.95, len(names)),
            "lon": np.linspace(6.9, 7.1, len(names)),
        }
    ).write_csv(path)
    return path


def settings(**others: Any) -> list[str]:
    """``--set`` of a small model."""
    return [word for key, value in (SMALL | others).items() for word in ("--set", f"{key}={json.dumps(value)}")]


def flags(data: Path, entities: Path | None = None) -> list[object]:
    """What is said of the files."""
    said: list[object] = ["--data", data, "--entity-col", "lot_id"]
    return said if entities is None else [*said, "--entities", entities]


def train(data: Path, entities: Path | None, *words: object, **others: Any) -> Any:
    """What a small training says as JSON."""
    where = ("--country", "DE", "--timezone", "Europe/Berlin")
    return json.loads(
        command("train", "parking", *flags(data, entities), *where, *settings(**others), *words, "--json")
    )


def options(data: Path, entities: Path | None = None, **changes: Any) -> TrainOptions:
    """What a small training is asked for."""
    said = dict.fromkeys(("value_col", "timezone", "start", "step_min", "missing_value"))
    fields: dict[str, Any] = {
        "data": (data,),
        "reading": read_options(time_col="time", entity_col="lot_id", **said),
        "shape": "long",
        "split": (0.6, 0.2, 0.2),
        "split_at": None,
        "config": dict(SMALL),
        "entities": entities,
        "name": "parking",
        "seed": 7,
        "country": "DE",
        "timezone": "Europe/Berlin",
        "quick": False,
    }
    return TrainOptions(**(fields | changes))


def config(**changes: Any) -> ParkingConfig:
    """Of the features of a small model."""
    own = {key: SMALL[key] for key in ("weeks", "horizon_steps", "neighbours")}
    return ParkingConfig(**({"country": "DE", "timezone": "Europe/Berlin"} | own | changes))
