"""A foreign client, tritonclient, is answered by the Open Inference Protocol, and told why where it is not."""

import logging
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status
from tritonclient import grpc as triton
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from features.errors import BadInput
from features.settings import Settings
from serving.client import Client
from serving.proto import open_inference_grpc_pb2 as oip
from serving.runtime import Runtime
from serving.server import Server
from serving.tokens import new_token

COUNTS = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.float32)
WEIGHT = np.array([[2], [10]], dtype=np.float32)


@pytest.fixture
def foreign(server: Server) -> Iterator[triton.InferenceServerClient]:
    client = triton.InferenceServerClient(server.address)
    yield client
    client.close()


@pytest.fixture
def channel(server: Server) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.address) as channel:
        yield channel


def tensor(name: str, array: np.ndarray) -> triton.InferInput:
    made = triton.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
    made.set_data_from_numpy(array)
    return made


def test_the_server_says_that_it_lives_and_who_it_is(foreign: triton.InferenceServerClient) -> None:
    assert foreign.is_server_live()
    assert foreign.is_server_ready()
    assert foreign.get_server_metadata().name == "haechi"


@pytest.mark.parametrize(
    ("model", "version", "ready"),
    [
        pytest.param("doubler", "", True, id="a model"),
        pytest.param("weigher", "1", True, id="a version"),
        pytest.param("weigher", "3", False, id="a version that is not there"),
        pytest.param("nobody", "", False, id="a model that is not there"),
    ],
)
def test_readiness_of_a_model(model: str, version: str, ready: bool, foreign: triton.InferenceServerClient) -> None:
    assert foreign.is_model_ready(model, version) is ready


def test_metadata_tells_a_client_all_that_it_needs(foreign: triton.InferenceServerClient) -> None:
    metadata = foreign.get_model_metadata("weigher", as_json=True)

    assert metadata == {
        "name": "weigher",
        "versions": ["1", "2"],
        "platform": "onnxruntime_onnx",
        "inputs": [
            {"name": "counts", "datatype": "FP32", "shape": ["-1", "3"]},
            {"name": "weight", "datatype": "FP32", "shape": ["-1", "1"]},
        ],
        "outputs": [
            {"name": "total", "datatype": "FP32", "shape": ["-1", "3"]},
            {"name": "less", "datatype": "FP32", "shape": ["-1", "3"]},
        ],
    }


def test_the_index_lists_every_version(foreign: triton.InferenceServerClient) -> None:
    index = foreign.get_model_repository_index()

    assert ("weigher", "1", "READY") in [(model.name, model.version, model.state) for model in index.models]


def test_inference_answers_all_outputs_with_version_and_id(foreign: triton.InferenceServerClient) -> None:
    result = foreign.infer("weigher", [tensor("counts", COUNTS), tensor("weight", WEIGHT)], request_id="r7")

    np.testing.assert_array_equal(result.as_numpy("total"), COUNTS + WEIGHT)
    np.testing.assert_array_equal(result.as_numpy("less"), -(COUNTS + WEIGHT))
    assert (result.get_response().model_version, result.get_response().id) == ("2", "r7")


def test_a_version_and_one_output_can_be_asked_for(foreign: triton.InferenceServerClient) -> None:
    result = foreign.infer(
        "weigher",
        [tensor("counts", COUNTS), tensor("weight", WEIGHT)],
        model_version="1",
        outputs=[triton.InferRequestedOutput("less")],
    )

    np.testing.assert_array_equal(result.as_numpy("less"), -COUNTS * WEIGHT)
    assert result.as_numpy("total") is None


