"""Brief calls are answered by the thread that hears of them; who waits longer than that is a thread's."""

import threading
from contextlib import nullcontext
from pathlib import Path

import grpc
import numpy as np
import pytest

from features.errors import Overloaded
from features.routing import Routing
from serving.call import Call, Priority
from serving.client import Client
from serving.intake import PRIORITY
from serving.lanes import Lanes
from serving.proto import open_inference_grpc_pb2 as oip
from serving.runtime import IN_PROCESS, Line, Runtime
from serving.server import Server
from serving.turns import BRIEF_S, Length
from serving.wire import Wire

X = np.ones((1, 3), dtype=np.float32)


def answering(client: Client, server: Server) -> str:
    """The name of the thread that answers a call whose head is known."""
    for _ in range(2):  # read, then held against the manifest
        client.infer("doubler", {"x": X})
    names: list[str] = []
    server.runtime.after_run.append(lambda *_: names.append(threading.current_thread().name))
    client.infer("doubler", {"x": X})
    return names[0]


def test_a_brief_call_is_answered_by_the_thread_that_hears_of_it(
    server: Server, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Length, "is_brief", property(lambda self: True))
    assert answering(client, server) == "haechi-hearing"


def test_any_other_call_gets_a_thread(server: Server, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Length, "is_brief", property(lambda self: False))
    assert answering(client, server) == "haechi-serving"


def test_a_run_is_brief_below_its_bound() -> None:
    assert Length(run_s=BRIEF_S * 0.99).is_brief
    assert not Length(run_s=BRIEF_S).is_brief


@pytest.mark.parametrize(
    ("routing", "version", "brief"),
    [
        pytest.param(Routing(), "", True, id="the champion alone"),
        pytest.param(Routing(canary=2, share=0.5), "", False, id="a canary that is not brief may answer"),
        pytest.param(Routing(canary=2, share=0.5), "1", True, id="asked by its number"),
        pytest.param(Routing(canary=2, share=0.5), "2", False, id="the other by its number"),
        pytest.param(Routing(canary=7, share=0.5), "", True, id="a canary that is not at hand"),
        pytest.param(Routing(shadow=2), "", True, id="a shadow has its own thread"),
        pytest.param(Routing(), "9", False, id="no such version"),
    ],
)
def test_a_call_is_brief_where_whoever_may_answer_it_is(
    models: Path, routing: Routing, version: str, *, brief: bool
) -> None:
    runtime = Runtime()
    one, two = (runtime.open(models / "weigher" / number) for number in "12")
    one.length.run_s, two.length.run_s = BRIEF_S / 2, BRIEF_S * 2
    runtime.swap("weigher", Line(versions={1: one, 2: two}, current=1, routing=routing))

    assert runtime.is_brief("weigher", version) is brief
    assert not runtime.is_brief("nobody", version)


