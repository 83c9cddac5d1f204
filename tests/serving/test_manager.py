import socket
from pathlib import Path

import pytest

from serving.manager import tell_manager


@pytest.mark.parametrize("kind", ["a path", "an abstract name"])
def test_a_manager_that_listens_is_told(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = str(tmp_path / "notify")
    variable, address = (place, place) if kind == "a path" else (f"@{place}", f"\0{place}")
    monkeypatch.setenv("NOTIFY_SOCKET", variable)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        tell_manager("READY=1")
        manager.settimeout(5)
        assert manager.recv(100) == b"READY=1"


@pytest.mark.parametrize("place", [pytest.param("", id="none"), pytest.param("/nowhere/notify", id="one that is gone")])
def test_where_no_manager_listens_nothing_happens(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", place)
    tell_manager("READY=1")
