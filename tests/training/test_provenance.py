"""Where a figure comes from: which data, which code, whether of a real city."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from training import provenance
from training.provenance import data_sha256, git_commit, is_simulated


def test_equal_measurements_have_one_hash(city, make_panel):
    assert data_sha256(city) == data_sha256(make_panel())


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"start": timedelta(hours=1)}, id="another start"),
        pytest.param({"quantity": "speed_kmh"}, id="another quantity"),
        pytest.param({"entities": ("a", "b", "c", "d", "e", "f")}, id="other places"),
        pytest.param({"values": 1}, id="one value more"),
        pytest.param({"available_at": True}, id="known at another time"),
    ],
)
def test_any_change_has_another_hash(change, city):
    values = city.values.copy()
    values[5, 2] += 1
    known = np.full(city.values.shape, np.datetime64("2023-01-01T00:00:00", "s"))
    new = {"start": city.start + timedelta(hours=1), "values": values, "available_at": known}

    assert data_sha256(replace(city, **{name: new.get(name, to) for name, to in change.items()})) != data_sha256(city)


@pytest.fixture
def files(tmp_path):
    """A folder with a simulated and a measured Parquet file and a CSV."""
    frame = pl.DataFrame({"time": ["2022-01-01T00:00Z"], "entity_id": ["a"], "volume": [1]})
    frame.write_parquet(tmp_path / "simulated.parquet", metadata={"simulated": "true"})
    frame.write_parquet(tmp_path / "measured.parquet")
    frame.write_csv(tmp_path / "measured.csv")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "found"),
    [
        pytest.param("simulated.parquet", True, id="a simulated file"),
        pytest.param("measured.parquet", False, id="a measured file"),
        pytest.param("measured.csv", False, id="a CSV"),
        pytest.param(".", True, id="a folder with a simulated file in it"),
        pytest.param("sim*.parquet", True, id="a glob"),
        pytest.param("meas*", False, id="a glob of measured files"),
    ],
)
def test_what_was_simulated_is_labelled_however_it_is_named(name, found, files):
    assert is_simulated([files / name]) is found


def test_one_simulated_file_among_others_is_enough(files):
    assert is_simulated([files / "measured.parquet", files / "simulated.parquet"])


def test_the_commit_of_this_checkout_or_none():
    commit = git_commit()

    assert commit is None or len(commit.removesuffix("-dirty")) == 40


def test_no_commit_outside_of_a_checkout(monkeypatch, tmp_path):
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "provenance.py"))

    assert git_commit() is None


def test_no_commit_without_git(monkeypatch):
    monkeypatch.setenv("PATH", "")

    assert git_commit() is None
