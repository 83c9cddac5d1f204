"""``make bench``: the figures of this slice, measured here, each beside its goal.

Run from the repository's root: ``python -m experiments.traffic.bench [--data DIR]``; DIR holds
``seoul_volume_2022.parquet``. Prints a Markdown table; about two minutes on two cores.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from features.traffic.build import build
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState, load
from serving.runtime import Runtime

RUN_FILE = Path(__file__).parent / "2026-11-23-first-slice" / "run.toml"
SHOWN_STEPS = (1, 3, 6, 12, 24)
STACK = ("libtorch", "lib_lightgbm", "mlflow")
REPEATS = 50


def main() -> None:
    """Train on Seoul, serve, time, and print what was reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/traffic"))
    data = parser.parse_args().data / "seoul_volume_2022.parquet"
    if not data.is_file():
        sys.exit(f"error: {data} is not there\n  fix: make bench DATA=DIR, the folder of Seoul's 2022 volumes")
    with tempfile.TemporaryDirectory() as home:
        os.environ["HAECHI_HOME"] = home
        trained = train(data)
        rows = [*accuracy(trained), *cost(trained), *inference(Path(trained["folder"])), *process()]
    write = sys.stdout.write
    write("| figure | goal | reached |\n| --- | --- | --- |\n")
    for figure, goal, reached in rows:
        write(f"| {figure} | {goal} | {reached} |\n")


def train(data: Path) -> dict[str, Any]:
    """The JSON document of ``haechi train``, with the seconds and the memory it took."""
    command = [
        sys.executable,
        "-m",
        "haechi",
        "train",
        "traffic",
        "--run",
        str(RUN_FILE),
        "--data",
        str(data),
        "--json",
    ]
    started = perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603 - our own command
    document: dict[str, Any] = json.loads(done.stdout)
    peak_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return document | {"seconds": perf_counter() - started, "peak_gib": peak_kib / 2**20}


def accuracy(trained: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Errors beside every baseline's, and how much the interval holds."""
    scores = {row["forecaster"]: row for row in trained["scores"]}
    own = scores.pop("linear")
    rows = [
        (f"mean MAE of linear, {trained['issue_times_scored']:,} issue times", "<= 84 veh/h", f"{own['mae']:.2f}"),
        *((f"mean MAE of {name}", "-", f"{row['mae']:.2f}") for name, row in scores.items()),
    ]
    for step in SHOWN_STEPS:
        key = f"mae_step_{step}"
        best = min(scores, key=lambda name: scores[name][key])
        rows.append((f"MAE at {step} h", f"< {scores[best][key]:.2f} ({best})", f"{own[key]:.2f}"))
    rows.append(("80 % interval covers", "78-82 %", f"{trained['coverage']:.1%}"))
    return [*rows, ("mean pinball loss", "-", f"{trained['pinball']:.2f} veh/h")]


def cost(trained: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What training took, from file to registered model."""
    return [
        ("training, file to registered model", "< 60 s", f"{trained['seconds']:.0f} s"),
        ("its peak memory", "< 2 GiB", f"{trained['peak_gib']:.2f} GiB"),
    ]


def inference(folder: Path) -> list[tuple[str, str, str]]:
    """Medians of the session's run and of ``build``, one thread."""
    runtime = Runtime(threads=1)
    manifest = runtime.load(folder)
    config = TrafficConfig.from_json(dict(manifest.config))
    state = load(folder / "state.parquet", config)
    rows = []
    for label, one, goal_ms in (("278 series", state, 5), ("5,000 series", widened(state, 5000), 60)):
        table = build(None, one, config, [one.as_of])
        run_ms = median_ms(lambda inputs=table.inputs: runtime.run(manifest.name, inputs))
        build_ms = median_ms(lambda one=one: build(None, one, config, [one.as_of]))
        rows.append((f"session run, {label} x {config.horizon_steps} h", f"<= {goal_ms} ms", f"{run_ms:.2f} ms"))
        both = f"{run_ms + build_ms:.2f} ms (build {build_ms:.2f})"
        rows.append((f"with build, {label}", f"<= {3 * goal_ms} ms", both))
    return rows


def widened(state: TrafficState, count: int) -> TrafficState:
    """The same city over and over until it has ``count`` entities."""
    size = len(state.entities)
    at = np.arange(count) % size
    arrays = {f.name: getattr(state, f.name) for f in fields(state)}
    arrays = {name: array[..., at] for name, array in arrays.items() if isinstance(array, np.ndarray)}
    return replace(state, entities=tuple(f"{state.entities[i]}#{n}" for n, i in enumerate(at)), **arrays)


def median_ms(call: Callable[[], object]) -> float:
    """Median milliseconds of a call, after a warm-up."""
    call()
    times = []
    for _ in range(REPEATS):
        started = perf_counter()
        call()
        times.append(perf_counter() - started)
    return statistics.median(times) * 1000


def process() -> list[tuple[str, str, str]]:
    """Start ``haechi serve`` five times: seconds to ready, memory, and what is mapped into it."""
    ready_s, resident_mib, mapped = [], 0.0, set()
    for _ in range(5):
        command = [sys.executable, "-m", "haechi", "serve", "--port", "0", "--json"]
        started = perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:  # noqa: S603
            for line in server.stdout or ():
                if line.startswith("}"):
                    break
            ready_s.append(perf_counter() - started)
            status = Path(f"/proc/{server.pid}/status").read_text()
            resident_mib = int(status.split("VmRSS:")[1].split()[0]) / 1024
            maps = Path(f"/proc/{server.pid}/maps").read_text()
            mapped |= {name for name in STACK if name in maps}
            server.terminate()
    return [
        ("serving process ready", "< 1.5 s", f"{statistics.median(ready_s):.2f} s"),
        ("its resident memory", "< 200 MiB", f"{resident_mib:.0f} MiB"),
        ("torch, lightgbm or mlflow mapped into it", "none", ", ".join(sorted(mapped)) or "none"),
    ]


if __name__ == "__main__":
    main()
