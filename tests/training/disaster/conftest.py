"""A city with a hazard of its own."""

from pathlib import Path

import pytest

from tests.training.disaster.streams import TABLE, stream


@pytest.fixture
def city(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, a hazard table of the city's own, and a file of 150 days."""
    table = tmp_path / "own.toml"
    table.write_text(TABLE, encoding="utf-8")
    monkeypatch.setenv("HAECHI_HAZARDS", str(table))
    file = tmp_path / "stream.parquet"
    stream(3600, 1).write_parquet(file)
    return file
