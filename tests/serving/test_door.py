"""Who is let in, who is not, and what either hears of it; over the wire."""

import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from features.errors import BadInput, HaechiError, NotAllowed, Overloaded, UnknownCaller, UnknownName
from features.settings import Settings
from serving import door
from serving.call import Call
from serving.client import Client, connect
from serving.door import Door
from serving.proto import haechi_v1_pb2 as v1
from serving.proto import open_inference_grpc_pb2 as oip
from serving.queries import query
from serving.runtime import Runtime
from serving.server import Server

X = {"x": np.array([[1, 2, 3]], dtype=np.float32)}
OIP = oip.DESCRIPTOR.services_by_name["GRPCInferenceService"]
TRAFFIC = v1.DESCRIPTOR.services_by_name["TrafficService"]

Start = Callable[..., Server]
MakeToken = Callable[..., str]


@pytest.fixture
def asking(start: Start, tokens_file: Path) -> Server:
    """A server that asks who calls."""
    return start(tokens=tokens_file)


@pytest.fixture
def ask(asking: Server, token: MakeToken) -> Callable[..., Client]:
    """A client with a token of the scopes given."""
    return lambda *scopes, **more: Client(asking.address, token=token(*scopes, **more), retry=False)


ASKS = {
    "metadata of the server": ("read", lambda c: c.ask(query(OIP, "ServerMetadata", oip.ServerMetadataRequest(), str))),
    "readiness": ("read", lambda c: c.ask(query(OIP, "ModelReady", oip.ModelReadyRequest(name="doubler"), str))),
    "metadata": ("read", lambda c: c.metadata("doubler")),
    "index": ("read", lambda c: c.models()),
    "inference": ("infer", lambda c: c.infer("doubler", X)),
    "latest": ("infer", lambda c: c.ask(query(TRAFFIC, "Latest", v1.LatestRequest(model="doubler"), str))),
}


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("name", ASKS)
def test_each_method_asks_for_its_scope_and_no_other_will_do(name: str, ask: Callable[..., Client]) -> None:
    scope, call = ASKS[name]
    with ask(scope) as client:
        try:
            call(client)
        except BadInput as error:
            # A doubler is no traffic model; the door was passed.
            assert "not of traffic" in error.cause  # noqa: PT017
    with ask(*({"read", "infer", "admin"} - {scope})) as client:
        with pytest.raises(NotAllowed, match=f"'room' lacks the scope '{scope}'") as refusal:
            call(client)
        assert refusal.value.mend


@pytest.mark.parametrize("name", ASKS)
def test_who_shows_nothing_is_told_how_to(name: str, asking: Server) -> None:
    with Client(asking.address) as client, pytest.raises(UnknownCaller, match="the call shows nothing") as refusal:
        ASKS[name][1](client)
    assert "HAECHI_TOKEN" in refusal.value.mend
    assert asking.guard.refused == {"UNAUTHENTICATED": 1}


@pytest.mark.parametrize(
    "shown",
    ["Bearer wrong", "Bearer ", "Bearer a.b.c", "Basic cm9vbTpyb29t", "wrong", "bearer", "Bearer " + "x" * 5000],
)
def test_a_wrong_token_is_refused_and_not_repeated(shown: str, asking: Server) -> None:
    with grpc.insecure_channel(asking.address) as channel:
        call = channel.unary_unary("/inference.GRPCInferenceService/RepositoryIndex")
        with pytest.raises(grpc.RpcError) as refusal:
            call(b"", metadata=(("authorization", shown),))
    assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert "wrong" not in refusal.value.details()
    assert "xxx" not in refusal.value.details()


@pytest.mark.usefixtures("at_once")
def test_who_shows_nothing_is_not_waited_for(asking: Server, token: MakeToken) -> None:
    held, ended = token("infer"), threading.Event()

    def nothing() -> Iterator[bytes]:
        ended.wait(20)
        yield from ()

    with grpc.insecure_channel(asking.address) as channel:
        silent = channel.stream_unary("/inference.GRPCInferenceService/ModelInfer")
        for shown in ("", "Bearer wrong", "Bearer a.b.c"):
            with pytest.raises(grpc.RpcError) as refusal:
                silent(nothing(), metadata=(("authorization", shown),), timeout=5)
            assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED
        with pytest.raises(grpc.RpcError) as refusal:
            silent(nothing(), metadata=(("authorization", f"Bearer {held}"),), timeout=1)
        assert refusal.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED, "a caller's message is waited for"
        ended.set()


