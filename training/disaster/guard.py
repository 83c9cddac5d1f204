"""What keeps a hazard's model from answering what it should not: its limits, its fallback graph and its self-test."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from features.disaster import schema
from features.disaster.config import QUANTILES, DisasterConfig
from features.disaster.criteria import groups
from features.limits import MASK_ENDING, Deciles, Limits
from features.manifest import TensorSpec
from features.self_test import TOLERANCE, SelfTest, record
from training.export import Graph, write_graph
from training.limits import deciles_of, limits_of

Inputs = Mapping[str, npt.NDArray[np.generic]]

# A flood may be several times as high above what was usual as any in training: the core reaches there, and a fallback
# that knows the calendar alone would call it calm. Only what no gauge can have measured is not answered.
_FURTHER_SPANS = 5.0
_HELD_OUT_ROWS = 4
_TAKEN = ("now", "now_mask", "value", "usual", "usual_within")


def limits(tables: Sequence[Inputs], config: DisasterConfig, unit: str) -> Limits:
    """The limits of the rows of training, each range five times as far again on both sides.

    Args:
        tables: model inputs by name, rows first.
        config: of the hazard.
        unit: of the quantity.
    """

    def margin(spec: TensorSpec, channel: int, span: float) -> float:
        return _FURTHER_SPANS * max(span, 1.0)

    return limits_of(tables, schema.inputs(config, unit), margin, apart=("feature", "calendar"))


def deciles(tables: Sequence[Inputs], config: DisasterConfig, unit: str) -> tuple[Deciles, ...]:
    """How the values of the rows of training were spread, for the manifest.

    Args:
        tables: model inputs by name, rows first.
        config: of the hazard.
        unit: of the quantity.
    """
    return deciles_of(tables, schema.inputs(config, unit), apart=("feature", "calendar"))


def export_fallback(config: DisasterConfig, unit: str, path: Path) -> None:
    """Write the baseline as a graph: what is now stays, and else it is as usual at that time of year and day.

    Args:
        config: of the hazard.
        unit: of the quantity.
        path: of the file to write; its graph gives what the model gives.
    """
    inputs = [spec for spec in schema.inputs(config, unit) if spec.name in _TAKEN]
    write_graph(_Persistence(config), inputs, [spec.name for spec in schema.outputs(config, unit)], path)


class _Persistence(nn.Module):
    def __init__(self, config: DisasterConfig) -> None:
        super().__init__()
        self.groups, self.steps = groups(config.hazard), len(config.horizons_steps)

    def forward(
        self, now: Tensor, now_mask: Tensor, value: Tensor, usual: Tensor, usual_within: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        # Nothing can be said of a quantity that nobody measured: a dead gauge is never calm.
        known = torch.where(now_mask, now, torch.nan)
        level = known.reshape(-1, 1, 1).expand(-1, self.steps, len(QUANTILES)) + 0.0
        met: dict[int, Tensor] = {}
        for number, group in enumerate(self.groups):
            for at, threshold in zip(group.levels, group.thresholds, strict=True):
                reached = value[:, number] >= threshold if group.rises else value[:, number] <= threshold
                met[at] = reached.to(now.dtype)
        # Added and taken away again: unknown where nothing was measured.
        unknown = (known - known).reshape(-1, 1, 1)
        persists = torch.stack([met[at] for at in sorted(met)], dim=1).unsqueeze(2) + unknown
        then = torch.maximum(persists, usual)
        ever = torch.maximum(torch.maximum(persists, usual_within), then)
        rising = [ever[..., 0]]
        for at in range(1, self.steps):
            rising.append(torch.maximum(rising[-1], ever[..., at]))
        return level, torch.stack(rising, dim=-1), then


def parity_rows(held_out: Inputs, config: DisasterConfig, seed: int) -> dict[str, Inputs]:
    """Rows on which a graph must equal its native model.

    Args:
        held_out: rows of the test part.
        config: of the hazard.
        seed: of the rows that nothing measured.

    Returns:
        The rows, the same with nothing measured, rows of any numbers, and rows on the thresholds, each by its kind.
    """
    chance = np.random.default_rng(seed)
    missing = {name: np.zeros_like(array) if name.endswith(MASK_ENDING) else array for name, array in held_out.items()}
    unseen = {name: _random_like(array, chance) for name, array in held_out.items()}
    thresholds = [threshold for group in groups(config.hazard) for threshold in group.thresholds]
    on = {name: np.repeat(array[:1], len(thresholds), axis=0) for name, array in held_out.items()}
    on["now"] = np.array(thresholds, dtype=np.float32)
    on["value"] = np.repeat(on["now"][:, None], on["value"].shape[1], axis=1)
    return {"held out": held_out, "with missing values": missing, "unseen": unseen, "on the thresholds": on}


def self_test_rows(held_out: Inputs) -> dict[str, npt.NDArray[np.generic]]:
    """A few held-out rows of which something is known, the first again with nothing measured, and beyond any level.

    Args:
        held_out: model inputs by name, rows first.

    Returns:
        The same inputs, at most six rows.
    """
    known = np.flatnonzero(held_out["now_mask"])
    chosen = known[np.unique(np.linspace(0, len(known) - 1, _HELD_OUT_ROWS).round().astype(int))]
    rows = {name: array[[*chosen, chosen[0], chosen[0]]] for name, array in held_out.items()}
    for name, array in rows.items():
        if name.endswith(MASK_ENDING):
            array[len(chosen)] = False
    rows["value"][-1] *= 10
    return rows


def self_test(rows: Inputs, graph: Graph, fallback: Graph, config: DisasterConfig, unit: str) -> SelfTest:
    """What the exported graphs answer to ``rows``, for the manifest."""
    names = [spec.name for spec in schema.outputs(config, unit)]
    first, second = (record(dict(zip(names, one.outputs(rows), strict=True))) for one in (graph, fallback))
    return SelfTest(tolerance=TOLERANCE, outputs=first, fallback=second)


def _random_like(array: npt.NDArray[np.generic], chance: np.random.Generator) -> npt.NDArray[np.generic]:
    if array.dtype == np.bool_:
        return chance.random(array.shape) > 0.5
    return (chance.standard_normal(array.shape) * 100).astype(np.float32)
