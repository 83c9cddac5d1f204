"""Arrays on the wire: Open Inference Protocol tensors to numpy and back, without a copy where the bytes allow it."""

import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.errors import BadInput
from serving.proto import open_inference_grpc_pb2 as oip

Array = npt.NDArray[Any]
Tensor = oip.ModelInferRequest.InferInputTensor | oip.ModelInferResponse.InferOutputTensor

_MAX_AXES = 32


@dataclass(frozen=True, slots=True)
class DataType:
    """One element type under its four names.

    Attributes:
        wire: the Open Inference Protocol's, e.g. ``FP32``.
        numpy: little-endian, as the protocol sends it; ``object`` holds text.
        onnx: onnxruntime's, e.g. ``tensor(float)``.
        contents: the field of ``InferTensorContents`` that holds its elements; None where only raw bytes may.
    """

    wire: str
    numpy: np.dtype[Any]
    onnx: str
    contents: str | None


DTYPES = {
    "bool": DataType("BOOL", np.dtype("?"), "tensor(bool)", "bool_contents"),
    "uint8": DataType("UINT8", np.dtype("u1"), "tensor(uint8)", "uint_contents"),
    "uint16": DataType("UINT16", np.dtype("<u2"), "tensor(uint16)", "uint_contents"),
    "uint32": DataType("UINT32", np.dtype("<u4"), "tensor(uint32)", "uint_contents"),
    "uint64": DataType("UINT64", np.dtype("<u8"), "tensor(uint64)", "uint64_contents"),
    "int8": DataType("INT8", np.dtype("i1"), "tensor(int8)", "int_contents"),
    "int16": DataType("INT16", np.dtype("<i2"), "tensor(int16)", "int_contents"),
    "int32": DataType("INT32", np.dtype("<i4"), "tensor(int32)", "int_contents"),
    "int64": DataType("INT64", np.dtype("<i8"), "tensor(int64)", "int64_contents"),
    "float16": DataType("FP16", np.dtype("<f2"), "tensor(float16)", None),
    "float32": DataType("FP32", np.dtype("<f4"), "tensor(float)", "fp32_contents"),
    "float64": DataType("FP64", np.dtype("<f8"), "tensor(double)", "fp64_contents"),
    "string": DataType("BYTES", np.dtype("O"), "tensor(string)", "bytes_contents"),
}
"""Every element type of a manifest."""

_BY_WIRE = {dtype.wire: dtype for dtype in DTYPES.values()}
_BY_NUMPY = {dtype.numpy: dtype for dtype in DTYPES.values()}


def from_wire(datatype: str) -> DataType:
    """The element type that the protocol calls ``datatype``, which a decoded tensor has."""
    return _BY_WIRE[datatype]


def dtype_name(array: Array) -> str:
    """The manifest's name of an array's element type; ``string`` for text, numpy's own name where none fits.

    >>> dtype_name(np.zeros(2, dtype="f4")), dtype_name(np.array(["Gangnam"]))
    ('float32', 'string')
    """
    if array.dtype.kind in "OU":
        return "string"
    # Foreign byte order is another type: read as ours it would be other numbers.
    return array.dtype.name if array.dtype.isnative else array.dtype.str


def decode(tensors: Sequence[Tensor], raw: Sequence[bytes]) -> dict[str, Array]:
    """The arrays of a request or reply, by name.

    Args:
        tensors: name, datatype and shape of each, and its values where ``raw`` is empty.
        raw: one block of bytes a tensor, in the same order, or none at all.

    Returns:
        Read-only views on ``raw`` where the type allows it.

    Raises:
        BadInput: a name twice, a datatype that is none, a shape that does not fit its values.
    """
    if raw and len(raw) != len(tensors):
        raise BadInput(
            cause=f"There are {len(raw)} raw contents for {len(tensors)} inputs",
            mend="Send one block of bytes for each input, in their order",
        )
    arrays: dict[str, Array] = {}
    for row, tensor in enumerate(tensors):
        if tensor.name in arrays:
            raise BadInput(cause=f"'{tensor.name[:100]}' is sent twice", mend="Send every input once")
        arrays[tensor.name] = _array(tensor, raw[row] if raw else None)
    return arrays


