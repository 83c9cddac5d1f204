"""The short way from bytes to bytes gives what the long way gives, for good requests and bad ones."""

from typing import Any

import grpc
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper
from tritonclient import grpc as triton

from features.errors import BadInput, HaechiError, TooLate
from serving.call import Call
from serving.proto import open_inference_grpc_pb2 as oip
from serving.runtime import Line, Runtime
from serving.server import Server
from serving.tensors import decode, encode
from serving.wire import Wire, answer, varint

METHOD = "/inference.GRPCInferenceService/ModelInfer"


def request(model: str, inputs: dict[str, np.ndarray], **more: Any) -> oip.ModelInferRequest:
    made = oip.ModelInferRequest(model_name=model, **more)
    for name, array in inputs.items():
        datatype, raw = encode(array)
        made.inputs.add(name=name, datatype=datatype, shape=array.shape)
        made.raw_input_contents.append(raw)
    return made


def counts(rows: int, seed: int = 1) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(seed)
    return {
        "counts": chance.random((rows, 3), dtype=np.float32),
        "weight": chance.random((rows, 1), dtype=np.float32),
    }


def told(way: Any, asked: bytes) -> Any:
    """The reply's content, or what is refused."""
    try:
        reply = way(asked)
    except HaechiError as error:
        return type(error), str(error)
    return reply if isinstance(reply, oip.ModelInferResponse) else oip.ModelInferResponse.FromString(reply)


@pytest.mark.parametrize(
    "more", [{}, {"model_version": "1"}, {"id": "seven"}], ids=["plain", "a version", "with an id"]
)
def test_the_second_call_is_answered_as_the_first(more: dict[str, str], runtime: Runtime) -> None:
    wire = Wire(runtime)
    for seed, rows in ((1, 2), (2, 2), (3, 5), (4, 2), (5, 5)):
        asked = request("weigher", counts(rows, seed), **more)
        expected = answer(runtime, asked, Call(method=METHOD))

        assert told(lambda raw: wire.infer(raw, Call(method=METHOD)), asked.SerializeToString()) == expected


def test_outputs_come_in_the_order_asked_for(runtime: Runtime) -> None:
    wire = Wire(runtime)
    for _ in range(2):
        asked = request("weigher", counts(2))
        for name in ("less", "total"):
            asked.outputs.add(name=name)
        reply = oip.ModelInferResponse.FromString(wire.infer(asked.SerializeToString(), Call(method=METHOD)))

        assert [output.name for output in reply.outputs] == ["less", "total"]
        arrays = decode(reply.outputs, reply.raw_output_contents)
        np.testing.assert_array_equal(arrays["less"], -arrays["total"])


@settings(deadline=None, max_examples=300, print_blob=True)
@given(data=st.data())
def test_a_mutated_request_is_told_the_same_by_both_ways(data: st.DataObject, runtime: Runtime) -> None:
    wire = Wire(runtime)
    good = request("weigher", counts(2)).SerializeToString()
    wire.infer(good, Call(method=METHOD))
    mutated = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(mutated) - 1))
        what = data.draw(st.sampled_from(["flip", "drop", "insert", "cut"]))
        if what == "flip":
            mutated[at] ^= 1 << data.draw(st.integers(0, 7))
        elif what == "drop":
            del mutated[at]
        elif what == "insert":
            mutated.insert(at, data.draw(st.integers(0, 255)))
        else:
            del mutated[at:]
        if not mutated:
            break

    def long_way(raw: bytes) -> oip.ModelInferResponse:
        return oip.ModelInferResponse.FromString(Wire(runtime).infer(raw, Call(method=METHOD)))

    short = told(lambda raw: wire.infer(raw, Call(method=METHOD)), bytes(mutated))
    # NaN is not itself: the bytes are compared.
    long = told(long_way, bytes(mutated))
    assert str(short) == str(long)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\x3a\xff\xff\xff\xff\x07", id="two gigabytes claimed in six bytes"),
        pytest.param(b"\x3a", id="a tag alone"),
        pytest.param(b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", id="a length without an end"),
    ],
)
def test_a_claim_that_is_not_kept_is_refused(raw: bytes, runtime: Runtime) -> None:
    wire = Wire(runtime)
    good = request("weigher", counts(2)).SerializeToString()
    wire.infer(good, Call(method=METHOD))
    head = good[: good.index(b"\x3a")]

    with pytest.raises(BadInput):
        wire.infer(head + raw, Call(method=METHOD))


def test_a_byte_that_is_no_truth_value_is_refused_by_the_short_way_too(runtime: Runtime) -> None:
    wire = Wire(runtime)
    good = request("echo-bool", {"x": np.array([True, False])}).SerializeToString()
    wire.infer(good, Call(method=METHOD))

    with pytest.raises(BadInput, match="neither 0 nor 1"):
        wire.infer(good[:-1] + b"\x02", Call(method=METHOD))


