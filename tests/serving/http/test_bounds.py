"""Who is slow, silent or many holds up nobody over HTTP, and holds nothing for long."""

import socket
import threading
import time
from collections.abc import Callable

import pytest

from serving.http import app, protocol
from serving.server import Server
from tests.serving.http.conftest import Ask

Connect = Callable[[], socket.socket]
HEAD = b"POST /v2/models/doubler/infer HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits for heads and bodies for no more than a blink."""
    monkeypatch.setattr(protocol, "_HEAD_S", 0.2)
    monkeypatch.setattr(protocol, "_WHOLE_S", 0.4)
    monkeypatch.setattr(protocol, "KEEP_ALIVE_S", 0.3)


def until_closed(connection: socket.socket) -> bytes:
    connection.settimeout(5)
    received = b""
    while more := connection.recv(65536):
        received += more
    return received


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        pytest.param(b"", b"No request came in time. Send it at once", id="nothing"),
        pytest.param(b"GET /v2 HTT", b"The head of the request did not come in time", id="half a head"),
        pytest.param(HEAD + b"{", b"The body did not come in time", id="half a body"),
    ],
)
def test_who_sends_only_half_is_hung_up_on(sent: bytes, answer: bytes, connect: Connect) -> None:
    connection = connect()
    connection.sendall(sent)
    received = until_closed(connection)
    assert received.startswith(b"HTTP/1.1 408")
    assert answer in received


@pytest.mark.usefixtures("impatient")
def test_a_trickle_buys_no_time(connect: Connect) -> None:
    connection, since_s = connect(), time.monotonic()
    over = threading.Event()

    def trickle() -> None:
        try:
            while not over.wait(0.05):
                connection.sendall(b"x")
        except OSError:
            return

    connection.sendall(HEAD)
    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        assert b"408" in until_closed(connection)
    finally:
        over.set()
        thread.join()
    assert time.monotonic() - since_s < 3


@pytest.mark.usefixtures("impatient")
def test_a_connection_that_was_answered_and_stays_is_closed_without_a_word(connect: Connect) -> None:
    connection = connect()
    connection.sendall(b"GET /v2/health/live HTTP/1.1\r\nhost: x\r\n\r\n")
    received = until_closed(connection)
    assert received.startswith(b"HTTP/1.1 200")
    assert received.endswith(b'{"live":true}')


@pytest.mark.usefixtures("impatient")
def test_who_goes_on_sending_after_the_refusal_reads_it_and_is_hung_up_on(connect: Connect) -> None:
    connection = connect()
    connection.sendall(b"POST /v2/models/doubler/infer HTTP/1.1\r\nhost: x\r\ncontent-length: 90000000\r\n\r\n")
    connection.sendall(b" " * 200_000)
    received = until_closed(connection)
    assert received.startswith(b"HTTP/1.1 413")
    assert b"larger than 1048576 bytes" in received


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", id="TLS"),
        pytest.param(b"GET /v2 HTTP/1.1\r\nhost: x\r\nx: " + b"a" * 40_000, id="a long head"),
        pytest.param(b"GET /v2 HTTP/1.1\r\n\r\n", id="no host"),
        pytest.param(b"POST /v2 HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n", id="a negative length"),
        pytest.param(
            b"POST /v2 HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", id="two lengths"
        ),
    ],
)
def test_what_is_no_http_is_refused(sent: bytes, connect: Connect) -> None:
    connection = connect()
    connection.sendall(sent)
    received = until_closed(connection)
    assert received.startswith(b"HTTP/1.1 400")
    assert b'{"error":"Invalid HTTP request received. Send HTTP/1.1' in received


def test_a_chunked_body_is_bounded_too(connect: Connect) -> None:
    connection = connect()
    connection.sendall(b"POST /v2/models/doubler/infer HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
    for _ in range(40):
        connection.sendall(b"8000\r\n" + b" " * 0x8000 + b"\r\n")
    connection.sendall(b"0\r\n\r\n")
    assert connection.recv(65536).startswith(b"HTTP/1.1 413")


def test_a_thousand_idle_connections_hold_up_nobody(connect: Connect, ask: Ask, server: Server) -> None:
    assert ask("GET", "/v2/health/live")[0] == 200
    opened = [connect() for _ in range(480)]
    for number in range(1000 - len(opened)):
        # Files of this process are few; those that are closed again have been let in all the same.
        opened[number % 480].close()
        opened[number % 480] = connect()
    assert ask("GET", "/v2/health/live")[0] == 200
    assert server._http is not None
    assert len(server._http._server.server_state.connections) <= protocol._MOST_CONNECTIONS


def test_who_comes_when_all_places_are_taken_gets_that_of_the_idlest(
    connect: Connect, address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "_MOST_CONNECTIONS", 3)
    idle = [connect() for _ in range(10)]
    newest = connect()
    newest.sendall(b"GET /v2/health/live HTTP/1.1\r\nhost: x\r\n\r\n")
    assert newest.recv(4096).startswith(b"HTTP/1.1 200")
    assert idle[0].recv(1) == b""


def test_when_every_place_is_at_work_who_comes_is_refused(
    connect: Connect, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "_MOST_CONNECTIONS", 2)
    for _ in range(2):
        connect().sendall(HEAD)
    assert server._http is not None
    while sum(not one.idle for one in tuple(server._http._server.server_state.connections)) < 2:  # type: ignore[union-attr]
        time.sleep(0.01)
    received = until_closed(connect())
    assert received.startswith(b"HTTP/1.1 503")
    assert b"2 calls are under way. Ask again later" in received


def test_bodies_under_way_are_bounded_together(ask: Ask, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "_MOST_READING_BYTES", 100_000)
    status, told, headers = ask("POST", "/v2/models/doubler/infer", b" " * 200_000)
    assert (status, "More comes in here" in told["error"], "retry-after" in headers) == (429, True, True)
    assert ask("POST", "/v2/models/doubler/infer", b"{}")[0] == 400


def test_who_takes_no_answer_is_hung_up_on(start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "_HEAD_S", 0.3)
    server = start()
    host, _, port = (server.http_address or "").rpartition(":")
    body = b'{"inputs":[{"name":"x","datatype":"BYTES","shape":[1],"data":["' + b"a" * 1_000_000 + b'"]}]}'
    head = b"POST /v2/models/echo-string/infer HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
    with socket.socket() as connection:
        # A small window, and never a look into it.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((host, int(port)))
        assert server._http is not None
        state = server._http._server.server_state
        for _ in range(20):
            try:
                connection.sendall(head + body)
            except OSError:
                break
        deadline_s = time.monotonic() + 10
        while state.connections and time.monotonic() < deadline_s:
            time.sleep(0.05)
        assert not state.connections


def test_calls_under_way_end_before_the_server_does(start: Callable[..., Server]) -> None:
    server = start()
    host, _, port = (server.http_address or "").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        body = b'{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}]}'
        head = b"POST /v2/models/doubler/infer HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
        connection.sendall(head + body[:10])
        time.sleep(0.2)
        stopping = threading.Thread(target=server.stop, args=(5,))
        stopping.start()
        time.sleep(0.3)
        connection.sendall(body[10:])
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        stopping.join(10)
        assert not stopping.is_alive()
