"""The public client takes and returns arrays, and raises what the server raised."""

import asyncio
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from features.errors import BadInput, HaechiError, NotAllowed, UnknownCaller, UnknownName
from serving import client as client_module
from serving.client import AsyncClient, Client, ServedModel, Tensor
from serving.proto import open_inference_grpc_pb2 as oip
from serving.rpc import messages
from serving.server import Server

COUNTS = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.float32)

Answer = Callable[[Any, grpc.ServicerContext], Any]
FakeServer = Callable[[dict[str, Answer]], str]


@pytest.fixture
def fake_server() -> Iterator[FakeServer]:
    """A server of the protocol that is not ours, answering as the test says."""
    servers = []

    def start(answers: dict[str, Answer]) -> str:
        server = grpc.server(ThreadPoolExecutor(1))
        service = oip.DESCRIPTOR.services_by_name["GRPCInferenceService"]
        handlers = {}
        for name, answer in answers.items():
            parse, write = messages(service.methods_by_name[name])
            handlers[name] = grpc.unary_unary_rpc_method_handler(answer, parse, write)
        server.add_registered_method_handlers(service.full_name, handlers)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        servers.append(server)
        return f"127.0.0.1:{port}"

    yield start
    for server in servers:
        server.stop(0).wait()


def test_it_sees_what_is_served(client: Client) -> None:
    assert client.ready()
    assert ServedModel(name="weigher", version="2", state="READY") in client.models()
    metadata = client.metadata("weigher")
    assert (metadata.name, metadata.versions, metadata.platform) == ("weigher", ("1", "2"), "onnxruntime_onnx")
    assert metadata.inputs == (
        Tensor(name="counts", dtype="FP32", shape=(-1, 3)),
        Tensor(name="weight", dtype="FP32", shape=(-1, 1)),
    )


@pytest.mark.parametrize(
    ("version", "expected"), [pytest.param("", COUNTS + 1, id="the newest"), pytest.param("1", COUNTS, id="a version")]
)
def test_arrays_go_in_and_come_out(version: str, expected: np.ndarray, client: Client) -> None:
    weight = np.ones((2, 1), dtype=np.float32)
    outputs = client.infer("weigher", {"counts": COUNTS, "weight": weight}, version)

    np.testing.assert_array_equal(outputs["total"], expected)


def test_text_goes_in_and_comes_out(client: Client) -> None:
    names = np.array(["강남", "A-01/in", ""])

    assert client.infer("echo-string", {"x": names})["y"].tolist() == names.tolist()


@pytest.mark.parametrize(
    ("ask", "error", "cause", "mend"),
    [
        pytest.param(
            lambda client: client.infer("doublr", {"x": COUNTS}),
            UnknownName, "There is no model 'doublr'", "Did you mean 'doubler'?", id="an unknown model",
        ),
        pytest.param(
            lambda client: client.metadata("weigher", "7"),
            UnknownName, "There is no version of weigher '7'", "Known: 1, 2", id="an unknown version",
        ),
        pytest.param(
            lambda client: client.infer("doubler", {"x": COUNTS.astype(int)}),
            BadInput, "Input 'x' of doubler/1: expected dtype float32 (FP32), got int64", "Convert it to float32",
            id="another dtype",
        ),
        pytest.param(
            lambda client: client.infer("doubler", {"x": COUNTS * 1j}),
            BadInput, "An array of complex64 cannot be sent", "Convert it", id="an array of no datatype",
        ),
        pytest.param(
            lambda client: client.infer("doubler", {"x": np.zeros((200_000, 3), np.float32)}),
            BadInput, "for its size: ", "raise HAECHI_MAX_MESSAGE_MIB", id="a message too large",
        ),
        pytest.param(
            lambda client: client.traffic_latest("doubler"),
            BadInput, "doubler/1 is a model of the domain other, not of traffic", "Name a traffic model",
            id="a model of another domain",
        ),
    ],
)  # fmt: skip
def test_the_servers_error_is_raised_with_cause_and_mend(
    ask: Callable[[Client], Any], error: type[HaechiError], cause: str, mend: str, client: Client
) -> None:
    with pytest.raises(HaechiError) as refusal:
        ask(client)
    assert type(refusal.value) is error
    assert cause in refusal.value.cause
    assert mend in refusal.value.mend


def test_no_server_is_not_ready_and_says_how_to_start_one() -> None:
    with Client("127.0.0.1:1", timeout_s=5) as client:
        assert not client.ready()
        with pytest.raises(HaechiError, match=r"No server answers at 127\.0\.0\.1:1") as refusal:
            client.models()
    assert "haechi serve" in refusal.value.mend


def test_an_answer_that_takes_too_long_is_given_up(fake_server: FakeServer) -> None:
    def never(request: Any, context: grpc.ServicerContext) -> Any:
        while context.is_active():
            pass

    client = Client(fake_server({"ModelInfer": never, "ServerReady": never}), timeout_s=0.1)
    with client:
        for ask in (client.ready, lambda: client.infer("doubler", {"x": COUNTS})):
            with pytest.raises(HaechiError, match="did not answer in time") as refusal:
                ask()
    assert "timeout_s" in refusal.value.mend