@pytest.mark.parametrize(
    "array",
    [
        pytest.param(np.array([0.5, np.nan, np.inf], dtype=np.float32), id="FP32"),
        pytest.param(np.array([0.1, -2.0]), id="FP64"),
        pytest.param(np.array([-1, 2**31 - 1], dtype=np.int32), id="INT32"),
        pytest.param(np.array([-1, 2**62]), id="INT64"),
        pytest.param(np.array([0, 255], dtype=np.uint8), id="UINT8"),
        pytest.param(np.array([True, False]), id="BOOL"),
        pytest.param(np.array(["강남".encode(), b"", b"A-01/in"], dtype=object), id="BYTES"),
    ],
)
def test_every_element_type_comes_back(array: np.ndarray, foreign: triton.InferenceServerClient) -> None:
    name = "string" if array.dtype == object else array.dtype.name
    back = foreign.infer(f"echo-{name}", [tensor("x", array)]).as_numpy("y")

    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize(
    ("model", "version", "inputs", "status", "message"),
    [
        pytest.param(
            "weigher", "", {"counts": COUNTS[:, :2], "weight": WEIGHT}, "INVALID_ARGUMENT",
            "Input 'counts' of weigher/2 expected shape [entity, 3], got [2, 2]", id="wrong shape",
        ),
        pytest.param(
            "weigher", "", {"counts": COUNTS.astype("f8"), "weight": WEIGHT}, "INVALID_ARGUMENT",
            "expected dtype float32 (FP32), got float64. Convert it to float32", id="wrong dtype",
        ),
        pytest.param(
            "weigher", "", {"count": COUNTS, "weight": WEIGHT}, "INVALID_ARGUMENT",
            "There is no input of weigher/2 'count'. Did you mean 'counts'?", id="wrong name",
        ),
        pytest.param(
            "weigher", "", {"counts": COUNTS}, "INVALID_ARGUMENT",
            "Input 'weight' of weigher/2 is missing. Send it: float32 [entity, 1]", id="missing",
        ),
        pytest.param(
            "wiegher", "", {"counts": COUNTS}, "NOT_FOUND", "There is no model 'wiegher'. Did you mean 'weigher'?",
            id="unknown model",
        ),
        pytest.param(
            "weigher", "9", {"counts": COUNTS}, "NOT_FOUND", "There is no version of weigher '9'. Known: 1, 2",
            id="unknown version",
        ),
        pytest.param(
            "weigher", "newest", {"counts": COUNTS}, "NOT_FOUND", "There is no version of weigher 'newest'",
            id="a version that is no number",
        ),
        pytest.param(
            "doubler", "", {"x": np.zeros((100_000, 3), np.float32)}, "RESOURCE_EXHAUSTED",
            "Received message larger than max", id="over the size limit",
        ),
    ],
)  # fmt: skip
def test_a_refusal_says_what_is_wrong_and_how_to_mend_it(
    model: str,
    version: str,
    inputs: dict[str, Any],
    status: str,
    message: str,
    foreign: triton.InferenceServerClient,
) -> None:
    with pytest.raises(InferenceServerException) as refusal:
        foreign.infer(model, [tensor(name, array) for name, array in inputs.items()], model_version=version)
    assert refusal.value.status() == f"StatusCode.{status}"
    assert message in refusal.value.message()


def test_unknown_and_doubled_outputs_are_refused(foreign: triton.InferenceServerClient) -> None:
    outputs = [triton.InferRequestedOutput("y"), triton.InferRequestedOutput("y")]
    with pytest.raises(InferenceServerException, match="asked for twice"):
        foreign.infer("doubler", [tensor("x", COUNTS)], outputs=outputs)
    with pytest.raises(InferenceServerException, match="There is no output of doubler/1 'z'"):
        foreign.infer("doubler", [tensor("x", COUNTS)], outputs=[triton.InferRequestedOutput("z")])


def test_what_this_server_does_not_offer_is_unimplemented(foreign: triton.InferenceServerClient) -> None:
    with pytest.raises(InferenceServerException, match="UNIMPLEMENTED"):
        foreign.load_model("doubler")


def test_cause_and_mend_travel_as_fields_too(channel: grpc.Channel) -> None:
    ask = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
    with pytest.raises(grpc.RpcError) as refusal:
        ask(oip.ModelInferRequest(model_name="nobody").SerializeToString())
    info = ErrorInfo()
    assert rpc_status.from_call(refusal.value).details[0].Unpack(info)
    assert (info.domain, info.reason) == ("haechi", "UnknownName")
    assert info.metadata["cause"] == "There is no model 'nobody'"
    assert info.metadata["mend"].startswith("Known: ")


