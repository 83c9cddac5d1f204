"""Every administrative call leaves a line, whether it was allowed or not."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest

from features.errors import HaechiError, NotAllowed, UnknownCaller, UnknownName
from serving.audit import Audit
from serving.call import Call, Caller
from serving.client import Client
from serving.proto import open_inference_grpc_pb2 as oip
from serving.repository import Repository
from serving.runtime import Runtime
from serving.server import Server

OIP = oip.DESCRIPTOR.services_by_name["GRPCInferenceService"]
NOW = datetime(2026, 11, 28, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


@pytest.fixture
def managed(start: Callable[..., Server], runtime: Runtime, models: Path, tokens_file: Path) -> Server:
    """A server whose models callers may load and unload."""
    return start(Repository(models, runtime), tokens=tokens_file)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def load(client: Client, model: str) -> None:
    client.load(model)


@pytest.mark.usefixtures("at_once")
def test_who_did_what_when_and_how_it_ended(managed: Server, token: Callable[..., str], log: Path) -> None:
    with Client(managed.address, token=token("admin:doubler", "read", name="kim")) as kim:
        load(kim, "doubler")
        with pytest.raises(NotAllowed, match="if there is one"):
            load(kim, "weigher")
        with pytest.raises(NotAllowed, match="if there is one"):
            load(kim, "nobody")
        kim.models()
    with Client(managed.address, token=token("infer", name="lee")) as lee, pytest.raises(NotAllowed):
        load(lee, "doubler")
    with Client(managed.address, token="wrong") as stranger, pytest.raises(UnknownCaller):  # noqa: S106
        load(stranger, "doubler")
    with Client(managed.address, token=token("admin", name="park")) as park, pytest.raises(UnknownName) as unknown:
        load(park, "no\nbody")
    assert "weigher" not in unknown.value.mend

    written = lines(log)
    assert [(line["who"], line["outcome"]) for line in written] == [
        ("kim", "OK"),
        ("kim", "PERMISSION_DENIED"),
        ("kim", "PERMISSION_DENIED"),
        ("lee", "PERMISSION_DENIED"),
        ("", "UNAUTHENTICATED"),
        ("park", "NOT_FOUND"),
    ]
    first = written[0]
    assert first["what"] == "/inference.GRPCInferenceService/RepositoryModelLoad"
    assert first["request"] == 'model_name: "doubler"'
    assert first["shown"] == "token"
    assert first["peer"].startswith("ipv4:127.0.0.1:")
    assert datetime.fromisoformat(first["at"]).utcoffset() is not None
    assert abs((datetime.now(UTC) - datetime.fromisoformat(first["at"])).total_seconds()) < 60
    assert "no\\nbody" in written[-1]["request"]
    assert "wrong" not in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


def test_where_nobody_is_asked_it_is_written_too(
    start: Callable[..., Server], runtime: Runtime, models: Path, log: Path
) -> None:
    server = start(Repository(models, runtime))
    with Client(server.address) as client:
        load(client, "doubler")
    assert [(line["who"], line["outcome"]) for line in lines(log)] == [("", "OK")]


@pytest.mark.usefixtures("at_once")
def test_what_could_not_be_recorded_is_not_done(
    managed: Server, token: Callable[..., str], log: Path, runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    log.mkdir()
    with Client(managed.address, token=token("admin")) as client:
        before = runtime.lines()
        with pytest.raises(HaechiError, match="incident"):
            client.unload("doubler")
    assert runtime.lines() == before
    assert "cannot be written" in caplog.text


def call(**more: Any) -> Call:
    return Call(method="/a.B/C", scope="admin", **more)


def test_a_log_that_was_moved_away_is_begun_anew(log: Path) -> None:
    audit = Audit(log, now=lambda: NOW)
    audit.record(call(caller=Caller(name="방재실", shown="jwt"), request="a\nb"), grpc.StatusCode.OK)
    log.rename(log.with_suffix(".1"))
    audit.record(call(), grpc.StatusCode.OK)

    assert len(lines(log)) == 1
    assert lines(log.with_suffix(".1"))[0] == {
        "at": "2026-11-28T03:04:05.000+00:00",
        "who": "방재실",
        "shown": "jwt",
        "peer": "",
        "what": "/a.B/C",
        "request": "a\nb",
        "outcome": "OK",
    }


def test_strangers_cannot_fill_the_disk(log: Path) -> None:
    audit = Audit(log, now=lambda: NOW)
    for _ in range(1000):
        audit.record(call(), grpc.StatusCode.UNAUTHENTICATED)
    assert len(lines(log)) == 10
    audit.record(call(caller=Caller(name="kim", shown="token")), grpc.StatusCode.OK)
    assert lines(log)[-1]["left_out"] == "990"


def test_a_request_that_is_long_is_told_by_its_size(
    start: Callable[..., Server], runtime: Runtime, models: Path, log: Path
) -> None:
    server = start(Repository(models, runtime))
    with Client(server.address) as client, pytest.raises(UnknownName):
        load(client, "x" * 5000)
    with grpc.insecure_channel(server.address) as channel, pytest.raises(grpc.RpcError):
        channel.unary_unary("/inference.GRPCInferenceService/RepositoryModelLoad")(b"\xff\xff")
    assert [line["request"] for line in lines(log)] == ["5003 bytes", "unreadable"]
