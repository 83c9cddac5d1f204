"""One loaded version: opened, tried on its own self-test, and asked."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from onnxruntime.capi import onnxruntime_pybind11_state as onnx_errors

from features import self_test
from features.artifact import FALLBACK, MODEL, SELF_TEST
from features.errors import ArtifactMismatch, BadInput
from features.manifest import Manifest
from serving import row_blocks
from serving.checks import check_inputs, refuse_non_finite, shape_error
from serving.graph import open_graph
from serving.limits import RowLimits, rows_without
from serving.outputs import NOT_FINITE, Outputs
from serving.tensors import Array
from serving.turns import Length


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Served:
    """One loaded version.

    Attributes:
        folder: of its artifact.
        manifest: its own.
        session: onnxruntime's, of its graph.
        fallback: that of its fallback graph, or None.
        limits: finds the rows that the fallback answers; None where the manifest has none.
        no_nan: the inputs that may hold neither NaN nor infinity.
        by_rows: whether it answers each row by itself (``serving/row_blocks.py``).
        length: of its runs.
        label: ``NAME/VERSION``.
        output_names: in the manifest's order.
    """

    folder: Path
    manifest: Manifest
    session: Any
    fallback: Any
    limits: RowLimits | None
    no_nan: tuple[str, ...]
    by_rows: bool
    length: Length = field(default_factory=Length)
    label: str = field(init=False)
    output_names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        # Asked for with every call.
        object.__setattr__(self, "label", f"{self.manifest.name}/{self.manifest.version}")
        object.__setattr__(self, "output_names", [spec.name for spec in self.manifest.outputs])


def open_served(folder: Path, manifest: Manifest, *, threads: int) -> Served:
    """Open the graphs of an artifact whose checksums hold, and try them on its self-test: then they are warm too.

    Args:
        folder: the artifact.
        manifest: its own.
        threads: that one call may use.

    Raises:
        ArtifactMismatch: a graph is not as the manifest describes it, or answers otherwise than it did in training.
    """
    session = open_graph(folder, manifest, MODEL, threads=threads)
    floats = tuple(spec.name for spec in manifest.inputs if spec.dtype.startswith("float"))
    served = Served(
        folder=folder,
        manifest=manifest,
        session=session,
        fallback=None if manifest.fallback is None else open_graph(folder, manifest, FALLBACK, threads=threads),
        limits=None if manifest.limits is None else RowLimits(manifest),
        no_nan=floats if manifest.non_finite == "refuse" else (),
        by_rows=False,
    )
    test_rows = self_test.load_rows(folder / SELF_TEST)
    _self_test(served, test_rows)
    return replace(served, by_rows=row_blocks.by_rows(manifest, session, test_rows))


def check(served: Served, inputs: Mapping[str, Array]) -> dict[str, int]:
    """Hold names, dtypes and shapes of ``inputs`` against the manifest.

    Returns:
        The length that each named axis has in this call.

    Raises:
        BadInput: as ``Runtime.run``.
    """
    return check_inputs(served.label, served.manifest.inputs, inputs)


def compute(served: Served, inputs: Mapping[str, Array], axes: Mapping[str, int]) -> Outputs:
    """The outputs of inputs that were checked; rows beyond the limits, or without a finite answer, are the fallback's.

    Args:
        served: the model.
        inputs: of the names, dtypes and shapes that ``check`` passed.
        axes: what ``check`` returned of them.

    Raises:
        BadInput: a value that is not finite where the manifest refuses that, or an index out of the graph's range.
        ArtifactMismatch: as ``Runtime.run``.
    """
    refuse_non_finite(served.label, served.no_nan, inputs)
    outputs = _run(served, inputs, axes)
    if served.fallback is None:
        return Outputs(outputs, {})
    faults = {} if served.limits is None else served.limits.faults(inputs)
    faults = _not_finite(outputs) | faults
    if faults:
        rows = sorted(faults)
        names = [one.name for one in served.fallback.get_inputs()]
        answers = served.fallback.run(list(outputs), {name: inputs[name][rows] for name in names})
        for name, answer in zip(outputs, answers, strict=True):
            outputs[name][rows] = answer
    return Outputs(outputs, faults)


def _run(served: Served, inputs: Mapping[str, Array], axes: Mapping[str, int]) -> dict[str, Array]:
    """What the model's graph answers."""
    since_s = time.thread_time()
    try:
        arrays = row_blocks.run(served.session, served.output_names, inputs, apart=served.by_rows)
    except onnx_errors.InvalidArgument:
        # Its own text names files of the machine that it was built on.
        raise BadInput(
            cause=f"The graph of {served.label} cannot take these values: an index in them lies out of range",
            mend="Build the inputs with `features`, as in training",
        ) from None
    served.length.learn(since_s)
    for spec, array in zip(served.manifest.outputs, arrays, strict=True):
        # Two comparisons first: it is as it should be but for a broken export.
        if array.shape != tuple([axes.get(axis, axis) if isinstance(axis, str) else axis for axis in spec.shape]):
            wrong = shape_error(spec, array.shape, dict(axes))
            if wrong is not None:
                raise ArtifactMismatch(
                    cause=f"{served.label} answered output '{spec.name}' {wrong}", mend="Export the model again"
                )
    return dict(zip(served.output_names, arrays, strict=True))


def _not_finite(outputs: Mapping[str, Array]) -> dict[int, str]:
    found: dict[int, str] = {}
    for array in outputs.values():
        if array.dtype.kind == "f":
            finite = np.isfinite(array)
            if not finite.all():
                found |= dict.fromkeys(np.flatnonzero(rows_without(finite)).tolist(), NOT_FINITE)
    return found


def _self_test(served: Served, rows: Mapping[str, Array]) -> None:
    """Refuse a version whose graphs do not answer as they did where they were made."""
    test = served.manifest.self_test
    label = f"{served.folder}: {MODEL}"
    try:
        # What the limits say of these rows is not asked: some lie beyond them on purpose.
        answers = _run(served, rows, check_inputs(served.label, served.manifest.inputs, rows))
    except BadInput as error:
        raise ArtifactMismatch(
            cause=f"{label} cannot take its own self-test: {error.cause}", mend="Train the model again"
        ) from None
    self_test.compare(label, test.outputs, answers, test.tolerance)
    if served.fallback is not None:
        taken = {one.name: rows[one.name] for one in served.fallback.get_inputs()}
        found = dict(zip(answers, served.fallback.run(list(answers), taken), strict=True))
        self_test.compare(f"{served.folder}: {FALLBACK}", test.fallback, found, test.tolerance)
