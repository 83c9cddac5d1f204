"""Stores to test on: SQLite always, PostgreSQL where its programs are installed."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from serving.alerts.alerting import Alerting
from serving.alerts.store import Store
from serving.server import Server
from tests.serving.alerts.room import Room

NOBODY = 65534


def _programs() -> Path | None:
    """The folder of PostgreSQL's programs; Debian keeps them off the PATH."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((one for one in folders if (one / "postgres").exists()), None)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """URL of a PostgreSQL of the tests' own, on a free port of this machine; a skip where none is installed."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt install postgresql")
    # PostgreSQL refuses to run as root.
    other = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="haechi-pg-", dir="/tmp"))  # a socket's path must be short
    try:
        if other:
            os.chown(folder, NOBODY, NOBODY)
        data = folder / "data"
        options = ["-D", str(data), "-U", "haechi", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"]
        subprocess.run([programs / "initdb", *options], check=True, capture_output=True, cwd=folder, **other)  # noqa: S603
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [programs / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **other)  # noqa: S603
        try:
            ready = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-U", "haechi"]
            while subprocess.run(ready, check=False).returncode:  # noqa: S603
                assert server.poll() is None, "PostgreSQL did not start"
            yield f"postgresql://haechi:not-a-secret@127.0.0.1:{port}"
        finally:
            # Its fast way to stop: it waits for no connection.
            server.send_signal(signal.SIGINT)
            server.wait(30)
    finally:
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty store may be made: a file, or a database of PostgreSQL's."""
    return str(tmp_path / "alerts.sqlite") if request.param == "sqlite" else fresh(request)


def fresh(request: pytest.FixtureRequest) -> str:
    """A database of PostgreSQL's in which there is nothing yet."""
    import pg8000.native

    url = request.getfixturevalue("postgresql")
    port = int(url.rpartition(":")[2])
    name = f"t{abs(hash(request.node.nodeid))}"
    connection = pg8000.native.Connection("haechi", host="127.0.0.1", port=port, database="postgres")
    connection.run(f"CREATE DATABASE {name}")
    connection.close()
    return f"{url}/{name}"


@pytest.fixture
def open_store() -> Iterator[Callable[[str], Store]]:
    """Opens stores, which are closed afterwards."""
    stores: list[Store] = []

    def opened(place: str) -> Store:
        stores.append(Store(place))
        return stores[-1]

    yield opened
    for store in stores:
        store.close()


@pytest.fixture
def store(place: str, open_store: Callable[[str], Store]) -> Store:
    """An empty store, of each kind."""
    return open_store(place)


@pytest.fixture
def quick(tmp_path: Path, open_store: Callable[[str], Store]) -> Store:
    """An empty store of SQLite, for what does not depend on the database."""
    return open_store(str(tmp_path / "alerts.sqlite"))


@pytest.fixture
def alerting(quick: Store) -> Alerting:
    """The core on an empty store."""
    return Alerting(quick)


@pytest.fixture
def served(start: Callable[..., Server]) -> Server:
    return start(alert_poll_s=0.05)


@pytest.fixture
def core(tmp_path: Path, open_store: Callable[[str], Store]) -> Alerting:
    """Another process's core on the server's store."""
    return Alerting(open_store(str(tmp_path / "alerts.sqlite")))


@pytest.fixture
def room(served: Server) -> Iterator[Room]:
    room = Room(served.address)
    yield room
    room.channel.close()
