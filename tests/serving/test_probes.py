from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from features.errors import BadInput
from features.settings import Settings
from serving.runtime import Runtime
from serving.server import Server

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture
def probed(runtime: Runtime, settings: Settings) -> Iterator[Server]:
    """A server with a port for probes, not yet started."""
    server = Server(runtime, settings.model_copy(update={"health_port": 0}))
    yield server
    server.stop(0)


@pytest.fixture
def channel(probed: Server) -> Iterator[grpc.Channel]:
    """To the port for probes."""
    assert probed.probes is not None
    with grpc.insecure_channel(probed.probes.address) as channel:
        yield channel


def check(channel: grpc.Channel, service: str = "") -> int:
    request = health_pb2.HealthCheckRequest(service=service)
    return int(health_pb2_grpc.HealthStub(channel).Check(request, timeout=5).status)


def test_no_port_answers_probes_unasked(server: Server) -> None:
    assert server.probes is None


def test_probes_are_answered_as_callers_are(probed: Server, channel: grpc.Channel) -> None:
    probed.start()
    assert (check(channel), check(channel, "inference.GRPCInferenceService")) == (SERVING, SERVING)
    with pytest.raises(grpc.RpcError) as refused:
        check(channel, "nobody")
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    "method",
    [
        pytest.param("/inference.GRPCInferenceService/ModelInfer", id="inference"),
        pytest.param("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", id="reflection"),
        pytest.param("/grpc.health.v1.Health/Watch", id="what holds a thread"),
    ],
)
def test_that_port_answers_nothing_else(method: str, probed: Server, channel: grpc.Channel) -> None:
    probed.start()
    with pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary(method)(b"", timeout=5)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_who_shows_neither_certificate_nor_token_learns_that_the_server_lives_and_nothing_else(
    start: Callable[..., Server], authority: Any, tokens_file: Path
) -> None:
    cert, key = authority.issue("server")
    asked = {"tokens": tokens_file, "tls_cert": cert, "tls_key": key, "tls_client_ca": authority.path}
    server = start(health_port=0, **asked)
    assert server.probes is not None
    with grpc.insecure_channel(server.probes.address) as channel:
        assert check(channel) == SERVING
        with pytest.raises(grpc.RpcError) as refused:
            check(channel, "doubler")
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


def test_while_the_server_drains_probes_hear_that_it_does(
    probed: Server, channel: grpc.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = []
    shutdown = probed._intake.shutdown

    def listen() -> None:
        heard.append(check(channel))
        shutdown()

    probed.start()
    with monkeypatch.context() as here:
        here.setattr(probed._intake, "shutdown", listen)
        probed.stop(0)
    assert heard == [NOT_SERVING]


def test_a_port_in_use_is_named(runtime: Runtime, settings: Settings, probed: Server) -> None:
    assert probed.probes is not None
    port = int(probed.probes.address.rpartition(":")[2])
    with pytest.raises(BadInput, match=f"127.0.0.1:{port} for health checks") as refused:
        Server(runtime, settings.model_copy(update={"health_port": port}))
    assert "HAECHI_HEALTH_PORT" in refused.value.mend
