"""What goes wrong, on the wire: one table of errors and gRPC status codes, read by the server and by our client.

Every refusal carries ``google.rpc.ErrorInfo`` with the error's name, cause and mend beside its one line of text.
Anything that is not in the table becomes INTERNAL with an incident's number; what happened stays in the server's log.
"""

import logging
import secrets
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeAlias

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from features.errors import ArtifactMismatch, BadInput, HaechiError, ModelNotLoaded, UnknownName

STATUS: dict[type[HaechiError], grpc.StatusCode] = {
    UnknownName: grpc.StatusCode.NOT_FOUND,
    BadInput: grpc.StatusCode.INVALID_ARGUMENT,
    ArtifactMismatch: grpc.StatusCode.FAILED_PRECONDITION,
    ModelNotLoaded: grpc.StatusCode.UNAVAILABLE,
}

_DOMAIN = "haechi"
# A reply's head has to fit into 8 KiB, and percent-encoding may triple what is said twice.
_LONGEST = 600
_LOG = logging.getLogger("haechi.serving")

Method = Callable[[Any, grpc.ServicerContext], Any]
_Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


class Guard(grpc.ServerInterceptor):
    """Stands before every unary call of a server: errors become statuses, and refusals are counted by code."""

    def __init__(self) -> None:
        self.refused: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._guarded: dict[str, _Handler] = {}

    def intercept_service(
        self,
        continuation: "Callable[[grpc.HandlerCallDetails], _Handler | None]",
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "_Handler | None":
        """The guarded handler of a method; it is made once, so that a call pays only for a look-up."""
        method = handler_call_details.method
        if method in self._guarded:
            return self._guarded[method]
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler
        guarded = grpc.unary_unary_rpc_method_handler(
            self._guard(handler.unary_unary, method), handler.request_deserializer, handler.response_serializer
        )
        self._guarded[method] = guarded
        return guarded

    def _guard(self, answer: Method, method: str) -> Method:
        def guarded(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                return answer(request, context)
            except Exception as error:  # the edge: nothing that is raised may reach a stranger as it is
                status = _status(error, method)
            with self._lock:
                self.refused[grpc_code(status.code).name] += 1
            return context.abort_with_status(rpc_status.to_status(status))

        return guarded


def grpc_code(number: int) -> grpc.StatusCode:
    """The status code of a number on the wire."""
    return next(code for code in grpc.StatusCode if code.value[0] == number)


def _status(error: Exception, method: str) -> Status:
    """The whole of what a client is told about ``error``."""
    for kind in type(error).__mro__:
        code = STATUS.get(kind)
        if code is not None and isinstance(error, HaechiError):
            return _rich(code, kind.__name__, error.cause, error.mend)
    incident = secrets.token_hex(4)
    _LOG.error("incident %s in %s", incident, method, exc_info=error)
    cause = f"The server failed to answer; it logged this as incident {incident}"
    return _rich(grpc.StatusCode.INTERNAL, HaechiError.__name__, cause, "Ask whoever runs it to look that incident up")


def _rich(code: grpc.StatusCode, reason: str, cause: str, mend: str) -> Status:
    cause, mend = _short(cause), _short(mend)
    detail = AnyMessage()
    detail.Pack(ErrorInfo(reason=reason, domain=_DOMAIN, metadata={"cause": cause, "mend": mend}))
    return Status(code=code.value[0], message=f"{cause}. {mend}", details=[detail])


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def read(error: grpc.Call, address: str) -> HaechiError:
    """The error that a server of Haechi raised, out of what its client received.

    Args:
        error: as grpc raised it at the caller's.
        address: of the server, to say who does not answer.
    """
    for detail in _details(error):
        info = ErrorInfo()
        if detail.Unpack(info) and info.domain == _DOMAIN:
            kind = next((kind for kind in STATUS if kind.__name__ == info.reason), HaechiError)
            return kind(cause=info.metadata["cause"], mend=info.metadata["mend"])
    return _transport(error, address)


def _details(error: grpc.Call) -> list[AnyMessage]:
    try:
        status = rpc_status.from_call(error)
    except ValueError:
        # A proxy that rewrote the text; code and text still say what they say.
        return []
    return [] if status is None else list(status.details)


def _transport(error: grpc.Call, address: str) -> HaechiError:
    """Refusals of gRPC itself, or of a server that is not ours."""
    code, text = error.code(), error.details() or "it gave no reason"
    if code is grpc.StatusCode.UNAVAILABLE:
        return HaechiError(
            cause=f"No server answers at {address} ({text})",
            mend="Start one with `haechi serve`, or name another address (HAECHI_SERVER)",
        )
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return HaechiError(
            cause=f"{address} did not answer in time", mend="Ask for less at once, or allow it more (timeout_s)"
        )
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return BadInput(
            cause=f"{address} refused the request for its size: {text}",
            mend="Ask for fewer entities at once, or raise HAECHI_MAX_MESSAGE_MIB at the server",
        )
    kind = {grpc.StatusCode.INVALID_ARGUMENT: BadInput, grpc.StatusCode.NOT_FOUND: UnknownName}.get(code, HaechiError)
    return kind(cause=f"{address} refused the call: {text}", mend=f"Look {code.name} up in that server's manual")
