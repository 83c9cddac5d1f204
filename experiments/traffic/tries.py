"""The table of tries of the first slice: one training a row, nothing else changed.

Run from the repository's root: ``python -m experiments.traffic.tries --data DIR``; about five minutes on two cores.
What a row was kept or dropped for is its *validation* figure; the test figure stands beside it so that nobody has to
ask, and decided nothing.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from experiments.traffic.bench import RUN_FILE

TRIES = {
    "as it is": [],
    "a profile for each day type, apart": ["same_type_gain=0.15", "same_class_gain=0.0", "other_gain=0.0"],
    "a profile for each class of day, other classes apart": ["same_class_gain=0.10", "other_gain=0.0"],
    "history of 6 h": ["history_steps=6"],
    "history of 48 h": ["history_steps=48"],
    "errors of a week ago left out": ["seasonal_lags_days=[1]"],
    "errors of 1, 2, 3 and 7 days ago": ["seasonal_lags_days=[1, 2, 3, 7]"],
    "calibration step 0.02": ["calibration_gain=0.02"],
    "usual error adapts at 0.12": ["dispersion_gain=0.12"],
}


def main() -> None:
    """Train once a row and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/traffic"))
    data = parser.parse_args().data / "seoul_volume_2022.parquet"
    write = sys.stdout.write
    write("| try | validation MAE | validation coverage | test MAE | at 12 h | test coverage | pinball |\n")
    write("| --- | --- | --- | --- | --- | --- | --- |\n")
    for name, settings in TRIES.items():
        command = [sys.executable, "-m", "haechi", "train", "traffic", "--run", str(RUN_FILE), "--data", str(data)]
        command += ["--json", *(word for one in settings for word in ("--set", one))]
        with tempfile.TemporaryDirectory() as home:
            environment = os.environ | {"HAECHI_HOME": home}
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)  # noqa: S603
        found = json.loads(done.stdout)
        own = next(row for row in found["scores"] if row["forecaster"] == "linear")
        best = min(one["mae"] for one in found["validation"] if one["what"] == "ridge")
        cells = [name, f"{best:.2f}", f"{found['validation_coverage']:.1%}", f"{own['mae']:.2f}"]
        cells += [f"{own['mae_step_12']:.2f}", f"{found['coverage']:.1%}", f"{found['pinball']:.2f}"]
        write(f"| {' | '.join(cells)} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
