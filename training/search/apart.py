"""Runs one trial in a process of its own, so that whatever it does to memory or itself the search lives on."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import monotonic
from typing import Any

from features.errors import HaechiError
from training.search.problem import Report

# Python's, torch's on CPU and GPU, and LightGBM's words for it; a thread's stack is memory too.
_NO_MEMORY = ("alloc", "out of memory", "can't start new thread")
_REASON_CHARACTERS = 300


class TrialFailed(Exception):
    """A trial came to no figure.

    Args:
        reason: in words.
        mend: what to do about it, where the trial said.
    """

    def __init__(self, reason: str, mend: str = "") -> None:
        super().__init__(reason)
        self.reason, self.mend = reason, mend


class TrialPruned(Exception):
    """A trial was stopped because others do better."""


class OutOfTime(Exception):
    """A trial was stopped because the budget is spent."""


def run_apart(
    work: Callable[[Report], Any], *, go_on: Callable[[int, float], bool], memory_bytes: int, deadline_s: float
) -> Any:
    """What ``work`` returns, run in a fresh process that is gone when this returns, however it returns.

    Args:
        work: pickles, as does what it returns; called with what it reports its folds to.
        go_on: is told each fold's report and says whether the trial may go on.
        memory_bytes: that the process may hold; an allocation beyond it fails there.
        deadline_s: on the monotonic clock; then it is stopped.

    Raises:
        TrialFailed: it raised, ran out of memory or died; with the reason.
        TrialPruned: ``go_on`` said no.
        OutOfTime: the deadline came first.
    """
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_child, args=(there, work, memory_bytes), daemon=True)
    with _ctrl_c_ignored():
        process.start()
    there.close()
    try:
        return _answer(here, process, go_on, deadline_s)
    finally:
        process.kill()
        process.join()
        here.close()


def _answer(here: Connection, process: BaseProcess, go_on: Callable[[int, float], bool], deadline_s: float) -> Any:
    while True:
        # A wait of weeks is more than the system takes.
        ready = connection.wait([here, process.sentinel], timeout=min(max(deadline_s - monotonic(), 0), 3600))
        if not ready and monotonic() >= deadline_s:
            raise OutOfTime
        if here not in ready and process.sentinel not in ready:
            continue
        try:
            kind, *what = here.recv()
        except (EOFError, ConnectionError):
            process.join()
            raise TrialFailed(_last_words(process.exitcode)) from None
        if kind == "value":
            return what[0]
        if kind == "failed":
            raise TrialFailed(*what)
        if not go_on(*what):
            raise TrialPruned
        here.send(True)


def _last_words(exit_code: int | None) -> str:
    if exit_code == -signal.SIGKILL:
        return "out of memory: the system killed it"
    if exit_code is not None and exit_code < 0:
        return f"it died of {signal.Signals(-exit_code).name}"
    return f"it ended with exit code {exit_code} and no figure"


def _child(there: Connection, work: Callable[[Report], Any], memory_bytes: int) -> None:
    threading.Thread(target=_die_with_parent, daemon=True).start()
    _limit_memory(memory_bytes)

    def report(fold: int, mae: float) -> None:
        there.send(("report", fold, mae))
        there.recv()

    try:
        answer: tuple[Any, ...] = ("value", work(report))
    except HaechiError as error:
        answer = ("failed", error.cause, error.mend)
    except Exception as error:  # whatever a library raises, the search goes on
        answer = ("failed", _in_words(error))
    there.send(answer)


def _in_words(error: Exception) -> str:
    said = str(error).strip().splitlines()
    first = said[0][:_REASON_CHARACTERS] if said else ""
    if isinstance(error, MemoryError) or any(word in first.lower() for word in _NO_MEMORY):
        return f"out of memory: {first or 'an allocation failed'}"
    return f"{type(error).__name__}: {first}"


def _limit_memory(memory_bytes: int) -> None:
    import resource

    # Not RLIMIT_AS: threads, allocators and CUDA reserve many times what they use.
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    # Where the machine itself runs short the kernel takes the trial, and not the search.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _die_with_parent() -> None:
    """A search that is killed leaves no trial behind that goes on computing for nobody."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


@contextmanager
def _ctrl_c_ignored() -> Iterator[None]:
    """What is started here inherits it: Ctrl-C reaches the whole group, and the search alone decides what then."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
