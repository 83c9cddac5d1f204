"""TLS for the server: a certificate and its key, read again when they are renewed, and whoever signs its clients'."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import grpc
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from features.errors import BadInput
from serving.watched import Watched, read_bytes, warn_if_public

_SOON = timedelta(days=14)
_LOG = logging.getLogger("haechi.serving")


def credentials(cert: Path | None, key: Path | None, ca: Path | None) -> grpc.ServerCredentials:
    """What the server shows and asks for. Each handshake takes the newest files.

    Args:
        cert: the server's certificate and those of its authorities, the own first.
        key: its private key.
        ca: the authority that must have signed a client's certificate; None: clients need none.

    Raises:
        BadInput: a file is missing, expired or does not fit the others.
    """
    if cert is None or key is None:
        raise BadInput(
            cause="TLS needs a certificate and its key, and one of them is not set",
            mend="Set both HAECHI_TLS_CERT and HAECHI_TLS_KEY",
        )
    paths = (cert, key) if ca is None else (cert, key, ca)
    watched = Watched(paths, lambda: _configuration(cert, key, ca, datetime.now(UTC)))
    # gRPC is to be told of news alone.
    given = [watched.value()]

    def newest() -> grpc.ServerCertificateConfiguration | None:
        found = watched.value()
        if found is given[0]:
            return None
        given[0] = found
        return found

    # The types of grpc forget that None says "no news".
    fetch = cast(Callable[[], grpc.ServerCertificateConfiguration], newest)
    return grpc.dynamic_ssl_server_credentials(given[0], fetch, require_client_authentication=ca is not None)


def _configuration(cert: Path, key: Path, ca: Path | None, now: datetime) -> grpc.ServerCertificateConfiguration:
    chain, private = read_bytes(cert, "a certificate", "tls_cert"), read_bytes(key, "a private key", "tls_key")
    warn_if_public(key, "a private key")
    shown = _certificates(cert, chain)
    for one in shown:
        _refuse_expired(cert, one, now)
    try:
        public = load_pem_private_key(private, password=None).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadInput(
            cause=f"{key} holds no private key in PEM that is free of a password", mend="Write it as unencrypted PEM"
        ) from None
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if public.public_bytes(*form) != shown[0].public_key().public_bytes(*form):
        raise BadInput(
            cause=f"{key} is not the key of the first certificate in {cert}",
            mend="Name the pair that belongs together; the server's own certificate stands before its authorities'",
        )
    authorities = None
    if ca is not None:
        authorities = read_bytes(ca, "the authority of clients", "tls_client_ca")
        for one in _certificates(ca, authorities):
            _refuse_expired(ca, one, now)
    if shown[0].not_valid_after_utc - now < _SOON:
        _LOG.warning("%s expires at %s: renew it", cert, shown[0].not_valid_after_utc.isoformat())
    return grpc.ssl_server_certificate_configuration([(private, chain)], authorities)


def _certificates(path: Path, content: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        raise BadInput(
            cause=f"{path} holds no certificate in PEM", mend="Write -----BEGIN CERTIFICATE----- and so on"
        ) from None


def _refuse_expired(path: Path, one: x509.Certificate, now: datetime) -> None:
    subject = one.subject.rfc4514_string()
    if one.not_valid_after_utc <= now:
        raise BadInput(
            cause=f"{path}: the certificate of {subject} expired at {one.not_valid_after_utc.isoformat()}",
            mend="Renew it; a server that runs takes the new one without a restart",
        )
    if one.not_valid_before_utc > now:
        raise BadInput(
            cause=f"{path}: the certificate of {subject} is valid only from {one.not_valid_before_utc.isoformat()}",
            mend="Check this machine's clock, or wait",
        )
