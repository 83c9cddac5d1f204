"""Log lines say which call they speak of, in text and in JSON; slow calls are logged, what they held is not."""

import io
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import grpc
import numpy as np
import pytest

from features.errors import BadInput, UnknownName
from serving.proto import open_inference_grpc_pb2 as oip
from serving.request_id import REQUEST_ID, request_id
from serving.runtime import Runtime
from serving.seen import logs

INFER = "/inference.GRPCInferenceService/ModelInfer"


@pytest.fixture
def logged() -> Iterator[Callable[[str], io.StringIO]]:
    """Has what the server logs written in a format."""
    logger, handlers = logging.getLogger("haechi.serving"), []

    def to(log_format: Any) -> io.StringIO:
        handlers.append(logging.StreamHandler(io.StringIO()))
        handlers[-1].setFormatter(logs.formatter(log_format))
        logger.addHandler(handlers[-1])
        return handlers[-1].stream

    yield to
    for handler in handlers:
        logger.removeHandler(handler)


def infer(address: str, model: str, *metadata: tuple[str, str]) -> tuple[grpc.StatusCode, dict[str, Any]]:
    """One call with metadata; its status and what trails its reply."""
    request = oip.ModelInferRequest(model_name=model, raw_input_contents=[np.full(3, 42, np.float32).tobytes()])
    request.inputs.add(name="x", datatype="FP32", shape=[1, 3])
    with grpc.insecure_channel(address) as channel:
        ask = channel.unary_unary(INFER, oip.ModelInferRequest.SerializeToString, oip.ModelInferResponse.FromString)
        try:
            _, call = ask.with_call(request, metadata=metadata, timeout=10)
        except grpc.RpcError as error:
            call = error
        return call.code(), _dict(call.trailing_metadata())


def _dict(metadata: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    return dict(metadata)


def test_the_callers_own_id_comes_back_and_is_in_the_log(watched, logged) -> None:
    stream = logged("json")
    code, trailing = infer(watched(slow_ms=0).server.address, "doubler", (REQUEST_ID, "room-7"))

    assert (code, trailing[REQUEST_ID]) == (grpc.StatusCode.OK, "room-7")
    line = json.loads(stream.getvalue())
    assert line["request_id"] == "room-7"
    assert (line["level"], line["method"], line["model"], line["code"]) == ("WARNING", INFER, "doubler/1", "OK")
    assert line["took_ms"] > 0
    # gRPC writes the caller's ten seconds in few digits, rounded up.
    assert 0 < line["allowed_ms"] <= 10_100
    assert "42" not in line["message"].replace(str(line["took_ms"]), "").replace(str(line["allowed_ms"]), "")


def test_a_refused_call_is_told_its_id_beside_the_cause(watched) -> None:
    code, trailing = infer(watched().server.address, "nobody", (REQUEST_ID, "room-8"))

    assert code is grpc.StatusCode.NOT_FOUND
    assert trailing[REQUEST_ID] == "room-8"
    assert "grpc-status-details-bin" in trailing


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="an empty one"),
        pytest.param("x" * 65, id="a long one"),
        pytest.param("a b", id="a space"),
        pytest.param("7\n2026 ERROR forged", id="a line end"),
        pytest.param("7\n", id="a line end at its end"),
        pytest.param(b"7", id="bytes"),
        pytest.param("해치", id="letters of no header"),
    ],
)
def test_an_id_that_is_not_well_formed_is_replaced(said: object) -> None:
    made = request_id(said)

    assert made != said
    assert request_id(made) == made
    assert request_id(said) != made


def test_an_incident_names_the_call_before_its_traceback(watched, logged, own_runtime: Runtime, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("of a bug")

    monkeypatch.setattr("serving.runtime.compute", fail)
    text, machine = logged("text"), logged("json")
    code, _ = infer(watched().server.address, "doubler", (REQUEST_ID, "room-9"))

    assert code is grpc.StatusCode.INTERNAL
    assert text.getvalue().splitlines()[0].endswith(" request_id=room-9")
    line = json.loads(machine.getvalue())
    assert line["request_id"] == "room-9"
    assert "RuntimeError: of a bug" in line["exception"]


def test_a_line_outside_of_calls_has_no_id(watched, logged) -> None:
    stream = logged("text")
    watched().double()
    logging.getLogger("haechi.serving").warning("between calls")

    assert stream.getvalue().endswith("WARNING between calls\n")


def test_only_calls_that_take_long_are_slow(watched, logged, monkeypatch) -> None:
    stream = logged("json")
    seen = watched(slow_ms=60_000)
    seen.double()
    with pytest.raises(UnknownName):
        seen.double("nobody")

    assert stream.getvalue() == ""


def test_a_caller_of_two_lines_makes_one() -> None:
    assert logs._quoted("a\nb") == '"a\\nb"'


def test_neither_inputs_nor_metadata_are_logged(watched, logged) -> None:
    stream = logged("json")
    seen = watched(slow_ms=0)
    infer(seen.server.address, "doubler", ("authorization", "Bearer hush-hush"))
    with pytest.raises(BadInput):
        seen.client.infer("doubler", {"x": np.full((1, 2), 987654.0, dtype=np.float32)})

    assert len(stream.getvalue().splitlines()) == 2
    assert "hush" not in stream.getvalue()
    assert "987654" not in stream.getvalue()
