"""The linear model, and what every model of traffic gives: a median, and quantiles around it."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from features.calendar import CALENDAR_FLAGS
from features.traffic.config import TrafficConfig

Inputs = Mapping[str, Tensor]
"""The tensors of ``features.traffic.schema.inputs``, by name."""


class LinearCorrection(nn.Module):
    """The adaptive profile plus ``weight . recent errors``, one weight vector a step, shared by every entity.

    The same city-wide error means more vehicles on a larger road, so the city's part and the calendar's are
    multiplied by the profile. Inputs are in the unit measured; nothing is scaled outside.

    Attributes:
        weight: (step, feature), in the order of ``design``.
    """

    def __init__(self, config: TrafficConfig) -> None:
        super().__init__()
        self.history = config.history_steps
        self.lags = len(config.seasonal_lags_days)
        self.sizes = [self.history] * 3 + [self.lags] * 2 + [1, 1, len(CALENDAR_FLAGS)]
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
        parts = (recent[..., 0], recent[..., 1] * scale, near, seasonal[..., 0], seasonal[..., 1] * scale)
        return torch.cat((*parts, scale, now, inputs["calendar"] * scale), dim=-1)

    def forward(self, inputs: Inputs) -> Tensor:
        """The median, (entity, step), in the unit measured.

        Equal to ``profile + design . weight``, factored so that the design is never held in memory.
        """
        own, city, around, own_lag, city_lag, level, now, flags = torch.split(self.weight, self.sizes, dim=1)
        recent, near, seasonal = _known_errors(inputs)
        share = recent[..., 1] @ city.T + (seasonal[..., 1] * city_lag.T).sum(1) + level.T
        share = share + (inputs["calendar"] * flags).sum(-1)
        error = recent[..., 0] @ own.T + near @ around.T + (seasonal[..., 0] * own_lag.T).sum(1)
        return inputs["profile"] * (1 + share) + error + inputs["profile_now"].unsqueeze(1) * now.T


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
