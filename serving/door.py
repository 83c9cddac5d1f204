"""Who may in: asks each call for a token or a certificate, and holds it against what its method needs.

A server that only its own machine reaches and that was told of no callers lets in anyone. Any other is closed but for
health, and does not start where callers could not be told apart or their tokens would travel in the open.
"""

import hmac
import logging
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

import grpc

from features.errors import BadInput, NotAllowed, UnknownCaller
from features.settings import Settings
from serving.address import host_of, is_loopback
from serving.audit import Audit
from serving.call import Call, Caller
from serving.rates import Rates
from serving.scopes import ADMIN, Scope, scopes
from serving.tokens import Known, Tokens, hashed, read_tokens
from serving.watched import Watched

if TYPE_CHECKING:
    from serving.jwt import Jwts

Metadata = Iterable[tuple[str, str | bytes]]
_BEARER = "bearer "
_RATE_BEYOND_LOCALHOST_PER_S = 1000.0
_LOG = logging.getLogger("haechi.serving")
_NOBODY = Tokens(tokens={}, certificates={})


class Door:
    """Stands before every call of a server.

    Args:
        settings: who may ask, how often, and where what administrators do is recorded.
        now: s since 1970.

    Raises:
        BadInput: other machines would reach a server that asks nobody or hears tokens in the open; or a file that a
            setting names cannot be used.
    """

    def __init__(self, settings: Settings, now: Callable[[], float] = time.time) -> None:
        _refuse_half_open(settings)
        self._now = now
        self.credentials = _credentials(settings)
        self.audit = Audit(settings.audit or settings.home / "audit.jsonl")
        tokens = settings.tokens
        self._tokens = None if tokens is None else Watched((tokens,), lambda: read_tokens(tokens))
        self._jwts = None if settings.jwt_jwks is None else _jwts(settings.jwt_jwks, settings)
        self._certified = settings.tls_client_ca is not None
        self._certified_may = _scopes_of_certificates(settings)
        self.asks = _asks(settings)
        self._rates = Rates()
        self._rate_per_s = settings.rate_per_s
        if self._rate_per_s is None and not is_loopback(settings.host):
            self._rate_per_s = _RATE_BEYOND_LOCALHOST_PER_S

    def admit(self, context: grpc.ServicerContext, call: Call) -> None:
        """Find out who makes ``call`` and whether they may; for the guard.

        Raises:
            UnknownCaller: who asks has not shown who they are.
            NotAllowed: they may not call such a method, whatever the model.
            Overloaded: they called too often.
            StorageFailure: it is an administrative call, and could not be recorded.
        """
        if not call.scope:
            return
        if self.asks:
            call.caller = self._caller(context)
        self._charge(context, call)
        held = call.caller.scopes
        if held is not None and not any(one.of(call.scope, call.method) for one in held):
            raise NotAllowed(
                cause=f"'{call.caller.name}' lacks the scope '{call.scope}' that {call.method} asks for",
                mend="Ask whoever runs this server for it",
            )
        if call.scope == ADMIN:
            self.audit.refuse_unless_writable()

    def strange(self, metadata: Metadata) -> bool:
        """Whether a call with this metadata is refused whatever it says, so that it need not be read; costs little.

        A JWT that was not seen before is not checked here, nor whom TLS let in.
        """
        if not self.asks or self._certified:
            return False
        token = _token(_shown(metadata)) or ""
        return hashed(token) not in self._listed().tokens and (self._jwts is None or token.count(".") != 2)

    def close(self) -> None:
        """Follow nothing any more."""
        if self._jwts is not None:
            self._jwts.close()

    def _caller(self, context: grpc.ServicerContext) -> Caller:
        shown = _shown(context.invocation_metadata() or ())
        if shown:
            # A token that does not hold is not made up for by a certificate: its owner should know.
            return self._by_token(shown)
        names = _subjects(context) if self._certified else ()
        if names:
            return self._by_certificate(names)
        raise UnknownCaller(
            cause="This server wants to know who asks, and the call shows nothing",
            mend="Send the metadata `authorization: Bearer TOKEN` (HAECHI_TOKEN); `haechi token new` makes tokens",
        )

    def _by_token(self, shown: str) -> Caller:
        token = _token(shown)
        if token is None:
            raise UnknownCaller(
                cause="The call's authorization is not of the kind Bearer", mend="Send `authorization: Bearer TOKEN`"
            )
        digest = hashed(token)
        known = self._listed().tokens.get(digest)
        # Looked up by what cannot be chosen, so how long that takes tells nothing; compared whole all the same.
        if known is not None and hmac.compare_digest(known.sha256, digest):
            return self._while_it_lasts(known)
        if self._jwts is not None and token.count(".") == 2:
            return self._jwts.caller(token)
        raise UnknownCaller(
            cause="The token shown is none of this server's", mend="Check HAECHI_TOKEN, or ask for a new one"
        )

    def _by_certificate(self, names: tuple[str, ...]) -> Caller:
        listed = self._listed().certificates
        for name in names:
            if name in listed:
                return self._while_it_lasts(listed[name])
        return Caller(name=names[0], shown="certificate", scopes=self._certified_may)

    def _while_it_lasts(self, known: Known) -> Caller:
        if self._now() >= known.expires_s:
            raise UnknownCaller(
                cause=f"The {known.caller.shown} of '{known.caller.name}' has expired",
                mend="Ask whoever runs this server for a new one",
            )
        return known.caller

    def _listed(self) -> Tokens:
        return _NOBODY if self._tokens is None else self._tokens.value()

    def _charge(self, context: grpc.ServicerContext, call: Call) -> None:
        caller = call.caller
        rate_per_s = caller.rate_per_s or self._rate_per_s
        if rate_per_s is None:
            return
        # A JWT's subject is not the namesake whose token stands in the file.
        who = f"{caller.shown} {caller.name}" if caller.shown else host_of(context.peer())
        call.charge = partial(self._rates.take, who, rate_per_s)
        call.charge()


