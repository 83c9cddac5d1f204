"""Boosted trees on the residual of the adaptive profile: one set for each group of steps, median and quantiles."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import lightgbm
import numpy as np
import numpy.typing as npt
import torch
from rich.progress import Progress
from torch import Tensor, nn

from features.covariate_ring import RECENT
from features.quantiles import first_widths, outer
from features.traffic.around import SMALLEST_ERROR
from features.traffic.config import TrafficConfig
from training.traffic.model import Inputs, known_covariates
from training.traffic.recipe import Recipe
from training.traffic.sample import Sample
from training.trees import grow

# Of a group: more rows bought nothing on validation.
_ROWS = 200_000
_LATEST = 8
# A spread is cheaper to learn than a median: with this part of its rows and trees.
_SPREAD_SHARE = 3
_NARROWEST, _WIDEST = 0.2, 5.0
_CITY_SCALE = 5.0


def groups(horizon_steps: int) -> list[range]:
    """Steps that share their trees: alone where steps differ much, wider the further ahead, at most eight groups.

    >>> groups(12)
    [range(0, 1), range(1, 3), range(3, 6), range(6, 12)]
    """
    width = max(6, -(-(horizon_steps - 6) // 5))
    edges = [edge for edge in (0, 1, 3, 6) if edge < horizon_steps]
    edges += range(6 + width, horizon_steps, width)
    return [range(first, last) for first, last in pairwise([*edges, horizon_steps])]


class TreeFeatures(nn.Module):
    """The rows that trees split on, all finite: what is missing is zero beside the count of what is known."""

    def __init__(self, config: TrafficConfig) -> None:
        super().__init__()
        self.latest = min(_LATEST, config.history_steps)
        self.slots = config.steps_per_day
        self.names = len(config.covariates)

    def forward(self, inputs: Inputs, steps: range) -> Tensor:
        """(entity * step, feature), entities outermost."""
        shared = self._shared(inputs).unsqueeze(1)
        each = self._each(inputs, steps)
        rows = torch.cat((shared.expand(-1, len(steps), -1), each), dim=2).flatten(0, 1)
        return rows.clamp(-1e6, 1e6)

    def _shared(self, inputs: Inputs) -> Tensor:
        """(entity, feature) of all steps alike."""
        typical = inputs["typical_error"].clamp(min=SMALLEST_ERROR).unsqueeze(1)
        peak = inputs["peak_level"].clamp(min=SMALLEST_ERROR)
        mask, near_mask = inputs["recent_mask"], inputs["neighbour_mask"]
        recent = torch.where(mask, inputs["recent_error"], 0.0)
        near = torch.where(near_mask, inputs["neighbour_error"], 0.0) / typical
        own, city = recent[..., 0] / typical, recent[..., 1] * _CITY_SCALE
        known = mask[..., 0].float()
        weather = [known_covariates(inputs)[:, :RECENT].flatten(1)] if self.names else []
        means = [_mean(own, known), _mean(city, mask[..., 1].float()), _mean(near, near_mask.float())]
        return torch.cat(
            (
                own[:, : self.latest],
                city[:, : self.latest],
                near[:, : self.latest],
                ((inputs["profile_now"] + recent[:, 0, 0]) / peak).unsqueeze(1),
                torch.stack([*means, known[:, 0], known.mean(1)], dim=1),
                inputs["factor_error"][:, 0],
                inputs["profile_now"].unsqueeze(1) / typical,
                typical.log(),
                inputs["clock"][:, 1:].float(),
                *weather,
            ),
            dim=1,
        )

    def _each(self, inputs: Inputs, steps: range) -> Tensor:
        """(entity, step, feature) of each step."""
        at = slice(steps.start, steps.stop)
        typical = inputs["typical_error"].clamp(min=SMALLEST_ERROR).unsqueeze(1)
        peak = inputs["peak_level"].clamp(min=SMALLEST_ERROR).unsqueeze(1)
        seasonal = torch.where(inputs["seasonal_mask"], inputs["seasonal_error"], 0.0)[:, :, at].transpose(1, 2)
        ahead = torch.arange(steps.start, steps.stop, device=typical.device).unsqueeze(0)
        slot = (inputs["clock"][:, :1] + ahead) % self.slots
        weather = []
        if self.names:
            reached = slice(RECENT + steps.start, RECENT + steps.stop)
            weather = [known_covariates(inputs)[:, reached], inputs["covariate_mask"][:, reached].float()]
        parts = (
            seasonal[..., 0] / typical.unsqueeze(2),
            seasonal[..., 1] * _CITY_SCALE,
            inputs["seasonal_mask"][:, :, at, 0].transpose(1, 2).float(),
            inputs["calendar"][:, at],
            (inputs["profile"][:, at] / typical).unsqueeze(2),
            (inputs["profile"][:, at] / peak).unsqueeze(2),
            (inputs["usual_error"][:, at] / typical).unsqueeze(2),
            slot.float().unsqueeze(2),
            ahead.float().expand_as(slot).unsqueeze(2),
            *weather,
        )
        return torch.cat(parts, dim=2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trees:
    """Fitted trees.

    Attributes:
        features: what they split on.
        boosters: (group, 1 + outer quantile): the median's, then the outer quantiles', in usual absolute errors.
        steps: of each group.
        units: (outer quantile,), its distance from the median, in usual absolute errors, at a width factor of one.
    """

    features: TreeFeatures
    boosters: list[list[lightgbm.Booster]]
    steps: list[range]
    units: tuple[float, ...]

    def __call__(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Median (entity, step) in the unit measured, and width factors (entity, step, outer quantile)."""
        found = []
        for boosters, steps in zip(self.boosters, self.steps, strict=True):
            with torch.inference_mode():
                rows = self.features(inputs, steps).numpy()
            found.append(
                [torch.from_numpy(np.asarray(one.predict(rows, num_threads=1), dtype=np.float32)) for one in boosters]
            )
        return assembled(inputs, found, self.steps, self.units)


