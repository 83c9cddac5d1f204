"""The trees of one horizon group: what moves the median, and the odds of being full."""

from collections.abc import Callable
from dataclasses import dataclass

import lightgbm
import numpy as np
import numpy.typing as npt

from features.parking.config import ParkingConfig
from training.parking.recipe import Recipe
from training.trees import as_margins, grow

FloatArray = npt.NDArray[np.float32]

_SMALLEST_LEAF, _LEAVES = 20, 1000
"""Rows of a leaf at least, and how many leaves all rows must suffice for."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lessons:
    """What the trees of a group learn from.

    Attributes:
        rows: (row, column), of ``training.parking.model.tree_rows``.
        middle: (row,), the network's median, base and all, share of the capacity.
        free: (row,), what came, share.
    """

    rows: FloatArray
    middle: FloatArray
    free: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grown:
    """Trees of one group of steps.

    Attributes:
        moved: by which they move the median, share.
        full: the log odds of being full.
    """

    moved: lightgbm.Booster
    full: lightgbm.Booster

    def all(self) -> tuple[lightgbm.Booster, ...]:
        """In the order in which a graph holds them."""
        return self.moved, self.full


def grow_group(
    lessons: Lessons,
    config: ParkingConfig,
    recipe: Recipe,
    seed: int,
    threads: int,
    on_tree: Callable[[object], None] = lambda _: None,
) -> Grown:
    """Grow the trees of one group.

    Args:
        lessons: to learn from.
        config: of the features.
        recipe: settings of the fit.
        seed: of the trees.
        threads: of LightGBM; the trees are the same with any number.
        on_tree: is called after each tree.

    Raises:
        BadInput: nothing was counted.
    """
    own = _parameters(recipe, len(lessons.rows), seed, threads)
    weight = np.ones(len(lessons.rows), dtype=np.float32)
    left, absolute = lessons.free - lessons.middle, own | {"objective": "regression_l1"}
    moved = grow(lessons.rows, left, weight, absolute, recipe.trees_count, on_tree)
    is_full = (lessons.free <= config.full_share).astype(np.float32)
    binary = own | {"objective": "binary", "num_leaves": min(31, recipe.trees_leaves)}
    full = as_margins(grow(lessons.rows, is_full, weight, binary, recipe.full_trees_count, on_tree))
    return Grown(moved=moved, full=full)


def _parameters(recipe: Recipe, rows: int, seed: int, threads: int) -> dict[str, object]:
    return {
        "num_leaves": recipe.trees_leaves,
        "learning_rate": recipe.trees_learning_rate,
        # Few rows are left room to differ.
        "min_data_in_leaf": min(recipe.trees_min_rows, max(_SMALLEST_LEAF, rows // _LEAVES)),
        "feature_fraction": 0.5,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 1.0,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads,
    }
