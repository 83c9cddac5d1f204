"""Objectives that a process of its own can import: they cost nothing, fail in every way, and log that they ran."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from features.errors import BadInput, HaechiError
from training.search.problem import Problem

KNOWN = {"width": 8, "rate": 0.1, "kind": "plain", "lags": [1, 7], "deep": False}


@dataclass(frozen=True)
class Bowl:
    """Least at width 5 and rate 0.3; ``kind`` says what goes wrong on the way.

    Attributes:
        log: a file that gets a line when a trial begins and another when it ends.
        slow_s: what a fold takes.
    """

    log: Path
    slow_s: float = 0.0

    def __call__(self, settings, report):
        self._say(f"begin {dict(sorted(settings.items()))}")
        kind = settings.get("kind", "plain")
        value = abs(settings.get("width", 8) - 5) + abs(settings.get("rate", 0.1) - 0.3)
        for fold in range(3):
            time.sleep(self.slow_s)
            if fold == 1:
                WRONG[kind]()
            report(fold, {"nan": float("nan"), "inf": float("inf")}.get(kind, value))
        self._say(f"end {dict(sorted(settings.items()))}")
        return float("nan") if kind == "nan at last" else value

    def baselines(self, searched, report):
        return {"without a search": self({}, report), "profile": 9.0}

    def _say(self, line):
        with self.log.open("a") as file:
            file.write(f"{line}\n")


@dataclass(frozen=True)
class Broken:
    """Its settings train never."""

    def __call__(self, settings, report):
        raise BadInput(cause="Nothing was measured", mend="Measure")

    def baselines(self, searched, report):
        return self({}, report)


def infinite(searched, report):
    return {"without a search": float("inf")}


def _hog():
    # Three GiB that are never touched: only a limit refuses them.
    np.empty(3 * 2**30, dtype=np.uint8)


def _torch_hog():
    raise RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory: you tried ...")


def _diverge():
    raise HaechiError(cause="The network diverged in epoch 2", mend="Lower network_learning_rate")


def _bug():
    raise ZeroDivisionError("of all things")


def _nothing():
    pass


WRONG = {
    "memory": _hog,
    "torch": _torch_hog,
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "crash": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "leaves": lambda: os._exit(3),
    "bug": _bug,
    "diverged": _diverge,
} | dict.fromkeys(("plain", "nan", "inf", "nan at last"), _nothing)


def _check(settings):
    if not 0 < settings.get("width", 8) <= 100:
        raise BadInput(cause=f"width={settings['width']} is outside 1 to 100", mend="Pick one inside")
    if "rate" in settings and settings.get("width") == settings["rate"]:
        raise BadInput(cause="width and rate are the same", mend="Pick two")


def problem(objective, **changes):
    """A search of ``objective``; any field can be given."""
    fields = {
        "objective": objective,
        "baselines": objective.baselines,
        "check": _check,
        "known": KNOWN,
        "fixed": {},
        "not_searched": {"deep": "it asks another question"},
        "without_effect": frozenset(),
        "space": {"width": {"low": 1, "high": 20}},
        "identity": {"data": "abc", "split": "2022-01-01"},
        "unit": "veh/h",
        "simulated": False,
    }
    return Problem(**(fields | changes))
