"""A hazard's champion is replaced by whose probabilities are off less beyond chance."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from features.artifact import seal
from features.errors import BadInput
from tests.training.conftest import command
from tests.training.disaster.streams import train
from training.losses import TEST_LOSSES, load, save


def test_probabilities_that_are_off_less_replace_the_champion(city):
    first, second = (train(city) for _ in range(2))
    assert (first["version"], second["version"], second["champion"]) == (1, 2, 1)
    lost = load(Path(second["folder"]))
    watch = [row for row in second["probabilities"] if (row["kind"], row["horizon_h"]) == ("within", 3)]
    assert lost.brier == pytest.approx(sum(row["brier"] for row in watch) / len(watch), rel=1e-3)

    with pytest.raises(BadInput, match="No difference beyond chance between disaster-stream/2 and disaster-stream/1"):
        command("models", "promote", "disaster-stream/2")

    same = json.loads(command("models", "compare", "disaster-stream/2", "disaster-stream/1", "--json"))
    assert same["verdict"] == "no difference beyond chance"
    assert same["sentence"].startswith("No difference beyond chance between disaster-stream/2")
    with pytest.raises(BadInput, match="--data and --png are of models that forecast a quantity"):
        command("models", "compare", "disaster-stream/2", "disaster-stream/1", "--data", city)

    champion = Path(first["folder"])
    save(replace(lost, loss=tuple(one + 1 for one in lost.loss)), champion / TEST_LOSSES)
    seal(champion, None)
    assert "disaster-stream/2 is the champion" in command("models", "promote", "disaster-stream/2")
