"""Traces over OpenTelemetry's protocol: a span for each call, a child of the caller's own.

Its standard variables (``OTEL_*``) say whether, where to, how many and under which name; where none is set, nothing of
it is loaded. A span is written once its call is over, which is all that a server without calls of its own needs.
"""

import threading
import time
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

import grpc

from features.errors import BadInput
from serving.guard import Ended

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_EXPORTER = "OTEL_TRACES_EXPORTER"
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_HTTP = "http/protobuf"
# Of a server's span these statuses alone are errors; the others are a caller's own mistake (OpenTelemetry's conventions
# for gRPC).
_OURS = {
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DATA_LOSS,
}
# What a collector has not taken by then, as a server ends, is lost: the library alone would try for longer.
_FLUSH_S = 3.0


def wanted(environ: Mapping[str, str]) -> bool:
    """Whether the variables ask for traces.

    Raises:
        BadInput: they ask for an exporter or a protocol that is not here.
    """
    exporter = environ.get(_EXPORTER, "")
    endpoint = any(environ.get(name) for name in _ENDPOINTS)
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or exporter == "none" or not (exporter or endpoint):
        return False
    if exporter not in ("", "otlp"):
        raise BadInput(
            cause=f"{_EXPORTER} is '{exporter}', and traces are sent by otlp alone",
            mend=f"Set it to otlp, and OTEL_EXPORTER_OTLP_ENDPOINT to a collector; or set {_EXPORTER}=none",
        )
    name = next((name for name in _PROTOCOLS if environ.get(name)), "")
    if name and environ[name] != _HTTP:
        raise BadInput(
            cause=f"{name} is '{environ[name]}', and traces are sent by {_HTTP} alone",
            mend=f"Set it to {_HTTP}; a collector takes that at port 4318",
        )
    return True


class Traces:
    """Sends a span for each call, from a thread of its own; what the collector does not take in time is lost.

    Raises:
        BadInput: OpenTelemetry is not installed.
    """

    def __init__(self) -> None:
        try:
            self._provider = _provider()
            propagation = import_module("opentelemetry.trace.propagation.tracecontext")
        except ModuleNotFoundError as error:
            raise BadInput(
                cause=f"OTEL_* variables ask for traces, and {error.name} is not installed",
                mend="Run: pip install 'haechi[tracing]'; or set OTEL_TRACES_EXPORTER=none",
            ) from None
        trace = import_module("opentelemetry.trace")
        self._tracer = self._provider.get_tracer("haechi")
        self._extract = propagation.TraceContextTextMapPropagator().extract
        self._server = trace.SpanKind.SERVER
        self._error = trace.Status(trace.StatusCode.ERROR)

    def ended(self, ended: Ended) -> None:
        """Write the span of a call that is over."""
        call, now_ns = ended.call, time.time_ns()
        service, _, method = call.method.strip("/").partition("/")
        attributes: dict[str, str | int] = {
            "rpc.system": "grpc",
            "rpc.service": service,
            "rpc.method": method,
            "rpc.grpc.status_code": ended.code.value[0],
            "haechi.request_id": call.request_id,
        }
        if call.model:
            attributes["haechi.model"] = call.model
        if ended.error:
            attributes["error.type"] = ended.error
        span = self._tracer.start_span(
            call.method.strip("/"),
            context=self._extract({"traceparent": call.traceparent}),
            kind=self._server,
            attributes=attributes,
            start_time=now_ns - int(ended.took_s * 1e9),
        )
        if ended.code in _OURS:
            span.set_status(self._error)
        span.end(now_ns)

    def stop(self) -> None:
        """Send what is written, as far as the collector takes it soon."""
        last = threading.Thread(target=self._provider.shutdown, name="haechi-traces", daemon=True)
        last.start()
        last.join(_FLUSH_S)


def _provider() -> "TracerProvider":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create()
    # What the library calls a service that nobody named.
    if str(resource.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        resource = resource.merge(Resource({SERVICE_NAME: "haechi"}))
    # Not the global one: a program that a server runs in may have traces of its own.
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
