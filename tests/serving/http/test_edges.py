"""What HTTP refuses by itself, how a refusal looks, and that the guard is the one that gRPC has."""

import json
import logging
import re
import socket
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.errors import BadInput, Overloaded
from features.settings import Settings
from serving.call import Call
from serving.client import Client
from serving.guard import Ended
from serving.runtime import Runtime
from serving.server import Server
from tests.serving.http.conftest import Ask

X = {"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}
INFER = "/v2/models/doubler/infer"


@pytest.mark.parametrize(
    ("verb", "path", "status", "allow"),
    [
        pytest.param("GET", "/", 404, None, id="the root"),
        pytest.param("GET", "/v3/health/live", 404, None, id="another protocol"),
        pytest.param("GET", "/v2/models", 404, None, id="no name"),
        pytest.param("GET", "/v2/models/doubler/versions", 404, None, id="no version"),
        pytest.param("GET", "/v2/models/a/b/c/infer", 404, None, id="too many names"),
        pytest.param("GET", "/v2/models/%2e%2e%2fetc/infer/..", 404, None, id="upwards"),
        pytest.param("GET", INFER, 405, "POST", id="infer is POST"),
        pytest.param("POST", "/v2", 405, "GET, HEAD", id="metadata is GET"),
        pytest.param("DELETE", "/v2/repository/models/doubler/unload", 405, "POST", id="unload is POST"),
        pytest.param("POST", "/v2/repository/models/doubler/load", 501, None, id="models are fixed here"),
    ],
)
def test_paths_and_methods(verb: str, path: str, status: int, allow: str | None, ask: Ask) -> None:
    found, told, headers = ask(verb, path)
    assert (found, headers.get("allow")) == (status, allow)
    assert re.fullmatch(r".+\. .+", told["error"])


def test_an_ending_slash_and_a_query_change_nothing(ask: Ask) -> None:
    assert ask("GET", "/v2/?verbose=1")[1]["name"] == "haechi"


def test_the_head_of_an_answer_can_be_asked_for(address: tuple[str, int]) -> None:
    connection = HTTPConnection(*address, timeout=20)
    for _ in range(2):
        connection.request("HEAD", "/v2/health/ready")
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"")
    connection.close()


