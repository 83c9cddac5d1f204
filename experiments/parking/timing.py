"""How long an answer takes, from the state in memory to the graph's answer."""

from pathlib import Path
from statistics import median
from time import perf_counter

from features.artifact import STATE
from features.parking.build import build
from features.parking.config import ParkingConfig
from features.parking.state import load
from serving.runtime import Runtime

_REPEATS = 50


def timed(folder: Path) -> tuple[str, str, str]:
    """One model's lots, all its horizons, features and graph, on one thread."""
    runtime = Runtime(threads=1)
    manifest = runtime.load(folder)
    config = ParkingConfig.from_json(dict(manifest.config))
    state = load(folder / STATE, config)
    spent = []
    for _ in range(_REPEATS):
        start = perf_counter()
        runtime.run(manifest.name, build(None, state, config, [state.as_of]).inputs)
        spent.append(1000 * (perf_counter() - start))
    what = f"{len(state.entities)} lots x {config.horizon_steps} steps, features and graph, one thread"
    return (what, "<= 100 ms", f"{median(spent):.1f} ms")