@pytest.fixture
def overloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that has a head already would wait too long."""
    full = Overloaded(cause="Calls wait for their turn already", mend="Ask again later", retry_s=0.25)
    monkeypatch.setattr(Runtime, "overload", lambda *_: full)


@pytest.mark.usefixtures("overloaded")
def test_what_will_be_refused_for_what_waits_takes_no_thread_and_no_run(
    server: Server, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []
    runs: list[None] = []
    # The head is read with the first call, which nobody foresees.
    client.infer("doubler", {"x": X})
    server.guard.listeners.append(lambda _: names.append(threading.current_thread().name))
    server.runtime.after_run.append(lambda *_: runs.append(None))
    with (
        Client(server.address, retry=False) as impatient,
        pytest.raises(Overloaded, match="wait for their turn") as told,
    ):
        impatient.infer("doubler", {"x": X})

    assert told.value.retry_s == 0.25
    assert (names, runs) == (["haechi-hearing"], [])


@pytest.mark.usefixtures("overloaded")
@pytest.mark.parametrize(
    ("priority", "code"),
    [("high", grpc.StatusCode.OK), ("batch", grpc.StatusCode.RESOURCE_EXHAUSTED)],
)
def test_an_alert_is_not_refused_beforehand(
    server: Server, client: Client, priority: str, code: grpc.StatusCode
) -> None:
    request = oip.ModelInferRequest(model_name="doubler", raw_input_contents=[X.tobytes()])
    request.inputs.add(name="x", datatype="FP32", shape=X.shape)
    with grpc.insecure_channel(server.address, options=[("grpc.enable_retries", 0)]) as channel:
        ask = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        ask(request.SerializeToString(), timeout=10)
        call = ask.future(request.SerializeToString(), timeout=10, metadata=((PRIORITY, priority),))
        assert call.code() is code


def test_what_is_foreseen_holds_where_the_head_was_forgotten_meanwhile(runtime: Runtime) -> None:
    full = Overloaded(cause="Calls wait for their turn already", mend="Ask again later")
    request = oip.ModelInferRequest(model_name="doubler", raw_input_contents=[X.tobytes()])
    request.inputs.add(name="x", datatype="FP32", shape=X.shape)
    wire, asked = Wire(runtime), request.SerializeToString()
    for _ in ("unknown", "known"):
        with pytest.raises(Overloaded):
            wire.infer(asked, Call(method="m", overload=full))
        assert wire.infer(asked, Call(method="m"))


def test_it_is_foreseen_only_where_every_version_that_may_answer_would_refuse(models: Path) -> None:
    runtime, lent = Runtime(), nullcontext
    runtime.share(1, lent)
    one, two = (runtime.open(models / "weigher" / number) for number in "12")
    runtime.swap("weigher", Line(versions={1: one, 2: two}, current=1, routing=Routing(canary=2, share=0.5)))
    one.length.run_s = two.length.run_s = 0.1
    assert runtime.overload("weigher", "") is None
    with runtime._turns.taken(0.1, IN_PROCESS):
        runtime._turns._ahead_s += 10
        assert runtime.overload("weigher", "").retry_s > 1
        assert runtime.overload("nobody", "") is None
        # The canary is brief, and may answer.
        two.length.run_s = BRIEF_S / 2
        assert runtime.overload("weigher", "") is None
        assert runtime.overload("weigher", "1") is not None


def test_brief_calls_of_many_callers_at_once_are_all_answered(server: Server, client: Client) -> None:
    client.infer("doubler", {"x": X})
    answers: dict[int, float] = {}

    def ask(number: int) -> None:
        with Client(server.address) as own:
            for _ in range(20):
                answers[number] = float(own.infer("doubler", {"x": X * number})["y"][0, 0])

    callers = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert answers == {number: 2.0 * number for number in range(16)}


def test_a_server_that_answered_briefly_stops(server: Server, client: Client) -> None:
    for _ in range(3):
        client.infer("doubler", {"x": X})
    server.stop(5)
    with grpc.insecure_channel(server.address) as channel, pytest.raises(grpc.RpcError):
        channel.unary_unary("/inference.GRPCInferenceService/ServerLive")(b"", timeout=5)


def test_a_brief_call_is_left_to_whoever_comes_for_it() -> None:
    lanes, seen = Lanes(threads=1), []
    lanes.submit(lambda refusal: seen.append(refusal), Priority.NORMAL, brief=True)
    assert (lanes.waiting, lanes.waiting_briefly, seen) == (1, 1, [])
    assert lanes.answer_brief()
    assert (lanes.waiting, lanes.waiting_briefly, seen) == (0, 0, [None])
    assert not lanes.answer_brief()
    lanes.close()


def test_behind_a_call_that_is_not_brief_it_is_a_threads() -> None:
    lanes, go, held, over = Lanes(threads=1), threading.Event(), threading.Event(), threading.Event()
    lanes.submit(lambda _: (held.set(), go.wait(10)))
    assert held.wait(10)
    lanes.submit(lambda _: None)
    lanes.submit(lambda _: over.set(), brief=True)
    assert not lanes.answer_brief()
    go.set()
    assert over.wait(10)
    lanes.close()


def test_where_no_thread_is_free_calls_for_threads_hold_up_no_brief_one() -> None:
    lanes, go, held, over = Lanes(threads=1), threading.Event(), threading.Event(), threading.Event()
    lanes.submit(lambda _: (held.set(), go.wait(10)), Priority.HIGH)
    assert held.wait(10)
    lanes.submit(lambda _: None, Priority.HIGH)
    lanes.submit(lambda _: over.set(), brief=True)
    assert lanes.answer_brief()
    assert over.is_set()
    go.set()
    lanes.close()


def test_a_brief_call_that_waited_too_long_is_refused() -> None:
    now_s = [0.0]
    lanes = Lanes(threads=1, clock=lambda: now_s[0])
    told: list[Overloaded | None] = []
    lanes.submit(told.append, brief=True)
    now_s[0] = 10.0
    assert lanes.answer_brief()
    assert isinstance(told[0], Overloaded)
    lanes.close()
