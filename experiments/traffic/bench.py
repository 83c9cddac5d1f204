"""``make bench``: the figures of the traffic models, measured here, each beside its goal.

Run from the repository's root: ``python -m experiments.traffic.bench [--data DIR]``; DIR holds
``seoul_volume_2022.parquet`` and ``los_loop_speed_mph.parquet``. Prints a Markdown table; about a quarter of an hour on
two cores.
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

HERE = Path(__file__).parent
RUN_FILE = HERE / "2026-11-24-best-forecasts" / "seoul.toml"
WEEK_FILE = HERE / "2026-11-24-best-forecasts" / "los_loop.toml"
STACK = ("libtorch", "lib_lightgbm", "mlflow")
REPEATS = 50


def main() -> None:
    """Train on Seoul and on a week of Los Angeles, serve, time, and print what was reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/traffic"))
    parser.add_argument("--models", type=Path, help="a registry that has them: their inference is timed, nothing else")
    asked = parser.parse_args()
    if asked.models is not None:
        _print(_timed(asked.models / "traffic" / "1", asked.models / "traffic-fast" / "1"))
        return
    folder = asked.data
    seoul, week = folder / "seoul_volume_2022.parquet", folder / "los_loop_speed_mph.parquet"
    for data in (seoul, week):
        if not data.is_file():
            sys.exit(f"error: {data} is not there\n  fix: make bench DATA=DIR, a folder with both files")
    with tempfile.TemporaryDirectory() as home:
        os.environ["HAECHI_HOME"] = home
        best = train(seoul, RUN_FILE)
        fast = best["also"][0]
        rows = [*accuracy(best, 80, "veh/h"), *intervals(best, "<= 26.5 veh/h"), *regimes(best)]
        rows += [*accuracy(fast, 82, "veh/h"), *intervals(fast, "-"), *regimes(fast), *cost(best)]
        rows += [*_timed(Path(best["folder"]), Path(fast["folder"])), *process()]
        speeds = train(week, WEEK_FILE)
        rows += [*accuracy(speeds, 3.6, "mph"), *intervals(speeds, "-")]
        rows.append((f"`{speeds['also'][0]['model']}`: mean MAE", "-", f"{speeds['also'][0]['scores'][0]['mae']:.3f}"))
    _print(rows)


def _print(rows: list[tuple[str, str, str]]) -> None:
    sys.stdout.write("| figure | goal | reached |\n| --- | --- | --- |\n")
    for figure, goal, reached in rows:
        sys.stdout.write(f"| {figure} | {goal} | {reached} |\n")


def _timed(best: Path, fast: Path) -> list[tuple[str, str, str]]:
    return [*inference(best, ("<= 300 ms", "-")), *inference(fast, ("<= 5 ms", "<= 60 ms"))]


def train(data: Path, run_file: Path) -> dict[str, Any]:
    """The JSON document of ``haechi train``, with the seconds and the memory it took."""
    command = [
        sys.executable,
        "-m",
        "haechi",
        "train",
        "traffic",
        "--run",
        str(run_file),
        "--data",
        str(data),
        "--json",
    ]
    started = perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603 - our own command
    document: dict[str, Any] = json.loads(done.stdout)
    peak_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return document | {"seconds": perf_counter() - started, "peak_gib": peak_kib / 2**20}


def accuracy(trained: dict[str, Any], goal: float, unit: str) -> list[tuple[str, str, str]]:
    """Errors beside every baseline's, and what the blend is made of."""
    own, *others = trained["scores"]
    name, rows = trained["model"], []
    issues = f"{trained['issue_times_scored']:,} issue times"
    rows.append((f"`{name}`: mean MAE, {issues}", f"<= {goal:g} {unit}", f"{own['mae']:.2f}"))
    rows += [(f"{row['forecaster']}: the same", "-", f"{row['mae']:.2f}") for row in others]
    for key in (key for key in own if key.startswith("mae_step_")):
        best = min(others, key=lambda row: row[key])
        rows.append(
            (f"`{name}`: MAE at step {key[9:]}", f"< {best[key]:.2f} ({best['forecaster']})", f"{own[key]:.2f}")
        )
    made = ", ".join(f"{member} {share:.0%}" for member, share in trained["shares"].items())
    return [*rows, (f"`{name}`: made of", "-", made)]


def intervals(trained: dict[str, Any], pinball_goal: str) -> list[tuple[str, str, str]]:
    """How much the interval holds, overall and by site, and its pinball loss."""
    sites, name = trained["coverage_by_site"], trained["model"]
    return [
        (f"`{name}`: 80 % interval covers", "78-82 %", f"{trained['coverage']:.1%}"),
        (f"`{name}`: sites where it covers 74-86 %", ">= 90 %", f"{sites['share_within']:.1%}"),
        (f"`{name}`: mean pinball loss", pinball_goal, f"{trained['pinball']:.2f}"),
    ]


def regimes(trained: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Error and coverage where they differ most."""
    return [
        (f"`{trained['model']}`: {row['regime']}", "-", f"{row['mae']:.1f}, interval covers {row['coverage']:.1%}")
        for row in trained["by_regime"]
    ]


def cost(trained: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What training took, from file to two registered models."""
    return [
        ("training both, file to registered models", "< 20 min", f"{trained['seconds'] / 60:.1f} min"),
        ("its peak memory", "< 3 GiB", f"{trained['peak_gib']:.2f} GiB"),
    ]


def inference(folder: Path, goals: tuple[str, str]) -> list[tuple[str, str, str]]:
    """Medians of the session's run and of ``build``, one thread."""
    runtime = Runtime(threads=1)
    manifest = runtime.load(folder)
    config = TrafficConfig.from_json(dict(manifest.config))
    state = load(folder / "state.parquet", config)
    rows = []
    name = manifest.name
    for label, one, goal in (("278 series", state, goals[0]), ("5,000 series", widened(state, 5000), goals[1])):
        table = build(None, one, config, [one.as_of])
        run_ms = median_ms(lambda inputs=table.inputs: runtime.run(manifest.name, inputs))
        build_ms = median_ms(lambda one=one: build(None, one, config, [one.as_of]))
        rows.append((f"`{name}`: run, {label} x {config.horizon_steps} h", goal, f"{run_ms:.2f} ms"))
        rows.append((f"`{name}`: with build, {label}", "-", f"{run_ms + build_ms:.2f} ms (build {build_ms:.2f})"))
    return rows


def widened(state: TrafficState, count: int) -> TrafficState:
    """The same city over and over until it has ``count`` entities."""
    size = len(state.entities)
    at = np.arange(count) % size
    arrays = {f.name: getattr(state, f.name) for f in fields(state)}
    arrays = {
        name: array[..., at] for name, array in arrays.items() if isinstance(array, np.ndarray) and name != "covariate"
    }
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
