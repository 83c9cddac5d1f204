"""Each caller asks as often as its rate allows, and no more."""

import pytest

from features.errors import Overloaded
from serving import rates
from serving.rates import Rates


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_seconds_worth_at_once_and_then_at_the_rate() -> None:
    clock = Clock()
    counted = Rates(clock)
    for _ in range(4):
        counted.take("room", 4)

    with pytest.raises(Overloaded, match="More than 4 calls a second") as refusal:
        counted.take("room", 4)
    assert refusal.value.retry_s == pytest.approx(0.25)
    clock.now_s += refusal.value.retry_s
    counted.take("room", 4)
    with pytest.raises(Overloaded):
        counted.take("room", 4)


def test_one_caller_is_not_charged_for_another() -> None:
    counted = Rates(Clock())
    counted.take("room", 1)
    counted.take("bridge", 1)
    with pytest.raises(Overloaded):
        counted.take("room", 1)


def test_a_rate_below_one_is_a_call_now_and_then() -> None:
    clock = Clock()
    counted = Rates(clock)
    counted.take("room", 0.1)
    with pytest.raises(Overloaded) as refusal:
        counted.take("room", 0.1)
    assert refusal.value.retry_s == pytest.approx(10)
    clock.now_s += 10
    counted.take("room", 0.1)


def test_callers_who_come_and_go_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "_MOST_CALLERS", 2)
    counted = Rates(Clock())
    for caller in ("a", "b", "c"):
        counted.take(caller, 1)

    counted.take("a", 1)
    with pytest.raises(Overloaded):
        counted.take("c", 1)
