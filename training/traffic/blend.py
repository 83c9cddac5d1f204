"""The blend: members side by side, weighted by what they err on validation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from features.series import FloatArray
from training.traffic.model import Inputs, LinearCorrection, quantiles
from training.traffic.network import ResidualNetwork
from training.traffic.trees import Trees

_GRID = 20


class Smooth(nn.Module):
    """The members that are differentiable: a linear model and networks, weighted.

    Attributes:
        linear: the linear model.
        networks: averaged.
        linear_weight: of the linear model; its intervals are as wide as the state's.
        network_weight: of the networks together.
    """

    def __init__(
        self,
        linear: LinearCorrection,
        networks: Sequence[ResidualNetwork],
        linear_weight: float,
        network_weight: float,
    ) -> None:
        super().__init__()
        self.linear = linear
        self.networks = nn.ModuleList(networks if network_weight else ())
        self.linear_weight, self.network_weight = linear_weight, network_weight

    def forward(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Weighted medians (entity, step) and width factors (entity, step, outer), not yet divided by the weight."""
        median = self.linear(inputs) * self.linear_weight
        factor = torch.full_like(inputs["spread"], self.linear_weight)
        for network in self.networks:
            more, wider = network(inputs)
            median = median + more * (self.network_weight / len(self.networks))
            factor = factor + wider * (self.network_weight / len(self.networks))
        return median, factor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Blend:
    """A whole model: what is exported, judged and served.

    Attributes:
        smooth: linear model and networks.
        trees: boosted trees, or None.
        tree_weight: of the trees; with the others' it adds up to one.
    """

    smooth: Smooth
    trees: Trees | None
    tree_weight: float

    def __call__(self, inputs: Mapping[str, npt.NDArray[np.generic]]) -> FloatArray:
        """Quantiles (entity, step, quantile) of a table's inputs."""
        with torch.inference_mode():
            # Some are views that nobody may write to, which torch warns of.
            tensors = {name: torch.tensor(array) for name, array in inputs.items()}
            median, factor = self.smooth(tensors)
            if self.trees is not None:
                more, wider = self.trees(tensors)
                median, factor = median + more * self.tree_weight, factor + wider * self.tree_weight
            forecast: FloatArray = quantiles(median, tensors["spread"].clamp(min=0.0) * factor).numpy()
        return forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Shares of the members, and what that blend errs on validation."""

    shares: dict[str, float]
    validation_mae: float


def choose_weights(medians: Mapping[str, FloatArray], measured: FloatArray) -> Weights:
    """The shares, in twentieths, whose blend errs least.

    Args:
        medians: member to (row, step), forecasts of rows that no member was fitted on.
        measured: (row, step), NaN where missing.
    """
    names, known = list(medians), ~np.isnan(measured)
    columns = np.stack([medians[name][known] for name in names])
    target = measured[known]
    best: tuple[float, tuple[float, ...]] | None = None
    for parts in product(range(_GRID + 1), repeat=len(names)):
        if sum(parts) != _GRID:
            continue
        shares = np.array(parts, dtype=np.float32) / _GRID
        error = float(np.abs(shares @ columns - target).mean(dtype=np.float64))
        if best is None or error < best[0]:
            best = error, tuple(float(share) for share in shares)
    if best is None:
        raise ValueError("no member to weigh")
    return Weights(shares=dict(zip(names, best[1], strict=True)), validation_mae=best[0])
