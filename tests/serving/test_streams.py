"""Messages of a stream are answered in their order, each like a call; a stream that says nothing costs nothing."""

import queue
import threading
import time
from collections.abc import Iterator

import grpc
import numpy as np
import pytest

from features.settings import Settings
from serving import streams
from serving.client import Client
from serving.proto import open_inference_grpc_pb2 as oip
from serving.runtime import Runtime
from serving.server import Server
from serving.tokens import new_token
from serving.turns import Length

METHOD = "/inference.GRPCInferenceService/ModelStreamInfer"
X = np.ones((1, 3), dtype=np.float32)


def message(number: float = 1.0) -> bytes:
    request = oip.ModelInferRequest(model_name="doubler", raw_input_contents=[(number * X).tobytes()])
    request.inputs.add(name="x", datatype="FP32", shape=X.shape)
    return request.SerializeToString()


def number_of(reply: bytes) -> float:
    answered = oip.ModelStreamInferResponse.FromString(reply)
    assert not answered.error_message, answered.error_message
    return float(np.frombuffer(answered.infer_response.raw_output_contents[0], np.float32)[0]) / 2


class Said:
    """Messages as a test says them, until it says None."""

    def __init__(self) -> None:
        self._messages: queue.Queue[bytes | None] = queue.Queue()

    def __call__(self, said: bytes | None) -> None:
        self._messages.put(said)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._messages.get, None)


def eventually_closed(server: Server) -> None:
    for _ in range(1000):
        if not server._intake._open_streams:
            return
        time.sleep(0.01)
    pytest.fail(f"{server._intake._open_streams} streams are still counted")


@pytest.fixture
def channel(server: Server) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.address) as opened:
        yield opened


@pytest.mark.parametrize("brief", [True, False], ids=["brief runs", "long runs"])
def test_every_message_is_answered_once_and_in_its_order(
    server: Server, channel: grpc.Channel, monkeypatch: pytest.MonkeyPatch, *, brief: bool
) -> None:
    monkeypatch.setattr(Length, "is_brief", property(lambda self: brief))
    names: set[str] = set()
    server.runtime.after_run.append(lambda *_: names.add(threading.current_thread().name))
    ask = channel.stream_stream(METHOD)
    many = 4 * streams._MOST_AHEAD

    assert [number_of(reply) for reply in ask(iter([message(n) for n in range(many)]), timeout=60)] == [*range(many)]
    # The first is read anew, which takes longer. Who is heard while others wait is answered by a thread, and under load
    # that may be all of them: so once more one after the other, when nobody waits.
    said = Said()
    replies = ask(iter(said), timeout=60)
    for number in range(many):
        said(message(number))
        assert number_of(next(replies)) == number
    said(None)
    assert list(replies) == []
    assert names == ({"haechi-hearing", "haechi-serving"} if brief else {"haechi-serving"})
    eventually_closed(server)


def test_a_message_that_comes_later_is_answered_then(server: Server, channel: grpc.Channel) -> None:
    said = Said()
    replies = channel.stream_stream(METHOD)(iter(said), timeout=60)
    for number in range(3):
        said(message(number))
        assert number_of(next(replies)) == number
    said(None)
    assert list(replies) == []
    eventually_closed(server)


