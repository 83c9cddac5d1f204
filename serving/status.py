"""What goes wrong, on the wire: one table of errors and status codes, of gRPC and HTTP, read by server and client.

Every refusal carries ``google.rpc.ErrorInfo`` with the error's name, cause and mend beside its one line of text.
Anything that is not in the table becomes INTERNAL with an incident's number; what happened stays in the server's log.
Where storage fails the caller may try again; what failed where is no caller's to know, and stays in the log likewise.
"""

import logging
import secrets
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any, cast

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from features.errors import (
    ArtifactMismatch,
    BadInput,
    HaechiError,
    ModelNotLoaded,
    NotAllowed,
    Overloaded,
    StorageFailure,
    TooLate,
    UnknownCaller,
    UnknownName,
)
from serving.call import Call
from serving.request_id import REQUEST_ID

STATUS: dict[type[HaechiError], grpc.StatusCode] = {
    UnknownName: grpc.StatusCode.NOT_FOUND,
    BadInput: grpc.StatusCode.INVALID_ARGUMENT,
    ArtifactMismatch: grpc.StatusCode.FAILED_PRECONDITION,
    ModelNotLoaded: grpc.StatusCode.UNAVAILABLE,
    UnknownCaller: grpc.StatusCode.UNAUTHENTICATED,
    NotAllowed: grpc.StatusCode.PERMISSION_DENIED,
    Overloaded: grpc.StatusCode.RESOURCE_EXHAUSTED,
    TooLate: grpc.StatusCode.DEADLINE_EXCEEDED,
    StorageFailure: grpc.StatusCode.UNAVAILABLE,
}

HTTP: dict[grpc.StatusCode, int] = {
    grpc.StatusCode.INVALID_ARGUMENT: HTTPStatus.BAD_REQUEST,
    grpc.StatusCode.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    grpc.StatusCode.PERMISSION_DENIED: HTTPStatus.FORBIDDEN,
    grpc.StatusCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION: HTTPStatus.CONFLICT,
    grpc.StatusCode.RESOURCE_EXHAUSTED: HTTPStatus.TOO_MANY_REQUESTS,
    # nginx's word for a caller who hung up; HTTP has none.
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
    grpc.StatusCode.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: HTTPStatus.GATEWAY_TIMEOUT,
}
"""The same refusals over HTTP."""

_DOMAIN = "haechi"
# A reply's head has to fit into 8 KiB, and percent-encoding may triple what is said twice.
_LONGEST = 600
_LOG = logging.getLogger("haechi.serving")

