"""TLS as a caller meets it: files that do not do, certificates that are renewed, clients who must show one."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509

from features.errors import BadInput, HaechiError, NotAllowed, UnknownCaller
from serving.client import Client, Tls
from serving.server import Server

Start = Callable[..., Server]


def served(pair: tuple[Path, Path], **more: Any) -> dict[str, Any]:
    return {"tls_cert": pair[0], "tls_key": pair[1]} | more


def test_a_server_with_a_certificate_is_asked_by_who_trusts_its_authority(
    start: Start, authority: Any, other_authority: Any
) -> None:
    server = start(**served(authority.issue("server")))
    with Client(server.address, tls=Tls(ca=authority.path)) as client:
        assert client.models()
    with Client(server.address, tls=Tls(ca=other_authority.path)) as client:
        with pytest.raises(HaechiError, match="do not trust each other") as refusal:
            client.models()
        assert "HAECHI_CA" in refusal.value.mend
        assert not client.ready()
    with Client(server.address) as client, pytest.raises(HaechiError) as refusal:
        client.models()
    assert "HAECHI_CA" in refusal.value.mend


@pytest.mark.parametrize(
    ("break_it", "cause"),
    [
        pytest.param(lambda a, pair: a.issue("server", days=-1), "expired at", id="expired"),
        pytest.param(lambda a, pair: (pair[0], a.issue("other")[1]), "is not the key of", id="another's key"),
        pytest.param(lambda a, pair: (pair[0], pair[0]), "holds no private key", id="no key"),
        pytest.param(lambda a, pair: (pair[1], pair[1]), "holds no certificate", id="no certificate"),
        pytest.param(lambda a, pair: (pair[0], Path("gone")), "cannot be read", id="no file"),
        pytest.param(lambda a, pair: (pair[0], None), "one of them is not set", id="no setting"),
    ],
)
def test_files_that_do_not_do_are_refused_at_the_start(
    break_it: Callable[..., Any], cause: str, start: Start, authority: Any
) -> None:
    with pytest.raises(BadInput, match=cause) as refusal:
        start(**served(break_it(authority, authority.issue("server"))))
    assert refusal.value.mend


def test_an_expired_authority_of_clients_is_refused(start: Start, authority: Any) -> None:
    stale = authority.issue("stale", days=-1)[0]
    with pytest.raises(BadInput, match="expired at"):
        start(**served(authority.issue("server"), tls_client_ca=stale))
    with pytest.raises(BadInput, match="one of them is not set"):
        start(tls_client_ca=authority.path)
    with pytest.raises(BadInput, match="HAECHI_TLS_CLIENT_SCOPES: 'all' is no scope"):
        start(**served(authority.issue("server"), tls_client_ca=authority.path, tls_client_scopes="all"))


def test_a_certificate_that_ends_soon_is_said(start: Start, authority: Any, caplog: pytest.LogCaptureFixture) -> None:
    start(**served(authority.issue("server", days=3)))
    assert "renew it" in caplog.text


def serial(address: str, authority: Any) -> int:
    """Of the certificate that a server shows now."""
    host, port = address.split(":")
    pem = ssl.get_server_certificate((host, int(port)), ca_certs=str(authority.path))
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


@pytest.mark.usefixtures("at_once")
def test_a_certificate_is_renewed_under_a_server_that_runs(
    start: Start, authority: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server = start(**served(authority.issue("server")))
    first = serial(server.address, authority)
    authority.issue("server")
    second = serial(server.address, authority)
    assert second != first

    authority.issue("server", days=-1)
    assert serial(server.address, authority) == second
    assert "what was read before it stays" in caplog.text
    (authority.folder / "server.pem").unlink()
    assert serial(server.address, authority) == second
    with Client(server.address, tls=Tls(ca=authority.path)) as client:
        assert client.models()


def test_a_client_without_a_certificate_is_not_even_heard(start: Start, authority: Any, other_authority: Any) -> None:
    server = start(**served(authority.issue("server"), tls_client_ca=authority.path))
    stranger = other_authority.issue("stranger", "room.city.example")
    expired = authority.issue("expired", "room.city.example", days=-1)
    for tls in (
        Tls(ca=authority.path),
        Tls(ca=authority.path, cert=stranger[0], key=stranger[1]),
        Tls(ca=authority.path, cert=expired[0], key=expired[1]),
    ):
        with Client(server.address, tls=tls) as client, pytest.raises(HaechiError):
            client.models()
        assert not server.guard.refused


def test_a_certificate_is_a_caller(start: Start, authority: Any, tokens_file: Path) -> None:
    with tokens_file.open("a") as file:
        file.write("[[certificate]]\nsubject = 'narrow.example'\nscopes = ['read:doubler']\n")
        file.write("[[certificate]]\nsubject = 'past.example'\nscopes = ['read']\nexpires = 2020-01-01T00:00:00Z\n")
    server = start(**served(authority.issue("server"), tls_client_ca=authority.path, tokens=tokens_file))

    def client(name: str, **more: Any) -> Client:
        cert, key = authority.issue(name, name)
        return Client(server.address, tls=Tls(ca=authority.path, cert=cert, key=key), **more)

    with client("anybody.example") as anybody:
        assert len(anybody.models()) > 1
    with client("narrow.example") as narrow:
        assert {model.name for model in narrow.models()} == {"doubler"}
        with pytest.raises(NotAllowed, match=r"'narrow\.example' lacks the scope 'infer'"):
            narrow.infer("doubler", {})
    with client("past.example") as past, pytest.raises(UnknownCaller, match="has expired"):
        past.models()
    # A token that does not hold is not made up for.
    with client("anybody.example", token="wrong") as wrong, pytest.raises(UnknownCaller):  # noqa: S106
        wrong.models()


def test_certificates_may_be_nobody_unless_they_are_listed(start: Start, authority: Any) -> None:
    server = start(**served(authority.issue("server"), tls_client_ca=authority.path, tls_client_scopes=""))
    cert, key = authority.issue("a", "a.example")
    with (
        Client(server.address, tls=Tls(ca=authority.path, cert=cert, key=key)) as client,
        pytest.raises(NotAllowed, match=r"'a\.example' lacks the scope 'read'"),
    ):
        client.models()


def test_a_server_that_other_machines_reach_starts_with_callers_and_tls(
    start: Start, authority: Any, tokens_file: Path
) -> None:
    with pytest.raises(BadInput, match="would travel there unencrypted") as refusal:
        start(host="0.0.0.0", tokens=tokens_file)  # noqa: S104
    assert "HAECHI_PLAINTEXT" in refusal.value.mend
    with pytest.raises(BadInput, match="was not told who may ask"):
        start(host="0.0.0.0", **served(authority.issue("server")))  # noqa: S104
    server = start(host="0.0.0.0", tokens=tokens_file, **served(authority.issue("server")))  # noqa: S104
    with Client(f"127.0.0.1:{server.address.rsplit(':')[-1]}", tls=Tls(ca=authority.path)) as client:
        assert client.ready()


def test_behind_a_proxy_that_ends_tls_it_is_said_aloud(
    start: Start, tokens_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    start(host="0.0.0.0", tokens=tokens_file, plaintext=True)  # noqa: S104
    assert "other than through a proxy" in caplog.text


def test_a_channel_of_anyone_else_works_too(start: Start, authority: Any) -> None:
    server = start(**served(authority.issue("server")))
    credentials = grpc.ssl_channel_credentials(authority.path.read_bytes())
    with grpc.secure_channel(server.address, credentials) as channel:
        assert channel.unary_unary("/inference.GRPCInferenceService/ServerLive")(b"")
