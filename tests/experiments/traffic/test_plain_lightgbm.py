"""The plain LightGBM that Haechi is compared with: the same targets, and nothing known too early."""

import json
import sys

import numpy as np
import pytest

from experiments.traffic import plain_lightgbm
from tests.training.conftest import command, synthetic, write_long

SEED = 11


@pytest.fixture
def printed(tmp_path, monkeypatch, capsys):
    """What it prints for the flags, on the small city, and the rows that it saw."""
    monkeypatch.chdir(tmp_path)
    for name, count in (("TRAIN_ROWS", 20_000), ("VALIDATION_ROWS", 5_000), ("MOST_TREES", 40)):
        monkeypatch.setattr(plain_lightgbm, name, count)
    seen, fitted = [], plain_lightgbm._fitted
    monkeypatch.setattr(plain_lightgbm, "_fitted", lambda rows, chance: seen.append(rows) or fitted(rows, chance))
    city = write_long(synthetic(), tmp_path / "city.parquet")

    def call(*words):
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["plain_lightgbm", "--data", str(city), *map(str, words)])
        plain_lightgbm.main()
        return capsys.readouterr().out, seen[-1]

    return call


def test_it_prints_both_on_the_targets_of_train_and_knows_nothing_too_early(printed):
    said, rows = printed("--every", 5)

    lines = said.splitlines()
    assert lines[0] == "| forecaster | all steps | step 1 | step 3 | step 6 | step 12 | step 24 |"
    names = {line.split(" | ")[0].removeprefix("| ") for line in lines[2:4]}
    assert names == {plain_lightgbm.PLAIN, plain_lightgbm.WEEK}
    # `haechi train` scores 313 issue times of this city.
    assert "63 issue times" in said

    print(f"seed {SEED}")  # noqa: T201
    chance, measured = np.random.default_rng(SEED), rows.values.copy()
    for _ in range(100):
        origin, place, step = (chance.integers(*limits, 1) for limits in ((0, 1600), (0, 6), (1, 25)))
        before = rows.features(origin, place, step)
        rows.values[origin[0] :] = 1e6
        np.testing.assert_array_equal(rows.features(origin, place, step), before)
        rows.values[:] = measured


def test_predictions_are_scored_beside(printed, monkeypatch, tmp_path):
    # Without MLflow, whose store takes seconds to set up.
    monkeypatch.setattr("training.track.find_spec", lambda _: None)
    monkeypatch.setenv("HAECHI_HOME", str(tmp_path / "home"))
    trained = json.loads(command("train", "traffic", "--data", tmp_path / "city.parquet", "--quick", "--json"))
    command("evaluate", "traffic", "--data", tmp_path / "city.parquet", "--out", "predictions.parquet")

    said, _ = printed("--predictions", "predictions.parquet")

    [row] = [line for line in said.splitlines() if line.startswith("| traffic |")]
    assert row.split(" | ")[1] == f"{trained['scores'][0]['mae']:.2f}"