# What a server that is not ours most likely means.
_FOREIGN: dict[grpc.StatusCode, type[HaechiError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: BadInput,
    grpc.StatusCode.NOT_FOUND: UnknownName,
    grpc.StatusCode.UNAUTHENTICATED: UnknownCaller,
    grpc.StatusCode.PERMISSION_DENIED: NotAllowed,
}

# Clients of gRPC read from there after how long they may try again.
_PUSHBACK = "grpc-retry-pushback-ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a caller is told about an error.

    Attributes:
        code: of gRPC.
        name: of the error, as our client knows it.
        cause: what is wrong.
        mend: what to do about it.
        retry_s: after how many seconds it is worth asking again; None: not as it is.
    """

    code: grpc.StatusCode
    name: str
    cause: str
    mend: str
    retry_s: float | None = None

    @property
    def text(self) -> str:
        """One line: cause and mend."""
        return f"{self.cause}. {self.mend}"

    def status_of(self, call: Call) -> grpc.Status:
        """The status on the wire that ``call`` ends with, its details and trailing metadata included."""
        status = _status(self)
        # grpc sends these in the place of what was set for the reply before.
        trailing = [*status.trailing_metadata, (REQUEST_ID, call.request_id)]
        if self.retry_s is not None:
            trailing.append((_PUSHBACK, str(round(self.retry_s * 1000))))
        return cast(grpc.Status, status._replace(trailing_metadata=tuple(trailing)))


# Who refuses a flood says the same again and again, and should spend little on it.
@lru_cache(maxsize=256)
def _status(refusal: Refusal) -> Any:
    details = [ErrorInfo(reason=refusal.name, domain=_DOMAIN, metadata={"cause": refusal.cause, "mend": refusal.mend})]
    if refusal.retry_s is not None:
        details.append(RetryInfo(retry_delay=_duration(refusal.retry_s)))
    packed = [AnyMessage() for _ in details]
    for one, detail in zip(packed, details, strict=True):
        one.Pack(detail)
    number = refusal.code.value[0]
    return rpc_status.to_status(Status(code=number, message=refusal.text, details=packed))


def refusal(error: Exception, method: str) -> Refusal:
    """The whole of what a client is told about ``error``; what is not the caller's is logged, and told by a number."""
    for kind in type(error).__mro__:
        code = STATUS.get(kind)
        if code is not None and isinstance(error, HaechiError) and kind is not StorageFailure:
            retry_s = error.retry_s if isinstance(error, Overloaded) else None
            return Refusal(
                code=code, name=kind.__name__, cause=_short(error.cause), mend=_short(error.mend), retry_s=retry_s
            )
    incident = secrets.token_hex(4)
    _LOG.error("incident %s in %s", incident, method, exc_info=error)
    if isinstance(error, StorageFailure):
        return Refusal(
            code=STATUS[StorageFailure],
            name=StorageFailure.__name__,
            cause=f"The server's storage cannot be had; it logged why as incident {incident}",
            mend="Try again in a moment: nothing was half written. If it lasts, ask whoever runs the server to look "
            "that incident up",
        )
    return Refusal(
        code=grpc.StatusCode.INTERNAL,
        name=HaechiError.__name__,
        cause=f"The server failed to answer; it logged this as incident {incident}",
        mend="Ask whoever runs it to look that incident up",
    )


def retry_s(status: grpc.Status) -> float | None:
    """After how many seconds a refusal says that it is worth asking again; None: it says nothing of that."""
    pushback = dict(status.trailing_metadata or ()).get(_PUSHBACK)
    return None if pushback is None else int(pushback) / 1000


def _duration(seconds: float) -> Duration:
    made = Duration()
    made.FromMilliseconds(round(seconds * 1000))
    return made


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def read(error: grpc.Call | grpc.aio.AioRpcError, address: str) -> HaechiError:
    """The error that a server of Haechi raised, out of what its client received.

    Args:
        error: as grpc raised it at the caller's.
        address: of the server, to say who does not answer.
    """
    details = _details(error)
    for detail in details:
        info = ErrorInfo()
        if detail.Unpack(info) and info.domain == _DOMAIN:
            kind = next((kind for kind in STATUS if kind.__name__ == info.reason), HaechiError)
            told = kind(cause=info.metadata["cause"], mend=info.metadata["mend"])
            if isinstance(told, Overloaded):
                told.retry_s = _retry_s(details, told.retry_s)
            return told
    return _transport(error, address)


def _retry_s(details: list[AnyMessage], default_s: float) -> float:
    for detail in details:
        retry = RetryInfo()
        if detail.Unpack(retry):
            return float(retry.retry_delay.ToMilliseconds() / 1000)
    return default_s


def _details(error: grpc.Call | grpc.aio.AioRpcError) -> list[AnyMessage]:
    try:
        status = rpc_status.from_call(error)
    except ValueError:
        # A proxy that rewrote the text; code and text still say what they say.
        return []
    return [] if status is None else list(status.details)


def _transport(error: grpc.Call | grpc.aio.AioRpcError, address: str) -> HaechiError:
    """Refusals of gRPC itself, or of a server that is not ours."""
    code, text = error.code(), error.details() or "it gave no reason"
    if code is grpc.StatusCode.UNAVAILABLE:
        return _unreached(address, text)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return HaechiError(
            cause=f"{address} did not answer in time", mend="Ask for less at once, or allow it more (timeout_s)"
        )
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return BadInput(
            cause=f"{address} refused the request for its size: {text}",
            mend="Ask for fewer entities at once, or raise HAECHI_MAX_MESSAGE_MIB at the server",
        )
    kind = _FOREIGN.get(code, HaechiError)
    return kind(cause=f"{address} refused the call: {text}", mend=f"Look {code.name} up in that server's manual")


def _unreached(address: str, text: str) -> HaechiError:
    if "handshake" in text.lower():
        return HaechiError(
            cause=f"{address} and this client do not trust each other ({text})",
            mend="Name the authority that signed its certificate (HAECHI_CA) and, where it asks for one, a certificate "
            "of your own (HAECHI_CLIENT_CERT, HAECHI_CLIENT_KEY)",
        )
    return HaechiError(
        cause=f"No server answers at {address} ({text})",
        mend="Start one with `haechi serve`, or name another address (HAECHI_SERVER); one that speaks TLS is asked "
        "with HAECHI_CA",
    )
