"""A model of the made-up city, trained by the command once."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.parking.city import CAPACITY, free, table, train, write

DAYS = 70
NAMES = (*CAPACITY, "neu")
PLANNED = "planned"


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Two threads on a busy machine wait for each other at every tree."""
    from training.parking import backtest_command, commands, run

    with pytest.MonkeyPatch.context() as patch:
        for module in (backtest_command, commands, run):
            patch.setattr(module, "_THREADS", 1)
        yield


@dataclass(frozen=True)
class Trained:
    """Files, what training said and warned of, and where the version lies."""

    data: Path
    entities: Path
    said: dict[str, Any]
    home: Path

    @property
    def folder(self) -> Path:
        return Path(self.said["folder"])


def rough(days: int = DAYS) -> np.ndarray:
    """The city's counts with all that a feed does: impossible, frozen, silent, and a lot two days old."""
    values = free(days)
    chance = np.random.default_rng(2)
    values[chance.random(values.shape) < 0.02] = np.nan
    values[chance.random(values.shape) < 0.005] = 24621
    values[chance.random(values.shape) < 0.005] = -7
    values[500:560, 1] = 41
    values[900:940] = np.nan
    new = np.full((len(values), 1), np.nan, dtype=np.float32)
    new[-48:, 0] = np.round(0.2 * free(days)[-48:, 0])
    return np.hstack([values, new])


@pytest.fixture(scope="session")
def trained(_one_thread: None, empty_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """``parking/1``; nobody may alter its home."""
    folder = tmp_path_factory.mktemp("parking")
    home = Path(shutil.copytree(empty_home, folder / "home"))
    data = write(folder, rough(), NAMES)
    entities = table(folder, (*NAMES, PLANNED), [*CAPACITY.values(), 90, 150])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HAECHI_HOME", str(home))
        said = train(data, entities)
    return Trained(data=data, entities=entities, said=said, home=home)


@pytest.fixture
def at_trained(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trained:
    """Commands look into that home and write nothing there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HAECHI_HOME", str(trained.home))
    return trained
