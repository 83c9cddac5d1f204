"""``infer`` over HTTP: every element type as JSON and as bytes, compressed or not, and a reason where it is refused."""

import gzip
import json
import socket
import zlib
from collections.abc import Callable
from http.client import HTTPResponse
from typing import Any

import numpy as np
import pytest
from tritonclient import http as triton
from tritonclient.utils import np_to_triton_dtype

from serving.server import Server
from tests.serving.http.conftest import Ask

X = {"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2.5, -3]}
PATH = "/v2/models/doubler/infer"


def echo(ask: Ask, dtype: str, datatype: str, data: Any, shape: list[int] | None = None) -> tuple[int, Any]:
    tensor = {"name": "x", "shape": shape or [len(data)], "datatype": datatype, "data": data}
    status, told, _ = ask("POST", f"/v2/models/echo-{dtype}/infer", {"inputs": [tensor]})
    return status, told["outputs"][0]["data"] if status == 200 else told["error"]


def test_numbers_in_numbers_out(ask: Ask) -> None:
    status, told, headers = ask("POST", PATH, {"id": "r7", "inputs": [X]})
    assert status == 200
    assert told == {
        "model_name": "doubler",
        "model_version": "1",
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 3], "data": [2.0, 5.0, -6.0]}],
        "id": "r7",
    }
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("dtype", "datatype", "data"),
    [
        pytest.param("float32", "FP32", [0.5, -1, 16777217], id="FP32"),
        pytest.param("float64", "FP64", [0.1, 1e308, -2], id="FP64"),
        pytest.param("int32", "INT32", [-(2**31), 2**31 - 1], id="INT32"),
        pytest.param("int64", "INT64", [2**53 + 1, -(2**63), 2**63 - 1], id="INT64 beyond what a double holds"),
        pytest.param("uint8", "UINT8", [0, 255], id="UINT8"),
        pytest.param("bool", "BOOL", [True, False], id="BOOL"),
        pytest.param("string", "BYTES", ["강남", "", 'A-01/in "x"'], id="BYTES"),
    ],
)
def test_every_element_type_comes_back(dtype: str, datatype: str, data: list[Any], ask: Ask) -> None:
    expected = np.array(data, dtype).tolist() if dtype != "string" else data
    assert echo(ask, dtype, datatype, data) == (200, expected)


@pytest.mark.parametrize("algorithm", [None, "gzip", "deflate"])
@pytest.mark.parametrize("binary", [pytest.param(True, id="bytes"), pytest.param(False, id="JSON")])
@pytest.mark.parametrize(
    "array",
    [
        np.array([0.5, -1], "f4"), np.array([2**53 + 1]), np.array([True]), np.array([7], "u1"),
        np.array(["강남".encode(), b""], object),
    ],
    ids=lambda array: str(array.dtype),
)  # fmt: skip
def test_a_foreign_client_gets_back_what_it_sent(
    array: np.ndarray, binary: bool, algorithm: str | None, server: Server
) -> None:
    client = triton.InferenceServerClient(server.http_address)
    tensor = triton.InferInput("x", [len(array)], np_to_triton_dtype(array.dtype))
    tensor.set_data_from_numpy(array, binary_data=binary)
    wanted = [triton.InferRequestedOutput("y", binary_data=binary)]
    name = "echo-string" if array.dtype == object else f"echo-{array.dtype}"
    for outputs in (wanted, None):
        back = client.infer(name, [tensor], outputs=outputs, request_compression_algorithm=algorithm).as_numpy("y")
        back = back if array.dtype != object else np.array([x.encode() if isinstance(x, str) else x for x in back], "O")
        np.testing.assert_array_equal(back, array)
    client.close()


def test_bytes_and_json_mix_and_each_output_is_sent_as_it_is_asked_for(ask: Ask) -> None:
    counts = np.array([[1, 2, 3]], np.float32)
    head = json.dumps(
        {
            "inputs": [
                {"name": "counts", "shape": [1, 3], "datatype": "FP32", "parameters": {"binary_data_size": 12}},
                {"name": "weight", "shape": [1, 1], "datatype": "FP32", "data": [[10]]},
            ],
            "parameters": {"binary_data_output": True},
            "outputs": [{"name": "less", "parameters": {"binary_data": False}}, {"name": "total"}],
        }
    ).encode()
    status, content, headers = ask(
        "POST", "/v2/models/weigher/versions/1/infer", head + counts.tobytes(),
        inference_header_content_length=str(len(head)),
    )  # fmt: skip
    assert (status, headers["content-type"]) == (200, "application/octet-stream")
    length = int(headers["inference-header-content-length"])
    less, total = json.loads(content[:length])["outputs"]
    assert less["data"] == [-10, -20, -30]
    assert total["parameters"] == {"binary_data_size": 12}
    assert content[length:] == (counts * 10).tobytes()


