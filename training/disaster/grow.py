"""Boosted trees on what the linear core leaves, as far as they help on years that they have not seen."""

from dataclasses import dataclass

import lightgbm
import numpy as np
import numpy.typing as npt
from rich.progress import Progress

from features.disaster.config import DisasterConfig
from training.disaster.core import rising_columns
from training.disaster.model import targets_of
from training.disaster.recipe import Recipe
from training.trees import grow

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the trees' answer that may be added; the one that errs least on held-out years is."""
_RARE = 0.97
"""Rows beyond this share of the quantity's distribution are all kept for trees."""


@dataclass(frozen=True, slots=True, eq=False)
class Grown:
    """Trees on what the core leaves.

    Attributes:
        boosters: of each target, empty where there are none.
        shares: (target,), of the trees' answer that is added.
        held_out: (row, target), what is added to each row by trees that have not seen its fold.
    """

    boosters: list[lightgbm.Booster]
    shares: npt.NDArray[np.float32]
    held_out: FloatArray


def grow_trees(
    rows: npt.NDArray[np.float32],
    left: FloatArray,
    fold: npt.NDArray[np.int64],
    now: npt.NDArray[np.generic],
    config: DisasterConfig,
    recipe: Recipe,
    seed: int,
    bar: Progress,
) -> Grown:
    """Trees on what the core leaves, and how much of each one's answer helps on years that it has not seen.

    Args:
        rows: (row, column), what trees split on.
        left: (row, target), what the core leaves.
        fold: (row,), number of the fold.
        now: (row,), where the quantity stands.
        config: of the hazard.
        recipe: settings of the fit.
        seed: of the trees.
        bar: shows targets done and time left.
    """
    count = left.shape[1]
    added, shares = np.zeros_like(left), np.zeros(count, dtype=np.float32)
    if not recipe.trees_count:
        return Grown([], shares, added)
    kept = _kept(np.asarray(now, dtype=np.float64), recipe.trees_rows, rises=targets_of(config).groups[0].rises)
    weight = np.ones(len(rows))
    parameters = _parameters(config, recipe, seed)
    boosters = []

    def grown(some: BoolArray, target: int) -> lightgbm.Booster:
        return grow(rows[some], left[some, target], weight[some], parameters, recipe.trees_count)

    for target in bar.track(range(count), description="growing trees"):
        answer = np.zeros(len(rows))
        for each in np.unique(fold):
            out = fold == each
            answer[out] = grown(kept & ~out, target).predict(rows[out], num_threads=1)
        errors = [float(np.mean((left[:, target] - share * answer) ** 2)) for share in _SHARES]
        shares[target] = _SHARES[int(np.argmin(errors))]
        added[:, target] = shares[target] * answer
        boosters.append(grown(kept, target))
    return Grown(boosters, shares, added)


def _kept(now: FloatArray, most: int, *, rises: bool) -> BoolArray:
    """Rows for trees: all that are rare, and of the others as many as there is room for, evenly."""
    beyond = now >= np.quantile(now, _RARE) if rises else now <= np.quantile(now, 1 - _RARE)
    room = max(most - int(beyond.sum()), 1)
    every = max(1, -(-int((~beyond).sum()) // room))
    return np.asarray(beyond | (np.arange(len(now)) % every == 0))


def _parameters(config: DisasterConfig, recipe: Recipe, seed: int) -> dict[str, object]:
    sign = 1 if targets_of(config).groups[0].rises else -1
    return {
        "objective": "regression",
        "num_leaves": recipe.trees_leaves,
        "learning_rate": recipe.trees_learning_rate,
        "min_data_in_leaf": recipe.trees_min_rows,
        "feature_fraction": 0.4,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 10.0,
        "max_bin": 127,
        "monotone_constraints": [sign if rising else 0 for rising in rising_columns(config)],
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
    }
