"""A stream that floods, its hazard table, and a training on it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tests.training.conftest import command

START = datetime(2020, 1, 1, tzinfo=UTC)
TABLE = """
[[hazard]]
name = "stream"
words = { ko = "하천 범람", en = "Stream flood" }
category = "Met"
quantity = "stage_cm"
unit = "cm"
step_min = 60
horizons_h = [1, 3]
alarm_h = 3
kind = "stream gauge"
source = "a test's own rule"
hold = 2
high = 150

[[hazard.levels]]
name = "watch"
words = { ko = "주의", en = "watch" }
severity = "Moderate"
met = [[{ quantity = "stage_cm", at_least = 200 }]]
advice = { ko = "살핀다", en = "Look" }

[[hazard.levels]]
name = "flood"
words = { ko = "범람", en = "flood" }
severity = "Severe"
met = [[{ quantity = "stage_cm", at_least = 260 }]]
advice = { ko = "막는다", en = "Close" }

[[hazard.signals]]
quantity = "stage_cm"
lags = [0, 1, 2, 6]
highest = [6]
plausible = [0, 2000]
rising = true

[[hazard.signals]]
quantity = "rain_mm"
lags = [0, 1]
total = [3, 6]
plausible = [0, 300]
rising = true
"""


def stream(hours: int, seed: int, start: datetime = START) -> pl.DataFrame:
    """Two gauges whose stage follows the rain with a delay, every storm a little different."""
    chance = np.random.default_rng(seed)
    frames = []
    for gauge in ("north", "south"):
        storms = chance.random(hours) < 0.012
        rain = np.convolve(storms * chance.gamma(2, 12, hours), np.ones(4) / 2)[:hours]
        stage = 100 + np.convolve(rain, 4.0 * np.exp(-np.arange(24) / 5))[:hours] + chance.normal(0, 2, hours)
        frames.append(
            pl.DataFrame(
                {
                    "time": [start + timedelta(hours=at) for at in range(hours)],
                    "entity_id": [gauge] * hours,
                    "stage_cm": stage,
                    "rain_mm": rain,
                }
            )
        )
    return pl.concat(frames)


def train(file: Path, *words: object) -> Any:
    """What a small training on ``file`` says as JSON."""
    flags = ("--hazard", "stream", "--data", file, "--set", "trees_count=20", "--set", "trees_min_rows=20", "--json")
    return json.loads(command("train", "disaster", *flags, *words))
