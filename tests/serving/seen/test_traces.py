"""Spans reach a collector over HTTP, as children of the caller's own; without variables nothing is sent."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import grpc
import numpy as np
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from features.errors import BadInput
from serving.proto import open_inference_grpc_pb2 as oip
from serving.seen.traces import wanted

INFER = "/inference.GRPCInferenceService/ModelInfer"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


class Collector:
    """Takes spans as an OpenTelemetry collector does."""

    def __init__(self) -> None:
        self.received: list[tuple[str, ExportTraceServiceRequest]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.received.append((self.path, ExportTraceServiceRequest.FromString(body)))
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def spans(self, count: int) -> list[Any]:
        """What came, once it is as many."""
        for _ in range(500):
            if len(self._spans()) >= count:
                break
            time.sleep(0.01)
        return self._spans()

    def _spans(self) -> list[Any]:
        return [
            span
            for _, request in self.received
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tuple(os.environ):
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    thread = threading.Thread(target=made.http.serve_forever)
    thread.start()
    yield made
    made.http.shutdown()
    thread.join()
    made.http.server_close()


def infer(address: str, model: str, *metadata: tuple[str, str]) -> None:
    request = oip.ModelInferRequest(model_name=model, raw_input_contents=[np.zeros(3, np.float32).tobytes()])
    request.inputs.add(name="x", datatype="FP32", shape=[1, 3])
    with grpc.insecure_channel(address) as channel:
        channel.unary_unary(INFER, oip.ModelInferRequest.SerializeToString)(request, metadata=metadata, timeout=10)


def test_a_calls_span_continues_the_callers_trace(watched, collector: Collector, monkeypatch) -> None:
    monkeypatch.setenv(ENDPOINT, collector.url)
    server = watched().server
    infer(server.address, "doubler", ("traceparent", f"00-{TRACE}-{PARENT}-01"), ("x-request-id", "room-7"))

    (span,) = collector.spans(1)
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert (span.name, span.kind) == (INFER.strip("/"), span.SPAN_KIND_SERVER)
    assert span.start_time_unix_nano < span.end_time_unix_nano
    attributes = {one.key: one.value.string_value or one.value.int_value for one in span.attributes}
    assert attributes == {
        "rpc.system": "grpc",
        "rpc.service": "inference.GRPCInferenceService",
        "rpc.method": "ModelInfer",
        "rpc.grpc.status_code": 0,
        "haechi.request_id": "room-7",
        "haechi.model": "doubler/1",
    }
    ((path, request),) = collector.received
    assert path == "/v1/traces"
    resource = {one.key: one.value.string_value for one in request.resource_spans[0].resource.attributes}
    assert resource["service.name"] == "haechi"


def test_without_a_trace_or_with_a_broken_one_a_call_begins_its_own(watched, collector: Collector, monkeypatch) -> None:
    monkeypatch.setenv(ENDPOINT, collector.url)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "seoul")
    server = watched().server
    infer(server.address, "doubler", ("traceparent", "00-nonsense"))
    with pytest.raises(grpc.RpcError):
        infer(server.address, "nobody")

    answered, refused = collector.spans(2)
    assert answered.parent_span_id == refused.parent_span_id == b""
    assert answered.trace_id != refused.trace_id
    # A caller's own mistake is no error of the server.
    assert refused.status.code == refused.status.STATUS_CODE_UNSET
    assert "UnknownName" in [one.value.string_value for one in refused.attributes if one.key == "error.type"]
    resource = collector.received[0][1].resource_spans[0].resource
    assert "seoul" in [one.value.string_value for one in resource.attributes if one.key == "service.name"]


def test_a_caller_who_samples_nothing_is_not_traced(watched, collector: Collector, monkeypatch) -> None:
    monkeypatch.setenv(ENDPOINT, collector.url)
    server = watched().server
    infer(server.address, "doubler", ("traceparent", f"00-{TRACE}-{PARENT}-00"))
    infer(server.address, "doubler", ("traceparent", f"00-{TRACE}-{PARENT}-01"), ("x-request-id", "sampled"))

    (span,) = collector.spans(1)
    assert "sampled" in [one.value.string_value for one in span.attributes]


@pytest.mark.parametrize(
    ("variables", "asked"),
    [
        pytest.param({}, False, id="nothing"),
        pytest.param({ENDPOINT: "http://collector:4318"}, True, id="a collector"),
        pytest.param({"OTEL_TRACES_EXPORTER": "otlp"}, True, id="the exporter alone"),
        pytest.param({"OTEL_TRACES_EXPORTER": "none", ENDPOINT: "http://collector:4318"}, False, id="no exporter"),
        pytest.param({"OTEL_SDK_DISABLED": "true", ENDPOINT: "http://collector:4318"}, False, id="switched off"),
        pytest.param({ENDPOINT: ""}, False, id="an empty variable"),
    ],
)
def test_standard_variables_say_whether(variables: dict[str, str], asked: bool) -> None:
    assert wanted(variables) is asked


@pytest.mark.parametrize(
    ("variables", "mend"),
    [
        pytest.param({"OTEL_TRACES_EXPORTER": "zipkin"}, "Set it to otlp", id="another exporter"),
        pytest.param(
            {ENDPOINT: "http://collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "4318", id="another protocol"
        ),
    ],
)
def test_what_is_not_here_is_refused_with_its_mend(variables: dict[str, str], mend: str) -> None:
    with pytest.raises(BadInput, match="alone") as refused:
        wanted(variables)
    assert mend in refused.value.mend


def test_traces_without_the_extra_are_refused_with_what_to_install(watched, monkeypatch) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:1")
    # As if it were not installed.
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(BadInput, match="is not installed") as refused:
        watched()
    assert "haechi[tracing]" in refused.value.mend


def test_without_variables_nothing_listens(watched) -> None:
    assert watched().listening() == []
