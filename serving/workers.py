"""Several processes at one address, one a core: the kernel shares connections out among them (SO_REUSEPORT).

The one that was started keeps the address, watches the others and starts them again; it answers no call itself.
"""

import logging
import multiprocessing
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from features.errors import BadInput, HaechiError
from features.settings import Settings
from serving.cores import cores
from serving.seen import logs
from serving.serve import Started, serve, wait_for
from serving.server import DRAIN_S, probe

# Of all that workers need; one that takes longer hangs.
_READY_S = 60.0
# Who dies sooner than that after its start will die again: it is started again more and more rarely.
_SOON_S, _LONGEST_PAUSE_S = 5.0, 30.0
_WATCH_S = 0.5
_LOG = logging.getLogger("haechi.serving")


def serve_workers(root: Path, settings: Settings, on_ready: Callable[[Started], None]) -> None:
    """``serve`` with as many processes as ``settings.workers``; call it from the main thread.

    Raises:
        BadInput: as ``serve``; or there are more workers than cores.
        ArtifactMismatch: as ``serve``.
    """
    granted = cores()
    if settings.workers > granted:
        raise BadInput(
            cause=f"{settings.workers} workers on {granted} cores would only wait for each other",
            mend=f"Use at most {granted} (--workers, HAECHI_WORKERS)",
        )
    told_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_stop.set())
    with tempfile.TemporaryDirectory(prefix="haechi-") as folder, _reserved(settings) as ports:
        unloaded = Path(folder) / "unloaded.json"
        workers = [
            _Worker(root, settings.model_copy(update=ports | _metrics_port(settings, number)), unloaded, core)
            for number, core in enumerate(sorted(os.sched_getaffinity(0))[: settings.workers])
        ]
        try:
            _start(workers, told_to_stop, on_ready)
            watching = threading.Thread(target=_watch, args=(workers, told_to_stop), daemon=True)
            watching.start()
            wait_for(told_to_stop)
            watching.join()
        finally:
            _stop(workers)
    _LOG.info("all workers stopped")


def _start(workers: "list[_Worker]", told_to_stop: threading.Event, on_ready: Callable[[Started], None]) -> None:
    for worker in workers:
        worker.start()
    started = [worker.ready(told_to_stop) for worker in workers]
    if not told_to_stop.is_set():
        there = [one for one in started if one is not None]
        on_ready(replace(there[0], metrics=tuple(url for one in there for url in one.metrics)))


def _metrics_port(settings: Settings, number: int) -> dict[str, int]:
    """Each worker counts for itself, so each has metrics of its own: at the port that was set, the next, and so on."""
    return {"metrics_port": settings.metrics_port + number} if settings.metrics_port else {}


def _stop(workers: "list[_Worker]") -> None:
    # All are told before the first is waited for: together they take as long to drain as one.
    for worker in workers:
        worker.tell_to_stop()
    for worker in workers:
        worker.see_it_end()


def _watch(workers: "list[_Worker]", told_to_stop: threading.Event) -> None:
    while not told_to_stop.wait(_WATCH_S):
        for worker in workers:
            worker.start_again_if_dead()


class _Worker:
    """One process, on one core."""

    def __init__(self, root: Path, settings: Settings, unloaded: Path, core: int) -> None:
        self._arguments = (root, settings, unloaded, core)
        self._core = core
        self._process: SpawnProcess | None = None
        self._news: Connection | None = None
        self._started_s = self._pause_s = 0.0
        self._again_s: float | None = None

    def start(self) -> None:
        """Start the process."""
        context = multiprocessing.get_context("spawn")
        self._news, told = context.Pipe(duplex=False)
        self._process = context.Process(target=_run, args=(*self._arguments, told), name=f"haechi-{self._core}")
        self._process.start()
        told.close()
        self._started_s, self._again_s = time.monotonic(), None

    def ready(self, told_to_stop: threading.Event) -> Started | None:
        """Wait until it answers; None where everything is to stop before.

        Raises:
            HaechiError: it cannot serve, and why.
        """
        while self._news is None or not self._news.poll(_WATCH_S):
            if told_to_stop.is_set():
                return None
            if time.monotonic() - self._started_s > _READY_S:
                raise HaechiError(
                    cause=f"A worker was not ready within {_READY_S:.0f} s", mend="Look into its log, above"
                )
        try:
            started, refused = self._news.recv()
        except EOFError:
            raise HaechiError(cause="A worker died before it was ready", mend="Look into its log, above") from None
        if refused is not None:
            kind, cause, mend = refused
            raise kind(cause=cause, mend=mend)
        return started  # type: ignore[no-any-return]  # what crosses a pipe has no type

    def start_again_if_dead(self) -> None:
        """Start it again: at once where it had lived for a while, later and later where it had not."""
        if self._process is None or self._process.is_alive():
            return
        now_s = time.monotonic()
        if self._again_s is None:
            died_soon = now_s - self._started_s < _SOON_S
            self._pause_s = min(max(1.0, 2 * self._pause_s), _LONGEST_PAUSE_S) if died_soon else 0.0
            self._again_s = now_s + self._pause_s
            _LOG.error(
                "the worker on core %s died (exit code %s); it is started again in %.0f s",
                self._core,
                self._process.exitcode,
                self._pause_s,
            )
        if now_s >= self._again_s:
            self.start()

    def tell_to_stop(self) -> None:
        """Let it drain."""
        if self._process is not None:
            self._process.terminate()

    def see_it_end(self) -> None:
        """Wait until it has drained; kill it where it does not end."""
        if self._process is None:
            return
        self._process.join(DRAIN_S + 5)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _run(root: Path, settings: Settings, unloaded: Path, core: int, told: Connection) -> None:
    """What a worker does, in its own process."""
    os.sched_setaffinity(0, {core})
    logs.set_up(settings.log_format)
    threading.Thread(target=_leave_with_the_parent, daemon=True).start()
    try:
        serve(root, settings, lambda started: told.send((started, None)), unloaded=unloaded)
    except HaechiError as error:
        # An exception of ours is made of two texts, which pickle does not know.
        told.send((None, (type(error), error.cause, error.mend)))


def _leave_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _reserved(settings: Settings) -> Iterator[dict[str, int]]:
    """The ports, which nobody else can have meanwhile: each taken by a socket that never listens."""
    with ExitStack() as stack:
        ports = {}
        for name in ("port", "http_port", "health_port"):
            asked = getattr(settings, name)
            if asked is not None:
                probe(settings.host, asked, name)
                family, kind, _, _, place = socket.getaddrinfo(settings.host, asked, type=socket.SOCK_STREAM)[0]
                taken = stack.enter_context(socket.socket(family, kind))
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                # As gRPC binds: connections of a server that just stopped do not hold the port.
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                taken.bind(place)
                ports[name] = taken.getsockname()[1]
        yield ports