def test_a_refusal_of_a_very_long_name_stays_short(channel: grpc.Channel) -> None:
    ask = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
    tensors = [oip.ModelInferRequest.InferInputTensor(name="글" * 10_000, datatype="FP32", shape=[1])]
    for request in (
        oip.ModelInferRequest(model_name="글" * 100_000),
        oip.ModelInferRequest(model_name="doubler", inputs=tensors, raw_input_contents=[b"\0" * 4]),
        oip.ModelInferRequest(model_name="doubler", inputs=tensors),
    ):
        with pytest.raises(grpc.RpcError) as refusal:
            ask(request.SerializeToString())
        assert refusal.value.code() in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT)
        assert len(refusal.value.details()) < 1500


def test_bytes_that_are_no_message_are_refused(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as refusal:
        channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")(b"\xff\xff\xff\xff")
    assert "Traceback" not in refusal.value.details()


def test_the_unexpected_is_an_incident_whose_traceback_stays_in_the_log(
    foreign: triton.InferenceServerClient,
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def explode(*_: object) -> None:
        raise RuntimeError(f"/secret/path of {__file__}")

    monkeypatch.setattr(runtime, "find", explode)
    with caplog.at_level(logging.ERROR, "haechi.serving"), pytest.raises(InferenceServerException) as refusal:
        foreign.infer("doubler", [tensor("x", COUNTS)])

    assert refusal.value.status() == "StatusCode.INTERNAL"
    assert "/secret" not in refusal.value.message()
    incident = refusal.value.message().split("incident ")[1][:8]
    assert incident in caplog.text
    assert "/secret/path" in caplog.text


def test_refused_calls_are_counted_by_code(server: Server, foreign: triton.InferenceServerClient) -> None:
    for model in ("nobody", "no one", "doubler"):
        with pytest.raises(InferenceServerException):
            foreign.infer(model, [tensor("z", COUNTS)])

    assert server.guard.refused == {"NOT_FOUND": 2, "INVALID_ARGUMENT": 1}


@pytest.mark.parametrize(
    "service", ["", "doubler", "weigher", "inference.GRPCInferenceService", "haechi.v1.TrafficService"]
)
def test_health_of_the_whole_of_each_service_and_of_each_model(service: str, channel: grpc.Channel) -> None:
    reply = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=service))

    assert reply.status == health_pb2.HealthCheckResponse.SERVING


def test_health_of_what_is_not_there_is_not_found(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as refusal:
        health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service="nobody"))
    assert refusal.value.code() is grpc.StatusCode.NOT_FOUND


def test_watching_health_takes_no_thread_from_the_calls(server: Server, foreign: triton.InferenceServerClient) -> None:
    with grpc.insecure_channel(server.address) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch
        watchers = [watch(health_pb2.HealthCheckRequest()) for _ in range(20)]
        assert {next(watcher).status for watcher in watchers} == {health_pb2.HealthCheckResponse.SERVING}

        assert foreign.infer("doubler", [tensor("x", COUNTS)]).as_numpy("y") is not None
        for watcher in watchers:
            watcher.cancel()


def test_who_watches_sees_the_server_go(runtime: Runtime, settings: Settings) -> None:
    server = Server(runtime, settings)
    server.start()
    with grpc.insecure_channel(server.address) as channel:
        watching = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service="doubler"))
        seen = [next(watching).status]
        stopping = threading.Thread(target=server.stop, args=(5,))
        stopping.start()
        seen.append(next(watching).status)
        watching.cancel()
        stopping.join(20)

    assert seen == [health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING]
    assert not stopping.is_alive()


def test_watchers_who_leave_as_the_server_stops_do_not_hang_it(runtime: Runtime, settings: Settings) -> None:
    for _ in range(5):
        server = Server(runtime, settings)
        server.start()
        with grpc.insecure_channel(server.address) as channel:
            watch = health_pb2_grpc.HealthStub(channel).Watch
            watchers = [watch(health_pb2.HealthCheckRequest(service=name)) for name in ("", "doubler") * 10]
            for watcher in watchers:
                next(watcher)
            leaving = threading.Thread(target=lambda some: [one.cancel() for one in some], args=(watchers,))
            stopping = threading.Thread(target=server.stop, args=(1,), daemon=True)
            leaving.start()
            stopping.start()
            stopping.join(20)
            leaving.join()
        assert not stopping.is_alive()


