"""``make bench-parking``: the figures of the parking models, measured here, each beside its baselines and its goal.

Run from the repository's root: ``python -m experiments.parking.bench [--data DIR]``; DIR holds the German and the
Birmingham counts. Trains both, and times 152 lots; about eleven minutes on two cores.
"""

import argparse
import os
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

from experiments.commands import haechi, show
from experiments.parking.timing import timed

GERMANY, LOTS, BIRMINGHAM = "germany_2023_2024.parquet", "germany_lots.csv", "birmingham_77_days.parquet"
GERMAN_MAE = {1: 2.45, 3: 4.6, 6: 5.8, 12: 6.6, 24: 6.6}
GERMAN_BRIER = {1: 0.016, 3: 0.023, 6: 0.025}
BIRMINGHAM_MAE = {1: 14, 2: 22, 4: 37}
MODEL = "parking model"
Answer = dict[str, Any]
Row = tuple[str, ...]


def main() -> None:
    """Train, time, and print what was reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/parking"))
    folder = parser.parse_args().data
    for name in (GERMANY, LOTS, BIRMINGHAM):
        if not (folder / name).is_file():
            sys.exit(f"error: {folder / name} is not there\n  fix: make bench-parking DATA=DIR, a folder that holds it")
    with tempfile.TemporaryDirectory() as home:
        os.environ["HAECHI_HOME"] = home
        goals = ("figure", "goal", "reached")
        german = _german(folder)
        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
        show(goals, [*_errors(german), *_full(german), *_held(german)])
        spent = f"{german['training_s']:.0f} s, {most:.1f} GiB"
        took = ("German lots: training, judging and publishing; memory at its most", "< 600 s, < 3 GiB", spent)
        show(goals, [_windows(german), _cold(german), timed(Path(german["folder"])), took])
        show(goals, _birmingham(folder))


def _german(folder: Path) -> Answer:
    own = (
        "--data",
        str(folder / GERMANY),
        "--entity-col",
        "lot_id",
        "--entities",
        str(folder / LOTS),
        "--measure",
        "free",
    )
    clock = ("--country", "DE", "--timezone", "UTC", "--set", "timezone=Europe/Berlin")
    return haechi("train", "parking", *own, *clock, "--split-at", "2024-07-01,2024-10-01", "--name", "german-lots")


def _errors(found: Answer) -> list[Row]:
    rows: list[Row] = []
    for step, goal in GERMAN_MAE.items():
        beside = ", ".join(
            f"{name} {one[str(step)]:.2f}" for name, one in found["mae_by_step"].items() if name != MODEL
        )
        what = f"German lots, {found['lots']}, MAE % of capacity, {step} h ahead ({beside})"
        rows.append((what, f"<= {goal}", f"{found['mae_by_step'][MODEL][str(step)]:.3f}"))
    return rows


def _full(found: Answer) -> list[Row]:
    rows: list[Row] = []
    for one in found["full"]:
        goal = GERMAN_BRIER.get(one["step"])
        beside = (
            f"as it is now {one['brier_persistence']:.4f}, as usual {one['brier_usual']:.4f}, came {one['came']:.1%}"
        )
        what = f"P(at most 5 % free), {one['step']} h ahead: Brier, AP, ECE ({beside})"
        reached = f"{one['brier']:.4f}, {one['average_precision']:.3f}, {one['calibration_error']:.4f}"
        rows.append((what, "-" if goal is None else f"<= {goal}, -, <= .01", reached))
    return rows


def _held(found: Answer) -> list[Row]:
    return [
        (
            f"80 % interval, steps {one['steps']}: holds; lots within 78 to 82 %; least, most",
            "78-82 %",
            f"{one['coverage']:.1%}; {one['lots_within']:.0%}; {one['least']:.1%}, {one['most']:.1%}",
        )
        for one in found["coverage_by_steps"]
    ]


def _windows(found: Answer) -> Row:
    one = found["share_windows"]
    what = f"share windows at 5 % at most, {one['count']:,} of {one['hours']:.1f} h: stated risk, owners turned away"
    return (what, "within 1 point", f"{one['stated']:.2%}, {one['failed']:.2%}")


def _cold(found: Answer) -> Row:
    one = found["cold_start"]
    what = f"as if never seen, MAE % of capacity (its city's mean {one['mae_typical']:.2f}); 80 % interval holds"
    return (what, "-", f"{one['mae']:.2f}; {one['coverage']:.1%}")


def _birmingham(folder: Path) -> list[Row]:
    shape = ("--shape", "day-slot", "--start", "2016-10-04T08:00", "--step-min", "30", "--timezone", "Europe/London")
    own = (
        "--data",
        str(folder / BIRMINGHAM),
        "--entity-col",
        "lot",
        "--value-col",
        "occupied",
        "--measure",
        "occupied",
    )
    split = ("--split-at", "2016-12-06T08:00,2016-12-13T08:00", "--country", "GB", "--name", "birmingham")
    found = haechi("train", "parking", *shape, *own, *split)
    beside = {row["forecaster"]: row for row in found["scores_spaces"]}
    rows: list[Row] = []
    for step, goal in BIRMINGHAM_MAE.items():
        key = f"mae_step_{step}"
        told = ", ".join(f"{name} {row[key]:.1f}" for name, row in beside.items() if key in row and name != MODEL)
        what = f"Birmingham, {found['lots']} lots, last 7 days, MAE cars, {step} half-hours ahead"
        rows.append(
            (f"{what} ({told})" if told else what, f"<= {goal}", f"{found['mae_spaces_by_step'][str(step)]:.2f}")
        )
    return rows


if __name__ == "__main__":
    main()
