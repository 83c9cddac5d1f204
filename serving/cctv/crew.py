"""Cameras spread over worker processes, which are started again where they die; all that they tell in one place."""

import logging
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from serving.cctv.sight import Sight, WatchConfig
from serving.cctv.told import Change, Ended, IncidentTold, Told
from serving.cctv.worker import MakeParts, run

# Who dies sooner than that after its start will die again: it is started again more and more rarely.
_SOON_S, _LONGEST_PAUSE_S = 5.0, 30.0
# Films are finished and child processes ended meanwhile.
_LEAVE_S = 15.0
_LOOK_UP_S = 0.2
_LOG = logging.getLogger("haechi.cctv")


class Crew:
    """Worker processes, each with cameras of its own.

    Args:
        sights: the cameras.
        config: how they are watched.
        workers: processes; no more are started than there are cameras.
        make_parts: what the cameras are watched with, made within each process: a function of a module.
    """

    def __init__(self, sights: Sequence[Sight], config: WatchConfig, workers: int, make_parts: MakeParts) -> None:
        count = min(workers, len(sights))
        self._workers = [_Worker(sights[number::count], config, make_parts) for number in range(count)]

    def __enter__(self) -> "Crew":
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.kill()

    @property
    def is_over(self) -> bool:
        """Whether every camera has ended."""
        return all(worker.is_over for worker in self._workers)

    def stop(self) -> None:
        """Have every camera end soon; what they still tell comes out of ``told`` as before."""
        for worker in self._workers:
            worker.stop()

    def told(self, timeout_s: float) -> Iterator[Told]:
        """What was told since; waits for it, but not for longer than that."""
        by_ears = {worker.ears: worker for worker in self._workers if worker.ears is not None}
        for ears in wait(list(by_ears), timeout_s):
            yield from by_ears[ears].hear()  # type: ignore[index]  # only these were waited for
        if not by_ears and not self.is_over:
            time.sleep(timeout_s)
        for worker in self._workers:
            yield from worker.look_after()


class _Worker:
    def __init__(self, sights: Sequence[Sight], config: WatchConfig, make_parts: MakeParts) -> None:
        self.ears: Connection | None = None
        self._sights = {sight.name: sight for sight in sights}
        self._config, self._make_parts = config, make_parts
        self._process: SpawnProcess | None = None
        self._lasting: dict[tuple[str, int], IncidentTold] = {}
        self._started_s = self._pause_s = 0.0
        self._again_s: float | None = None
        self._leave_by_s: float | None = None

    @property
    def is_over(self) -> bool:
        return not self._sights

    def start(self) -> None:
        # A fork would carry locks and threads of the parent's server along.
        context = multiprocessing.get_context("spawn")
        self.ears, mouth = context.Pipe(duplex=False)
        arguments = (list(self._sights.values()), self._config, self._make_parts, mouth)
        self._process = context.Process(target=run, args=arguments, name="haechi-cameras")
        self._process.start()
        mouth.close()
        self._started_s, self._again_s = time.monotonic(), None

    def stop(self) -> None:
        self._leave_by_s = time.monotonic() + _LEAVE_S
        if self._process is not None:
            self._process.terminate()

    def kill(self) -> None:
        if self._process is not None:
            # Whoever has told all is about to leave by itself, and takes its decoders along.
            self._process.join(_LOOK_UP_S if self._sights else _LEAVE_S)
            self._process.kill()
            self._process.join()
        if self.ears is not None:
            self.ears.close()
            self.ears = None

    def hear(self) -> Iterator[Told]:
        """What it told; once it is gone, nothing more."""
        ears = self.ears
        while ears is not None and ears.poll():
            try:
                told: Told = ears.recv()
            except (EOFError, OSError):
                ears.close()
                self.ears = None
                return
            self._remember(told)
            yield told

    def look_after(self) -> Iterator[Told]:
        """Start it again where it died, at once where it had lived for a while, later and later where it had not."""
        if self.is_over or self._process is None:
            return
        now_s = time.monotonic()
        if self._leave_by_s is not None and now_s >= self._leave_by_s:
            _LOG.error("a worker did not end in time, and is ended: %s", ", ".join(self._sights))
            self._process.kill()
        if self.ears is not None or self._process.is_alive():
            return
        if self._again_s is None:
            yield from self._died(now_s)
        if self._sights and self._again_s is not None and now_s >= self._again_s:
            self.start()

    def _died(self, now_s: float) -> Iterator[Told]:
        died_soon = now_s - self._started_s < _SOON_S
        self._pause_s = min(max(1.0, 2 * self._pause_s), _LONGEST_PAUSE_S) if died_soon else 0.0
        self._again_s = now_s + self._pause_s
        assert self._process is not None  # noqa: S101  # it died
        code = self._process.exitcode
        _LOG.error("the worker of %s died (exit code %s)", ", ".join(self._sights), code)
        while self._lasting:
            _, told = self._lasting.popitem()
            yield replace(told, change=Change.UNKNOWN)
        for name, sight in list(self._sights.items()):
            if self._leave_by_s is not None or not sight.is_live:
                # A film that was half told is not told again from its beginning.
                del self._sights[name]
                cause = f"The process that watched it died (exit code {code})"
                yield Ended(camera=name, pictures=0, seconds=0.0, cause=cause, mend="Look into the log, above")

    def _remember(self, told: Told) -> None:
        if isinstance(told, Ended):
            del self._sights[told.camera]
        elif isinstance(told, IncidentTold):
            number = told.incident.incident_id
            sight = self._sights[told.camera]
            self._sights[told.camera] = replace(sight, numbered=max(sight.numbered, number))
            if told.change in (Change.CLEARED, Change.UNKNOWN):
                self._lasting.pop((told.camera, number), None)
            else:
                self._lasting[told.camera, number] = told
