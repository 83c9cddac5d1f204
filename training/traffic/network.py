"""The network: one small residual MLP for every entity, which learns what the adaptive profile leaves over."""

import torch
from torch import Tensor, nn

from features.calendar import CALENDAR_FLAGS, DAY_TYPES
from features.covariate_ring import RECENT
from features.traffic.around import SMALLEST_ERROR
from features.traffic.config import TrafficConfig
from training.traffic.model import Inputs, known_covariates
from training.traffic.recipe import Recipe

# In typical errors: what lies beyond is a fault or a closure, of which nothing can be learned linearly.
_LARGEST_INPUT = 8.0
# Likewise in peaks of the profile, of which a road has one on its fullest days.
_LARGEST_SHARE = 4.0
_ENTITY_WIDTH, _SLOT_WIDTH, _DAY_WIDTH = 8, 8, 4
# Most of what an entity's own code could learn is chance: half of it is left out at every step of training.
_CODE_DROPOUT = 0.5
_CITY_SCALE = 5.0


class ResidualNetwork(nn.Module):
    """Errors of the entity, its neighbours and the city, the profile's shape, and who and when, to corrections.

    After STID (Shao et al. 2022, 'Spatial-Temporal Identity'): identities of place and time of week beside the
    history, and residual MLP blocks. All errors are counted in the entity's typical error, which adapts with the
    state, so that one network serves large and small roads, and the same road after its level shifted. What is
    missing is zero and marked by its mask; nothing that comes in is larger than eight typical errors, so that no
    window, however empty or broken, can make the forecast explode.

    Attributes:
        mean: (feature,), of the training rows.
        deviation: (feature,), likewise.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, config: TrafficConfig, recipe: Recipe, entities: int) -> None:
        super().__init__()
        self.slots, self.steps, self.entities = config.steps_per_day, config.horizon_steps, entities
        self.outer = len(config.quantiles) - 1
        width = recipe.network_width
        # Covariates come in units of their own: they are bounded once they are centred.
        self.errors = _feature_count(config)
        self.names = len(config.covariates)
        features = self.errors + (RECENT + self.steps) * self.names
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))
        self.thin = nn.Dropout(recipe.network_dropout / 2)
        self.enter = nn.Linear(features, width)
        # The last code is of an entity that training never saw: it stays zero.
        self.entity = nn.Embedding(entities + 1, _ENTITY_WIDTH, padding_idx=entities)
        self.slot = nn.Embedding(self.slots, _SLOT_WIDTH)
        self.day = nn.Embedding(len(DAY_TYPES), _DAY_WIDTH)
        self.code_dropout = nn.Dropout(_CODE_DROPOUT)
        self.mix = nn.Linear(width + _ENTITY_WIDTH + _SLOT_WIDTH + _DAY_WIDTH, width)
        self.blocks = nn.ModuleList(_Block(width, recipe.network_dropout) for _ in range(recipe.network_blocks))
        self.correct = nn.Linear(width, self.steps)
        self.widen = nn.Linear(width, self.steps * self.outer)
        for head in (self.correct, self.widen):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)

    def features(self, inputs: Inputs) -> Tensor:
        """(entity, feature), before they are centred."""
        typical = inputs["typical_error"].clamp(min=SMALLEST_ERROR).unsqueeze(1)
        peak = inputs["peak_level"].clamp(min=SMALLEST_ERROR).unsqueeze(1)
        recent = torch.where(inputs["recent_mask"], inputs["recent_error"], 0.0)
        seasonal = torch.where(inputs["seasonal_mask"], inputs["seasonal_error"], 0.0)
        near = torch.where(inputs["neighbour_mask"], inputs["neighbour_error"], 0.0)
        parts = (
            recent[..., 0] / typical,
            recent[..., 1] * _CITY_SCALE,
            inputs["recent_mask"][..., 0].float(),
            near / typical,
            inputs["neighbour_mask"].float(),
            inputs["factor_error"].flatten(1),
            (seasonal[..., 0] / typical.unsqueeze(1)).flatten(1),
            (seasonal[..., 1] * _CITY_SCALE).flatten(1),
            inputs["profile"].clamp(min=0.0).log1p() - typical.log1p(),
            inputs["profile_now"].clamp(min=0.0).unsqueeze(1).log1p() - typical.log1p(),
            (inputs["usual_error"] / typical).clamp(min=0.0).log1p(),
            ((inputs["profile_now"] + recent[:, 0, 0]).unsqueeze(1) / peak).clamp(-_LARGEST_SHARE, _LARGEST_SHARE),
            (inputs["profile"] / peak).clamp(-_LARGEST_SHARE, _LARGEST_SHARE),
            inputs["calendar"].flatten(1),
        )
        found = torch.cat(parts, dim=1).clamp(-_LARGEST_INPUT, _LARGEST_INPUT)
        return torch.cat((found, known_covariates(inputs).flatten(1)), dim=1) if self.names else found

    def forward(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """The median (entity, step) in the unit measured, and factors of the widths (entity, step, outer)."""
        return self.answer(self.features(inputs), inputs)

    def answer(self, features: Tensor, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """The same, from features that were made before: training passes over them many times."""
        centred = (features - self.mean) / self.deviation
        if self.names:
            bounded = centred[:, self.errors :].clamp(-_LARGEST_INPUT, _LARGEST_INPUT)
            centred = torch.cat((centred[:, : self.errors], bounded), dim=1)
        code = inputs["entity_code"]
        code = torch.where((code < 0) | (code >= self.entities), self.entities, code)
        slot = inputs["clock"][:, 0].clamp(0, self.slots - 1)
        day = inputs["clock"][:, 1].clamp(0, len(DAY_TYPES) - 1)
        who_when = (self.code_dropout(self.entity(code)), self.code_dropout(self.slot(slot)), self.day(day))
        hidden = self.mix(torch.relu(torch.cat((self.enter(self.thin(centred)), *who_when), dim=1)))
        for block in self.blocks:
            hidden = block(hidden)
        median = inputs["profile"] + self.correct(hidden) * inputs["typical_error"].unsqueeze(1)
        factor = self.widen(hidden).clamp(-1.5, 1.5).exp()
        return median, factor.unflatten(1, (self.steps, self.outer))


class _Block(nn.Module):
    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inner, self.outer = nn.Linear(width, width), nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor) -> Tensor:
        changed: Tensor = hidden + self.dropout(self.outer(torch.relu(self.inner(self.norm(hidden)))))
        return changed


def _feature_count(config: TrafficConfig) -> int:
    history, lags, steps = config.history_steps, len(config.seasonal_lags_days), config.horizon_steps
    of_steps = 2 * lags + 3 + len(CALENDAR_FLAGS)
    return 5 * history + config.factor_steps * config.factors + of_steps * steps + 2
