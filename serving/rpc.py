"""Services and calls from their protobuf descriptors alone: what protoc's gRPC plugin would write, once for all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass

from features.errors import Overloaded
from serving.call import Call, Priority
from serving.status import Refusal

Answer = Callable[[Any, Call], Any]
Ask = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How a server answers one method.

    Attributes:
        answer: takes the request and the call and returns the reply; of a streaming method, an iterator over requests
            in (over the one, where only replies stream) and over replies out, with a ``Pause`` where there is none for
            a while. What it raises becomes a status (``serving/status.py``).
        scope: what a caller must be allowed (``serving/scopes.py``); empty: everybody may.
        raw: ``answer`` takes and returns the messages' bytes.
        refused: of a streaming method whose ``answer`` takes one message after the other: the bytes that answer a
            message which was refused, out of the message and the refusal; the stream goes on.
        brief: tells by a message's bytes whether answering it costs less than handing it to another thread.
        overload: tells by a message's bytes and its call's priority why it would be refused now for what waits
            already; None: it might not. ``answer`` then raises what it finds as ``Call.overload``.
    """

    answer: Answer
    scope: str
    raw: bool = False
    refused: Callable[[bytes, Refusal], bytes] | None = None
    brief: Callable[[bytes], bool] | None = None
    overload: Callable[[bytes, Priority], Overloaded | None] | None = None


Behaviour = Callable[[Any, grpc.ServicerContext], Any]
Wrap = Callable[[MethodDescriptor, Method], Behaviour]


def add_service(server: grpc.Server, service: ServiceDescriptor, methods: Mapping[str, Method], wrap: Wrap) -> str:
    """Let ``server`` answer ``service``.

    Args:
        server: not yet started.
        service: as its generated module describes it.
        methods: by name.
        wrap: stands before each (``serving/guard.py``); what it makes takes and returns bytes.

    Returns:
        The service's full name.
    """
    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
    for name, method in methods.items():
        described = service.methods_by_name[name]
        handler = grpc.stream_stream_rpc_method_handler if streams(described) else grpc.unary_unary_rpc_method_handler
        handlers[name] = handler(wrap(described, method), None, None)
    server.add_registered_method_handlers(service.full_name, handlers)
    return service.full_name


def ask(channel: grpc.Channel | grpc.aio.Channel, method: MethodDescriptor) -> Ask:
    """The call of ``method`` over ``channel``: takes the request (or an iterator of them), returns the reply."""
    one_way = channel.unary_stream if method.server_streaming else channel.unary_unary
    call: Any = channel.stream_stream if method.client_streaming else one_way
    made: Ask = call(
        full_name(method),
        request_serializer=GetMessageClass(method.input_type).SerializeToString,
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )
    return made


def full_name(method: MethodDescriptor) -> str:
    """``/package.Service/Method``, as HTTP/2 calls it."""
    return f"/{method.containing_service.full_name}/{method.name}"


def streams(method: MethodDescriptor) -> bool:
    """Whether replies go as a stream; on the wire one request is a stream too, so that no more is to be known."""
    return bool(method.client_streaming or method.server_streaming)


def messages(method: MethodDescriptor) -> tuple[Callable[[bytes], Any], Callable[[Any], bytes]]:
    """What makes a request of its bytes, and bytes of a reply."""
    reply = GetMessageClass(method.output_type).SerializeToString
    return GetMessageClass(method.input_type).FromString, reply
