"""Graphs that answer each row by itself are run in blocks of rows that a processor's caches hold."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from features.manifest import Manifest
from serving.graph import REFUSALS
from serving.tensors import Array

# What the forecasts' graph holds of so many rows at a time fits the caches; 5,000 rows before and after:
# experiments/traffic/2026-11-24-best-forecasts/RESULT.md.
_MOST_ROWS = 1024


def by_rows(manifest: Manifest, session: Any, rows: Mapping[str, Array]) -> bool:
    """Whether a graph answers each row by itself, as seen on some.

    Args:
        manifest: of the graph.
        session: onnxruntime's.
        rows: inputs that it takes; of fewer than two nothing is seen, and the answer is no, as it is for a graph that
            takes no other number of rows.
    """
    count = len(next(iter(rows.values())))
    if not _one_axis(manifest) or count < 2 or any(len(array) != count for array in rows.values()):
        return False
    names = [spec.name for spec in manifest.outputs]
    whole = session.run(names, dict(rows))
    try:
        parts = _in_blocks(session, names, rows, count, (count + 1) // 2)
    except REFUSALS:
        return False
    tolerance = manifest.self_test.tolerance
    return all(_same(one, other, tolerance) for one, other in zip(whole, parts, strict=True))


def run(session: Any, names: Sequence[str], inputs: Mapping[str, Array], *, apart: bool) -> list[Array]:
    """What a graph answers.

    Args:
        session: onnxruntime's.
        names: of the outputs.
        inputs: by name.
        apart: each row is answered by itself (``by_rows``).
    """
    count = len(next(iter(inputs.values()))) if apart else 0
    if count <= _MOST_ROWS:
        answers: list[Array] = session.run(names, inputs)
        return answers
    blocks = -(-count // _MOST_ROWS)
    return _in_blocks(session, names, inputs, count, -(-count // blocks))


def _in_blocks(session: Any, names: Sequence[str], inputs: Mapping[str, Array], count: int, size: int) -> list[Array]:
    parts = [
        session.run(names, {name: array[at : at + size] for name, array in inputs.items()})
        for at in range(0, count, size)
    ]
    return [np.concatenate(one) for one in zip(*parts, strict=True)]


def _one_axis(manifest: Manifest) -> bool:
    """Whether every tensor has rows, the same ones, and no other axis whose length callers choose."""
    shapes = [spec.shape for side in (manifest.inputs, manifest.outputs) for spec in side]
    named = {axis for shape in shapes for axis in shape if isinstance(axis, str)}
    return len(named) == 1 and all(shape and isinstance(shape[0], str) for shape in shapes)


def _same(one: Array, other: Array, tolerance: float) -> bool:
    if one.shape != other.shape:
        return False
    if one.dtype.kind != "f":
        return bool((one == other).all())
    size = float(np.max(np.abs(one), initial=0.0, where=np.isfinite(one)))
    return bool(np.allclose(one, other, rtol=0, atol=tolerance * size, equal_nan=True))
