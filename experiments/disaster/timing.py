"""How long a probability takes, from the state in memory to the graph's answer."""

from pathlib import Path
from statistics import median
from time import perf_counter

from features.artifact import STATE
from features.disaster.build import build
from features.disaster.config import DisasterConfig
from features.disaster.state import load
from serving.runtime import Runtime

HAZARDS, REPEATS = 6, 50


def timed(folder: Path) -> tuple[str, str, str]:
    """One model's districts, all its horizons, features and graph, once for each of six hazards, on one thread."""
    runtime = Runtime(threads=1)
    manifest = runtime.load(folder)
    config = DisasterConfig.from_json(dict(manifest.config))
    state = load(folder / STATE, config)
    spent = []
    for _ in range(REPEATS):
        start = perf_counter()
        for _ in range(HAZARDS):
            runtime.run(manifest.name, build(None, state, config, [state.as_of]).inputs)
        spent.append(1000 * (perf_counter() - start))
    what = f"{len(state.places)} districts x {HAZARDS} hazards x {len(config.horizons_steps)} horizons, one thread"
    return (f"{what}, features and graph", "<= 100 ms", f"{median(spent):.1f} ms")