def test_what_json_has_no_number_for_is_null_and_exact_as_bytes(ask: Ask) -> None:
    raw = np.array([np.nan, np.inf, 1], "f4").tobytes()
    tensor = {"name": "x", "shape": [3], "datatype": "FP32", "parameters": {"binary_data_size": 12}}
    head = json.dumps({"inputs": [tensor]}).encode()
    length = str(len(head))
    path = "/v2/models/echo-float32/infer"
    status, told, _ = ask("POST", path, head + raw, inference_header_content_length=length)
    assert (status, told["outputs"][0]["data"]) == (200, [None, None, 1.0])


@pytest.mark.parametrize(
    ("dtype", "datatype", "data", "shape", "text"),
    [
        pytest.param("float32", "FP32", [1, 2], [3], "carries 2 values; its shape [3] takes 3", id="too few"),
        pytest.param("float32", "FP32", [[1], [2, 3]], [2, 1], "is not nested as its shape", id="ragged"),
        pytest.param("float32", "FP32", [[1, [2]]], [1, 2], "holds a list. Send numbers", id="nested too deep"),
        pytest.param("float32", "FP32", [1, None], [2], "holds a null. Send numbers", id="null"),
        pytest.param("float32", "FP32", [1, True], [2], "holds a truth value. Send numbers", id="a truth value"),
        pytest.param("float32", "FP32", [1e39], [1], "has a number that FP32 cannot hold", id="beyond FP32"),
        pytest.param("float64", "FP64", [10**400], [1], "has a number that FP64 cannot hold", id="beyond FP64"),
        pytest.param("int32", "INT32", [2**31], [1], "has a number that INT32 cannot hold", id="beyond INT32"),
        pytest.param("int64", "INT64", [1.0], [1], "holds a number with a point. Send whole", id="a point"),
        pytest.param("uint8", "UINT8", [-1], [1], "has a number that UINT8 cannot hold", id="below UINT8"),
        pytest.param("bool", "BOOL", [1], [1], "holds a number. Send true and false", id="a number for a truth"),
        pytest.param("string", "BYTES", [1], [1], "holds a number. Send text", id="a number for text"),
        pytest.param("string", "BYTES", ["\ud800"], [1], "holds half of a character", id="half a character"),
        pytest.param("float32", "FP16", [1], [1], "is FP16, which has no JSON. Send it as a binary", id="FP16"),
        pytest.param("float32", "FP31", [1], [1], "has datatype 'FP31'. Use one of BOOL", id="no datatype"),
        pytest.param("float32", "FP32", [1], [0], "has no shape of lengths", id="no length"),
        pytest.param("float32", "FP32", [1], ["1"], "has no shape of lengths", id="text for a length"),
        pytest.param("float32", "FP32", [1], [2**70], "has no shape of lengths", id="a huge length"),
        pytest.param("float32", "FP32", 1, [1], "has no list of data", id="no list"),
    ],
)
def test_values_that_do_not_fit_are_refused(
    dtype: str, datatype: str, data: Any, shape: list[int], text: str, ask: Ask
) -> None:
    status, error = echo(ask, dtype, datatype, data, shape)
    assert (status, text in error) == (400, True), error


def with_header(length: str) -> dict[str, str]:
    return {"inference_header_content_length": length}


BINARY = {"name": "x", "shape": [1, 3], "datatype": "FP32", "parameters": {"binary_data_size": 12}}
BOTH = json.dumps({"inputs": [BINARY]}).encode()
LENGTH = str(len(BOTH))


