"""One ONNX graph of a parking model: rows, trees, and the odds that are read off them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import Tensor, nn

from features.parking import schema
from features.parking.config import ParkingConfig
from training.export import Graph, declare_unused, write_graph
from training.joined import handed_on, join, tree_part
from training.parking.fit import Fitted
from training.parking.model import Odds, tree_rows

_PARTS = ("moved", "full")


def export(fitted: Fitted, config: ParkingConfig, unit: str, path: Path) -> "ByParts":
    """Write the graph of ``fitted`` with the names and axes of ``features.parking.schema``.

    Returns:
        The native model that the graph must equal.
    """
    inputs, outputs = schema.inputs(config, unit), schema.outputs(config, unit)
    rows = [f"rows_{group}" for group in range(len(fitted.steps))]
    before = _Before(fitted, [spec.name for spec in inputs])
    write_graph(before, inputs, ["quantiles", "width_passed", "capacity_known", *rows], path)
    first, native = onnx.load(path), Graph(path)
    steps = config.horizon_steps
    specs = [
        handed_on("quantiles", ("entity", steps, len(config.quantiles))),
        handed_on("width_passed", ("entity", len(config.quantiles) - 1, steps)),
        handed_on("capacity_known", ("entity",)),
    ]
    parts = []
    for group, (grown, some) in enumerate(zip(fitted.grown, fitted.steps, strict=True)):
        for name, booster in zip(_PARTS, grown.all(), strict=True):
            specs.append(handed_on(f"{name}_{group}", ("entity", len(some))))
            parts.append(tree_part(booster, f"tree_{specs[-1].name}", rows[group], specs[-1].name, len(some)))
    after = _After(config)
    write_graph(after, specs, [spec.name for spec in outputs], path)
    join(first, parts, onnx.load(path), "parking", path)
    declare_unused(path, inputs)
    return ByParts(native, fitted, after)


class _Before(nn.Module):
    """Everything up to the trees."""

    def __init__(self, fitted: Fitted, names: list[str]) -> None:
        super().__init__()
        self.base, self.network = fitted.base, fitted.network
        self.fitted, self.names = fitted, names

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        inputs = dict(zip(self.names, tensors, strict=True))
        capacity = torch.where(inputs["capacity_mask"], inputs["capacity"], torch.nan)
        base, quantiles = self.fitted.quantiles(inputs)
        rows = [tree_rows(inputs, base, quantiles, steps) for steps in self.fitted.steps]
        # A copy, because a graph's input cannot be its output.
        return (quantiles, inputs["width"] + 0.0, capacity, *rows)


class _After(nn.Module):
    """The trees' answers, group by group, become quantiles and odds."""

    def __init__(self, config: ParkingConfig) -> None:
        super().__init__()
        self.odds = Odds(config)

    def forward(self, quantiles: Tensor, width: Tensor, capacity: Tensor, *answers: Tensor) -> tuple[Tensor, Tensor]:
        moved, full = (torch.cat(answers[part :: len(_PARTS)], dim=1) for part in range(len(_PARTS)))
        found: tuple[Tensor, Tensor] = self.odds(quantiles, moved, full, width, capacity)
        return found


class ByParts:
    """The native model on the very rows that the graph makes: trees jump where two computed rows differ by a bit."""

    def __init__(self, before: Graph, fitted: Fitted, after: _After) -> None:
        self._before, self._fitted, self._after = before, fitted, after

    def outputs(self, inputs: Mapping[str, npt.NDArray[np.generic]]) -> list[npt.NDArray[np.float32]]:
        """All outputs of a table's inputs, in the order of the schema."""
        quantiles, width, capacity, *rows = self._before.outputs(inputs)
        answers = [
            torch.from_numpy(np.asarray(booster.predict(some, num_threads=1), dtype=np.float32)).view(-1, len(steps))
            for some, grown, steps in zip(rows, self._fitted.grown, self._fitted.steps, strict=True)
            for booster in grown.all()
        ]
        with torch.inference_mode():
            found = self._after(*(torch.from_numpy(each) for each in (quantiles, width, capacity)), *answers)
        return [each.numpy() for each in found]
