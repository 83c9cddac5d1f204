"""How a client reaches a server: over TLS or not, what it shows, and what is tried again."""

import json
from dataclasses import dataclass
from pathlib import Path

import grpc

from features.errors import BadInput
from serving.address import host_of, is_loopback

# What only asks may be asked again: of a server that restarts, or that says when to come back (which gRPC obeys).
_AGAIN = {
    "maxAttempts": 4,
    "initialBackoff": "0.1s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
}
_INFERENCE = "inference.GRPCInferenceService"
_ONCE = [{"service": _INFERENCE, "method": method} for method in ("RepositoryModelLoad", "RepositoryModelUnload")]
_CONFIG = {
    "methodConfig": [
        {
            "name": [
                {"service": _INFERENCE},
                {"service": "haechi.v1.TrafficService"},
                {"service": "haechi.v1.DisasterService"},
            ],
            "retryPolicy": _AGAIN,
        },
        {"name": _ONCE},
    ]
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How a server is known, and what it is shown.

    Attributes:
        ca: the authority (PEM) that signed its certificate; None: any of the public ones.
        cert: this client's own certificate (PEM), for servers that want one; None: none.
        key: its private key (PEM).
    """

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


def options(*, retry: bool) -> list[tuple[str, int | str]]:
    """Of a channel; with ``retry`` what only asks is asked again where the server is away or says when."""
    return [
        # The server limits what it takes. A proxy set for the web is not on the way to a machine of the city.
        ("grpc.max_receive_message_length", -1),
        ("grpc.enable_http_proxy", 0),
        ("grpc.service_config", json.dumps(_CONFIG)),
        ("grpc.enable_retries", int(retry)),
    ]


def metadata(token: str | None, address: str, tls: Tls | None) -> tuple[tuple[str, str], ...]:
    """What every call shows.

    Raises:
        BadInput: the token would travel unencrypted to another machine, or is none.
    """
    return () if token is None else (("authorization", f"Bearer {_sendable(token, address, tls)}"),)


def _sendable(token: str, address: str, tls: Tls | None) -> str:
    if tls is None and not address.startswith("unix:") and not is_loopback(host_of(address)):
        raise BadInput(
            cause=f"The token would travel to {address} unencrypted, for everybody on the way to take",
            mend="Name the authority of the server's certificate: HAECHI_CA=FILE or `public`, or tls=Tls(...)",
        )
    token = token.strip()
    if not token or not all("!" <= letter <= "~" for letter in token):
        raise BadInput(cause="The token holds what no token holds", mend="Copy it again: letters, digits, . _ - alone")
    return token


def credentials(tls: Tls) -> grpc.ChannelCredentials:
    """Of a channel over TLS.

    Raises:
        BadInput: a certificate without its key, or a file that cannot be read.
    """
    if (tls.cert is None) != (tls.key is None):
        raise BadInput(
            cause="A client's certificate needs its key, and the key a certificate",
            mend="Set both HAECHI_CLIENT_CERT and HAECHI_CLIENT_KEY",
        )
    return grpc.ssl_channel_credentials(_pem(tls.ca), _pem(tls.key), _pem(tls.cert))


def _pem(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(
            cause=f"{path} cannot be read: {error.strerror}", mend="Name a PEM file that you may read"
        ) from None
    if b"-----BEGIN " not in content:
        raise BadInput(cause=f"{path} holds no PEM", mend="Convert it: openssl x509 -inform der -in FILE -out FILE.pem")
    return content
