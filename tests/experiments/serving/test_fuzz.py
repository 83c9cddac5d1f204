"""Mutated messages at every method get a reply or a status of cause and mend: a short run of ``make bench-fuzz``."""

import logging
import time

import pytest

from experiments.serving.fuzz import Ask, fuzz


def test_no_mutated_message_gets_a_crash(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL):
        ask = fuzz(6000, seed=int(time.time()))

    assert sum(ask.codes.values()) == 6000
    assert not ask.wrong
    assert {"OK", "INVALID_ARGUMENT", "NOT_FOUND"} <= ask.codes.keys()


def test_an_answer_that_is_wrong_is_noticed() -> None:
    def broken(request: bytes, context: object) -> bytes:
        raise RuntimeError("no status")

    ask = Ask({"Broken.Method": broken})
    ask("Broken.Method", b"x")

    assert ask.wrong == ["Broken.Method RuntimeError: no status; the message: 78"]
