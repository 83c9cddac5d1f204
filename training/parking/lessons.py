"""Rows to learn from, drawn from all issue times and lots, half as precise as they are forecast from to save memory."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from rich.progress import Progress
from torch import Tensor

from features.errors import BadInput
from features.parking.build import Table
from features.parking.sight import CALENDAR, SEASON
from training.parking.cold import hide_history
from training.parking.model import Inputs
from training.parking.recipe import Recipe
from training.parking.sample import Past, targets

_HALVES = ("seen", "ahead")
_TAKEN = (*_HALVES, "now_deviation", "now_mask", "profile", "profile_mask")
_SHARED = ("calendar", "covariate", "covariate_mask")
_FEWEST = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """Rows of tables, each one lot at one issue time.

    Attributes:
        inputs: of the model but for those that all lots share; ``seen`` and ``ahead`` as halves, NaN in the place of
            their masks.
        shared: the calendar, and covariates where there are any, (issue, ...), of each issue time once.
        issue: (row,), which of these.
        free: (row, step), what came, share; NaN where nothing did.
    """

    inputs: Inputs
    shared: Inputs
    issue: Tensor
    free: Tensor

    def __len__(self) -> int:
        return len(self.free)

    def without_season(self) -> "Drawn":
        """The same, the time of year hidden."""
        calendar = self.shared["calendar"].clone()
        calendar[..., [CALENDAR.index(name) for name in SEASON]] = 0
        return replace(self, shared=self.shared | {"calendar": calendar})

    def some(self, rows: slice | Tensor) -> Inputs:
        """Inputs of some rows, as the model takes them."""
        found = {name: tensor[rows] for name, tensor in self.inputs.items()}
        for name in _HALVES:
            halves = found[name]
            found[name], found[f"{name}_mask"] = torch.nan_to_num(halves.float()), ~torch.isnan(halves)
        return found | {name: tensor[self.issue[rows]] for name, tensor in self.shared.items()}


def draw(
    past: Past,
    shares: npt.NDArray[np.float32],
    issues: npt.NDArray[np.int64],
    recipe: Recipe,
    chance: np.random.Generator,
    bar: Progress,
) -> Drawn:
    """Rows of which some target came, of all issue times and lots alike: all, or as many drawn as there is room for.

    Args:
        past: the counts.
        shares: the same as free shares, NaN of lots that are not learned from.
        issues: rows of issue times.
        recipe: how many rows, and how many as if the lot were new.
        chance: of the draw.
        bar: shows what is done.

    Raises:
        BadInput: hardly anything was counted.
    """
    lots = len(past.panel.entities)
    share = min(1.0, recipe.rows / max(len(issues) * lots, 1))
    whole: dict[str, npt.NDArray[np.generic]] = {}
    shared: dict[str, list[npt.NDArray[np.generic]]] = {}
    filled = begun = 0
    for at, (some, table) in enumerate(past.tables(issues, bar, "building features")):
        hide_history(table, chance.random(len(some) * lots) < recipe.cold_share)
        # Where nothing is usual, as at night of a lot that is counted by day, nothing can be learned either.
        free = np.where(table.inputs["profile_mask"], targets(shares, some, past.config), np.float32(np.nan))
        useful = ~np.isnan(free).all(axis=1)
        chosen = np.flatnonzero(useful & (chance.random(len(free)) < share))
        parts = {name: _told(table, name) for name in _TAKEN} | {"free": free}
        if not at:
            whole = {name: _room(name, array, recipe.rows, len(issues) * lots) for name, array in parts.items()}
            whole["issue"] = np.zeros(len(whole["free"]), dtype=np.int64)
        chosen = chosen[: len(whole["free"]) - filled]
        own = slice(filled, filled + len(chosen))
        for name, array in parts.items():
            whole[name][own] = array[chosen]
        whole["issue"][own] = begun + chosen // lots
        for name in [name for name in _SHARED if name in table.inputs]:
            shared.setdefault(name, []).append(table.inputs[name][::lots])
        filled, begun = filled + len(chosen), begun + len(some)
    if filled < _FEWEST:
        raise BadInput(
            cause=f"Only {filled} forecasts could be learned from: hardly anything was counted before validation",
            mend="Give some weeks of counts, or another --split",
        )
    tensors = {name: torch.from_numpy(array[:filled]) for name, array in whole.items()}
    return Drawn(
        free=tensors.pop("free"),
        issue=tensors.pop("issue"),
        inputs=tensors,
        shared={name: torch.from_numpy(np.concatenate(parts)) for name, parts in shared.items()},
    )


def _told(table: Table, name: str) -> npt.NDArray[np.generic]:
    """An input, NaN where its mask is False if it is one of those that are kept without."""
    array = table.inputs[name]
    if name not in _HALVES:
        return array
    told: npt.NDArray[np.generic] = np.where(table.inputs[f"{name}_mask"], array, np.float32(np.nan))
    return told


def _room(name: str, array: npt.NDArray[np.generic], most: int, all_rows: int) -> npt.NDArray[np.generic]:
    """An array for as many rows as may be drawn: what is gathered in parts needs twice the memory in the end."""
    dtype = np.float16 if name in _HALVES else array.dtype
    # A draw by chance may come out a little above what was meant.
    return np.zeros((min(all_rows, most + most // 50 + 1000), *array.shape[1:]), dtype=dtype)