def test_streams_at_once_are_answered_apart(channel: grpc.Channel) -> None:
    ask, found = channel.stream_stream(METHOD), {}

    def one(caller: int) -> None:
        numbers = [1000 * caller + n for n in range(100)]
        found[caller] = [number_of(r) for r in ask(iter(map(message, numbers)), timeout=60)] == numbers

    callers = [threading.Thread(target=one, args=(caller,)) for caller in range(12)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert found == dict.fromkeys(range(12), True)


def test_a_stream_without_a_message_ends_well(server: Server, channel: grpc.Channel) -> None:
    assert list(channel.stream_stream(METHOD)(iter(()), timeout=60)) == []
    eventually_closed(server)


def test_silent_streams_take_no_thread(server: Server, client: Client, channel: grpc.Channel) -> None:
    client.infer("doubler", {"x": X})
    before, said = threading.active_count(), [Said() for _ in range(20)]
    opened = [channel.stream_stream(METHOD)(iter(one), timeout=60) for one in said]
    for one in said:
        one(message())
    for replies in opened:
        assert number_of(next(replies)) == 1
    # A caller of ours has a thread for what it says; the server's are the lanes' alone.
    serving = [thread for thread in threading.enumerate() if thread.name.startswith("haechi-stream")]
    assert serving == []
    assert threading.active_count() <= before + len(opened) + 4
    for one in said:
        one(None)
    for replies in opened:
        assert list(replies) == []
    eventually_closed(server)


@pytest.mark.parametrize("after", [0, 1, 2 * 64 + 5], ids=["at once", "amid", "with its queues full"])
def test_a_caller_who_hangs_up_frees_its_place(server: Server, channel: grpc.Channel, after: int) -> None:
    said = Said()
    replies = channel.stream_stream(METHOD)(iter(said), timeout=60)
    for _ in range(after):
        said(message())
    if after:
        next(replies)
    replies.cancel()
    said(None)
    eventually_closed(server)
    assert server.guard.refused["INTERNAL"] == 0


def large() -> bytes:
    """A message whose answer has 40 kB: some dozens are more than the window of a connection."""
    rows = np.ones((3400, 3), np.float32)
    request = oip.ModelInferRequest(model_name="doubler", raw_input_contents=[rows.tobytes()])
    request.inputs.add(name="x", datatype="FP32", shape=rows.shape)
    return request.SerializeToString()


def eventually_still(runs: list[None]) -> int:
    """How many there are once no more come."""
    for _ in range(200):
        before = len(runs)
        time.sleep(0.25)
        if before and len(runs) == before:
            return before
    pytest.fail("it never stopped")


@pytest.mark.parametrize("how", ["cancels", "closes"])
def test_a_caller_who_never_listened_frees_its_place(server: Server, client: Client, how: str) -> None:
    runs: list[None] = []
    server.runtime.after_run.append(lambda *_: runs.append(None))
    with grpc.insecure_channel(server.address) as own:
        replies = own.stream_stream(METHOD)(iter([large()] * 3000), timeout=60)
        assert eventually_still(runs) < 3000
        if how == "cancels":
            replies.cancel()
            eventually_closed(server)
    eventually_closed(server)


def test_who_does_not_listen_is_not_computed_for(
    server: Server, channel: grpc.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_MOST_AHEAD_BYTES", 1)
    runs: list[None] = []
    server.runtime.after_run.append(lambda *_: runs.append(None))
    many = 1500
    replies = channel.stream_stream(METHOD)(iter([large()] * many), timeout=60)
    first = next(replies)
    assert eventually_still(runs) < many
    assert len([first, *replies]) == many
    eventually_closed(server)


def test_a_stranger_is_refused_before_a_word(runtime: Runtime, settings: Settings, tmp_path) -> None:
    tokens = tmp_path / "tokens.toml"
    new_token(tokens, "room", ["infer"], zone="", expires=None, rate_per_s=None)
    server = Server(runtime, settings.model_copy(update={"tokens": tokens}))
    server.start()
    said = Said()
    try:
        with grpc.insecure_channel(server.address) as channel:
            replies = channel.stream_stream(METHOD)(iter(said), timeout=60)
            with pytest.raises(grpc.RpcError) as refused:
                next(replies)
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
        eventually_closed(server)
    finally:
        said(None)
        server.stop(0)


def test_a_fault_of_ours_ends_the_stream_alone(
    server: Server, client: Client, channel: grpc.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: streams.Stream) -> None:
        raise OSError("of ours, with a /secret/path")

    with monkeypatch.context() as patched:
        patched.setattr(streams.Stream, "_send", broken)
        with pytest.raises(grpc.RpcError) as refused:
            list(channel.stream_stream(METHOD)(iter([message()]), timeout=60))
    assert refused.value.code() is grpc.StatusCode.UNKNOWN
    assert "secret" not in refused.value.details()
    eventually_closed(server)
    np.testing.assert_array_equal(client.infer("doubler", {"x": X})["y"], 2 * X)
