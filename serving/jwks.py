"""The public keys that JWTs are checked with: a JWKS from a file, or from a URL that is asked now and then."""

import json
import logging
import threading
import time
import urllib.request
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from features.errors import BadInput, UnknownCaller
from serving.address import is_loopback
from serving.watched import Watched, read_bytes

Keys = Mapping[str, "RSAKey | ECKey | OKPKey"]
"""Public keys by their ``kid``; the empty name is that of a single key without one."""

_FETCH_EVERY_S = 300.0
# A token of an unknown key has the URL asked early, but strangers cannot have it asked for ever.
_FETCH_AGAIN_S = 30.0
_TIMEOUT_S = 10.0
_LARGEST = 1 << 20
_SMALLEST_RSA_BITS = 2048
_CURVES = {"P-256", "Ed25519"}
_HANDLERS = (
    urllib.request.ProxyHandler,
    urllib.request.HTTPHandler,
    urllib.request.HTTPSHandler,
    urllib.request.HTTPErrorProcessor,
    urllib.request.HTTPDefaultErrorHandler,
)
_LOG = logging.getLogger("haechi.serving")


def read_keys(content: bytes, where: str) -> Keys:
    """The keys of a JWKS that may sign tokens for us; those of other uses and kinds are left out.

    A secret key is never among them: whoever knows it could sign.

    Raises:
        BadInput: it is no JWKS, or no key is left.
    """
    try:
        listed = [dict(one) for one in json.loads(content)["keys"]]
    except (ValueError, KeyError, TypeError):
        raise BadInput(cause=f"{where} is no JWKS", mend='It should be JSON: {"keys": [...]}') from None
    keys: dict[str, RSAKey | ECKey | OKPKey] = {}
    for one in listed:
        key = _key(one)
        if key is not None:
            keys[str(one.get("kid", ""))] = key
    if not keys:
        raise BadInput(
            cause=f"{where} holds no key that tokens could be checked with",
            mend=f"Put in public signing keys: RSA of {_SMALLEST_RSA_BITS} bits or more, EC P-256 or Ed25519",
        )
    return keys


def _key(described: dict[str, Any]) -> RSAKey | ECKey | OKPKey | None:
    if described.get("use", "sig") != "sig" or described.get("kty") not in {"RSA", "EC", "OKP"}:
        return None
    if "crv" in described and described["crv"] not in _CURVES:
        return None
    try:
        # Before joserfc sees it, which would take a short one and warn.
        if described["kty"] == "RSA" and _bits(described["n"]) < _SMALLEST_RSA_BITS:
            return None
        key = JWKRegistry.import_key(described)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return key if isinstance(key, RSAKey | ECKey | OKPKey) else None


def _bits(number: str) -> int:
    return int.from_bytes(urlsafe_b64decode(number + "==")).bit_length()


class FileKeys:
    """The keys of a JWKS file, read again when it changes.

    Args:
        path: of the file.

    Raises:
        BadInput: as ``read_keys``, or the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._watched = Watched((path,), lambda: read_keys(read_bytes(path, "the keys of JWTs", "jwt_jwks"), str(path)))

    def keys(self) -> Keys:
        """The newest that could be read."""
        return self._watched.value()

    def missed(self) -> None:
        """Nothing more to be done: a file is looked at anyway."""

    def close(self) -> None:
        """Nothing runs."""


class UrlKeys:
    """The keys of a JWKS at a URL, fetched on a thread of its own; what was fetched last stays while the URL fails.

    Args:
        url: https, or http on this machine.
        clock: monotonic, s.

    Raises:
        BadInput: another kind of URL.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise BadInput(
                cause=f"Keys from {parts.scheme}://{parts.hostname} could be exchanged on their way",
                mend="Set HAECHI_JWT_JWKS to an https URL, or to a file",
            )
        self._url = url
        self._clock = clock
        self._keys: Keys | None = None
        self._fetched_s = float("-inf")
        self._wanted, self._first, self._stopped = threading.Event(), threading.Event(), threading.Event()
        threading.Thread(target=self._run, name="haechi-jwks", daemon=True).start()

    def keys(self) -> Keys:
        """The newest that were fetched; waits for the first ones a while.

        Raises:
            UnknownCaller: none could be fetched yet.
        """
        if self._keys is None:
            self._first.wait(_TIMEOUT_S)
        if self._keys is None:
            raise UnknownCaller(
                cause="The keys that tokens are checked with could not be fetched yet",
                mend="Try again in a while; the server's log says what it lacks",
            )
        return self._keys

    def missed(self) -> None:
        """A token names a key that is not among these: fetch them early, if that was not just done."""
        if self._clock() - self._fetched_s >= _FETCH_AGAIN_S:
            self._wanted.set()

    def close(self) -> None:
        """Fetch no more."""
        self._stopped.set()
        self._wanted.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wanted.clear()
            try:
                self._keys = read_keys(_fetch(self._url, self._clock), self._url)
            except (OSError, HTTPException, ValueError, BadInput) as error:
                kept = "none are known" if self._keys is None else "those known before stay"
                _LOG.warning("the keys of JWTs could not be fetched, %s: %s", kept, error)
            self._fetched_s = self._clock()
            self._first.set()
            self._wanted.wait(_FETCH_EVERY_S if self._keys is not None else _FETCH_AGAIN_S)


def _fetch(url: str, clock: Callable[[], float]) -> bytes:
    """What lies at ``url``: at most a mebibyte, within the timeout however slowly it trickles."""
    opener = urllib.request.OpenerDirector()
    # None of them follows redirects: where keys come from is for the operator to say, not for whoever answers there.
    for handler in _HANDLERS:
        opener.add_handler(handler())
    until_s, content = clock() + _TIMEOUT_S, b""
    with opener.open(url, timeout=_TIMEOUT_S) as reply:
        while chunk := reply.read1(1 << 16):
            content += chunk
            if len(content) > _LARGEST:
                raise BadInput(cause=f"{url} sends more than {_LARGEST} bytes", mend="Name a JWKS")
            if clock() > until_s:
                raise BadInput(cause=f"{url} took more than {_TIMEOUT_S:g} s", mend="Look at that server")
    return content
