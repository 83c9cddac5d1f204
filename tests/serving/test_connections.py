"""Ten thousand callers who are connected and say nothing keep nobody from an answer."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import psutil
import pytest

from experiments.serving.load import served
from serving.client import Client

MANY = 10_000
# Besides connections a process has files open.
FILES = MANY + 500
HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)


@pytest.fixture
def files() -> Iterator[None]:
    """As many as this test needs; the server is started with the few that a shell allows by default."""
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < FILES:
        pytest.skip(f"this machine lets a process have {most} files open, and {FILES} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, most))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))


@pytest.mark.usefixtures("files")
def test_ten_thousand_idle_connections_hold_up_nobody(models: Path) -> None:
    with served(models) as server, ExitStack() as stack:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, most))
        host, port = server.address.rsplit(":", 1)
        process = psutil.Process(server.pid)
        before = process.memory_info().rss
        for _ in range(MANY):
            idle = stack.enter_context(socket.create_connection((host, int(port)), timeout=30))
            idle.sendall(HELLO)
        with Client(server.address) as client:
            x = np.ones((1, 3), dtype=np.float32)
            np.testing.assert_array_equal(client.infer("doubler", {"x": x})["y"], 2 * x)
        assert process.num_fds() > MANY
        # gRPC keeps some 15 KiB of each.
        assert process.memory_info().rss - before < MANY * 40 * 1024
