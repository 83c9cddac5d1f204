"""What keeps a parking model from answering what it should not: its limits, its fallback graph and its self-test."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from features.limits import MASK_ENDING, Deciles, Limits
from features.manifest import TensorSpec
from features.parking import schema
from features.parking.config import ParkingConfig
from features.parking.sight import SEEN
from features.self_test import TOLERANCE, SelfTest, record
from training.export import Graph, write_graph
from training.limits import deciles_of, limits_of
from training.parking.model import MOST_FREE, agreed

Inputs = Mapping[str, npt.NDArray[np.generic]]

_HELD_OUT_ROWS = 4
_APART = ("seen", "ahead", "calendar")
_TAKEN = ("profile", "profile_mask", "spread", "capacity", "capacity_mask")
# A logistic function so steep is a normal distribution to within a hundredth.
_LOGISTIC = 1.702
_LEAST_SPREAD = 0.02
_MOST_ALIKE_H = 24 * 366.0
_MOST_WIDTH = 100.0
_MOST_SPACES = 100_000.0
_NEXT_YEARS = 2.0
# The rain of a century is a few times that of a year.
_BURST_SPANS = 3.0
_ANYWHERE = 1e30


def limits(tables: Sequence[Inputs], config: ParkingConfig, unit: str) -> Limits:
    """The limits of the rows of training, each share as far again on both sides.

    A lot may be larger than any in training, and a feed may stand still for a year; a covariate may go three times as
    far, and anywhere where it never varied; the calendar has no limits.

    Args:
        tables: model inputs by name, rows first.
        config: of the features.
        unit: of the counts.
    """

    def margin(spec: TensorSpec, channel: int, span: float) -> float:
        if spec.name == "calendar":
            # Nobody sends it: a holiday or a time of year that training had none of comes to every lot at once.
            return _ANYWHERE
        if spec.name == "covariate":
            return _BURST_SPANS * span if span else _ANYWHERE
        if spec.name == "capacity":
            return _MOST_SPACES
        if spec.name == "width":
            return _MOST_WIDTH
        if spec.name == "seen" and SEEN[channel] == "readings alike":
            return _MOST_ALIKE_H
        return max(span, _NEXT_YEARS)

    return limits_of(tables, schema.inputs(config, unit), margin, apart=_APART)


def deciles(tables: Sequence[Inputs], config: ParkingConfig, unit: str) -> tuple[Deciles, ...]:
    """How the values of the rows of training were spread, for the manifest.

    Args:
        tables: model inputs by name, rows first.
        config: of the features.
        unit: of the counts.
    """
    return deciles_of(tables, schema.inputs(config, unit), apart=_APART)


def export_fallback(config: ParkingConfig, unit: str, path: Path) -> None:
    """Write the baseline as a graph: the profile, and around it a normal distribution as wide as its days differ.

    Args:
        config: of the features.
        unit: of the counts.
        path: of the file to write; its graph gives what the model gives.
    """
    inputs = [spec for spec in schema.inputs(config, unit) if spec.name in _TAKEN]
    write_graph(_Profile(config), inputs, [spec.name for spec in schema.outputs(config, unit)], path)


class _Profile(nn.Module):
    def __init__(self, config: ParkingConfig) -> None:
        super().__init__()
        self.full_share = config.full_share
        self.register_buffer("levels", torch.tensor(config.quantiles))
        self.register_buffer("away", torch.tensor([NormalDist().inv_cdf(level) for level in config.quantiles]))

    levels: Tensor
    away: Tensor

    def forward(
        self, profile: Tensor, profile_mask: Tensor, spread: Tensor, capacity: Tensor, capacity_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        usual = torch.where(profile_mask, profile, torch.nan).unsqueeze(2)
        wide = spread.clamp(min=_LEAST_SPREAD).unsqueeze(2)
        full = torch.sigmoid(_LOGISTIC * (self.full_share - usual) / wide)
        free = agreed((usual + self.away * wide).clamp(0.0, MOST_FREE), full, self.levels, self.full_share)
        spaces = torch.where(capacity_mask, capacity, torch.nan).reshape(-1, 1, 1)
        # Unknown where nothing is usual: added and taken away again, for a comparison hides what is unknown.
        return (free + (usual - usual)) * spaces, full + (spaces - spaces)


def parity_rows(held_out: Inputs, config: ParkingConfig, seed: int) -> dict[str, Inputs]:
    """Rows on which a graph must equal its native model.

    Args:
        held_out: rows of the test part.
        config: of the features.
        seed: of the rows that nobody counted.

    Returns:
        The rows, the same with nothing known, and rows of any numbers, each by its kind.
    """
    chance = np.random.default_rng(seed)
    missing = {name: np.zeros_like(array) if name.endswith(MASK_ENDING) else array for name, array in held_out.items()}
    unseen = {name: _random_like(array, chance) for name, array in held_out.items()}
    # A capacity that nobody knows gives no spaces, which would compare with nothing.
    missing["capacity_mask"] = held_out["capacity_mask"]
    return {"held out": held_out, "with missing values": missing, "unseen": unseen}


def self_test_rows(held_out: Inputs) -> dict[str, npt.NDArray[np.generic]]:
    """A few held-out rows, the first again with nothing known of the lot, and as full as none was.

    Args:
        held_out: model inputs by name, rows first.

    Returns:
        The same inputs, at most six rows.
    """
    # A lot that is counted by day alone is usual at some steps only: those that know most are tested.
    usual = held_out["profile_mask"].sum(axis=1) * held_out["capacity_mask"]
    known = np.flatnonzero(usual == usual.max())
    chosen = known[np.unique(np.linspace(0, len(known) - 1, _HELD_OUT_ROWS).round().astype(int))]
    rows = {name: array[[*chosen, chosen[0], chosen[0]]] for name, array in held_out.items()}
    missing, full = len(chosen), len(chosen) + 1
    for name, array in rows.items():
        if name.endswith(MASK_ENDING):
            array[missing] = False
    for name in ("now", "profile"):
        rows[name][full] = 0
    return rows


def self_test(rows: Inputs, graph: Graph, fallback: Graph, config: ParkingConfig, unit: str) -> SelfTest:
    """What the exported graphs answer to ``rows``, for the manifest."""
    names = [spec.name for spec in schema.outputs(config, unit)]
    first, second = (record(dict(zip(names, one.outputs(rows), strict=True))) for one in (graph, fallback))
    return SelfTest(tolerance=TOLERANCE, outputs=first, fallback=second)


def _random_like(array: npt.NDArray[np.generic], chance: np.random.Generator) -> npt.NDArray[np.generic]:
    if array.dtype == np.bool_:
        return chance.random(array.shape) > 0.5
    return np.abs(chance.standard_normal(array.shape)).astype(np.float32)
