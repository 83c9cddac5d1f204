"""The table of tries: one training a row, nothing else changed.

Run from the repository's root: ``python -m experiments.traffic.tries --run FILE.toml --data FILE``; some three minutes
a row on ``los_loop``, ten on Seoul. What a row was kept or dropped for is its *validation* figure; the test figure
stands beside it so that nobody has to ask, and decided nothing.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

TRIES = {
    "as it is": [],
    "linear model alone": ['members=["linear"]'],
    "linear model alone, profile not smoothed": ['members=["linear"]', "smooth_min=0"],
    "linear model alone, one neighbour": ['members=["linear"]', "neighbours=1"],
    "without trees": ['members=["linear", "network"]'],
    "without the network": ['members=["linear", "trees"]'],
    "profile not smoothed": ["smooth_min=0"],
    "one neighbour, one city pattern": ["neighbours=1", "factors=1"],
    "network twice as wide": ["network_width=256"],
    "four networks averaged": ["network_seeds=4"],
    "network trained twice as long": ["network_epochs=12"],
    "trees of 63 leaves": ["trees_leaves=63"],
}


def main() -> None:
    """Train once a row and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    asked = parser.parse_args()
    write = sys.stdout.write
    write("| try | validation MAE | made of | test MAE | first step | last step | coverage | pinball |\n")
    write("| --- | --- | --- | --- | --- | --- | --- | --- |\n")
    for name, settings in TRIES.items():
        command = [
            sys.executable,
            "-m",
            "haechi",
            "train",
            "traffic",
            "--run",
            str(asked.run),
            "--data",
            str(asked.data),
        ]
        command += ["--json", *(word for one in settings for word in ("--set", one))]
        with tempfile.TemporaryDirectory() as home:
            environment = os.environ | {"HAECHI_HOME": home}
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)  # noqa: S603
        write(f"| {name} | {' | '.join(_cells(json.loads(done.stdout)))} |\n")
        sys.stdout.flush()


def _cells(found: dict) -> list[str]:
    own = found["scores"][0]
    tried = [one["mae"] for one in found["validation"] if one["what"] == own["forecaster"]]
    # A linear model alone is judged by rolling origin, which no blend is: another figure, so it is not shown as one.
    validation = f"{tried[0]:.3f}" if tried else "-"
    last = [key for key in own if key.startswith("mae_step_")][-1]
    made = ", ".join(f"{member} {share:.0%}" for member, share in found["shares"].items())
    errors = [f"{own[key]:.2f}" for key in ("mae", "mae_step_1", last)]
    return [validation, made, *errors, f"{found['coverage']:.1%}", f"{found['pinball']:.3f}"]


if __name__ == "__main__":
    main()
