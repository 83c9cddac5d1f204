"""Tensors as JSON: numbers, truth values and text in row-major order, to arrays and back."""

import math
from itertools import chain
from typing import Any

import numpy as np

from features.errors import BadInput
from serving.tensors import DTYPES, Array, DataType

_BY_WIRE = {dtype.wire: dtype for dtype in DTYPES.values()}
_ELEMENTS: dict[str, tuple[frozenset[type], str]] = {
    "b": (frozenset({bool}), "true and false"),
    "i": (frozenset({int}), "whole numbers"),
    "u": (frozenset({int}), "whole numbers"),
    "f": (frozenset({int, float}), "numbers"),
    "O": (frozenset({str}), "text"),
}
"""What JSON has for each kind of element type, and how that is called."""


def from_json(name: str, datatype: str, shape: list[int], data: Any) -> Array:
    """The array that an input's ``data`` is.

    Args:
        name: of the input, for what is said of it.
        datatype: as the protocol writes it.
        shape: lengths, all at least 1.
        data: as parsed: flat, or nested as the shape says.

    Raises:
        BadInput: the values do not fit datatype or shape.
    """
    dtype = _BY_WIRE.get(datatype)
    if dtype is None:
        raise _wrong(name, f"has datatype '{datatype[:20]}'", f"Use one of {', '.join(_BY_WIRE)}")
    if dtype.wire == "FP16":
        raise _wrong(name, "is FP16, which has no JSON", "Send it as a binary tensor")
    if not isinstance(data, list):
        raise _wrong(name, "has no list of data", "Send data, or binary_data_size and the bytes after the JSON")
    values = _flat(name, shape, data)
    allowed, called = _ELEMENTS[dtype.numpy.kind]
    for strange in set(map(type, values)) - allowed:
        raise _wrong(name, f"is {datatype} and holds a {_JSON_NAMES[strange]}", f"Send {called}")
    return _array(name, dtype, values).reshape(shape)


def to_json(name: str, datatype: str, array: Array) -> list[Any]:
    """The ``data`` of an output, flat; what JSON has no number for (NaN, infinities) is null.

    Raises:
        BadInput: it is FP16.
    """
    if datatype == "FP16":
        raise _wrong(name, "is FP16, which has no JSON", "Ask for it as a binary tensor (binary_data)")
    flat = array.ravel()
    if flat.dtype.kind == "f" and not (finite := np.isfinite(flat)).all():
        flat = flat.astype(object)
        flat[~finite] = None
    return list(flat.tolist())


_JSON_NAMES = {
    bool: "truth value", int: "number", float: "number with a point", str: "text", list: "list", dict: "object",
    type(None): "null",
}  # fmt: skip


def _flat(name: str, shape: list[int], data: list[Any]) -> list[Any]:
    """The elements, in row-major order, of data that is flat or nested as the shape says."""
    values, axis = data, 0
    while axis + 1 < len(shape) and values and type(values[0]) is list:
        inner = shape[axis + 1]
        if len(values) != math.prod(shape[: axis + 1]) or any(type(v) is not list or len(v) != inner for v in values):
            raise _wrong(name, f"is not nested as its shape {shape} says", "Send shape and data of the same array")
        values = list(chain.from_iterable(values))
        axis += 1
    count = math.prod(shape)
    if len(values) != count:
        raise _wrong(
            name,
            f"carries {len(values)} values; its shape {shape} takes {count}",
            "Send shape and data of the same array",
        )
    return values


def _array(name: str, dtype: DataType, values: list[Any]) -> Array:
    try:
        if dtype.numpy.kind == "O":
            for text in values:
                text.encode()
            return np.array(values, dtype=object)
        if dtype.numpy.kind != "f":
            return np.array(values, dtype.numpy)
        with np.errstate(over="ignore"):
            array = np.array(values, np.float64).astype(dtype.numpy)
    except OverflowError:
        array = np.array([math.inf])
    except UnicodeEncodeError:
        raise _wrong(name, "holds half of a character", "Send text as UTF-8") from None
    if not np.isfinite(array).all():
        raise _wrong(name, f"has a number that {dtype.wire} cannot hold", "Send numbers of its range")
    return array


def _wrong(name: str, cause: str, mend: str) -> BadInput:
    return BadInput(cause=f"'{name[:100]}' {cause}", mend=mend)
