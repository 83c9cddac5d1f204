"""``make bench-disaster``: the figures of the hazard models, measured here, each beside its baseline and its goal.

Run from the repository's root: ``python -m experiments.disaster.bench [--data DIR]``; DIR holds the hazard files as
published. Leaves out every year of the river once, trains fine dust, times 25 districts; about an hour on two cores.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from features.self_test import load_rows
from serving.runtime import Runtime

RIVER, AIR = "han_river_10min_2012_2019.parquet", "air_seoul_city_hourly_2018_2021.parquet"
RIVER_RMSE_CM, RIVER_SKILL = (2.7, 7.2, 14.5, 28.0), (0.78, 0.67, 0.55, 0.65)
DUST_SKILL = (0.92, 0.70, 0.53, 0.31, 0.12)
HAZARDS, DISTRICTS, REPEATS = 6, 25, 50
Row = tuple[str, str, str]


def main() -> None:
    """Judge, train, time, and print what was reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/hazard"))
    folder = parser.parse_args().data
    for name in (RIVER, AIR):
        if not (folder / name).is_file():
            sys.exit(
                f"error: {folder / name} is not there\n  fix: make bench-disaster DATA=DIR, a folder with both files"
            )
    with tempfile.TemporaryDirectory() as home:
        os.environ["HAECHI_HOME"] = home
        jamsu = ("--hazard", "river_jamsu", "--shape", "han-river", "--data", str(folder / RIVER))
        river = haechi("backtest", "disaster", *jamsu, "--set", "trees_count=60")
        dust = haechi("train", "disaster", "--hazard", "pm25", "--shape", "air-city", "--data", str(folder / AIR))
        rows = [*river_rows(river), *dust_rows(dust), timed(Path(dust["folder"]))]
    sys.stdout.write("| figure | goal | reached |\n| --- | --- | --- |\n")
    for row in rows:
        sys.stdout.write(f"| {' | '.join(row)} |\n")


def haechi(*words: str) -> dict[str, Any]:
    """What a command says with ``--json``."""
    command = [str(Path(sys.executable).with_name("haechi")), *words, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - our own words
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def river_rows(found: dict[str, Any]) -> list[Row]:
    """Jamsu, every year by a model that had not seen it."""
    rows = [
        (
            f"Jamsu +{one['horizon_h']} h, RMSE cm (persistence {one['rmse_persistence']:.1f})",
            f"<= {goal}",
            f"{one['rmse']:.2f}",
        )
        for one, goal in zip(found["quantity"], RIVER_RMSE_CM, strict=True)
    ]
    for one, goal in zip(_first_level(found, "pedestrians", "within"), RIVER_SKILL, strict=True):
        what = f"P(5.5 m within {one['horizon_h']} h), Brier skill on persistence ({one['came']:,} came)"
        rows.append((what, f">= {goal}", f"{one['skill_persistence']:.3f}"))
    alarm = found["alarms"][0]
    reached = f"{alarm['pod']:.2f}, {alarm['far']:.2f}, {alarm['median_lead_h']:.1f} h"
    rows.append(
        (f"alarms at 5.5 m, {alarm['events']} onsets: POD, FAR, median lead", ">= .94, <= .15, >= 3 h", reached)
    )
    return rows


def dust_rows(found: dict[str, Any]) -> list[Row]:
    """PM2.5 on its last year."""
    return [
        (
            f"PM2.5 +{one['horizon_h']} h, skill on climatology (on persistence {one['skill_persistence']:.2f})",
            f">= {goal}",
            f"{one['skill_climatology']:.3f}",
        )
        for one, goal in zip(_first_level(found, "advisory", "met"), DUST_SKILL, strict=True)
    ]


def timed(folder: Path) -> Row:
    """25 districts, five horizons, once for each of six hazards, on one thread."""
    runtime = Runtime(threads=1)
    name_of_model = runtime.load(folder).name
    one = {name: array[:1] for name, array in load_rows(folder / "self_test.npz").items()}
    rows = {name: np.repeat(array, DISTRICTS, axis=0) for name, array in one.items()}
    spent = []
    for _ in range(REPEATS):
        start = perf_counter()
        for _ in range(HAZARDS):
            runtime.run(name_of_model, rows)
        spent.append(1000 * (perf_counter() - start))
    return ("25 districts x 6 hazards x 5 horizons, one thread, graph alone", "<= 100 ms", f"{median(spent):.1f} ms")


def _first_level(found: dict[str, Any], level: str, kind: str) -> list[dict[str, Any]]:
    return [one for one in found["probabilities"] if one["level"] == level and one["kind"] == kind]


if __name__ == "__main__":
    main()