def test_reflection_describes_every_service(channel: grpc.Channel) -> None:
    database = ProtoReflectionDescriptorDatabase(channel)

    assert sorted(database.get_services()) == [
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
        "haechi.v1.AlertService",
        "haechi.v1.DisasterService",
        "haechi.v1.ParkingService",
        "haechi.v1.TrafficService",
        "inference.GRPCInferenceService",
    ]
    for symbol in database.get_services():
        assert database.FindFileContainingSymbol(symbol).service


def test_reflection_answers_with_the_imports_of_a_file(channel: grpc.Channel) -> None:
    ask = reflection_pb2.ServerReflectionRequest(file_containing_symbol="haechi.v1.TrafficService")
    (reply,) = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([ask]))

    assert len(reply.file_descriptor_response.file_descriptor_proto) == 2


def test_a_port_in_use_is_noticed(runtime: Runtime, settings: Settings, server: Server) -> None:
    port = int(server.address.rsplit(":")[-1])
    with pytest.raises(BadInput, match=rf"Cannot listen at 127\.0\.0\.1:{port}: the port is in use") as refusal:
        Server(runtime, settings.model_copy(update={"port": port}))
    assert "--port" in refusal.value.mend


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "haechi.example", "127.0.0.1.example"])  # noqa: S104
def test_strangers_stay_out_unless_they_are_let_in(host: str, runtime: Runtime, settings: Settings) -> None:
    with pytest.raises(BadInput, match="reachable from other machines") as refusal:
        Server(runtime, settings.model_copy(update={"host": host}))
    assert "HAECHI_TOKENS" in refusal.value.mend


def test_an_address_that_is_not_this_machines_is_refused(runtime: Runtime, settings: Settings, tmp_path: Path) -> None:
    new_token(tmp_path / "tokens.toml", "room", ["read"], zone="", expires=None, rate_per_s=None)
    beyond = {"host": "192.0.2.7", "plaintext": True, "tokens": tmp_path / "tokens.toml"}
    with pytest.raises(BadInput, match=r"Cannot listen at 192\.0\.2\.7:0"):
        Server(runtime, settings.model_copy(update=beyond))


def test_stopping_lets_the_calls_under_way_finish(
    runtime: Runtime, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = threading.Event(), threading.Event()
    find = runtime.find

    def slow(model: str, version: str, zone: str) -> Any:
        begun.set()
        assert may_end.wait(10)
        return find(model, version, zone)

    monkeypatch.setattr(runtime, "find", slow)
    server = Server(runtime, settings)
    server.start()
    answers: list[dict[str, np.ndarray]] = []
    with Client(server.address) as client:
        caller = threading.Thread(target=lambda: answers.append(client.infer("doubler", {"x": COUNTS})))
        caller.start()
        assert begun.wait(10)
        stopper = threading.Thread(target=server.stop)
        stopper.start()
        may_end.set()
        caller.join()
        stopper.join()

    np.testing.assert_array_equal(answers[0]["y"], 2 * COUNTS)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(server.address.rsplit(":")[-1]))) != 0


def test_sixty_four_callers_at_once_each_get_their_own_answer(server: Server, client: Client) -> None:
    wrong: list[int] = []

    def ask(number: int) -> None:
        x = np.full((1 + number % 7, 3), number, dtype=np.float32)
        for _ in range(5):
            if not np.array_equal(client.infer("doubler", {"x": x})["y"], 2 * x):
                wrong.append(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_domains_service_is_found_not_listed(
    runtime: Runtime, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.server.DOMAINS", ("traffic", "nowhere"))

    with pytest.raises(ModuleNotFoundError, match=r"serving\.nowhere"):
        Server(runtime, settings)
