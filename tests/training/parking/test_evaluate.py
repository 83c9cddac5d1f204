"""A published model on files that it never saw: of its own lots later on, and of lots of other cities."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.artifact import open_artifact
from features.errors import BadInput
from features.parking import lots as lots_table
from features.parking.config import ParkingConfig
from features.parking.state import load, save
from tests.training.conftest import command
from tests.training.parking.city import CAPACITY, NO_BAR, START, flags, free, options, table, write
from tests.training.parking.conftest import NAMES
from training.parking.evaluate import evaluate
from training.parking.judge import MODEL
from training.parking.run import START_STATE

LATER = START + timedelta(days=140)
OTHERS = ("alpha", "beta", "gamma", "delta", "eta", "zeta")


def judge(*words, split="all"):
    return json.loads(command("evaluate", "parking", *words, "--split", split, "--json"))


def errors(found):
    return {row["forecaster"]: row["mae"] for row in found["scores"]}


def test_its_own_lots_later_on(at_trained, tmp_path):
    found = judge(*flags(write(tmp_path, free(35, seed=9), start=LATER, name="later.parquet")))
    mae = errors(found)
    assert mae[MODEL] < min(mae["last value"], mae["same hour last week"])
    assert "8 days tell what is usual" in found["remark"]
    assert "never saw" not in found["remark"]


def test_lots_that_it_never_saw_are_answered_from_their_own_counts(at_trained, tmp_path):
    data = write(tmp_path, free(42, seed=4), OTHERS, start=LATER, name="others.parquet")
    out = tmp_path / "others-out.parquet"
    lots = table(tmp_path, OTHERS, name="others.csv")
    found = judge(*flags(data, lots), "--out", out)
    mae = errors(found)
    assert mae[MODEL] < mae["last value"]
    assert found["lots"] == len(OTHERS)
    assert "6 lots that the model never saw" in found["remark"]
    assert set(pl.read_parquet(out)["entity_id"].unique()) == set(OTHERS)
    assert pl.read_parquet(out)["q50"].is_finite().all()


def test_known_and_unknown_lots_in_one_file_and_no_table(at_trained, tmp_path, capsys):
    names = (*tuple(CAPACITY)[:3], *OTHERS[:3])
    found = judge(*flags(write(tmp_path, free(42, seed=4), names, start=LATER, name="mixed.parquet")))
    assert "3 lots that the model never saw" in found["remark"]
    assert "No --entities" in capsys.readouterr().err
    mae = errors(found)
    assert mae[MODEL] < mae["last value"]


def test_what_was_learned_from_is_not_judged_whole(at_trained, tmp_path):
    with pytest.raises(BadInput, match=r"from which the model learned.*--split test"):
        judge(*flags(at_trained.data))
    other = write(tmp_path, free(60, seed=3), name="other.parquet")
    with pytest.raises(BadInput, match=r"not the counts that parking/1 was trained on.*--split all"):
        judge(*flags(other), split="test")


def test_a_file_of_another_clock_or_too_short_is_refused(at_trained, tmp_path):
    half = write(tmp_path, free(20, step_min=30), start=LATER, step_min=30, name="half.parquet")
    with pytest.raises(BadInput, match=r"30 minutes apart, the model's 60.*--step-min 60"):
        judge(*flags(half))
    short = write(tmp_path, free(1)[:5], start=LATER, name="short.parquet")
    with pytest.raises(BadInput, match=r"steps are left to judge|Nothing was counted|fifth or more"):
        judge(*flags(short))
    with pytest.raises(BadInput, match="--entities is of lots that the model does not know"):
        judge(*flags(at_trained.data, at_trained.entities), split="test")


def test_an_answer_is_not_written_over_what_is_read(at_trained):
    with pytest.raises(BadInput, match="one of the files that are read"):
        judge(*flags(at_trained.data), "--out", at_trained.data, split="test")


def test_counts_of_a_file_with_gaps_are_left_out_of_the_judgement(at_trained, tmp_path, capsys):
    values = free(35, seed=9)
    values[np.random.default_rng(1).random(len(values)) < 0.4, 2] = np.nan
    found = judge(*flags(write(tmp_path, values, start=LATER, name="gaps.parquet")))
    assert found["lots"] == len(CAPACITY) - 1
    assert "5 of 6 lots are judged" in capsys.readouterr().err
    assert NAMES[2] == "markt"


def test_a_lot_that_it_never_saw_starts_from_what_is_typical_of_its_city(at_trained, tmp_path):
    folder = Path(shutil.copytree(at_trained.folder, tmp_path / "parking" / "1"))
    manifest, ours = open_artifact(folder, None), lots_table.load(folder / lots_table.FILE)
    replace(ours, city=tuple("Bonn" if name == "ring" else "Köln" for name in ours.ids)).save(folder / lots_table.FILE)
    config = ParkingConfig.from_json(dict(manifest.config))
    state = load(folder / START_STATE, config)
    state.typical[..., state.entities.index("ring")] = 0.9
    save(state, folder / START_STATE)
    empty = np.full((12 * 24, 1), 0.9 * CAPACITY["ring"])
    counts = write(tmp_path, empty, names=("fremd",), start=LATER, name="fremd.parquet")
    mae = {}
    for city in ("Bonn", "Köln"):
        told = tmp_path / f"{city}.csv"
        pl.DataFrame({"lot_id": ["fremd"], "city": [city], "capacity": [CAPACITY["ring"]]}).write_csv(told)
        asked = options(counts, told)
        how = {"whole": True, "out": None, "bar": NO_BAR}
        found = evaluate((folder, manifest), [counts], "long", asked.reading, entities=told, **how)
        mae[city] = found.judgement.shares.mae(MODEL)
    assert mae["Bonn"] < mae["Köln"], "it is as empty as the one lot of Bonn"