@pytest.mark.usefixtures("at_once")
def test_a_token_works_at_once_expires_and_can_be_taken_back(
    asking: Server, token: MakeToken, tokens_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    held = token("read")
    past = token("read", name="past", expires=datetime.now(UTC) - timedelta(seconds=5))
    with Client(asking.address, token=held) as client:
        assert client.models()
        with Client(asking.address, token=past) as late, pytest.raises(UnknownCaller, match="'past' has expired"):
            late.models()
        tokens_file.write_text("[[token]")
        assert client.models()
        assert "what was read before it stays" in caplog.text
        tokens_file.write_text("")
        with pytest.raises(UnknownCaller, match="none of this server's"):
            client.models()
    assert held not in caplog.text


def test_hashes_are_compared_whole(
    start: Start, token: MakeToken, tokens_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, compared, real = token("read"), [], hmac.compare_digest

    def compare(one: str, other: str) -> bool:
        compared.append((one, other))
        return real(one, other)

    monkeypatch.setattr(door.hmac, "compare_digest", compare)
    with Client(start(tokens=tokens_file).address, token=held) as client:
        assert client.models()
    assert len(compared) == 1


@pytest.mark.usefixtures("at_once")
def test_who_may_ask_for_some_models_sees_no_others(ask: Callable[..., Client]) -> None:
    with ask("read:weigher", "infer:echo-*") as client:
        assert {model.name for model in client.models()} == {"weigher"}
        assert client.metadata("weigher").name == "weigher"
        assert client.infer("echo-float32", {"x": np.zeros(2, np.float32)})["y"].tolist() == [0, 0]
        told = set()
        for model in ("doubler", "nobody"):
            for call in (lambda m=model: client.metadata(m), lambda m=model: client.infer(m, X)):
                with pytest.raises(NotAllowed, match="if there is one") as refusal:
                    call()
                told.add(str(refusal.value).replace(model, "MODEL"))
        assert len(told) == 2, "one for each scope: what is there and what is not are told alike"
        with pytest.raises(UnknownName) as unknown:
            client.infer("echo-nothing", X)
        assert "echo-float32" in unknown.value.mend
        assert "doubler" not in unknown.value.mend


@pytest.mark.usefixtures("at_once")
def test_an_overloaded_model_is_told_only_to_those_who_may_ask_it(
    ask: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Overloaded(cause="Calls wait for their turn already", mend="Ask again later")
    with ask("infer:doubler") as friend, ask("infer:echo-*") as stranger:
        friend.infer("doubler", X)
        monkeypatch.setattr(Runtime, "overload", lambda *_: full)
        with pytest.raises(NotAllowed, match="if there is one"):
            stranger.infer("doubler", X)
        with pytest.raises(Overloaded):
            friend.infer("doubler", X)


@pytest.mark.usefixtures("at_once")
def test_a_service_can_be_allowed_without_another(ask: Callable[..., Client]) -> None:
    with ask("infer/GRPCInferenceService") as client:
        assert client.infer("doubler", X)
        with pytest.raises(NotAllowed, match="Latest"):
            client.ask(query(TRAFFIC, "Latest", v1.LatestRequest(model="doubler"), str))


@pytest.mark.usefixtures("at_once")
def test_each_message_of_a_stream_is_held_against_the_scopes(asking: Server, token: MakeToken) -> None:
    def request(model: str) -> bytes:
        asked = oip.ModelInferRequest(model_name=model, id=model)
        asked.inputs.add(name="x", datatype="FP32", shape=[1, 3])
        asked.raw_input_contents.append(X["x"].tobytes())
        return asked.SerializeToString()

    metadata = (("authorization", f"Bearer {token('infer:doubler')}"),)
    with grpc.insecure_channel(asking.address) as channel:
        stream = channel.stream_stream("/inference.GRPCInferenceService/ModelStreamInfer")
        replies = stream(iter([request("picker"), request("doubler")]), metadata=metadata)
        errors = [oip.ModelStreamInferResponse.FromString(reply).error_message for reply in replies]
    assert "may not infer the model 'picker'" in errors[0]
    assert errors[1] == ""


def test_health_is_told_to_everybody_and_names_no_model(asking: Server) -> None:
    with grpc.insecure_channel(asking.address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for service in ("", "inference.GRPCInferenceService"):
            assert health.Check(health_pb2.HealthCheckRequest(service=service)).status == 1
            watching = health.Watch(health_pb2.HealthCheckRequest(service=service))
            assert next(watching).status == 1
            watching.cancel()
        with pytest.raises(grpc.RpcError) as refusal:
            health.Check(health_pb2.HealthCheckRequest(service="doubler"))
        assert refusal.value.code() is grpc.StatusCode.NOT_FOUND
    with Client(asking.address) as client:
        assert client.ready()


@pytest.mark.usefixtures("at_once")
def test_reflection_asks_too(asking: Server, token: MakeToken) -> None:
    with grpc.insecure_channel(asking.address) as channel:
        reflect = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        with pytest.raises(grpc.RpcError) as refusal:
            list(reflect(iter([request])))
        assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED
        (reply,) = reflect(iter([request]), metadata=(("authorization", f"Bearer {token('read')}"),))
    assert len(reply.list_services_response.service) == 7


def test_every_method_but_health_and_life_is_closed(asking: Server) -> None:
    public = {"ServerLive", "ServerReady"}
    with grpc.insecure_channel(asking.address) as channel:
        for service in (OIP, TRAFFIC):
            for method in service.methods:
                stream = method.client_streaming
                call = (channel.stream_stream if stream else channel.unary_unary)(f"/{service.full_name}/{method.name}")
                try:
                    list(call(iter([b""]))) if stream else call(b"")
                except grpc.RpcError as refused:
                    # What is not offered here asks nobody.
                    assert refused.code() in (  # noqa: PT017
                        grpc.StatusCode.UNAUTHENTICATED,
                        grpc.StatusCode.UNIMPLEMENTED,
                    ), method.name
                else:
                    assert method.name in public


@pytest.mark.usefixtures("at_once")
def test_one_caller_asks_too_often_and_another_is_not_hindered(ask: Callable[..., Client]) -> None:
    with ask("read", rate_per_s=2) as often, ask("read", name="calm") as calm:
        often.models()
        often.models()
        with pytest.raises(Overloaded, match="More than 2 calls a second") as refusal:
            often.models()
        assert 0 < refusal.value.retry_s <= 0.5
        assert calm.models()
        assert often.ready(), "health and life are not counted"
        time.sleep(refusal.value.retry_s)
        assert often.models()


def test_those_who_are_not_asked_are_counted_by_their_address(start: Start) -> None:
    server = start(rate_per_s=2)
    with Client(server.address, retry=False) as one, Client(server.address, retry=False) as other:
        one.models()
        other.models()
        with pytest.raises(Overloaded):
            one.models()


@pytest.mark.usefixtures("at_once")
def test_messages_of_a_stream_are_counted(asking: Server, token: MakeToken) -> None:
    metadata = (("authorization", f"Bearer {token('infer', rate_per_s=2)}"),)
    with grpc.insecure_channel(asking.address) as channel:
        stream = channel.stream_stream("/inference.GRPCInferenceService/ModelStreamInfer")
        replies = list(stream(iter([b"", b"", b""]), metadata=metadata))
    texts = [oip.ModelStreamInferResponse.FromString(reply).error_message for reply in replies]
    assert [("More than 2 calls a second" in text) for text in texts] == [False, True, True]


def test_a_rate_holds_beyond_localhost_by_default(settings: Settings, tokens_file: Path) -> None:
    there = {"host": "192.0.2.7", "plaintext": True, "tokens": tokens_file}
    assert Door(settings)._rate_per_s is None
    assert Door(settings.model_copy(update=there))._rate_per_s == 1000


def test_tokens_of_a_sign_in_are_taken_beside_those_of_the_file(
    start: Start, token: MakeToken, tokens_file: Path, tmp_path: Path
) -> None:
    key = ECKey.generate_key("P-256", {"kid": "a"})
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(KeySet([key]).as_dict(private=False)))
    held = token("read")
    server = start(tokens=tokens_file, jwt_jwks=str(path), jwt_issuer="https://i.example", jwt_audience="haechi")

    def signed(**changes: Any) -> str:
        claims = {"iss": "https://i.example", "aud": "haechi", "sub": "bridge", "exp": int(time.time()) + 60}
        return jwt.encode({"alg": "ES256", "kid": "a"}, claims | {"scope": "read:doubler"} | changes, key)

    with Client(server.address, token=held) as client:
        assert len(client.models()) > 1
    with Client(server.address, token=signed()) as client:
        assert {model.name for model in client.models()} == {"doubler"}
    with Client(server.address, token=signed(exp=1)) as client, pytest.raises(UnknownCaller, match="has expired"):
        client.models()


def test_the_door_is_quick(settings: Settings, token: MakeToken, tokens_file: Path) -> None:
    class Context:
        def __init__(self, held: str) -> None:
            self.metadata = (("user-agent", "a"), ("authorization", f"Bearer {held}"))

        def invocation_metadata(self) -> Any:
            return self.metadata

    context: Any = Context(token("infer:traffic*", rate_per_s=1e9))
    watching = Door(settings.model_copy(update={"tokens": tokens_file}))
    spent = []
    for _ in range(5):
        since_s = time.thread_time()
        for _ in range(500):
            call = Call(method="/inference.GRPCInferenceService/ModelInfer", scope="infer")
            watching.admit(context, call)
            call.refuse_other("traffic-fast")
        spent.append((time.thread_time() - since_s) / 500)
    assert min(spent) < 60e-6


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        pytest.param("127.0.0.1:1", True, id="this machine"),
        pytest.param("localhost:1", True, id="by its name"),
        pytest.param("[::1]:1", True, id="by IPv6"),
        pytest.param("unix:/run/haechi.sock", True, id="a socket"),
        pytest.param("192.0.2.7:1", False, id="another machine"),
        pytest.param("dns:///haechi.example:1", False, id="another by its name"),
        pytest.param("localhost.example:1", False, id="a name that begins so"),
        pytest.param("ipv4:192.0.2.7:1", False, id="by gRPC's own form"),
    ],
)
def test_a_token_does_not_travel_unencrypted(address: str, sent: bool) -> None:
    if sent:
        Client(address, token="a-token").close()  # noqa: S106
        return
    with pytest.raises(BadInput, match="would travel to") as refusal:
        Client(address, token="a-token")  # noqa: S106
    assert "a-token" not in str(refusal.value)
    assert "HAECHI_CA" in refusal.value.mend


@pytest.mark.parametrize("held", ["", "  ", "a b", "a\nb", "한글"])
def test_what_cannot_be_a_token_is_not_sent(held: str) -> None:
    with pytest.raises(BadInput, match="no token holds") as refusal:
        Client("127.0.0.1:1", token=held)
    assert not held.strip() or held not in str(refusal.value)


def test_settings_say_what_a_client_shows(
    start: Start, authority: Any, token: MakeToken, tokens_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, (cert, key) = token("read"), authority.issue("server")
    server = start(tokens=tokens_file, tls_cert=cert, tls_key=key)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HAECHI_TOKEN", held)
    monkeypatch.setenv("HAECHI_CA", str(authority.path))
    settings = Settings()
    assert held not in repr(settings)
    with connect(server.address, settings) as client:
        assert client.models()
        assert held not in repr(client)
    for name, path in (("ca", tmp_path / "gone.pem"), ("ca", tokens_file), ("client_cert", cert)):
        with pytest.raises(BadInput) as refusal:
            connect(server.address, settings.model_copy(update={name: path}))
        assert refusal.value.mend
    with (
        connect(server.address, settings.model_copy(update={"ca": Path("public")})) as client,
        pytest.raises(HaechiError, match="do not trust each other"),
    ):
        client.models()