@pytest.mark.parametrize(
    ("body", "headers", "status", "text"),
    [
        pytest.param(b"{", {}, 400, "at line 1, column 2", id="half a document"),
        pytest.param(b'{"inputs": [1,\n]}', {}, 400, "at line 2, column 1", id="a comma too many"),
        pytest.param(b"[]", {}, 400, "JSON, but no object", id="a list"),
        pytest.param(b"\xff", {}, 400, "not UTF-8 at byte 0", id="no UTF-8"),
        pytest.param(b"\xef\xbb\xbf{}", {}, 400, "BOM", id="a byte order mark"),
        pytest.param(b'{"id": NaN}', {}, 400, "NaN is no JSON number. Send the tensor as binary", id="NaN"),
        pytest.param(b'{"id": -Infinity}', {}, 400, "-Infinity is no JSON number", id="infinity"),
        pytest.param(b'{"a": ' * 100_000, {}, 400, "nested too deep", id="deep"),
        pytest.param(b'{"inputs": ' + b"[" * 100_000, {}, 400, "nested too deep", id="deep lists"),
        pytest.param(b'{"a": ' + b"9" * 5000 + b"}", {}, 400, "too many digits", id="a huge number"),
        pytest.param(b'{"a": 1, "a": 2}', {}, 400, "has 'a' twice", id="twice"),
        pytest.param(b'{"id": 7}', {}, 400, "id is of the wrong type. Send it as text", id="a number for the id"),
        pytest.param(b'{"inputs": {}}', {}, 400, "inputs is of the wrong type", id="no list of inputs"),
        pytest.param(b'{"inputs": [1]}', {}, 400, "inputs that are no objects", id="no objects"),
        pytest.param(b'{"inputs": [{"shape": [1]}]}', {}, 400, "Input 1 has no name", id="no name"),
        pytest.param(b'{"id": "\\ud800"}', {}, 400, "half of a character", id="half a character"),
        pytest.param(b"", {}, 400, "Input 'x' of doubler/1 is missing", id="nothing"),
        pytest.param(BOTH + b"\0" * 8, with_header(LENGTH), 400, "takes 12 bytes of binary data, and 8", id="short"),
        pytest.param(BOTH + b"\0" * 16, with_header(LENGTH), 400, "4 bytes of binary data belong to", id="long"),
        pytest.param(BOTH, with_header("-1"), 400, "Content-Length is '-1'", id="a negative length"),
        pytest.param(BOTH, with_header("9999"), 400, "Content-Length is '9999'", id="a length beyond the end"),
        pytest.param(b"\x1f\x8b", {"content_encoding": "gzip"}, 400, "not one whole gzip", id="half a gzip"),
        pytest.param(b"plain", {"content_encoding": "gzip"}, 400, "not gzip", id="no gzip"),
        pytest.param(
            gzip.compress(b"{}") + b"more", {"content_encoding": "gzip"}, 400, "not one whole gzip", id="more than one",
        ),
        pytest.param(
            gzip.compress(b" " * (2 << 20)), {"content_encoding": "gzip"}, 413, "decompressed body is larger than",
            id="a bomb",
        ),
        pytest.param(
            zlib.compress(b" " * (2 << 20)), {"content_encoding": "deflate"}, 413, "decompressed body is larger than",
            id="a deflated bomb",
        ),
        pytest.param(b"x", {"content_encoding": "br"}, 415, "'br' is not known here", id="another encoding"),
        pytest.param(b" " * (1 << 20) + b" ", {}, 413, "The body is larger than 1048576 bytes", id="too large"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_request_is_refused_with_the_place(
    body: bytes, headers: dict[str, str], status: int, text: str, ask: Ask
) -> None:
    found, told, _ = ask("POST", PATH, body, **headers)
    assert (found, text in told["error"]) == (status, True), told
    # The connection goes on.
    assert ask("GET", "/v2/health/live")[0] == 200


KSERVE = b"""POST /v2/models/doubler/infer HTTP/1.1
Host: 127.0.0.1:18779
Accept: */*
Accept-Encoding: gzip, deflate
Connection: keep-alive
User-Agent: python-httpx/0.28.1
""".replace(b"\n", b"\r\n")
KSERVE_BINARY = (
    b"""inference-header-content-length: 127
content-type: application/octet-stream
Content-Length: 139

""".replace(b"\n", b"\r\n")
    + (
        b'{"id":"r1","model_name":"doubler","inputs":[{"name":"x","shape":[1,3],"datatype":"FP32",'
        b'"parameters":{"binary_data_size":12}}]}' + np.array([1, 2, 3], "<f4").tobytes()
    )
)
KSERVE_JSON = (
    b"""content-type: application/json
Content-Length: 111

""".replace(b"\n", b"\r\n")
    + (
        b'{"id":"r1","model_name":"doubler","inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1.0,2.0,3.0]}]}'
    )
)


@pytest.mark.parametrize("rest", [pytest.param(KSERVE_BINARY, id="bytes"), pytest.param(KSERVE_JSON, id="JSON")])
def test_the_bytes_that_kserves_client_sends_are_answered(rest: bytes, connect: Callable[[], socket.socket]) -> None:
    """Recorded from ``InferenceRESTClient`` of kserve 0.21.0, whose psutil < 6 cannot be installed beside ours."""
    connection = connect()
    connection.sendall(KSERVE)
    connection.sendall(rest)
    response = HTTPResponse(connection)
    response.begin()
    told = json.loads(response.read())
    assert (response.status, told["id"], told["outputs"][0]["data"]) == (200, "r1", [2.0, 4.0, 6.0])
