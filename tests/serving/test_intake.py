"""Callers who send nothing, or only half, take no thread from those who ask something."""

import inspect
import socket
import struct
import threading
from collections.abc import Iterator

import grpc
import numpy as np
import pytest
from grpc import _server

from features.errors import HaechiError
from features.settings import Settings
from serving import intake
from serving.call import Priority
from serving.client import Client
from serving.intake import PRIORITY
from serving.lanes import THREADS
from serving.proto import open_inference_grpc_pb2 as oip
from serving.runtime import Runtime
from serving.server import Server
from serving.turns import Length

X = np.ones((1, 3), dtype=np.float32)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@pytest.fixture
def impatient(runtime: Runtime, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that waits for a message for no more than a blink."""
    monkeypatch.setattr(intake, "_PATIENCE_S", 0.2)
    server = Server(runtime, settings)
    server.start()
    yield server
    server.stop(0)


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def literal(name: bytes, value: bytes) -> bytes:
    """A header without compression, as HPACK writes it (RFC 7541, 6.2.2)."""
    return b"\x00" + bytes((len(name),)) + name + bytes((len(value),)) + value


def headers() -> bytes:
    return b"".join(
        literal(name, value)
        for name, value in (
            (b":method", b"POST"), (b":scheme", b"http"), (b":authority", b"x"), (b"te", b"trailers"),
            (b":path", b"/inference.GRPCInferenceService/ModelInfer"), (b"content-type", b"application/grpc"),
        )
    )  # fmt: skip


def silent_calls(address: str, count: int) -> socket.socket:
    """``count`` calls that begin and send no message, over one connection."""
    host, port = address.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)), timeout=10)
    connection.sendall(PREFACE + frame(4, 0, 0, b""))
    for number in range(count):
        connection.sendall(frame(1, 4, 2 * number + 1, headers()))
    return connection


def test_the_shape_of_grpc_that_it_reaches_into_is_there() -> None:
    assert list(inspect.signature(_server._unary_response_in_pool).parameters) == [
        "rpc_event", "state", "behavior", "argument_thunk", "request_deserializer", "response_serializer",
    ]  # fmt: skip
    assert {"condition", "client", "due", "statused"} <= vars(_server._RPCState()).keys()
    assert {"completion_queue", "lock", "registered_method_handlers", "server_deallocated", "stage"} <= vars(
        _server._ServerState(None, None, (), None, None, None)
    ).keys()
    for name in (
        "_abort", "_possibly_finish_call", "_OPEN", "_CLOSED", "_RECEIVE_MESSAGE_TOKEN", "_Context", "_status",
        "_ServerStage", "_request_registered_call", "_request_call", "_process_event_and_continue",
        "_begin_shutdown_once", "_call_behavior", "_take_response_from_response_iterator", "_is_rpc_state_active",
        "_get_initial_metadata_operation", "_raise_rpc_error", "_SEND_MESSAGE_TOKEN", "_CANCELLED",
        "_SEND_INITIAL_METADATA_AND_SEND_MESSAGE_TOKEN",
    ):  # fmt: skip
        assert hasattr(_server, name)


def test_a_hundred_callers_who_send_nothing_hold_up_nobody(server: Server, client: Client) -> None:
    with silent_calls(server.address, 100):
        np.testing.assert_array_equal(client.infer("doubler", {"x": X})["y"], 2 * X)


def test_who_sends_nothing_is_hung_up_on(impatient: Server) -> None:
    with silent_calls(impatient.address, 1) as connection:
        received = b""
        while b"No message came" not in received:
            more = connection.recv(4096)
            assert more, "the connection ended without a word"
            received += more


def test_a_call_that_ends_without_a_message_is_refused(server: Server) -> None:
    with grpc.insecure_channel(server.address) as channel:
        ask = channel.stream_unary("/inference.GRPCInferenceService/ModelInfer")
        with pytest.raises(grpc.RpcError) as refusal:
            ask(iter(()), timeout=10)
    assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "no message" in refusal.value.details()


@pytest.mark.parametrize("brief", [True, False])
def test_a_fault_of_ours_is_logged_and_ends_no_thread(
    brief: bool, server: Server, client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Length, "is_brief", property(lambda self: brief))
    for _ in range(2):
        client.infer("doubler", {"x": X})

    def fail(_: object) -> None:
        raise RuntimeError("a listener that breaks its word")

    server.guard.listeners.append(fail)
    with pytest.raises(HaechiError):
        client.infer("doubler", {"x": X})
    server.guard.listeners.remove(fail)
    assert "a call ended without an answer" in caplog.text
    np.testing.assert_array_equal(client.infer("doubler", {"x": X})["y"], 2 * X)


def test_a_call_with_two_messages_is_answered_by_its_first(server: Server, client: Client) -> None:
    message = oip.ServerLiveRequest().SerializeToString()
    with grpc.insecure_channel(server.address) as channel:
        ask = channel.stream_unary("/inference.GRPCInferenceService/ServerLive")
        assert oip.ServerLiveResponse.FromString(ask(iter((message, message)), timeout=10)).live
    assert client.ready()


def test_callers_who_hang_up_leave_nothing_behind(server: Server, client: Client) -> None:
    with grpc.insecure_channel(server.address) as channel:
        ask = channel.unary_unary("/inference.GRPCInferenceService/ServerLive")
        calls = [ask.future(b"", timeout=10) for _ in range(200)]
        for call in calls:
            call.cancel()
    assert client.ready()
    # What gRPC says of a call that is gone comes a little later.
    for _ in range(1000):
        if not server._intake._silent:
            return
        threading.Event().wait(0.01)
    pytest.fail(f"{len(server._intake._silent)} calls are still waited for")


def test_more_streams_than_there_may_be_are_refused_with_a_time_to_come_back(
    runtime: Runtime, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "_MOST_STREAMS", 2)
    server = Server(runtime, settings)
    server.start()
    over = threading.Event()

    def open_until_over() -> Iterator[bytes]:
        yield b"\xff"
        over.wait(20)

    with grpc.insecure_channel(server.address) as channel:
        ask = channel.stream_stream("/inference.GRPCInferenceService/ModelStreamInfer")
        streams = [ask(open_until_over()) for _ in range(2)]
        for stream in streams:
            next(stream)
        with pytest.raises(grpc.RpcError) as refusal:
            next(ask(iter((b"\xff",)), timeout=10))
        assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert dict(refusal.value.trailing_metadata())["grpc-retry-pushback-ms"].isdigit()
        over.set()
        for stream in streams:
            list(stream)
    server.stop(0)


def test_priority_is_read_from_the_calls_metadata(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    lanes, seen = server._intake._lanes, []
    submit = lanes.submit
    monkeypatch.setattr(
        lanes, "submit", lambda run, priority, size, brief: (seen.append(priority), submit(run, priority))
    )
    with grpc.insecure_channel(server.address) as channel:
        ask = channel.unary_unary("/inference.GRPCInferenceService/ServerMetadata")
        for said in ("high", "batch", "whatever"):
            assert ask(b"", metadata=((PRIORITY, said),), timeout=10)
    assert seen == [Priority.HIGH, Priority.BATCH, Priority.NORMAL]


def test_a_server_that_has_its_hands_full_says_that_it_lives(server: Server) -> None:
    lanes, go = server._intake._lanes, threading.Event()
    held = [threading.Event() for _ in range(THREADS)]
    for one in held:
        lanes.submit(lambda _, one=one: (one.set(), go.wait(30)), Priority.HIGH)
    assert all(one.wait(10) for one in held)
    with grpc.insecure_channel(server.address) as channel:
        live = channel.unary_unary("/inference.GRPCInferenceService/ServerLive")
        assert oip.ServerLiveResponse.FromString(live(b"", timeout=10)).live
        asked = channel.unary_unary("/inference.GRPCInferenceService/ServerMetadata").future(b"", timeout=30)
        assert not asked.done()
        go.set()
        assert asked.result()
