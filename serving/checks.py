"""What comes into a model and what goes out of it, held against its manifest."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from features.errors import BadInput, UnknownName
from features.manifest import TensorSpec
from serving.tensors import DTYPES, Array, dtype_name


def check_inputs(label: str, specs: Sequence[TensorSpec], inputs: Mapping[str, Array]) -> dict[str, int]:
    """Hold ``inputs`` against the manifest; returns the length that each named axis has in this call.

    Raises:
        BadInput: an input is missing, unknown, or of another dtype or shape; names it, with expected and got.
    """
    wanted = {spec.name for spec in specs}
    for name in inputs:
        if name not in wanted:
            unknown = UnknownName.among(f"input of {label}", name, sorted(wanted))
            raise BadInput(cause=unknown.cause, mend=unknown.mend)
    axes: dict[str, int] = {}
    for spec in specs:
        array = inputs.get(spec.name)
        if array is None:
            raise BadInput(
                cause=f"Input '{spec.name}' of {label} is missing",
                mend=f"Send it: {spec.dtype} {_written(spec.shape)}, {spec.meaning} ({spec.unit})",
            )
        if dtype_name(array) != spec.dtype:
            got, wire = dtype_name(array), DTYPES[spec.dtype].wire
            cause = f"Input '{spec.name}' of {label}: expected dtype {spec.dtype} ({wire}), got {got}"
            raise BadInput(cause=cause, mend=f"Convert it to {spec.dtype}")
        wrong = shape_error(spec, array.shape, axes)
        if 0 in array.shape:
            wrong = f"has no values: its shape is {_written(array.shape)}"
        if wrong is not None:
            raise BadInput(
                cause=f"Input '{spec.name}' of {label} {wrong}",
                mend="Send every axis as the model's metadata gives it; a named axis has one length in all inputs",
            )
    return axes


def refuse_non_finite(label: str, names: Iterable[str], inputs: Mapping[str, Array]) -> None:
    """Refuse NaN and infinity.

    Args:
        label: of the model.
        names: of its float inputs.
        inputs: whose dtypes and shapes are the manifest's.

    Raises:
        BadInput: names the input and where in it the first one is, the row first.
    """
    for name in names:
        array = inputs[name]
        if not _is_finite(array):
            at = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            row = f"row {at[0]} " if at else ""
            raise BadInput(
                cause=f"Input '{name}' of {label}: {row}holds {array[at]} at {list(at)}, and the model takes none",
                mend="Send 0 where a value is missing and False in its mask, or leave the row out",
            )


def shape_error(spec: TensorSpec, shape: tuple[int, ...], axes: dict[str, int]) -> str | None:
    """How ``shape`` differs from the manifest, None where it fits; learns the named axes' lengths on the way."""
    expected = tuple(axes.get(axis, axis) if isinstance(axis, str) else axis for axis in spec.shape)
    fits = len(shape) == len(spec.shape) and all(
        axis == length if isinstance(axis, int) else axes.setdefault(axis, length) == length
        for axis, length in zip(spec.shape, shape, strict=True)
    )
    if fits:
        return None
    named = _written(spec.shape)
    meant = "" if _written(expected) == named else f" = {_written(expected)} here"
    return f"expected shape {named}{meant}, got {_written(shape)}"


def _written(shape: Sequence[int | str]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _is_finite(array: Array) -> bool:
    # Every call pays for this: the sum of squares is finite where all are, and costs a third of a look at each.
    if array.itemsize > 2:
        with np.errstate(over="ignore"):
            if math.isfinite(np.vdot(array, array)):
                return True
    # Or the squares of large numbers were too large.
    return bool(np.isfinite(array).all())