def encode(array: Array) -> tuple[str, bytes]:
    r"""The wire datatype and the raw bytes of ``array``.

    Raises:
        BadInput: no datatype of the protocol holds its elements.

    >>> encode(np.array([1, 2], dtype="i4"))
    ('INT32', b'\x01\x00\x00\x00\x02\x00\x00\x00')
    """
    if dtype_name(array) == "string":
        return "BYTES", b"".join(_length_and_text(text) for text in array.ravel().tolist())
    dtype = _BY_NUMPY.get(array.dtype.newbyteorder("<"))
    if dtype is None:
        raise BadInput(
            cause=f"An array of {array.dtype} cannot be sent", mend=f"Convert it to one of {', '.join(DTYPES)}"
        )
    return dtype.wire, array.astype(dtype.numpy, copy=False).tobytes()


def raw_of(array: Array) -> bytes | memoryview:
    """The raw bytes of an array that a graph gave: not copied where they lie as the protocol sends them."""
    if array.dtype.kind in "OU" or not array.flags.c_contiguous or not array.dtype.isnative:
        return encode(array)[1]
    return array.data


def _array(tensor: Tensor, raw: bytes | None) -> Array:
    dtype, shape = _BY_WIRE.get(tensor.datatype), tuple(tensor.shape)
    if dtype is None:
        raise _wrong(tensor, f"has datatype '{tensor.datatype[:20]}'", f"Use one of {', '.join(_BY_WIRE)}")
    if len(shape) > _MAX_AXES or min(shape, default=1) < 1:
        raise _wrong(tensor, f"has the shape {list(shape[:_MAX_AXES])}", "Send a length of at least 1 for every axis")
    count = math.prod(shape)
    if raw is None:
        return _from_contents(tensor, dtype, count).reshape(shape)
    if tensor.HasField("contents"):
        raise _wrong(tensor, "has contents beside the raw ones", "Send its values once")
    if dtype.wire == "BYTES":
        return _texts(tensor, list(_split(tensor, raw)), count).reshape(shape)
    expected = count * dtype.numpy.itemsize
    if len(raw) != expected:
        cause = f"carries {len(raw)} bytes; its shape {list(shape)} of {dtype.wire} takes {expected}"
        raise _wrong(tensor, cause, "Send shape and values of the same array")
    if dtype.wire == "BOOL" and np.frombuffer(raw, np.uint8).max() > 1:
        raise _wrong(tensor, "has a byte that is neither 0 nor 1", "Send one byte a truth value")
    return np.frombuffer(raw, dtype.numpy).reshape(shape)


def _from_contents(tensor: Tensor, dtype: DataType, count: int) -> Array:
    if dtype.contents is None:
        raise _wrong(tensor, f"has no raw contents, and {dtype.wire} travels only so", "Send raw contents")
    filled = [field.name for field, _ in tensor.contents.ListFields()]
    values: Sequence[Any] = getattr(tensor.contents, dtype.contents)
    if len(values) != count or filled != [dtype.contents]:
        cause = f"carries {len(values)} values in {dtype.contents}; its shape takes {count} there and nowhere else"
        raise _wrong(tensor, cause, "Send shape and values of the same array")
    if dtype.wire == "BYTES":
        return _texts(tensor, values, count)
    try:
        return np.array(values, dtype.numpy)
    except OverflowError:
        raise _wrong(tensor, f"has a number that {dtype.wire} cannot hold", "Send numbers of its range") from None


def _split(tensor: Tensor, raw: bytes) -> Iterable[bytes]:
    """The elements of a BYTES block: four bytes of length before each."""
    at = 0
    while at < len(raw):
        end = at + 4 + (struct.unpack_from("<I", raw, at)[0] if at + 4 <= len(raw) else 0)
        if at + 4 > len(raw) or end > len(raw):
            raise _wrong(tensor, f"ends inside an element, at byte {len(raw)}", "Send four bytes of length before each")
        yield raw[at + 4 : end]
        at = end


def _texts(tensor: Tensor, elements: Sequence[bytes], count: int) -> Array:
    if len(elements) != count:
        raise _wrong(
            tensor, f"carries {len(elements)} elements; its shape takes {count}", "Send as many as the shape says"
        )
    try:
        texts = [element.decode() for element in elements]
    except UnicodeDecodeError:
        raise _wrong(tensor, "has an element that is not UTF-8", "Send text as UTF-8") from None
    return np.array(texts, dtype=object)


def _length_and_text(text: object) -> bytes:
    if not isinstance(text, str | bytes):
        raise BadInput(cause=f"An array of text holds a {type(text).__name__}", mend="Convert its elements to str")
    data = text.encode() if isinstance(text, str) else text
    return struct.pack("<I", len(data)) + data


def _wrong(tensor: Tensor, cause: str, mend: str) -> BadInput:
    return BadInput(cause=f"'{tensor.name[:100]}' {cause}", mend=mend)
