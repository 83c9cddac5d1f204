"""JSON Web Tokens: whose signature, issuer, audience and time hold is a caller of the token's subject and scopes."""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import ECKey, GuestProtocol, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry

from features.errors import BadInput, UnknownCaller
from serving.call import Caller
from serving.jwks import FileKeys, Keys, UrlKeys
from serving.scopes import known_scopes

ALGORITHMS = ("RS256", "ES256", "EdDSA", "Ed25519")
"""Signatures alone, by private keys: neither ``none`` nor one that is made with what the checker knows."""

# Clocks of two machines differ.
_LEEWAY_S = 30
_MOST_KNOWN = 1024
# JSON has numbers that no float holds.
_FAR_S = 1e12
_LONGEST_NAME = 200


class _Source(Protocol):
    def keys(self) -> Keys: ...

    def missed(self) -> None: ...

    def close(self) -> None: ...


class _Algorithms(JWSRegistry):
    """Ours alone; joserfc's own warns of EdDSA at each token, because it has two names now."""

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name] if name == "EdDSA" else super().get_alg(name)


class _UnknownKeyError(JoseError):
    error = "unknown_key"


class Jwts:
    """Checks tokens, and remembers those that held until they expire or the keys change.

    Args:
        source: of the keys.
        issuer: the only one whose tokens are taken.
        audience: that they must be meant for.
        now: s since 1970.
    """

    def __init__(self, source: _Source, issuer: str, audience: str, now: Callable[[], float] = time.time) -> None:
        self._source = source
        self._now = now
        self._registry = _Algorithms(algorithms=ALGORITHMS, strict_check_header=False)
        self._claims = JWTClaimsRegistry(
            now=lambda: int(now()),
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()
        self._known_by: Keys = {}

    def caller(self, token: str) -> Caller:
        """Who showed ``token``.

        Raises:
            UnknownCaller: it does not hold; says in which respect, and nothing of what is in it.
        """
        keys = self._source.keys()
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        with self._lock:
            if keys is not self._known_by:
                # A key that was taken back takes its tokens along.
                self._known.clear()
                self._known_by = keys
            known = self._known.get(digest)
        if known is not None and self._now() < known[1]:
            return known[0]
        found = self._check(token, keys)
        with self._lock:
            if keys is self._known_by:
                self._known[digest] = found
                if len(self._known) > _MOST_KNOWN:
                    self._known.popitem(last=False)
        return found[0]

    def close(self) -> None:
        """Follow the keys no more."""
        self._source.close()

    def _check(self, token: str, keys: Keys) -> tuple[Caller, float]:
        def pick(signed: GuestProtocol) -> RSAKey | ECKey | OKPKey:
            kid = signed.headers().get("kid")
            if kid is None and len(keys) == 1:
                return next(iter(keys.values()))
            if not isinstance(kid, str) or kid not in keys:
                raise _UnknownKeyError
            return keys[kid]

        try:
            read = jwt.decode(token, pick, registry=self._registry)
            self._claims.validate(read.claims)
        except _UnknownKeyError:
            self._source.missed()
            raise _unknown(
                "is signed with a key that this server does not know",
                "Get a new one; if the key is new, try again in half a minute",
            ) from None
        except ExpiredTokenError:
            raise _unknown("has expired", "Get a new one") from None
        except (JoseError, ValueError, TypeError, KeyError):
            # Nothing more: how a forgery fails is news to forgers alone, and what is in a token is its owner's.
            raise _unknown(
                "does not hold: signature, algorithm, issuer, audience or time is wrong",
                f"Get one for this server from the city's sign-in, signed by {', '.join(ALGORITHMS[:3])}",
            ) from None
        return _caller(read.claims), min(read.claims["exp"], _FAR_S) + _LEEWAY_S


def jwts(jwks: str, issuer: str | None, audience: str | None) -> Jwts:
    """The checker that settings describe.

    Args:
        jwks: a file or a URL.
        issuer: as ``Jwts``.
        audience: as ``Jwts``.

    Raises:
        BadInput: issuer or audience is missing, or the keys cannot be read.
    """
    for name, value in (("jwt_issuer", issuer), ("jwt_audience", audience)):
        if not value:
            raise BadInput(
                cause=f"JWTs are to be taken, and {name} is not set: any token that those keys sign would do",
                mend=f"Set HAECHI_{name.upper()}",
            )
    source = UrlKeys(jwks) if "://" in jwks else FileKeys(Path(jwks))
    return Jwts(source, issuer or "", audience or "")


def _caller(claims: dict[str, Any]) -> Caller:
    # OAuth writes scopes as one text (RFC 8693); some sign-ins write a list, or call them scp.
    scope = claims.get("scope", claims.get("scp", ""))
    texts = scope.split() if isinstance(scope, str) else [one for one in scope or () if isinstance(one, str)]
    zone = claims.get("zone", "")
    return Caller(
        name=claims["sub"][:_LONGEST_NAME],
        shown="jwt",
        scopes=known_scopes(texts),
        zone=zone if isinstance(zone, str) else "",
    )


def _unknown(cause: str, mend: str) -> UnknownCaller:
    return UnknownCaller(cause=f"The token {cause}", mend=mend)
