"""Rows as ``build`` makes them, of no city: drawn by the schema, so that every value may come with every other."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from features.traffic import schema
from features.traffic.config import TrafficConfig
from training.traffic.recipe import Recipe
from training.traffic.sample import Sample

CONFIG = TrafficConfig(horizon_steps=4, history_steps=3, seasonal_lags_days=(1, 7), neighbours=2, factors=2)
ENTITIES = 5
# Enough to be a model, and no more.
TINY = Recipe(
    network_width=8,
    network_epochs=1,
    network_seeds=1,
    network_batch=64,
    trees_count=6,
    trees_leaves=7,
    trees_min_rows=20,
    trees_learning_rate=0.2,
)

Rows = dict[str, npt.NDArray[Any]]


def rows(count: int, *, seed: int = 3, known: float = 0.8, config: TrafficConfig = CONFIG) -> Rows:
    """``count`` rows, zero under a false mask as ``build`` leaves it; ``known`` is the share that was measured."""
    chance = np.random.default_rng(seed)
    made: Rows = {}
    for spec in schema.inputs(config, "veh/h"):
        shape = (count, *spec.shape[1:])
        if spec.dtype == "bool":
            made[spec.name] = chance.random(shape) < known
        else:
            made[spec.name] = chance.normal(0, 20, shape).astype(np.float32)
    for name in ("profile", "profile_now", "peak_level", "typical_error", "usual_error", "spread"):
        made[name] = np.abs(made[name]) + np.float32(200 if name.startswith("p") else 5)
    for name in ("recent", "seasonal", "neighbour"):
        made[f"{name}_error"] *= made[f"{name}_mask"]
    if config.covariates:
        made["covariate"] *= made["covariate_mask"]
    for name in ("recent_error", "seasonal_error"):
        made[name][..., 1] /= 200  # the city's is a share
    made["factor_error"] /= 20
    made["calendar"] = (made["calendar"] > 30).astype(np.float32)
    made["clock"] = np.stack([chance.integers(0, CONFIG.steps_per_day, count), chance.integers(0, 8, count)], axis=1)
    made["entity_code"] = chance.integers(0, ENTITIES, count)
    return made


def masked(inputs: Rows) -> Rows:
    """The same rows, nothing of the past known; what stands under a mask stays."""
    return inputs | {name: np.zeros_like(array) for name, array in inputs.items() if name.endswith("_mask")}


def tensors(inputs: Rows) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in inputs.items()}


def persistent(inputs: Rows, *, seed: int = 4) -> npt.NDArray[np.float32]:
    """(row, step), targets of a city in which the latest error simply lasts, nearly."""
    chance = np.random.default_rng(seed)
    lasting = inputs["profile"] + inputs["recent_error"][:, :1, 0]
    return (lasting + chance.normal(0, 1, lasting.shape)).astype(np.float32)


def sample(inputs: Rows, measured: npt.NDArray[np.float32]) -> Sample:
    """Rows to learn from, one an issue time."""
    ends = np.arange(len(measured), dtype=np.int64) + CONFIG.horizon_steps
    return Sample(inputs=tensors(inputs), measured=torch.from_numpy(measured), ends=ends)
