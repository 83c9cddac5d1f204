"""The linear model, and what every model of traffic gives: a median, and quantiles around it."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from features.calendar import CALENDAR_FLAGS
from features.covariate_ring import RECENT
from features.traffic.config import TrafficConfig

Inputs = Mapping[str, Tensor]
"""The tensors of ``features.traffic.schema.inputs``, by name."""


class LinearCorrection(nn.Module):
    """The adaptive profile plus ``weight . recent errors``, one weight vector a step, shared by every entity.

    The same city-wide error means more vehicles on a larger road, so the city's part and the calendar's are
    multiplied by the profile, and so are the covariates'. Inputs are in the unit measured; nothing is scaled outside.

    Attributes:
        weight: (step, feature), in the order of ``design``.
        reach: (name,), the largest departure of each covariate that was learned from: a line is not drawn beyond it.
    """

    reach: Tensor

    def __init__(self, config: TrafficConfig) -> None:
        super().__init__()
        self.history = config.history_steps
        self.lags = len(config.seasonal_lags_days)
        self.sizes = [self.history] * 3 + [self.lags] * 2 + [1, 1, len(CALENDAR_FLAGS)]
        self.names = len(config.covariates)
        if self.names:
            self.sizes += [self.names, RECENT * self.names]
            self.register_buffer("reach", torch.full((self.names,), torch.finfo(torch.float32).max))
        self.weight = nn.Parameter(torch.zeros(config.horizon_steps, sum(self.sizes)), requires_grad=False)

    def design(self, inputs: Inputs) -> Tensor:
        """The regressors, (entity, step, feature); a missing error counts as no error."""
        rows, steps = inputs["profile"].shape
        scale = inputs["profile"].unsqueeze(-1)
        recent, near, seasonal = _known_errors(inputs)
        recent = recent.unsqueeze(1).expand(rows, steps, self.history, 2)
        near = near.unsqueeze(1).expand(rows, steps, self.history)
        seasonal = seasonal.transpose(1, 2)
        now = inputs["profile_now"].unsqueeze(1).expand(rows, steps).unsqueeze(-1)
        parts = [recent[..., 0], recent[..., 1] * scale, near, seasonal[..., 0], seasonal[..., 1] * scale]
        parts += [scale, now, inputs["calendar"] * scale]
        if self.names:
            latest, ahead = self._covariates(inputs)
            parts += [ahead * scale, latest.flatten(1).unsqueeze(1) * scale]
        return torch.cat(parts, dim=-1)

    def forward(self, inputs: Inputs) -> Tensor:
        """The median, (entity, step), in the unit measured.

        Equal to ``profile + design . weight``, factored so that the design is never held in memory.
        """
        own, city, around, own_lag, city_lag, level, now, flags, *weather = torch.split(self.weight, self.sizes, dim=1)
        recent, near, seasonal = _known_errors(inputs)
        share = recent[..., 1] @ city.T + (seasonal[..., 1] * city_lag.T).sum(1) + level.T
        share = share + (inputs["calendar"] * flags).sum(-1)
        if self.names:
            latest, ahead = self._covariates(inputs)
            share = share + (ahead * weather[0]).sum(-1) + latest.flatten(1) @ weather[1].T
        error = recent[..., 0] @ own.T + near @ around.T + (seasonal[..., 0] * own_lag.T).sum(1)
        return inputs["profile"] * (1 + share) + error + inputs["profile_now"].unsqueeze(1) * now.T

    def _covariates(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Departures of the newest intervals (entity, recent, name) and the targets (entity, step, name), bounded."""
        known = torch.maximum(torch.minimum(known_covariates(inputs), self.reach), -self.reach)
        return known[:, :RECENT], known[:, RECENT:]


def known_covariates(inputs: Inputs) -> Tensor:
    """(entity, recent + step, name), what is unknown being as usual."""
    return torch.where(inputs["covariate_mask"], inputs["covariate"], 0.0)


def _known_errors(inputs: Inputs) -> tuple[Tensor, Tensor, Tensor]:
    recent = torch.where(inputs["recent_mask"], inputs["recent_error"], 0.0)
    near = torch.where(inputs["neighbour_mask"], inputs["neighbour_error"], 0.0)
    seasonal = torch.where(inputs["seasonal_mask"], inputs["seasonal_error"], 0.0)
    return recent, near, seasonal


def quantiles(median: Tensor, width: Tensor) -> Tensor:
    """Quantiles that rise and are never negative.

    Args:
        median: (entity, step), in the unit measured.
        width: (entity, step, outer quantile), distances from the median, outermost first and last.

    Returns:
        (entity, step, quantile), the median in the middle.
    """
    half = width.shape[-1] // 2
    below, above = [median], [median]
    for at in range(half):
        below.append(torch.minimum(below[-1], median - width[..., half - 1 - at]))
        above.append(torch.maximum(above[-1], median + width[..., half + at]))
    return torch.stack([*reversed(below), *above[1:]], dim=-1).clamp(min=0.0)
