"""Long runs take turns; who would wait too long is told at once, and nobody computes for who has gone."""

import threading

import pytest

from features.errors import Overloaded, TooLate
from serving.call import Call, Priority
from serving.turns import Length, Turns

RUN_S = 0.02
CALL = Call(method="m")
ALERT = Call(method="m", priority=Priority.HIGH)


class Running:
    """A run that goes on until it is let go."""

    def __init__(self, turns: Turns, call: Call = CALL) -> None:
        self.begun, self._go, self.error = threading.Event(), threading.Event(), None
        self._turns, self._call = turns, call
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            with self._turns.taken(RUN_S, self._call):
                self.begun.set()
                self._go.wait(10)
        except (Overloaded, TooLate) as error:
            self.error = error

    def end(self) -> None:
        self._go.set()
        self.thread.join(10)


def wait_for(condition) -> None:
    deadline = threading.Event()
    for _ in range(1000):
        if condition():
            return
        deadline.wait(0.01)
    pytest.fail("it never came to pass")


def test_one_run_a_core_and_the_next_when_it_ends() -> None:
    turns = Turns(1)
    first = Running(turns)
    assert first.begun.wait(10)
    second = Running(turns)
    assert not second.begun.wait(0.05)

    first.end()
    assert second.begun.wait(10)
    second.end()


def test_who_would_wait_too_long_is_refused_at_once_with_the_time_to_come_back() -> None:
    turns = Turns(1)
    runs = [Running(turns)]
    assert runs[0].begun.wait(10)
    refused = None
    for _ in range(4):
        runs.append(Running(turns))
        runs[-1].thread.join(0.05)
    refused = [run.error for run in runs if run.error is not None]

    assert refused
    assert all(isinstance(error, Overloaded) and error.retry_s > 0 for error in refused)
    assert len(refused) < 4
    for run in runs:
        run.end()


def test_an_alert_is_not_refused_and_goes_first() -> None:
    turns = Turns(1)
    first = Running(turns)
    assert first.begun.wait(10)
    second = Running(turns)
    wait_for(lambda: len(turns._waiting) == 1)
    alert = Running(turns, ALERT)
    wait_for(lambda: len(turns._waiting) == 2)

    first.end()
    assert alert.begun.wait(10)
    assert not second.begun.is_set()
    alert.end()
    assert second.begun.wait(10)
    second.end()


def test_whose_time_is_over_when_the_turn_comes_is_not_computed_and_holds_nobody_up() -> None:
    turns = Turns(1)
    first = Running(turns)
    assert first.begun.wait(10)
    gone = Running(turns, Call(method="m", cancelled=lambda: True))
    wait_for(lambda: len(turns._waiting) == 1)
    first.end()
    gone.thread.join(10)

    assert isinstance(gone.error, TooLate)
    last = Running(turns)
    assert last.begun.wait(10)
    last.end()


def test_a_run_that_fails_gives_its_turn_back() -> None:
    turns = Turns(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), turns.taken(RUN_S, CALL):
            raise ZeroDivisionError


def test_a_models_length_is_learned_from_its_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("serving.turns.time.thread_time", lambda: now[0])
    length = Length()
    now[0] = 0.03
    length.learn(0.0)
    assert length.is_long

    now[0] = 0.0005
    for _ in range(100):
        length.learn(0.0)
    assert not length.is_long