@pytest.mark.parametrize(
    ("code", "error"),
    [
        pytest.param(grpc.StatusCode.INVALID_ARGUMENT, BadInput, id="a bad argument"),
        pytest.param(grpc.StatusCode.NOT_FOUND, UnknownName, id="not found"),
        pytest.param(grpc.StatusCode.UNAUTHENTICATED, UnknownCaller, id="unknown who asks"),
        pytest.param(grpc.StatusCode.PERMISSION_DENIED, NotAllowed, id="not allowed"),
        pytest.param(grpc.StatusCode.ABORTED, HaechiError, id="anything else"),
    ],
)
def test_a_foreign_servers_refusal_is_told_by_its_code(
    code: grpc.StatusCode, error: type[HaechiError], fake_server: FakeServer
) -> None:
    def refuse(request: Any, context: grpc.ServicerContext) -> Any:
        context.abort(code, "not today")

    with (
        Client(fake_server({"ModelInfer": refuse})) as client,
        pytest.raises(HaechiError, match="not today") as refusal,
    ):
        client.infer("doubler", {"x": COUNTS})
    assert type(refusal.value) is error


def test_typed_contents_of_a_foreign_server_are_read(fake_server: FakeServer) -> None:
    def answer(request: oip.ModelInferRequest, context: grpc.ServicerContext) -> oip.ModelInferResponse:
        reply = oip.ModelInferResponse()
        reply.outputs.add(name="y", datatype="FP32", shape=[2]).contents.fp32_contents.extend([1.5, 2.5])
        return reply

    with Client(fake_server({"ModelInfer": answer})) as client:
        assert client.infer("doubler", {"x": COUNTS})["y"].tolist() == [1.5, 2.5]


class Flaky:
    """Answers the calls of one method after refusing a few of them."""

    def __init__(self, refusals: int, code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE) -> None:
        self.calls, self._refusals, self._code = 0, refusals, code

    def __call__(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.calls += 1
        if self.calls <= self._refusals:
            context.abort(self._code, "not now")
        if isinstance(request, oip.RepositoryModelLoadRequest):
            return oip.RepositoryModelLoadResponse()
        return oip.ServerReadyResponse(ready=True)


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED])
def test_what_only_asks_is_tried_again(code: grpc.StatusCode, fake_server: FakeServer) -> None:
    flaky = Flaky(2, code)
    with Client(fake_server({"ServerReady": flaky})) as client:
        assert client.ready()
    assert flaky.calls == 3


def test_what_changes_something_is_not_tried_again(fake_server: FakeServer) -> None:
    flaky = Flaky(1)
    with Client(fake_server({"RepositoryModelLoad": flaky})) as client, pytest.raises(HaechiError):
        client.load("model")
    assert flaky.calls == 1


def test_who_wants_no_second_try_gets_none(fake_server: FakeServer) -> None:
    flaky = Flaky(1)
    with Client(fake_server({"ServerReady": flaky}), retry=False) as client:
        assert not client.ready()
    assert flaky.calls == 1


def test_asyncio_has_the_same_methods_with_the_same_answers(server: Server, client: Client) -> None:
    async def ask() -> None:
        async with AsyncClient(server.address) as other:
            assert await other.ready()
            assert await other.models() == client.models()
            assert await other.metadata("weigher") == client.metadata("weigher")
            x = {"x": COUNTS}
            answers = await asyncio.gather(*(other.infer("doubler", x) for _ in range(20)))
            for answer in answers:
                np.testing.assert_array_equal(answer["y"], 2 * COUNTS)
            with pytest.raises(UnknownName, match="Did you mean 'doubler'"):
                await other.metadata("dubler")

    asyncio.run(ask())
    public = {name for name in vars(Client) if not name.startswith("_")}
    assert public == {name for name in vars(AsyncClient) if not name.startswith("_")}


def test_asyncio_knows_when_no_server_is_there() -> None:
    async def ask() -> bool:
        async with AsyncClient("127.0.0.1:1", timeout_s=5) as other:
            return await other.ready()

    assert not asyncio.run(ask())


def test_the_surface_is_what_the_page_says() -> None:
    page = (Path(__file__).parents[2] / "docs" / "client.md").read_text(encoding="utf-8")
    for name in client_module.__all__:
        assert f"`{name}`" in page or f" {name}(" in page or f"import {name}" in page, name


@pytest.mark.parametrize("number", range(2))
def test_the_examples_of_the_page_run(number: int, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "client.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n# runs against any server\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 2
    block = blocks[number].replace("127.0.0.1:8500", server.address).replace('"my-model"', '"doubler"')
    exec(compile(block, "docs/client.md", "exec"), {})  # noqa: S102 - our own page
