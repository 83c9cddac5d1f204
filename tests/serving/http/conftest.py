"""A server that answers over HTTP too, and the barest client of it."""

import json
import socket
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest

from features.settings import Settings
from serving.server import Server

Ask = Callable[..., tuple[int, Any, dict[str, str]]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"http_port": 0})


@pytest.fixture
def address(server: Server) -> tuple[str, int]:
    assert server.http_address is not None
    host, _, port = server.http_address.rpartition(":")
    return host, int(port)


@pytest.fixture
def ask(address: tuple[str, int]) -> Iterator[Ask]:
    """Send one request over a connection that stays; returns status, document (or bytes) and headers."""
    connection = HTTPConnection(*address, timeout=20)

    def send(verb: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, dict[str, str]]:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection.request(verb, path, data, {name.replace("_", "-"): value for name, value in headers.items()})
        return _read(connection.getresponse())

    yield send
    connection.close()


def _read(response: HTTPResponse) -> tuple[int, Any, dict[str, str]]:
    content = response.read()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return response.status, json.loads(content) if headers["content-type"] == "application/json" else content, headers


@pytest.fixture
def connect(address: tuple[str, int]) -> Iterator[Callable[[], socket.socket]]:
    """Open bare connections, which are closed at the end."""
    opened: list[socket.socket] = []

    def open_one() -> socket.socket:
        opened.append(socket.create_connection(address, timeout=20))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()