def _shown(metadata: Metadata) -> str:
    return next((str(value) for key, value in metadata if key == "authorization"), "")


def _token(shown: str) -> str | None:
    """What an authorization of the kind Bearer holds; None of another kind."""
    return shown[len(_BEARER) :].strip() if shown[: len(_BEARER)].lower() == _BEARER else None


def _subjects(context: grpc.ServicerContext) -> tuple[str, ...]:
    """The names in the certificate that a client showed, alternative names first; none where it showed none.

    gRPC took it only because the authority signed it and its time is not over.
    """
    shown = context.auth_context()
    names = [*shown.get("x509_subject_alternative_name", ()), *shown.get("x509_common_name", ())]
    return tuple(name.decode("utf-8", "replace") for name in names)


def _credentials(settings: Settings) -> grpc.ServerCredentials | None:
    files = (settings.tls_cert, settings.tls_key, settings.tls_client_ca)
    if files == (None, None, None):
        return None
    # Only here, as below: it takes a while to import, and a server on its own machine starts without.
    from serving.tls import credentials

    return credentials(*files)


def _jwts(jwks: str, settings: Settings) -> "Jwts":
    from serving.jwt import jwts

    return jwts(jwks, settings.jwt_issuer, settings.jwt_audience)


def _scopes_of_certificates(settings: Settings) -> frozenset[Scope]:
    try:
        return scopes(settings.tls_client_scopes.split())
    except BadInput as error:
        raise BadInput(cause=f"HAECHI_TLS_CLIENT_SCOPES: {error.cause}", mend=error.mend) from None


def _asks(settings: Settings) -> bool:
    return any(one is not None for one in (settings.tokens, settings.jwt_jwks, settings.tls_client_ca))


def _refuse_half_open(settings: Settings) -> None:
    if is_loopback(settings.host):
        return
    if not _asks(settings):
        raise BadInput(
            cause=f"Host {settings.host} is reachable from other machines, and this server was not told who may ask",
            mend="Run `haechi token new` and set HAECHI_TOKENS (or HAECHI_JWT_JWKS, or HAECHI_TLS_CLIENT_CA); or bind "
            "127.0.0.1",
        )
    if settings.tls_cert is None and not settings.plaintext:
        raise BadInput(
            cause=f"Host {settings.host} is reachable from other machines, and tokens would travel there unencrypted",
            mend="Set HAECHI_TLS_CERT and HAECHI_TLS_KEY; or HAECHI_PLAINTEXT=true where a proxy in front ends TLS",
        )
    if settings.tls_cert is None:
        _LOG.warning("whoever reaches %s other than through a proxy that ends TLS speaks unencrypted", settings.host)
