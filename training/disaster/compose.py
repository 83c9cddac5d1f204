"""One ONNX graph of a hazard's model: the linear core, the trees, and the odds that are read off both."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import Tensor, nn

from features.disaster import schema
from features.disaster.config import DisasterConfig
from training.disaster.fit import Fitted
from training.disaster.model import Core, Odds, targets_of
from training.export import Graph, declare_unused, write_graph
from training.joined import handed_on, join, tree_part

_ROWS = "tree_rows"
_PASSED = ("now", "value")


def export(fitted: Fitted, config: DisasterConfig, unit: str, path: Path) -> "ByParts":
    """Write the graph of ``fitted`` with the names and axes of ``features.disaster.schema``.

    Returns:
        The native model that the graph must equal.
    """
    inputs, outputs = schema.inputs(config, unit), schema.outputs(config, unit)
    names = [spec.name for spec in inputs]
    count = targets_of(config).count
    handed = ["change", "scale", *(f"{name}_passed" for name in _PASSED), "known"]
    grown = [at for at, share in enumerate(fitted.shares.tolist()) if share]
    answers = [f"answer_{at}" for at in grown]
    write_graph(_Before(fitted.core, names), inputs, [*handed, _ROWS], path)
    before, native = onnx.load(path), Graph(path)
    after = _After(fitted.odds, fitted.shares, grown)
    groups = len(targets_of(config).groups)
    shapes: list[tuple[int | str, ...]] = [("entity", count), ("entity", count), ("entity",), ("entity", groups)]
    shapes.append(("entity",))
    specs = [handed_on(name, shape) for name, shape in zip(handed, shapes, strict=True)]
    specs += [handed_on(name, ("entity", 1)) for name in answers]
    write_graph(after, specs, [spec.name for spec in outputs], path)
    parts = [
        tree_part(fitted.boosters[at], f"tree_{at}", _ROWS, answer, 1)
        for at, answer in zip(grown, answers, strict=True)
    ]
    join(before, parts, onnx.load(path), "disaster", path)
    declare_unused(path, inputs)
    return ByParts(native, fitted, grown, after)


class _Before(nn.Module):
    """Everything up to the trees."""

    def __init__(self, core: Core, names: list[str]) -> None:
        super().__init__()
        self.core, self.names = core, names

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        inputs = dict(zip(self.names, tensors, strict=True))
        # A copy, because a graph's input cannot be its output.
        passed = [inputs[name] + 0.0 for name in _PASSED]
        known = inputs["now_mask"].to(passed[0].dtype)
        return (*self.core(inputs), *passed, known, self.core.design.tree_rows(inputs))


class _After(nn.Module):
    """The trees' answers join the expected changes, and the odds are read off."""

    def __init__(self, odds: Odds, shares: npt.NDArray[np.float32], grown: list[int]) -> None:
        super().__init__()
        self.odds = odds
        where = torch.zeros(len(grown), len(shares))
        for row, at in enumerate(grown):
            where[row, at] = float(shares[at])
        self.register_buffer("where", where)

    where: Tensor

    def forward(
        self, change: Tensor, scale: Tensor, now: Tensor, value: Tensor, known: Tensor, *answers: Tensor
    ) -> tuple[Tensor, ...]:
        if answers:
            change = change + torch.cat(answers, dim=1) @ self.where
        # A dead gauge is never calm: nothing is said of a place without a reading of its own.
        there = known.reshape(-1, 1, 1) > 0.5
        return tuple(torch.where(there, each, torch.nan) for each in self.odds(now, value, change, scale))


class ByParts:
    """The native model on the very rows that the graph makes: trees jump where two computed rows differ by a bit."""

    def __init__(self, before: Graph, fitted: Fitted, grown: list[int], after: _After) -> None:
        self._before, self._boosters, self._after = before, [fitted.boosters[at] for at in grown], after

    def outputs(self, inputs: Mapping[str, npt.NDArray[np.generic]]) -> list[npt.NDArray[np.float32]]:
        """All outputs of a table's inputs, in the order of the schema."""
        *handed, rows = self._before.outputs(inputs)
        answers = [
            torch.from_numpy(np.asarray(booster.predict(rows, num_threads=1), dtype=np.float32)).unsqueeze(1)
            for booster in self._boosters
        ]
        with torch.inference_mode():
            found = self._after(*(torch.from_numpy(array) for array in handed), *answers)
        return [each.numpy() for each in found]
