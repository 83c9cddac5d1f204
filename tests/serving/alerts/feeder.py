"""Feeds a plan into a store and is killed again and again while it does: ``python -m tests.serving.alerts.feeder``."""

import os
import pickle
import random
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from features.errors import BadInput
from serving.alerts.alerting import Alerting
from serving.alerts.look import Criterion, Hysteresis
from serving.alerts.store import Store
from serving.alerts.words import Action, Severity
from tests.serving.alerts.looks import look, minute

RULE = Hysteresis(raise_looks=2, release_looks=2)
ACTS = (Action.ACKNOWLEDGED, Action.ESCALATED, Action.CLOSED, Action.FALSE_ALARM)


def plan(alerting: Alerting, seed: int, count: int = 100) -> list[tuple[str, Any]]:
    """Does what a city may see in ``count`` rounds, and returns what it did."""
    chance = random.Random(seed)  # noqa: S311
    done: list[tuple[str, Any]] = []

    def also(sort: str, what: Any) -> None:
        done.append((sort, what))
        do(alerting, done[-1])

    for number in range(count):
        also("looks", [_any_look(chance, number, place) for place in ("a", "b", "c")])
        if number % 10 == 5:
            also("expire", minute(number * 10))
        alerts = alerting.store.alerts()
        if alerts and chance.random() < 0.3:
            also("act", (chance.choice(alerts).id, chance.choice(ACTS), minute(number * 10)))
    return done


def _any_look(chance: random.Random, number: int, place: str) -> Any:
    # Most often as it was: rows of looks are what raises and releases.
    wet = (number // chance.randint(5, 7)) % 2
    criterion = chance.choice([Criterion.MET] * 4 * wet + [Criterion.RELEASED] * 4 * (1 - wet) + list(Criterion))
    said = {"severity": chance.choice(list(Severity))} if criterion in (Criterion.MET, Criterion.BETWEEN) else {}
    absorbs = ("b",) if place == "a" and chance.random() < 0.1 else ()
    return look(number * 10, criterion, place=place, absorbs=absorbs, **said)


def do(alerting: Alerting, step: tuple[str, Any]) -> None:
    """One step of a plan; one that was done already changes nothing."""
    sort, what = step
    if sort == "looks":
        alerting.observe(what, RULE)
    elif sort == "expire":
        alerting.expire(what)
    else:
        id, action, at = what
        with suppress(BadInput):  # it was done, or may not be done
            alerting.act(id, action, actor="kim", reason="any", at=at)


def feed(place: str, steps: list[tuple[str, Any]], told: int | None) -> None:
    """Do the whole plan from its beginning, saying so of every step that was new."""
    alerting = Alerting(Store(place))
    head = alerting.store.head()
    for step in steps:
        do(alerting, step)
        if told is not None and alerting.store.head() > head:
            os.write(told, b".")


def main(place: str, plan_file: str, seed: int, kills: int) -> None:
    """Feed, die, and feed again; the last time to the end."""
    steps = pickle.loads(Path(plan_file).read_bytes())  # noqa: S301  # the test wrote it
    chance = random.Random(seed)  # noqa: S311
    for _ in range(kills):
        heard, told = os.pipe()
        child = os.fork()
        if not child:
            feed(place, steps, told)
            os._exit(0)
        os.close(told)
        for _ in range(chance.randint(0, 4)):
            os.read(heard, 1)
        time.sleep(chance.random() * 0.01)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(heard)
    feed(place, steps, None)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
