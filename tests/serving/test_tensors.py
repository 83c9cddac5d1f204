"""Arrays survive the wire; bytes that are no array are refused, whatever they claim."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from features.errors import BadInput
from serving.proto import open_inference_grpc_pb2 as oip
from serving.tensors import DTYPES, decode, dtype_name, encode

Tensor = oip.ModelInferRequest.InferInputTensor
NUMBERS = [dtype.numpy for name, dtype in DTYPES.items() if name != "string"]


@given(
    st.sampled_from(NUMBERS).flatmap(
        lambda dtype: arrays.arrays(dtype, arrays.array_shapes(max_dims=4), fill=st.nothing())
    )
)
def test_numbers_survive_the_wire(array: np.ndarray) -> None:
    datatype, raw = encode(array)
    back = decode([Tensor(name="x", datatype=datatype, shape=array.shape)], [raw])["x"]

    assert dtype_name(back) == dtype_name(array)
    np.testing.assert_array_equal(back, array)


@given(arrays.arrays(np.object_, arrays.array_shapes(max_dims=3), elements=st.text()))
def test_text_survives_the_wire(array: np.ndarray) -> None:
    datatype, raw = encode(array)
    back = decode([Tensor(name="x", datatype=datatype, shape=array.shape)], [raw])["x"]

    np.testing.assert_array_equal(back, array)


def test_strided_and_big_endian_arrays_are_sent_in_row_major_little_endian() -> None:
    array = np.arange(12, dtype=">i4").reshape(3, 4).T

    assert encode(array) == ("INT32", array.astype("<i4").tobytes())


@pytest.mark.parametrize(
    ("datatype", "field", "values"),
    [
        pytest.param("BOOL", "bool_contents", [True, False], id="bool"),
        pytest.param("INT32", "int_contents", [-1, 2], id="int32"),
        pytest.param("INT64", "int64_contents", [-1, 2**40], id="int64"),
        pytest.param("UINT8", "uint_contents", [0, 255], id="uint8"),
        pytest.param("FP32", "fp32_contents", [0.5, float("inf")], id="fp32"),
        pytest.param("FP64", "fp64_contents", [0.1, -2.0], id="fp64"),
        pytest.param("BYTES", "bytes_contents", ["강남".encode(), b""], id="bytes"),
    ],
)
def test_typed_contents_are_taken_too(datatype: str, field: str, values: list[object]) -> None:
    tensor = Tensor(name="x", datatype=datatype, shape=[2, 1])
    getattr(tensor.contents, field).extend(values)
    expected = [value.decode() if isinstance(value, bytes) else value for value in values]

    assert decode([tensor], [])["x"].ravel().tolist() == expected


def typed(field: str, values: list[object], datatype: str, shape: list[int]) -> Tensor:
    tensor = Tensor(name="x", datatype=datatype, shape=shape)
    getattr(tensor.contents, field).extend(values)
    return tensor


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        pytest.param(typed("fp32_contents", [1.0], "FP32", [2]), "carries 1 values in fp32_contents", id="too few"),
        pytest.param(typed("fp64_contents", [1.0], "FP32", [1]), "carries 0 values in fp32_contents", id="wrong field"),
        pytest.param(typed("int_contents", [300], "INT8", [1]), "a number that INT8 cannot hold", id="too large"),
        pytest.param(
            typed("uint_contents", [70000], "UINT16", [1]), "that UINT16 cannot hold", id="too large for UINT16"
        ),
        pytest.param(typed("bytes_contents", [b"\xff"], "BYTES", [1]), "not UTF-8", id="no text"),
        pytest.param(typed("fp32_contents", [1.0], "FP16", [1]), "FP16 travels only so", id="a type only raw"),
        pytest.param(Tensor(name="x", datatype="FP32", shape=[1]), "carries 0 values", id="no contents at all"),
        pytest.param(Tensor(name="x", datatype="FP32", shape=[2**40, 2**40]), "carries 0 values", id="2^80 claimed"),
    ],
)
def test_typed_contents_that_do_not_fit_are_refused(tensor: Tensor, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        decode([tensor], [])


@pytest.mark.parametrize(
    ("datatype", "shape", "raw", "message"),
    [
        pytest.param("FP32", [2], b"\0" * 7, r"carries 7 bytes; its shape \[2\] of FP32 takes 8", id="a byte short"),
        pytest.param("FP32", [2**31, 2**31, 4], b"\0" * 16, "carries 16 bytes", id="more than any memory claimed"),
        pytest.param("FP32", [-1, 3], b"\0" * 12, "has the shape", id="a negative length"),
        pytest.param("FP32", [-2, -2], b"\0" * 16, "has the shape", id="two negatives that multiply well"),
        pytest.param("FP32", [0, 2**62], b"", "has the shape", id="no rows of endless columns"),
        pytest.param("FP32", [1] * 100, b"\0" * 4, "has the shape", id="a hundred axes"),
        pytest.param("FP33", [1], b"\0" * 4, "has datatype 'FP33'", id="no such type"),
        pytest.param("BOOL", [2], b"\0\2", "neither 0 nor 1", id="a truth of two"),
        pytest.param("BYTES", [1], b"\1\0", "ends inside an element", id="a length cut short"),
        pytest.param("BYTES", [1], b"\xff\xff\xff\xffab", "ends inside an element", id="four gigabytes claimed"),
        pytest.param("BYTES", [2], b"\1\0\0\0a", "carries 1 elements; its shape takes 2", id="an element short"),
        pytest.param("BYTES", [1], b"\1\0\0\0\xff", "not UTF-8", id="no text"),
    ],
)
def test_raw_contents_that_do_not_fit_are_refused(datatype: str, shape: list[int], raw: bytes, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        decode([Tensor(name="x", datatype=datatype, shape=shape)], [raw])


def test_contents_of_both_kinds_are_refused() -> None:
    with pytest.raises(BadInput, match="contents beside the raw ones"):
        decode([typed("fp32_contents", [1.0], "FP32", [1])], [b"\0" * 4])


def test_an_input_sent_twice_is_refused() -> None:
    with pytest.raises(BadInput, match="'x' is sent twice"):
        decode([Tensor(name="x", datatype="UINT8", shape=[1])] * 2, [b"a", b"b"])


def test_raw_contents_are_counted() -> None:
    with pytest.raises(BadInput, match="1 raw contents for 2 inputs"):
        decode([Tensor(name="x"), Tensor(name="y")], [b"a"])


@pytest.mark.parametrize(
    "array",
    [
        pytest.param(np.array([1 + 2j]), id="complex numbers"),
        pytest.param(np.array(["2022-01-01"], "datetime64[s]"), id="times"),
        pytest.param(np.array([1, "a"], dtype=object), id="a number among text"),
    ],
)
def test_what_the_protocol_cannot_carry_is_refused_before_it_is_sent(array: np.ndarray) -> None:
    with pytest.raises(BadInput) as refusal:
        encode(array)
    assert "Convert" in refusal.value.mend


@given(
    datatype=st.sampled_from([*(dtype.wire for dtype in DTYPES.values()), "", "FP8"]),
    shape=st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-1, 3), max_size=40),
    raw=st.none() | st.binary(max_size=64),
    contents=st.binary(max_size=32),
)
def test_any_bytes_are_an_array_or_a_refusal(
    datatype: str, shape: list[int], raw: bytes | None, contents: bytes
) -> None:
    tensor = Tensor(name="x", datatype=datatype, shape=shape)
    if raw is None:
        tensor.contents.bytes_contents.append(contents)
    # Anything else that is raised would be a crash of the server.
    with suppress(BadInput):
        assert list(decode([tensor], [] if raw is None else [raw])["x"].shape) == shape
