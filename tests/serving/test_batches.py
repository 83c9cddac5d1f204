"""Calls that wait together run together where it pays, and each gets its own rows, its own fault, its own deadline."""

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from onnx import helper

from features.errors import BadInput, Overloaded, TooLate
from serving import batches
from serving.batches import MOST_ROWS, Batches, pays
from serving.call import Call
from serving.runtime import Runtime
from serving.served import Served
from serving.turns import Turns
from tests.serving.conftest import spec

CALL = Call(method="m")


@pytest.fixture
def served(make_model: Callable[..., Path], tmp_path: Path) -> Served:
    """y = x + x; NaN is refused."""
    node = helper.make_node("Add", ["x", "x"], ["y"])
    folder = make_model(tmp_path, [node], [spec("x")], [spec("y")], name="model", domain="other", non_finite="refuse")
    runtime = Runtime()
    runtime.load(folder)
    served = runtime.get("model")
    served.length.run_s = 0.02
    return served


class Held:
    """A turn that is taken until it is let go, so that calls gather behind it."""

    def __init__(self, turns: Turns) -> None:
        self._go, begun = threading.Event(), threading.Event()

        def hold() -> None:
            with turns.taken(0.02, CALL):
                begun.set()
                assert self._go.wait(20)

        self._thread = threading.Thread(target=hold)
        self._thread.start()
        assert begun.wait(20)

    def let_go(self) -> None:
        self._go.set()
        self._thread.join(20)


def rows(number: int, count: int = 1) -> dict[str, np.ndarray]:
    return {"x": np.full((count, 3), number, dtype=np.float32)}


def gathered(
    served: Served, asks: list[tuple[dict[str, np.ndarray], Call]], runs: list[int], monkeypatch: pytest.MonkeyPatch
) -> list[object]:
    """What each call got, all of them having waited for one turn; ``runs`` hears how many rows each run had."""
    turns = Turns(1)
    joined, held = Batches(turns), Held(turns)
    compute = batches.compute

    def counted(served: Served, inputs: dict[str, np.ndarray], axes: dict[str, int]) -> object:
        runs.append(len(inputs["x"]))
        return compute(served, inputs, axes)

    monkeypatch.setattr(batches, "compute", counted)
    answers: list[object] = [None] * len(asks)

    def ask(number: int) -> None:
        try:
            answers[number] = joined.run(served, *asks[number])
        except Exception as error:
            answers[number] = error

    threads = []
    for number in range(len(asks)):
        threads.append(threading.Thread(target=ask, args=(number,)))
        threads[-1].start()
        if not number:
            while not joined._waiting:
                threading.Event().wait(0.005)
    for _ in range(2000):
        if sum(map(len, joined._waiting.values())) >= min(len(asks) - 1, 2 * MOST_ROWS):
            break
        threading.Event().wait(0.005)
    held.let_go()
    for thread in threads:
        thread.join(20)
    assert not joined._waiting
    assert joined.waiting == 0
    # A joined run that fails is taken apart again, and is none.
    assert joined.runs <= len(runs)
    assert joined.calls == sum(not isinstance(one, (TooLate, Overloaded)) for one in answers)
    return answers


def test_calls_that_wait_together_run_together_and_never_mix(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []
    asks = [(rows(number, 1 + number % 3), CALL) for number in range(8)]
    answers = gathered(served, asks, runs, monkeypatch)

    for (inputs, _), answer in zip(asks, answers, strict=True):
        np.testing.assert_array_equal(answer["y"], 2 * inputs["x"])
    assert sum(runs) == sum(len(inputs["x"]) for inputs, _ in asks)
    assert len(runs) < len(asks)
    assert max(runs) <= MOST_ROWS


def test_one_callers_fault_is_no_other_callers(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"x": np.full((1, 3), np.nan, dtype=np.float32)}
    answers = gathered(served, [(rows(1), CALL), (wrong, CALL), (rows(3), CALL)], [], monkeypatch)

    assert isinstance(answers[1], BadInput)
    np.testing.assert_array_equal(answers[0]["y"], 2 * rows(1)["x"])
    np.testing.assert_array_equal(answers[2]["y"], 2 * rows(3)["x"])


def test_who_hung_up_is_left_out(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Call(method="m", cancelled=lambda: True)
    runs: list[int] = []
    answers = gathered(served, [(rows(1), CALL), (rows(2), gone), (rows(3), CALL)], runs, monkeypatch)

    assert isinstance(answers[1], TooLate)
    assert sum(runs) == 2


def test_when_the_one_whose_turn_it_is_hung_up_the_next_goes_on(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Call(method="m", cancelled=lambda: True)
    answers = gathered(served, [(rows(1), gone), (rows(2), CALL), (rows(3), CALL)], [], monkeypatch)

    assert isinstance(answers[0], TooLate)
    np.testing.assert_array_equal(answers[2]["y"], 2 * rows(3)["x"])


def test_more_than_two_batches_do_not_wait(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    asks = [(rows(number), CALL) for number in range(4 * MOST_ROWS)]
    answers = gathered(served, asks, [], monkeypatch)

    refused = [answer for answer in answers if isinstance(answer, Exception)]
    assert refused
    assert all(isinstance(answer, Overloaded) and answer.retry_s > 0 for answer in refused)
    assert len(answers) - len(refused) >= 2 * MOST_ROWS


@pytest.mark.parametrize(
    ("alone_s", "full_s", "expected"),
    [
        pytest.param(0.0005, 0.0006, False, id="short"),
        pytest.param(0.02, 0.05, True, id="eight cost little more than one"),
        pytest.param(0.02, 0.15, False, id="eight cost nearly eight times one"),
    ],
)
def test_it_is_measured_whether_joining_pays(
    alone_s: float, full_s: float, expected: bool, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [0.0]

    def run(_: object, inputs: dict[str, np.ndarray]) -> None:
        now_s[0] += alone_s if len(inputs["x"]) == 1 else full_s

    fake = SimpleNamespace(by_rows=True, session=SimpleNamespace(run=run), output_names=served.output_names)
    monkeypatch.setattr("serving.batches.time.thread_time", lambda: now_s[0])
    assert pays(fake, rows(1, 2)) is expected


def test_a_model_of_several_axes_is_never_joined(runtime: Runtime) -> None:
    picker = runtime.get("picker")
    assert not pays(picker, {"x": np.ones((2, 3), np.float32), "at": np.zeros(1, np.int64)})
