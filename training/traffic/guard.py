"""What keeps a traffic model from answering what it should not: its limits, its fallback graph and its self-test."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from features.limits import MASK_ENDING, Deciles, Limits
from features.manifest import TensorSpec
from features.self_test import TOLERANCE, SelfTest, record
from features.series import Panel
from features.traffic import schema
from features.traffic.build import build
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState
from training.export import Graph, write_graph
from training.limits import deciles_of, limits_of
from training.traffic.known import Past
from training.traffic.model import quantiles

Inputs = Mapping[str, npt.NDArray[np.generic]]

# The second channel is the city's error as a share of its profile: a feast at night, when the profile is small, is a
# few times the usual.
_SHARES = ("recent_error", "seasonal_error")
_BURST_SHARE = 4.0
# Usual errors, at every place at once: a snowed-in morning.
_BURST_ERRORS = 10.0
# The rain of a century is a few times that of a year.
_BURST_SPANS = 3.0
_ANYWHERE = 1e30
_HELD_OUT_ROWS = 4


def limits(tables: Sequence[Inputs], config: TrafficConfig, unit: str) -> Limits:
    """The limits of the rows of training, which a burst of errors or a storm alone does not break.

    Every range is as wide again on both sides. Whatever is in the unit measured may be further off by the largest
    level of the city's profile, so that a road may stand still that never did; the city's error may be four times
    its profile; a covariate may go three times as far, and anywhere where it never varied: no member looks at it then.

    Args:
        tables: model inputs by name, rows first.
        config: of the features.
        unit: of what is measured.
    """
    largest = float(np.nanmax([np.nanmax(inputs["peak_level"]) for inputs in tables]))
    places = len(np.unique(np.concatenate([inputs["entity_code"] for inputs in tables])))

    def margin(spec: TensorSpec, channel: int, span: float) -> float:
        if spec.name == "covariate":
            return _BURST_SPANS * span if span else _ANYWHERE
        if spec.name in _SHARES and channel == 1:
            return max(span, _BURST_SHARE)
        if spec.name == "factor_error":
            return max(span, _BURST_ERRORS * math.sqrt(places))
        return max(span, largest if spec.unit == unit else 1.0)

    return limits_of(tables, schema.inputs(config, unit), margin)


def deciles(tables: Sequence[Inputs], config: TrafficConfig, unit: str) -> tuple[Deciles, ...]:
    """How the values of the rows of training were spread, for the manifest.

    Args:
        tables: model inputs by name, rows first.
        config: of the features.
        unit: of what is measured.
    """
    return deciles_of(tables, schema.inputs(config, unit))


def export_fallback(config: TrafficConfig, unit: str, path: Path) -> None:
    """Write the seasonal baseline as a graph: the adaptive profile, with the spread that the state keeps.

    Args:
        config: of the features.
        unit: of what is measured.
        path: of the file to write; its graph gives what the model gives.
    """
    inputs = [spec for spec in schema.inputs(config, unit) if spec.name in ("profile", "spread")]
    write_graph(_Profile(), inputs, [spec.name for spec in schema.outputs(config, unit)], path)


class _Profile(nn.Module):
    def forward(self, profile: Tensor, spread: Tensor) -> Tensor:
        return quantiles(profile, spread.clamp(min=0.0))


def parity_rows(panel: Panel, state: TrafficState, config: TrafficConfig, row: int, seed: int) -> dict[str, Inputs]:
    """Rows on which a graph must equal its native model.

    Args:
        panel: columns as in the state.
        state: as of a time not after ``row``.
        config: of the features.
        row: of the panel, in the test interval.
        seed: of the rows of no entity.

    Returns:
        Rows as of ``row``, the same with nothing measured, and rows of no entity at all, each by its kind.
    """
    chance = np.random.default_rng(seed)
    moved = Past.of(panel, config).advanced(state, row)
    held_out = build(None, moved, config, [panel.time(row)]).inputs
    missing = {name: np.zeros_like(array) if name.endswith(MASK_ENDING) else array for name, array in held_out.items()}
    unseen = {name: _random_like(array, chance) for name, array in held_out.items()}
    return {"held out": held_out, "with missing values": missing, "unseen": unseen}


def self_test_rows(held_out: Inputs) -> dict[str, npt.NDArray[np.generic]]:
    """A few held-out rows that have a profile, the first with everything missing, and as an entity never seen.

    Args:
        held_out: model inputs by name, rows first.

    Returns:
        The same inputs, at most six rows.
    """
    known = np.flatnonzero(~np.isnan(held_out["profile"]).any(axis=1))
    # From all over the city, the first and last place among them.
    chosen = known[np.unique(np.linspace(0, len(known) - 1, _HELD_OUT_ROWS).round().astype(int))]
    rows = {name: array[[*chosen, chosen[0], chosen[0]]] for name, array in held_out.items()}
    missing, unseen = len(chosen), len(chosen) + 1
    for name, array in rows.items():
        if name.endswith(MASK_ENDING):
            array[missing] = False
    rows["entity_code"][unseen] = -1
    return rows


def self_test(rows: Inputs, graph: Graph, fallback: Graph, config: TrafficConfig, unit: str) -> SelfTest:
    """What the exported graphs answer to ``rows``, for the manifest."""
    names = [spec.name for spec in schema.outputs(config, unit)]
    first, second = (record(dict(zip(names, one.outputs(rows), strict=True))) for one in (graph, fallback))
    return SelfTest(tolerance=TOLERANCE, outputs=first, fallback=second)


def _random_like(array: npt.NDArray[np.generic], chance: np.random.Generator) -> npt.NDArray[np.generic]:
    if array.dtype == np.bool_:
        return chance.random(array.shape) > 0.5
    if array.dtype == np.int64:
        # Codes of nobody among those of somebody.
        return chance.integers(-1, array.max(initial=0) + 2, array.shape)
    return np.abs(chance.standard_normal(array.shape) * 1000).astype(np.float32)