def test_what_a_new_version_asks_for_is_checked_again(make_model: Any, make_spec: Any, tmp_path: Any) -> None:
    node = helper.make_node("Add", ["x", "x"], ["y"])
    runtime, wire = Runtime(), None
    for version, shape in ((1, ("entity", 3)), (2, ("entity", 2))):
        specs = [make_spec("x", shape=shape)], [make_spec("y", shape=shape)]
        runtime.load(make_model(tmp_path, [node], *specs, name="model", domain="other", version=version))
        wire = wire or Wire(runtime)
        asked = request("model", {"x": np.ones((1, 3), np.float32)}).SerializeToString()
        if version == 1:
            assert wire.infer(asked, Call(method=METHOD)) == wire.infer(asked, Call(method=METHOD))
    with pytest.raises(BadInput, match=r"expected shape \[entity, 2\]"):
        wire.infer(asked, Call(method=METHOD))


class Contested:
    """A remembered head in which another call puts another version between two looks at it."""

    def __init__(self, head: Any, looks: list[Any]) -> None:
        self.model, self.version, self.blocks, self.wanted = head.model, head.version, head.blocks, head.wanted
        self._looks = looks

    @property
    def checked(self) -> Any:
        return self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]

    @checked.setter
    def checked(self, _: Any) -> None:
        """What this call puts there is gone again at once."""


def test_beside_a_canary_each_answer_names_the_version_that_gave_it(
    make_model: Any, make_spec: Any, tmp_path: Any
) -> None:
    runtime = Runtime()
    for version, kind in ((1, "Add"), (2, "Mul")):
        node = helper.make_node(kind, ["x", "x"], ["y"])
        specs = [make_spec("x")], [make_spec("y")]
        runtime.load(make_model(tmp_path, [node], *specs, name="model", domain="other", version=version))
    wire, versions, seen = Wire(runtime), runtime.lines()["model"].versions, {}
    asked = request("model", {"x": np.full((1, 3), 3, np.float32)}).SerializeToString()
    for current in (2, 1):
        runtime.swap("model", Line(versions=versions, current=current))
        for _ in range(2):
            wire.infer(asked, Call(method=METHOD))
        ((length, heads),) = wire._heads.items()
        (head,) = heads.values()
        seen[current] = head.checked

    for before in (1, 2, 3):
        contested = Contested(head, [*[seen[1]] * before, seen[2]])
        wire._heads = {length: {asked[:length]: contested}}  # type: ignore[dict-item]
        reply = oip.ModelInferResponse.FromString(wire.infer(asked, Call(method=METHOD)))
        assert (reply.model_version, decode(reply.outputs, reply.raw_output_contents)["y"][0, 0]) == ("1", 6)


def test_nothing_is_computed_for_who_no_longer_waits(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(runtime)
    asked = request("weigher", counts(2)).SerializeToString()
    wire.infer(asked, Call(method=METHOD))
    monkeypatch.setattr(runtime, "compute", lambda *_: pytest.fail("it was computed"))

    for late in (Call(method=METHOD, deadline_s=0.0), Call(method=METHOD, cancelled=lambda: True)):
        with pytest.raises(TooLate):
            wire.infer(asked, late)


@given(number=st.integers(0, 2**40))
def test_lengths_are_written_as_protobuf_writes_them(number: int) -> None:
    assert b"\x08" + varint(number) == oip.InferParameter(int64_param=number).SerializeToString().replace(
        b"\x10", b"\x08", 1
    )


def test_a_stream_answers_in_order_and_outlives_a_bad_message(server: Server) -> None:
    answers: list[Any] = []
    client = triton.InferenceServerClient(server.address)
    client.start_stream(lambda result, error: answers.append(error if error is not None else result))
    for number in range(40):
        x = np.full((1, 3 if number != 20 else 2), number, dtype=np.float32)
        tensor = triton.InferInput("x", list(x.shape), "FP32")
        tensor.set_data_from_numpy(x)
        client.async_stream_infer("doubler", [tensor], request_id=str(number))
    client.stop_stream()
    client.close()

    assert len(answers) == 40
    assert "expected shape [entity, 3]" in str(answers[20])
    for number, reply in enumerate(answers):
        if number != 20:
            assert reply.get_response().id == str(number)
            np.testing.assert_array_equal(reply.as_numpy("y"), np.full((1, 3), 2 * number, np.float32))


def test_a_stream_of_a_stranger_to_the_protocol_gets_statuses_not_crashes(server: Server) -> None:
    with grpc.insecure_channel(server.address) as channel:
        ask = channel.stream_stream("/inference.GRPCInferenceService/ModelStreamInfer")
        replies = [oip.ModelStreamInferResponse.FromString(raw) for raw in ask(iter([b"\xff\xff", b"", b"\x0a"]))]

    assert [bool(reply.error_message) for reply in replies] == [True] * 3
    assert "Traceback" not in str(replies)