def assembled(
    inputs: Inputs, found: list[list[Tensor]], steps: list[range], units: tuple[float, ...]
) -> tuple[Tensor, Tensor]:
    """The answers of all trees, (entity * step,) or (entity, step) each, as median and width factors."""
    medians, factors = [], []
    for answers, some in zip(found, steps, strict=True):
        medians.append(answers[0].view(-1, len(some)))
        factors.append(torch.stack([answer.view(-1, len(some)) for answer in answers[1:]], dim=2))
    median = inputs["profile"] + torch.cat(medians, dim=1) * inputs["usual_error"]
    half = factors[0].shape[2] // 2
    signed = torch.cat(factors, dim=1)
    widths = torch.cat((-signed[..., :half], signed[..., half:]), dim=2)
    return median, (widths / torch.tensor(units)).clamp(_NARROWEST, _WIDEST)


def fit_trees(
    sample: Sample,
    chosen: npt.NDArray[np.int64],
    config: TrafficConfig,
    recipe: Recipe,
    seed: int,
    bar: Progress,
    on_tree: Callable[[object], None],
) -> Trees:
    """Grow trees on the rows ``chosen``: least absolute error of the median, pinball loss around it.

    ``on_tree`` is called after each tree; what it raises ends the growing.

    Raises:
        BadInput: nothing was measured there.
    """
    features, steps, chance = TreeFeatures(config), groups(config.horizon_steps), np.random.default_rng(seed)
    boosters = []
    for some in bar.track(steps, description="growing trees"):
        rows, target, weight = _rows(sample, chosen, some, features, chance)
        parameters = _parameters(recipe, seed)
        median = grow(rows, target, weight, parameters | {"objective": "regression_l1"}, recipe.trees_count, on_tree)
        left = target - median.predict(rows, num_threads=1)
        part = slice(None, None, _SPREAD_SHARE)
        around = [
            grow(
                np.ascontiguousarray(rows[part]),
                left[part].copy(),
                weight[part].copy(),
                parameters | {"objective": "quantile", "alpha": level},
                max(1, recipe.trees_count // _SPREAD_SHARE),
                on_tree,
            )
            for level in outer(config.quantiles)
        ]
        boosters.append([median, *around])
    return Trees(features=features, boosters=boosters, steps=steps, units=first_widths(config.quantiles))


def _rows(
    sample: Sample,
    chosen: npt.NDArray[np.int64],
    steps: range,
    features: TreeFeatures,
    chance: np.random.Generator,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Rows, targets in usual absolute errors, and weights that make the loss one of the unit measured."""
    rows, targets, weights = [], [], []
    for step in steps:
        known = chosen[~torch.isnan(sample.measured[torch.from_numpy(chosen), step]).numpy()]
        some = np.sort(chance.choice(known, min(len(known), _ROWS // len(steps)), replace=False))
        inputs = sample.rows(some)
        usual = inputs["usual_error"][:, step].clamp(min=1e-3)
        residual = sample.measured[torch.from_numpy(some), step] - inputs["profile"][:, step]
        rows.append(features(inputs, range(step, step + 1)).numpy())
        targets.append((residual / usual).numpy())
        weights.append((usual / usual.mean()).numpy())
    return np.concatenate(rows), np.concatenate(targets), np.concatenate(weights)


def _parameters(recipe: Recipe, seed: int) -> dict[str, object]:
    return {
        "num_leaves": recipe.trees_leaves,
        "learning_rate": recipe.trees_learning_rate,
        "min_data_in_leaf": recipe.trees_min_rows,
        "feature_fraction": 0.6,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 10.0,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
    }


def _mean(values: Tensor, known: Tensor) -> Tensor:
    """The mean of what is known, zero where nothing is."""
    return (values * known).sum(1) / known.sum(1).clamp(min=1.0)
