"""The linear model: an adaptive profile, corrected by a pooled linear function of recent errors."""

import torch
from torch import Tensor, nn

from features.calendar import CALENDAR_FLAGS
from features.traffic.config import TrafficConfig


class LinearCorrection(nn.Module):
    """Profile plus ``weight . recent errors``, one weight vector a step, shared by every entity.

    The same city-wide error means more vehicles on a larger road, so the city's part and the calendar's are
    multiplied by the profile. Inputs are in the unit measured; nothing is scaled outside.

    Attributes:
        weight: (step, feature), in the order of ``design``.
    """

    def __init__(self, config: TrafficConfig) -> None:
        super().__init__()
        self.history = config.history_steps
        self.lags = len(config.seasonal_lags_days)
        width = 2 * self.history + 2 * self.lags + 2 + len(CALENDAR_FLAGS)
        self.weight = nn.Parameter(torch.zeros(config.horizon_steps, width), requires_grad=False)

    def design(
        self,
        profile: Tensor,
        profile_now: Tensor,
        recent_error: Tensor,
        recent_mask: Tensor,
        seasonal_error: Tensor,
        seasonal_mask: Tensor,
        calendar: Tensor,
    ) -> Tensor:
        """The regressors, (entity, step, feature); a missing error counts as no error."""
        rows, steps = profile.shape
        scale = profile.unsqueeze(-1)
        recent = torch.where(recent_mask, recent_error, 0.0).unsqueeze(1).expand(rows, steps, self.history, 2)
        seasonal = torch.where(seasonal_mask, seasonal_error, 0.0).transpose(1, 2)
        now = profile_now.unsqueeze(1).expand(rows, steps).unsqueeze(-1)
        parts = (recent[..., 0], recent[..., 1] * scale, seasonal[..., 0], seasonal[..., 1] * scale)
        return torch.cat((*parts, scale, now, calendar * scale), dim=-1)

    def forward(
        self,
        profile: Tensor,
        profile_now: Tensor,
        recent_error: Tensor,
        recent_mask: Tensor,
        seasonal_error: Tensor,
        seasonal_mask: Tensor,
        calendar: Tensor,
        spread: Tensor,
    ) -> Tensor:
        """Quantiles (entity, step, 3) that never cross and are never negative.

        Equal to ``profile + design . weight``, factored so that the design is never held in memory.

        Args:
            profile: (entity, step), expected level at each target.
            profile_now: (entity,), expected level of the last interval measured.
            recent_error: (entity, lag, 2), own residual and the city's relative error, latest first.
            recent_mask: the same shape, true where measured.
            seasonal_error: (entity, day, step, 2), the same at the target's time of day, days ago.
            seasonal_mask: the same shape, true where measured.
            calendar: (entity, step, flag).
            spread: (entity, step, 2), distance of q10 and q90 from the median.
        """
        sizes = [self.history, self.history, self.lags, self.lags, 1, 1, len(CALENDAR_FLAGS)]
        own, city, own_lag, city_lag, level, now, flags = torch.split(self.weight, sizes, dim=1)
        recent = torch.where(recent_mask, recent_error, 0.0)
        seasonal = torch.where(seasonal_mask, seasonal_error, 0.0)
        share = recent[..., 1] @ city.T + (seasonal[..., 1] * city_lag.T).sum(1) + level.T + (calendar * flags).sum(-1)
        error = recent[..., 0] @ own.T + (seasonal[..., 0] * own_lag.T).sum(1) + profile_now.unsqueeze(1) * now.T
        median = profile * (1 + share) + error
        widths = spread.clamp(min=0.0)
        quantiles = torch.stack((median - widths[..., 0], median, median + widths[..., 1]), dim=-1)
        return quantiles.clamp(min=0.0)
