"""Fits the network: least absolute error of the median, pinball loss of the quantiles around it."""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from rich.progress import Progress
from torch import Tensor

from features.errors import HaechiError
from features.quantiles import first_widths, outer
from features.traffic.config import TrafficConfig
from training.traffic.model import Inputs
from training.traffic.network import ResidualNetwork
from training.traffic.recipe import Recipe
from training.traffic.sample import Sample

# Not quite a fifth: torch divides by zero where the warm-up is one step of five.
_WARM_UP_SHARE = 0.2001
_LARGEST_GRADIENT = 1.0
_SMALLEST_DEVIATION = 1e-3
# A covariate may be counted in a large unit; divided by the other it is nothing.
_SMALLEST_COVARIATE, _NO_WEIGHT = 1e-6, 1e30
# Rows whose features are made at once.
_BATCH = 8192
# Beside the features: who and when, and what turns typical errors into the unit measured.
_NEEDED = ("entity_code", "clock", "profile", "typical_error", "usual_error")


def fit_network(
    sample: Sample, chosen: npt.NDArray[np.int64], config: TrafficConfig, recipe: Recipe, seed: int, bar: Progress
) -> ResidualNetwork:
    """One network on the rows ``chosen``; on a GPU, in bfloat16, where torch finds one.

    Raises:
        HaechiError: the loss is not finite any more.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(seed)
    network = ResidualNetwork(config, recipe, int(sample.inputs["entity_code"].max()) + 1)
    rows = _Rows.of(network, sample, chosen)
    _centre(network, rows.features)
    network.to(device).train()
    size = min(recipe.network_batch, len(chosen))
    batches = len(chosen) // size
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=recipe.network_learning_rate, weight_decay=recipe.network_weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        recipe.network_learning_rate,
        total_steps=recipe.network_epochs * batches,
        pct_start=_WARM_UP_SHARE,
    )
    chance = torch.Generator().manual_seed(seed)
    for epoch in bar.track(range(recipe.network_epochs), description="training the network"):
        order, total = torch.randperm(len(chosen), generator=chance), 0.0
        for first in range(0, batches * size, size):
            features, inputs, measured = rows.batch(order[first : first + size], device)
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
                median, factor = network.answer(features, inputs)
            loss = _loss(median.float(), factor.float(), inputs, measured, config)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch's own
            torch.nn.utils.clip_grad_norm_(network.parameters(), _LARGEST_GRADIENT)
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        if not np.isfinite(total):
            raise HaechiError(
                cause=f"The network diverged in epoch {epoch + 1}: its loss is not finite",
                mend="Lower network_learning_rate, e.g. --set network_learning_rate=0.0005",
            )
    return deepcopy(network).cpu().eval()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """What training passes over: features made once, and what else the loss needs."""

    features: Tensor
    inputs: dict[str, Tensor]
    measured: Tensor

    @classmethod
    def of(cls, network: ResidualNetwork, sample: Sample, chosen: npt.NDArray[np.int64]) -> "_Rows":
        with torch.inference_mode():
            parts = [network.features(sample.rows(some)) for some in sample.batches(chosen, _BATCH)]
        at = torch.from_numpy(chosen)
        return cls(
            features=torch.cat(parts).clone(),
            inputs={name: sample.inputs[name][at] for name in _NEEDED},
            measured=sample.measured[at],
        )

    def batch(self, at: Tensor, device: torch.device) -> tuple[Tensor, dict[str, Tensor], Tensor]:
        inputs = {name: tensor[at].to(device) for name, tensor in self.inputs.items()}
        return self.features[at].to(device), inputs, self.measured[at].to(device)


def _centre(network: ResidualNetwork, features: Tensor) -> None:
    """Let the network centre its features; one that never varies stays as it is."""
    deviation = features.std(dim=0, unbiased=False)
    network.mean.copy_(features.mean(dim=0))
    found = torch.where(deviation > _SMALLEST_DEVIATION, deviation, torch.ones_like(deviation))
    # But not a covariate: where training saw none ahead, weights of chance would meet the first forecast that comes.
    outside = deviation[network.errors :]
    found[network.errors :] = torch.where(outside > _SMALLEST_COVARIATE, outside, torch.full_like(outside, _NO_WEIGHT))
    network.deviation.copy_(found)


def _loss(median: Tensor, factor: Tensor, inputs: Inputs, measured: Tensor, config: TrafficConfig) -> Tensor:
    """Absolute error of the median and pinball loss of the rest, in typical errors of the whole batch."""
    known = ~torch.isnan(measured)
    measured = torch.where(known, measured, median.detach())
    error = (measured - median).abs().sum()
    half = factor.shape[2] // 2
    units = torch.tensor(first_widths(config.quantiles), device=factor.device)
    width = units * inputs["usual_error"].unsqueeze(2) * factor
    # The median is fitted by its own loss alone.
    off = (measured - median.detach()).unsqueeze(2)
    for at, level in enumerate(outer(config.quantiles)):
        over = off[..., 0] - (-width[..., at] if at < half else width[..., at])
        pinball = torch.maximum(level * over, (level - 1) * over)
        error = error + torch.where(known, pinball, 0.0).sum()
    return error / (known.sum().clamp(min=1) * inputs["typical_error"].mean())
