"""What stands before every method of a server: who asks, until when, what went wrong, and how it ended."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import DecodeError
from google.protobuf.text_format import MessageToString

from features.errors import BadInput, Overloaded
from serving.call import UNDER_WAY, Call, Priority, priority
from serving.intake import PRIORITY, overload_of_this_call, refusal_of_this_call
from serving.request_id import REQUEST_ID, request_id
from serving.rpc import Behaviour, Method, full_name, messages, streams
from serving.scopes import ADMIN
from serving.status import Refusal, refusal
from serving.streams import Pause

Admit = Callable[[grpc.ServicerContext, Call], None]
"""Writes into the call who makes it, and raises where they may not."""

# What an audit keeps of a request; a model that was sent along is not what it is for.
_LONGEST_AUDITED = 2000

ZONE = "haechi-zone"
"""The metadata in which a caller names the zone that it asks for."""

TRACEPARENT = "traceparent"
"""The metadata in which a caller names the span that its call is a part of (W3C Trace Context)."""


def admit_anyone(context: grpc.ServicerContext, call: Call) -> None:
    """For servers that only their own machine reaches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How one call went; a message of a stream counts as one.

    Attributes:
        call: the call.
        code: the status that it was answered with.
        took_s: from its message's arrival in the guard to its answer.
        error: name of what it was refused with (``serving/status.py``); empty: it was answered, or its caller left.
    """

    call: Call
    code: grpc.StatusCode
    took_s: float
    error: str = ""


class Guard:
    """Wraps answers: errors become statuses, deadlines are known, and whoever listens hears how each call ended.

    Args:
        admit: the door.
    """

    def __init__(self, admit: Admit = admit_anyone) -> None:
        self.refused: Counter[str] = Counter()
        self.listeners: list[Callable[[Ended], None]] = []
        """Each hears of every call on the call's own thread, so must be quick, and must not raise."""
        self.administrative: list[Callable[[Ended], None]] = []
        """Likewise of every administrative call."""
        self.public: set[Behaviour] = set()
        """What answers everybody."""
        self._brief: dict[Behaviour, Callable[[bytes], bool]] = {}
        self._overload: dict[Behaviour, Callable[[bytes, Priority], Overloaded | None]] = {}
        self._admit = admit
        self._lock = threading.Lock()

    def wrap(self, described: MethodDescriptor, method: Method) -> Behaviour:
        """What grpc calls with a request's bytes (or a stream of them), and answers with the bytes returned."""
        name, answer = full_name(described), _on_bytes(described, method)
        if method.refused is not None:
            guarded = self._stream(name, method.scope, self._each(answer, method.refused), told_each=True)
        elif streams(described):
            guarded = self._stream(name, method.scope, answer)
        else:
            guarded = self._unary(name, method.scope, answer, _noted(described) if method.scope == ADMIN else None)
        if not method.scope:
            self.public.add(guarded)
        if method.brief is not None:
            self._brief[guarded] = method.brief
        if method.overload is not None:
            self._overload[guarded] = method.overload
        return guarded

    def brief(self, answer: Behaviour, request: bytes) -> bool:
        """Whether ``answer`` to ``request`` costs less than handing it to another thread."""
        tell = self._brief.get(answer)
        return tell is not None and tell(request)

    def overload(self, answer: Behaviour, request: bytes, priority: Priority) -> Overloaded | None:
        """Why ``answer`` would refuse ``request`` now for what waits already; None: it might not."""
        tell = self._overload.get(answer)
        return None if tell is None else tell(request, priority)

    def refuse(self, call: Call, error: Exception, since_s: float) -> Refusal:
        """What the caller is told about ``error``, which is counted and told to whoever listens."""
        told = refusal(error, call.method)
        with self._lock:
            self.refused[told.code.name] += 1
        self.tell(call, told.code, since_s, told.name)
        return told

    def tell(self, call: Call, code: grpc.StatusCode, since_s: float, error: str = "") -> None:
        """Let whoever listens hear how ``call`` ended."""
        listeners = self.listeners if call.scope != ADMIN else [*self.administrative, *self.listeners]
        if listeners:
            ended = Ended(call=call, code=code, took_s=time.perf_counter() - since_s, error=error)
            for listen in listeners:
                listen(ended)

    def _unary(
        self, name: str, scope: str, answer: Callable[[bytes, Call], bytes], note: Callable[[bytes], str] | None
    ) -> Behaviour:
        def behave(request: bytes, context: grpc.ServicerContext) -> bytes | None:
            since_s, call = time.perf_counter(), _call(name, scope, context)
            UNDER_WAY.set(call)
            try:
                if note is not None:
                    call.request, call.peer = note(request), context.peer()
                _refuse_overload()
                self._admit(context, call)
                reply = answer(request, call)
            except Exception as error:  # the edge: nothing that is raised may reach a stranger as it is
                told = self.refuse(call, error, since_s)
            else:
                self.tell(call, grpc.StatusCode.OK, since_s)
                return reply
            finally:
                UNDER_WAY.set(None)
            return context.abort_with_status(told.status_of(call))

        return behave

    def _stream(
        self,
        name: str,
        scope: str,
        answer: Callable[[Iterator[bytes], Call], Iterator[bytes]],
        *,
        told_each: bool = False,
    ) -> Behaviour:
        def behave(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            since_s, call = time.perf_counter(), _call(name, scope, context)
            UNDER_WAY.set(call)
            try:
                _refuse_overload()
                self._admit(context, call)
                yield from answer(requests, call)
            except grpc.RpcError:
                # The caller left in the middle; grpc raises it from the stream of requests, and wants it back.
                self.tell(call, grpc.StatusCode.CANCELLED, since_s)
                raise
            except Exception as error:  # as above
                told = self.refuse(call, error, since_s)
            else:
                # How each message went was told as it went; that the stream is over is no call.
                if not told_each:
                    self.tell(call, grpc.StatusCode.OK, since_s)
                return
            finally:
                UNDER_WAY.set(None)
            context.abort_with_status(told.status_of(call))

        return behave

    def _each(
        self, answer: Callable[[bytes, Call], bytes], refused: Callable[[bytes, Refusal], bytes]
    ) -> Callable[[Iterator[bytes], Call], Iterator[bytes]]:
        """One message after the other; what is wrong with one is its own caller's news, and the stream goes on."""

        def answers(requests: Iterator[bytes], call: Call) -> Iterator[bytes]:
            for request in requests:
                since_s = time.perf_counter()
                try:
                    call.charge()
                    reply = answer(request, call)
                except Exception as error:  # the edge, as for a call of its own
                    reply = refused(request, self.refuse(call, error, since_s))
                else:
                    self.tell(call, grpc.StatusCode.OK, since_s)
                yield reply

        return answers


def _refuse_overload() -> None:
    error = refusal_of_this_call()
    if error is not None:
        raise error


def _call(name: str, scope: str, context: grpc.ServicerContext) -> Call:
    told = dict(context.invocation_metadata() or ())
    left_s = context.time_remaining()
    deadline_s = time.monotonic() + left_s if left_s is not None and isfinite(left_s) else None
    call = Call(
        method=name,
        scope=scope,
        deadline_s=deadline_s,
        cancelled=lambda: not context.is_active(),
        asked_zone=str(told.get(ZONE, "")),
        priority=priority(told.get(PRIORITY)),
        request_id=request_id(told.get(REQUEST_ID)),
        traceparent=str(told.get(TRACEPARENT, "")),
        overload=overload_of_this_call(),
    )
    if REQUEST_ID in told:
        context.set_trailing_metadata(((REQUEST_ID, call.request_id),))
    return call


def _noted(described: MethodDescriptor) -> Callable[[bytes], str]:
    parse, _ = messages(described)

    def note(request: bytes) -> str:
        # Read also of those who are not let in: what they wanted is what an audit is for.
        if len(request) > _LONGEST_AUDITED:
            return f"{len(request)} bytes"
        try:
            return str(MessageToString(parse(request), as_one_line=True))
        except DecodeError:
            return "unreadable"

    return note


def _on_bytes(described: MethodDescriptor, method: Method) -> Callable[[Any, Call], Any]:
    if method.raw:
        return method.answer
    parse, write = messages(described)

    def read(request: bytes) -> Any:
        try:
            return parse(request)
        except DecodeError:
            raise BadInput(
                cause=f"The bytes sent are no {described.input_type.full_name}", mend="Use the service's own proto file"
            ) from None

    def one(request: bytes, call: Call) -> bytes:
        return write(method.answer(read(request), call))

    def many(requests: Iterator[bytes], call: Call) -> Iterator[bytes | Pause]:
        for reply in method.answer(map(read, requests), call):
            yield reply if isinstance(reply, Pause) else write(reply)

    return many if streams(described) else one
