"""Rows to learn from, drawn from all issue times and lots, half as precise where that saves memory."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from rich.progress import Progress
from torch import Tensor

from features.errors import BadInput
from training.parking.cold import hide_history
from training.parking.model import Inputs
from training.parking.recipe import Recipe
from training.parking.sample import Past, targets

_WIDE = ("seen", "ahead", "calendar")
_TAKEN = (*_WIDE, "seen_mask", "ahead_mask", "now_deviation", "now_mask", "profile", "profile_mask")
_FEWEST = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """Rows of tables, each one lot at one issue time.

    Attributes:
        inputs: of the model; ``seen``, ``ahead`` and ``calendar`` as halves.
        free: (row, step), what came, share; NaN where nothing did.
    """

    inputs: Inputs
    free: Tensor

    def some(self, rows: slice) -> Inputs:
        """Inputs of some rows, as the model takes them."""
        return {name: tensor[rows].float() if name in _WIDE else tensor[rows] for name, tensor in self.inputs.items()}


def draw(
    past: Past,
    shares: npt.NDArray[np.float32],
    issues: npt.NDArray[np.int64],
    recipe: Recipe,
    chance: np.random.Generator,
    bar: Progress,
) -> Drawn:
    """Draw rows of which some target came, of all issue times and lots alike.

    Args:
        past: the counts.
        shares: the same as free shares.
        issues: rows of issue times.
        recipe: how many rows, and how many as if the lot were new.
        chance: of the draw.
        bar: shows what is done.

    Raises:
        BadInput: hardly anything was counted.
    """
    lots = len(past.panel.entities)
    share = min(1.0, recipe.rows / max(len(issues) * lots, 1))
    parts: dict[str, list[npt.NDArray[np.generic]]] = {name: [] for name in (*_TAKEN, "free")}
    for some, table in past.tables(issues, bar, "building features"):
        hide_history(table, chance.random(len(some) * lots) < recipe.cold_share)
        free = targets(shares, some, past.config)
        useful = ~np.isnan(free).all(axis=1) & table.inputs["profile_mask"].all(axis=1)
        chosen = np.flatnonzero(useful & (chance.random(len(free)) < share))
        for name in _TAKEN:
            array = table.inputs[name][chosen]
            parts[name].append(array.astype(np.float16) if name in _WIDE else array)
        parts["free"].append(free[chosen].astype(np.float32))
    whole = {name: torch.from_numpy(np.concatenate(arrays)) for name, arrays in parts.items()}
    free_tensor = whole.pop("free")
    if len(free_tensor) < _FEWEST:
        raise BadInput(
            cause=f"Only {len(free_tensor)} forecasts could be learned from: hardly anything was counted before "
            "validation begins",
            mend="Give some weeks of counts, or another --split",
        )
    return Drawn(inputs=whole, free=free_tensor)