def test_nothing_is_computed_for_who_hung_up(
    address: tuple[str, int], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes, ended = server._intake._lanes, []
    held = threading.Event()
    server.guard.listeners.append(ended.append)
    submit = lanes.submit
    monkeypatch.setattr(lanes, "submit", lambda run, *more: submit(lambda no: (held.wait(10), run(no)), *more))
    connection = HTTPConnection(*address, timeout=20)
    connection.request("POST", INFER, json.dumps(X))
    time.sleep(0.2)
    connection.close()
    time.sleep(0.2)
    held.set()
    while not ended:
        time.sleep(0.01)
    assert ended[0].code.name == "DEADLINE_EXCEEDED"


def test_a_name_that_is_percent_encoded_is_read(ask: Ask) -> None:
    assert ask("GET", "/v2/models/d%6fubler")[1]["name"] == "doubler"
    assert "There is no model '강남'" in ask("GET", "/v2/models/%EA%B0%95%EB%82%A8")[1]["error"]


def test_the_unexpected_is_an_incident_whose_traceback_stays_in_the_log(
    ask: Ask, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def explode(*_: object) -> None:
        raise RuntimeError(f"/secret/path of {__file__}")

    monkeypatch.setattr(runtime, "find", explode)
    with caplog.at_level(logging.ERROR, "haechi.serving"):
        status, told, _ = ask("POST", INFER, X)
    assert status == 500
    assert "/secret" not in told["error"]
    assert told["error"].split("incident ")[1][:8] in caplog.text


@pytest.mark.parametrize(
    ("said", "status", "text"),
    [
        pytest.param("5", 200, "", id="in time"),
        pytest.param("1e-9", 504, "deadline passed", id="too late"),
        pytest.param("soon", 400, "is 'soon', which is no time. Say how many seconds", id="no time"),
        pytest.param("-1", 400, "which is no time", id="before now"),
        pytest.param("nan", 400, "which is no time", id="no number"),
    ],
)
def test_a_deadline_is_kept(said: str, status: int, text: str, ask: Ask) -> None:
    found, told, _ = ask("POST", INFER, X, haechi_timeout_s=said)
    assert found == status
    assert text in told.get("error", "")


def test_overload_sheds_as_over_grpc(ask: Ask, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    lanes = server._intake._lanes
    submit = lanes.submit

    def refuse(run: Any, priority: Any, size: int) -> None:
        submit(lambda _: run(Overloaded(cause="Full", mend="Come back", retry_s=0.5)), priority, size)

    monkeypatch.setattr(lanes, "submit", refuse)
    status, told, headers = ask("POST", INFER, X)
    assert (status, told["error"], headers["retry-after"]) == (429, "Full. Come back", "1")
    assert server.guard.refused["RESOURCE_EXHAUSTED"] == 1


def test_zone_priority_and_what_listens_are_the_guards(ask: Ask, server: Server) -> None:
    ended: list[Ended] = []
    server.guard.listeners.append(ended.append)
    ask("POST", INFER, X, haechi_zone="Jung-gu", haechi_priority="high")
    call: Call = ended[0].call
    assert (call.method, call.model, call.zone, call.priority.name) == (
        "/inference.GRPCInferenceService/ModelInfer", "doubler/1", "Jung-gu", "HIGH",
    )  # fmt: skip


def test_a_header_that_decides_something_is_there_once(connect: Any) -> None:
    body = json.dumps(X).encode()
    head = f"POST {INFER} HTTP/1.1\r\nhost: x\r\nauthorization: a\r\nauthorization: b\r\ncontent-length: {len(body)}"
    connection = connect()
    connection.sendall(head.encode() + b"\r\nconnection: close\r\n\r\n" + body)
    assert b"400" in connection.recv(4096).splitlines()[0]


def test_a_page_in_a_browser_is_not_let_in(ask: Ask) -> None:
    status, told, _ = ask("POST", INFER, X, origin="http://evil.example")
    assert (status, told["error"].split(".")[0]) == (403, "The call comes from a page in a browser")


def test_both_wires_give_the_same_numbers(ask: Ask, client: Client) -> None:
    x = np.random.default_rng(7).normal(size=(5, 3)).astype(np.float32)
    tensor = {"name": "x", "shape": [5, 3], "datatype": "FP32", "data": x.ravel().tolist()}
    told = ask("POST", INFER, {"inputs": [tensor]})[1]["outputs"][0]
    np.testing.assert_array_equal(
        np.array(told["data"], np.float32).reshape(5, 3), client.infer("doubler", {"x": x})["y"]
    )


def test_other_machines_do_not_ask_in_the_open(start: Callable[..., Server], authority: Any, tokens_file: Path) -> None:
    cert, key = authority.issue("server")
    tls = {"tls_cert": cert, "tls_key": key, "tokens": tokens_file}
    with pytest.raises(BadInput, match=r"HTTP here has no TLS of its own\. .*HAECHI_PLAINTEXT=true"):
        start(host="0.0.0.0", **tls)  # noqa: S104
    behind_a_proxy = start(host="0.0.0.0", plaintext=True, tokens=tokens_file)  # noqa: S104
    assert (behind_a_proxy.http_address or "").startswith("0.0.0.0:")


@pytest.mark.parametrize(
    ("scopes", "shown", "path", "status", "text"),
    [
        pytest.param([], False, "/v2/health/ready", 200, "", id="health is told to everybody"),
        pytest.param([], False, INFER, 401, "shows nothing. Send the metadata `authorization", id="no token"),
        pytest.param(["read"], True, INFER, 403, "lacks the scope 'infer'", id="a token that may not"),
        pytest.param(["infer:weigher"], True, INFER, 403, "may not infer the model 'doubler'", id="another model"),
        pytest.param(["infer"], True, INFER, 200, "", id="a token that may"),
    ],
)
def test_the_door_is_the_same(
    scopes: list[str],
    shown: bool,
    path: str,
    status: int,
    text: str,
    start: Callable[..., Server],
    token: Callable[..., str],
    tokens_file: Path,
) -> None:
    held = token(*scopes)
    server = start(tokens=tokens_file)
    connection = HTTPConnection(*(server.http_address or "").split(":"), timeout=20)
    body = json.dumps(X) if path == INFER else None
    headers = {"authorization": f"Bearer {held}"} if shown else {}
    connection.request("POST" if body else "GET", path, body, headers)
    response = connection.getresponse()
    told = json.loads(response.read())
    connection.close()
    assert (response.status, response.getheader("www-authenticate")) == (status, "Bearer" if status == 401 else None)
    assert text in told.get("error", "")


def test_a_body_of_whom_the_door_will_not_let_in_is_not_read(start: Callable[..., Server], tokens_file: Path) -> None:
    server = start(tokens=tokens_file)
    host, _, port = (server.http_address or "").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"POST {INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 401")


def test_a_port_that_is_taken_is_said_with_its_own_flag(runtime: Runtime, settings: Settings, server: Server) -> None:
    taken = int((server.http_address or "").rpartition(":")[2])
    with pytest.raises(BadInput, match=r"the port is in use.*--http-port, HAECHI_HTTP_PORT"):
        Server(runtime, settings.model_copy(update={"http_port": taken}))


@pytest.mark.parametrize("path", ["/v2/models/doubler", "/v2/models/nobody"], ids=["answered", "refused"])
def test_a_call_comes_back_with_its_id(path: str, ask: Ask) -> None:
    _, _, headers = ask("GET", path, x_request_id="seven-7")
    assert headers["x-request-id"] == "seven-7"
    _, _, headers = ask("GET", path, x_request_id="no id: it has spaces")
    assert headers["x-request-id"] not in ("", "no id: it has spaces")
