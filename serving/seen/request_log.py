"""A log of what models were asked and answered: a drawn share of calls, for drift and for asking them again.

No call waits for it: what it cannot take at once is dropped and counted. It holds numbers, the model and the time, and
nobody's name: neither the caller's nor the call's own id, by which another log would tell who it was.
"""

import logging
import os
import queue
import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from features.errors import BadInput
from features.settings import Settings
from serving.seen import segments
from serving.seen.reading import Reading
from serving.seen.segments import Bounds
from serving.served import Served
from serving.tensors import Array

# Runs that wait to be written, and what they hold.
_MOST_WAITING, _MOST_WAITING_BYTES = 256, 64 << 20
# A segment ends with the first of these; a reader who follows the folder sees nothing later than a minute.
_MOST_ROWS, _MOST_BYTES, _LONGEST_S = 10_000, 16 << 20, 60.0
_LAST_S = 10.0
_LOG = logging.getLogger("haechi.serving")

_Run = tuple[datetime, Served, Mapping[str, Array], Mapping[str, Array]]


class RequestLog:
    """Writes a share of all runs into a folder, on a thread of its own.

    Args:
        folder: made if it is not there.
        settings: the share, and the bounds of the folder.
        chance: draws from [0, 1).
        longest_s: that a segment collects runs.

    Raises:
        BadInput: the folder cannot be written to.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        *,
        chance: Callable[[], float] = random.random,
        longest_s: float = _LONGEST_S,
    ) -> None:
        _refuse_unwritable(folder)
        self.rows = self.dropped = 0
        self._folder = folder
        self._share = settings.request_log_share
        self._bounds = Bounds(
            most_bytes=settings.request_log_mib << 20, longest=timedelta(days=settings.request_log_days)
        )
        self._chance = chance
        self._longest_s = longest_s
        self._waiting: queue.Queue[tuple[_Run, int] | None] = queue.Queue(_MOST_WAITING)
        self._lock = threading.Lock()
        self._waiting_bytes = 0
        self._thread = threading.Thread(target=self._run, name="haechi-request-log", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and end; a disk that hangs does not keep the server."""
        if self._thread.is_alive():
            with suppress(queue.Full):
                self._waiting.put(None, timeout=_LAST_S)
            self._thread.join(_LAST_S)

    def ran(self, served: Served, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> None:
        """Take a run if the draw falls on it; drop it if there is no room."""
        if self._chance() >= self._share:
            return
        size = sum(array.nbytes for arrays in (inputs, outputs) for array in arrays.values())
        with self._lock:
            if self._waiting_bytes + size > _MOST_WAITING_BYTES:
                self.dropped += 1
                return
            try:
                self._waiting.put_nowait(((datetime.now(UTC), served, inputs, outputs), size))
            except queue.Full:
                self.dropped += 1
            else:
                self._waiting_bytes += size

    def readings(self) -> list[Reading]:
        """What metrics tell of it."""
        return [
            Reading(
                name="haechi_request_log_rows", meaning="Runs that were logged", read=lambda: self.rows, counts=True
            ),
            Reading(
                name="haechi_request_log_dropped",
                meaning="Runs that were drawn, and not logged",
                read=lambda: self.dropped,
                counts=True,
            ),
        ]

    def _run(self) -> None:
        over = False
        while not over:
            runs, over = self._collect()
            at = datetime.now(UTC)
            try:
                if runs:
                    segments.write(self._folder, [segments.row(*run) for run in runs], at, os.getpid())
                    self.rows += len(runs)
                segments.tidy(self._folder, self._bounds, at)
            except Exception as error:  # a full disk, or whatever else ails a log, is no reason to stop answering
                _LOG.warning("%d requests are not logged: %s", len(runs), error)
                with self._lock:
                    self.dropped += len(runs)

    def _collect(self) -> tuple[list[_Run], bool]:
        """The runs of one segment, and whether it is the last."""
        runs: list[_Run] = []
        held, until_s = 0, time.monotonic() + self._longest_s
        while len(runs) < _MOST_ROWS and held < _MOST_BYTES:
            try:
                taken = self._waiting.get(timeout=max(until_s - time.monotonic(), 0))
            except queue.Empty:
                return runs, False
            if taken is None:
                return runs, True
            run, size = taken
            runs.append(run)
            held += size
            with self._lock:
                self._waiting_bytes -= size
        return runs, False


def _refuse_unwritable(folder: Path) -> None:
    try:
        # What was asked of a city's models is for whoever runs them.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / f".{os.getpid()}.probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise BadInput(
            cause=f"Requests cannot be logged in {folder}: {error.strerror}",
            mend="Name a folder that this user may write to (HAECHI_REQUEST_LOG)",
        ) from None
