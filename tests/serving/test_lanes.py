"""Who waits for a thread: alerts first, batches last, nobody in vain."""

import threading
from collections.abc import Iterator

import pytest

from features.errors import Overloaded
from serving.call import Priority
from serving.lanes import Lanes


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lanes(clock: Clock) -> Iterator[Lanes]:
    lanes = Lanes(threads=1, clock=clock)
    yield lanes
    lanes.close()


class Busy:
    """Holds the one thread until it is let go; hears what then became of the calls behind it."""

    def __init__(self, lanes: Lanes) -> None:
        self.lanes = lanes
        self.ended: list[str] = []
        self.refusals: dict[str, Overloaded] = {}
        self._go, held = threading.Event(), threading.Event()
        lanes.submit(lambda _: (held.set(), self._go.wait(10)))
        assert held.wait(10)

    def submit(self, name: str, priority: Priority = Priority.NORMAL, size: int = 0) -> None:
        def run(refusal: Overloaded | None) -> None:
            self.ended.append(name)
            if refusal is not None:
                self.refusals[name] = refusal

        self.lanes.submit(run, priority, size)

    def let_go(self) -> None:
        over = threading.Event()
        self.lanes.submit(lambda _: over.set(), Priority.BATCH)
        self._go.set()
        assert over.wait(10)


def test_alerts_go_before_the_rest_and_batches_after_it(lanes: Lanes) -> None:
    busy = Busy(lanes)
    for name, priority in (("batch", Priority.BATCH), ("call", Priority.NORMAL), ("alert", Priority.HIGH)):
        busy.submit(name, priority)
    assert lanes.waiting == 3
    busy.let_go()

    assert busy.ended == ["alert", "call", "batch"]
    assert not busy.refusals


def test_a_burst_is_answered_and_a_standing_queue_is_cut(lanes: Lanes, clock: Clock) -> None:
    busy = Busy(lanes)
    busy.submit("of a burst")
    clock.now_s = 0.3
    busy.let_go()
    assert not busy.refusals

    busy = Busy(lanes)
    busy.submit("first")
    clock.now_s += 0.5
    busy.submit("second")
    busy.submit("alert", Priority.HIGH)
    clock.now_s += 0.3
    busy.let_go()

    assert set(busy.refusals) == {"first", "second"}
    assert busy.refusals["first"].retry_s > 0
    assert "Ask again later" in busy.refusals["first"].mend


def test_what_waits_is_bounded_in_bytes(lanes: Lanes) -> None:
    busy = Busy(lanes)
    for name in ("one", "two", "three"):
        busy.submit(name, size=200 << 20)
    busy.let_go()

    assert set(busy.refusals) == {"one", "two"}


def test_a_thread_that_waits_for_something_else_lends_its_place(lanes: Lanes) -> None:
    other_ran, over = threading.Event(), threading.Event()

    def waits(_: object) -> None:
        with lanes.lent():
            assert other_ran.wait(10)
        over.set()

    lanes.submit(waits)
    lanes.submit(lambda _: other_ran.set())

    assert over.wait(10)


def test_closing_answers_what_waits_and_ends_every_thread(clock: Clock) -> None:
    before = threading.active_count()
    lanes = Lanes(threads=3, clock=clock)
    answered: list[int] = []
    for number in range(100):
        lanes.submit(lambda _, number=number: answered.append(number))
    lanes.close()
    lanes.submit(lambda _: answered.append(-1))

    assert sorted(answered) == list(range(100))
    assert threading.active_count() == before
