"""One ONNX graph of a blend: the smooth members, the trees, and the sum that gives quantiles."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import Tensor, nn

from features.manifest import TensorSpec
from features.traffic import schema
from features.traffic.config import TrafficConfig
from training.export import Graph, Native, declare_unused, write_graph
from training.joined import handed_on, join, tree_part
from training.traffic.blend import Blend, Smooth
from training.traffic.model import quantiles
from training.traffic.trees import Trees, assembled

# What the last part takes beside the trees' answers.
_PASSED = ("profile", "usual_error", "spread")


def export_blend(blend: Blend, config: TrafficConfig, unit: str, path: Path) -> Native:
    """Write the graph of ``blend`` with the names and axes of ``features.traffic.schema``.

    Returns:
        The native model that the graph must equal.
    """
    inputs, (output,) = schema.inputs(config, unit), schema.outputs(config, unit)
    native: Native = blend
    if blend.trees is None:
        write_graph(_Whole(blend.smooth, [spec.name for spec in inputs]), inputs, [output.name], path)
    else:
        native = ByParts(_with_trees(blend, blend.trees, inputs, output, config, path), blend, blend.trees)
    declare_unused(path, inputs)
    return native


class _Whole(nn.Module):
    """A blend without trees, its inputs in order."""

    def __init__(self, smooth: Smooth, names: list[str]) -> None:
        super().__init__()
        self.smooth, self.names = smooth, names

    def forward(self, *tensors: Tensor) -> Tensor:
        inputs = dict(zip(self.names, tensors, strict=True))
        median, factor = self.smooth(inputs)
        return quantiles(median, inputs["spread"].clamp(min=0.0) * factor)


class _Before(nn.Module):
    """Everything up to the trees: the smooth members' sum, and the rows that trees split on."""

    def __init__(self, smooth: Smooth, trees: Trees, names: list[str]) -> None:
        super().__init__()
        self.smooth, self.features, self.steps, self.names = smooth, trees.features, trees.steps, names

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        inputs = dict(zip(self.names, tensors, strict=True))
        # A copy, because a graph's input cannot be its output.
        passed = [inputs[name] + 0.0 for name in _PASSED]
        return (*self.smooth(inputs), *passed, *(self.features(inputs, steps) for steps in self.steps))


class _After(nn.Module):
    """The trees' answers join the sum."""

    def __init__(self, blend: Blend, trees: Trees) -> None:
        super().__init__()
        self.weight, self.steps, self.each = blend.tree_weight, trees.steps, len(trees.boosters[0])
        self.units = trees.units

    def forward(self, median: Tensor, factor: Tensor, *rest: Tensor) -> Tensor:
        inputs = dict(zip(_PASSED, rest, strict=False))
        answers = rest[len(_PASSED) :]
        found = [list(answers[at : at + self.each]) for at in range(0, len(answers), self.each)]
        more, wider = assembled(inputs, found, self.steps, self.units)
        return quantiles(median + more * self.weight, inputs["spread"].clamp(min=0.0) * (factor + wider * self.weight))


class ByParts:
    """The native model on the very rows that the graph makes: trees jump where two computed rows differ by a bit.

    The smooth part is the exported graph's own, whose parity is checked by itself; trees are LightGBM's and the sum
    is torch's.
    """

    def __init__(self, before: Graph, blend: Blend, trees: Trees) -> None:
        self._before, self._trees, self._after = before, trees, _After(blend, trees)

    def __call__(self, inputs: Mapping[str, npt.NDArray[np.generic]]) -> npt.NDArray[np.float32]:
        """Quantiles (entity, step, quantile) of a table's inputs."""
        outputs = self._before.outputs(inputs)
        handed = [torch.from_numpy(array) for array in outputs[: -len(self._trees.steps)]]
        rows = outputs[-len(self._trees.steps) :]
        answers = [
            torch.from_numpy(np.asarray(booster.predict(some, num_threads=1), dtype=np.float32))
            for some, boosters in zip(rows, self._trees.boosters, strict=True)
            for booster in boosters
        ]
        with torch.inference_mode():
            forecast: npt.NDArray[np.float32] = self._after(*handed, *answers).numpy()
        return forecast


def _with_trees(
    blend: Blend, trees: Trees, inputs: Sequence[TensorSpec], output: TensorSpec, config: TrafficConfig, path: Path
) -> Graph:
    """Write the whole graph; returns its part up to the trees."""
    handed = ["median", "factor", *(f"{name}_passed" for name in _PASSED)]
    rows = [f"rows_{group}" for group in range(len(trees.steps))]
    write_graph(_Before(blend.smooth, trees, [spec.name for spec in inputs]), inputs, [*handed, *rows], path)
    before, native = onnx.load(path), Graph(path)
    answers, parts = _tree_parts(trees, rows)
    write_graph(_After(blend, trees), _after_specs(trees, config, [*handed, *answers]), [output.name], path)
    join(before, parts, onnx.load(path), "traffic", path)
    return native


def _tree_parts(trees: Trees, rows: list[str]) -> tuple[list[str], list[onnx.GraphProto]]:
    """Names of the answers, (entity, step of the group) each, and a graph for each booster and its group's rows."""
    answers, parts = [], []
    for group, boosters in enumerate(trees.boosters):
        for tree, booster in enumerate(boosters):
            answer = f"answer_{group}_{tree}"
            name, width = f"tree_{group}_{tree}", len(trees.steps[group])
            parts.append(tree_part(booster, name, rows[group], answer, width))
            answers.append(answer)
    return answers, parts


def _after_specs(trees: Trees, config: TrafficConfig, names: list[str]) -> list[TensorSpec]:
    """What the last part takes."""
    steps, outer = config.horizon_steps, len(config.quantiles) - 1
    shapes: list[tuple[int, ...]] = [(steps,), (steps, outer), (steps,), (steps,), (steps, outer)]
    specs = [handed_on(name, ("entity", *shape)) for name, shape in zip(names, shapes, strict=False)]
    answers = iter(names[len(shapes) :])
    for some in trees.steps:
        specs += [handed_on(next(answers), ("entity", len(some))) for _ in range(outer + 1)]
    return specs
