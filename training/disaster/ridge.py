"""Ridge regression of many targets at once, each fold's prediction made without it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_CHUNK = 20_000
_RIDGES = (3e-5, 3e-4, 3e-3, 3e-2, 3e-1)
"""Shrinkages tried, as shares of the rows: columns of unit variance have about that sum of squares."""
_STRICTER = (1.0, 10.0, 100.0)
"""How much more strongly what differs by regime is shrunk, the further in the more."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """What a ridge came to.

    Attributes:
        weight: (column, target), fitted on all rows.
        held_out: (row, target), the prediction of each row by a fit without its fold.
        error: (target,), root mean square of the held-out error.
    """

    weight: FloatArray
    held_out: FloatArray
    error: FloatArray


def fit(columns: npt.NDArray[np.float32], targets: FloatArray, fold: IntArray, blocks: int) -> Fit:
    """The shrinkage of each target that errs least on held-out folds.

    Args:
        columns: (row, column), the constant first; ``blocks`` copies of as many columns, one for each regime.
        targets: (row, target), all known.
        fold: (row,), from 0.
        blocks: 1 and the number of regimes.
    """
    folds = np.unique(fold)
    grams = {each: _sums(columns, targets, fold == each) for each in folds}
    gram, cross = (sum(one[at] for one in grams.values()) for at in (0, 1))
    best = np.full(targets.shape[1], np.inf)
    weight, held_out = np.zeros((columns.shape[1], targets.shape[1])), np.zeros_like(targets)
    width = columns.shape[1] // blocks
    for base in _RIDGES:
        for stricter in _STRICTER[: 1 if blocks == 1 else None]:
            shares = np.concatenate([np.full(width, base * stricter**block) for block in range(blocks)])
            shares[0] = 1e-9
            penalty = np.diag(shares * len(columns))
            tried = np.zeros_like(targets)
            for each in folds:
                rows = fold == each
                own = np.linalg.solve(gram - grams[each][0] + penalty, cross - grams[each][1])
                tried[rows] = columns[rows] @ own
            error = np.sqrt(np.mean((targets - tried) ** 2, axis=0))
            better = error < best
            if better.any():
                whole = np.linalg.solve(gram + penalty, cross)
                weight[:, better], held_out[:, better] = whole[:, better], tried[:, better]
                best = np.where(better, error, best)
    return Fit(weight=weight, held_out=held_out, error=best)


def _sums(
    columns: npt.NDArray[np.float32], targets: FloatArray, rows: npt.NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    gram = np.zeros((columns.shape[1], columns.shape[1]))
    cross = np.zeros((columns.shape[1], targets.shape[1]))
    chosen = np.flatnonzero(rows)
    for start in range(0, len(chosen), _CHUNK):
        some = columns[chosen[start : start + _CHUNK]].astype(np.float64)
        gram += some.T @ some
        cross += some.T @ targets[chosen[start : start + _CHUNK]]
    return gram, cross
