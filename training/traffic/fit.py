"""Fits the linear correction by ridge regression on sums that are gathered chunk by chunk."""

from copy import copy
from dataclasses import dataclass

import numpy as np
import torch

from features.covariate_ring import RECENT
from features.errors import BadInput
from features.series import FloatArray
from features.traffic.build import Table
from features.traffic.config import TrafficConfig
from training.traffic.model import LinearCorrection, known_covariates


@dataclass(frozen=True, slots=True, kw_only=True)
class Ridge:
    """How strongly the regression is shrunk, as a share of each regressor's own sum of squares.

    Attributes:
        errors: for the latest quarter of the recent errors, and the seasonal ones.
        older: for the other recent errors, which say less the older they are, and for covariates, of which
            all entities share each.
        slow: for the profile itself, and for holiday, eve and morrow, of which a year holds few.
    """

    errors: float = 0.1
    older: float = 1.0
    slow: float = 100.0

    def shares(self, config: TrafficConfig) -> torch.Tensor:
        """The share of each regressor, (feature,), in the order of ``LinearCorrection.design``."""
        latest = max(1, config.history_steps // 4)
        recent = [self.errors] * latest + [self.older] * (config.history_steps - latest)
        seasonal = [self.errors] * len(config.seasonal_lags_days)
        weather = [self.older] * (1 + RECENT) * len(config.covariates)
        return torch.tensor([*recent * 3, *seasonal * 2, *[self.slow] * 5, *weather], dtype=torch.float64)


class Sums:
    """Normal equations of every step; they add up over chunks, so that memory does not grow with the data.

    Attributes:
        gram: (step, feature, feature), float64.
        cross: (step, feature), float64.
        rows: targets that were measured.
        reach: (name,), the largest departure of each covariate.
    """

    def __init__(self, config: TrafficConfig) -> None:
        self._model = LinearCorrection(config)
        steps, width = self._model.weight.shape
        self.gram = torch.zeros(steps, width, width, dtype=torch.float64)
        self.cross = torch.zeros(steps, width, dtype=torch.float64)
        self.rows = 0
        self.reach = torch.zeros(len(config.covariates))

    def __add__(self, other: "Sums") -> "Sums":
        both = copy(self)
        both.gram, both.cross = self.gram + other.gram, self.cross + other.cross
        both.rows, both.reach = self.rows + other.rows, torch.maximum(self.reach, other.reach)
        return both

    def add(self, table: Table, measured: FloatArray) -> None:
        """Add the rows of ``table`` whose targets, (row, step), were measured."""
        inputs = {name: torch.from_numpy(array) for name, array in table.inputs.items()}
        design = self._model.design(inputs)
        residual = torch.from_numpy(measured) - inputs["profile"]
        known = ~torch.isnan(residual)
        design = torch.where(known.unsqueeze(-1), design, 0.0).transpose(0, 1).contiguous()
        residual = torch.where(known, residual, 0.0).T.unsqueeze(-1)
        self.gram += (design.transpose(1, 2) @ design).double()
        self.cross += (design.transpose(1, 2) @ residual).squeeze(-1).double()
        self.rows += int(known.sum())
        if len(self.reach):
            self.reach = torch.maximum(self.reach, known_covariates(inputs).abs().amax(dim=(0, 1)))


def fit(sums: Sums, config: TrafficConfig, ridge: Ridge) -> LinearCorrection:
    """The ridge solution of ``sums``: deterministic, no chance involved.

    Raises:
        BadInput: nothing was measured in the interval.
    """
    if not sums.rows:
        raise BadInput(
            cause="No target in the training interval was measured",
            mend="Train on a longer history or on entities with measurements",
        )
    diagonal = sums.gram.diagonal(dim1=1, dim2=2)
    # A regressor that never varied gets weight zero instead of a singular system.
    penalty = torch.where(diagonal > 0, diagonal * ridge.shares(config), 1.0)
    system = sums.gram + torch.diag_embed(penalty)
    # Not torch's: its batched solver fails on systems of 300 and more where two threads are allowed.
    weight = np.linalg.solve(system.numpy(), sums.cross.unsqueeze(-1).numpy())[..., 0]
    model = LinearCorrection(config)
    model.weight.copy_(torch.from_numpy(weight))
    if config.covariates:
        model.reach.copy_(sums.reach)
    return model.eval()


def targets(values: FloatArray, first_row: int, config: TrafficConfig) -> FloatArray:
    """What was measured after an issue time: (entity, step), NaN where missing or past the end.

    Args:
        values: (time, entity).
        first_row: the row of the interval that starts at the issue time.
        config: whose horizon counts.

    >>> targets(np.array([[1.0], [2.0]], dtype=np.float32), 1, TrafficConfig(horizon_steps=2)).tolist()
    [[2.0, nan]]
    """
    found = np.full((config.horizon_steps, values.shape[1]), np.nan, dtype=np.float32)
    rows = values[first_row : first_row + config.horizon_steps]
    found[: len(rows)] = rows
    return np.ascontiguousarray(found.T)
