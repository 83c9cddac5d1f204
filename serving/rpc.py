"""Services and calls from their protobuf descriptors alone: what protoc's gRPC plugin would write, once for all."""

from collections.abc import Callable, Mapping
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass

Answer = Callable[[Any, grpc.ServicerContext], Any]
Ask = Callable[..., Any]


def add_service(server: grpc.Server, service: ServiceDescriptor, answers: Mapping[str, Answer]) -> str:
    """Let ``server`` answer ``service``.

    Args:
        server: not yet started.
        service: as its generated module describes it.
        answers: for each method of the service, by name, what takes the request and the context and returns the
            reply. What it raises becomes a status (``serving/status.py``).

    Returns:
        The service's full name.
    """
    handlers = {name: _handler(service.methods_by_name[name], answer) for name, answer in answers.items()}
    server.add_registered_method_handlers(service.full_name, handlers)
    return service.full_name


def ask(channel: grpc.Channel, method: MethodDescriptor) -> Ask:
    """The call of ``method`` over ``channel``: takes the request and ``timeout``, returns the reply."""
    return channel.unary_unary(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=GetMessageClass(method.input_type).SerializeToString,
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )


def _handler(method: MethodDescriptor, answer: Answer) -> "grpc.RpcMethodHandler[Any, Any]":
    return grpc.unary_unary_rpc_method_handler(
        answer,
        request_deserializer=GetMessageClass(method.input_type).FromString,
        response_serializer=GetMessageClass(method.output_type).SerializeToString,
    )
