"""A camera that stays up: what its decoder sends, and another decoder where that one dies, hangs or loses the feed."""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from features.cctv.events import HealthEvent, HealthKind
from features.cctv.view import Picture
from features.errors import BadInput
from serving.cctv.decoder import Order
from serving.cctv.faults import Fault
from serving.cctv.link import Link
from serving.cctv.messages import End, Head
from serving.cctv.source import Source

_FIRST_PAUSE_S = 0.5
# A camera locks out who comes with a wrong password again and again.
_LOCKED_OUT_S = 30.0
# A feed that is up for less will soon be down again: the pauses go on growing.
_STEADY_S = 10.0
# A film that kills its decoder so often at one place is damaged there.
_MOST_DEATHS = 3
_MAY_PASS = (Fault.DIED, Fault.SILENT, Fault.NO_ANSWER)
_SLICE_S = 0.25
_LOG = logging.getLogger("haechi.cctv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One picture of a camera.

    Attributes:
        picture: (height, width, 3), blue, green, red.
        time_s: on the camera's clock: of a film since its beginning, of a feed since the camera was switched on here.
        resized: whether it is of another size than the one before it.
        dropped: pictures between that one and this, which nobody took in time.
        makeshift: whether its time is counted or that of arrival, since the timestamps cannot be trusted.
    """

    picture: Picture
    time_s: float
    resized: bool
    dropped: int
    makeshift: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a film ended.

    Attributes:
        truncated: whether it ended before its end.
        note: one sentence; empty where all is well.
    """

    truncated: bool
    note: str


class Camera:
    """A camera, switched on when it is made. Iterate over it, or ask it with ``take``; ``stop`` it, or use ``with``.

    The decoder starts at the first question, and a decoder that goes silent is noticed while somebody asks.

    Args:
        source: where its pictures come from.
        chance: for the pauses between tries, so that many cameras do not come back at once.
    """

    def __init__(self, source: Source, chance: np.random.Generator | None = None) -> None:
        self._source, self._chance = source, chance or np.random.default_rng()
        self._switched_on_s = time.monotonic()
        self._link: Link | None = None
        self._last: Frame | None = None
        self._told: deque[Frame | HealthEvent] = deque()
        self._lost: HealthEvent | None = None
        self._tries, self._again_s, self._linked_s = 0, 0.0, 0.0
        self._deaths_s: list[float] = []
        self._asking, self._stopped = threading.Lock(), threading.Event()
        self.ended: Ended | None = None

    @property
    def source(self) -> Source:
        """Where its pictures come from."""
        return self._source

    def take(self, timeout_s: float) -> Frame | HealthEvent | None:
        """What comes next; None where nothing came in time, the film has ended (see ``ended``), or it was stopped.

        Args:
            timeout_s: how long to wait at most.

        Raises:
            BadInput: there is no such film, or it is none. Of a feed that is an outage: a health event.
            HaechiError: the machine starts no more processes.
        """
        until_s = time.monotonic() + timeout_s
        with self._asking:
            while not self._told and self.ended is None and not self._stopped.is_set():
                left_s = until_s - time.monotonic()
                self._step(max(0.0, min(left_s, _SLICE_S)))
                if left_s <= 0:
                    break
            return self._told.popleft() if self._told and not self._stopped.is_set() else None

    def __iter__(self) -> Iterator[Frame | HealthEvent]:
        """Everything, until the film ends or the camera is stopped."""
        while self.ended is None and not self._stopped.is_set():
            found = self.take(1.0)
            if found is not None:
                yield found

    def stop(self) -> None:
        """Switch it off, from any thread; it stays off."""
        self._stopped.set()
        with self._asking:
            self._unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _step(self, timeout_s: float) -> None:
        """Wait for the next try, or for the decoder."""
        now_s = time.monotonic()
        if self._link is None:
            if now_s < self._again_s:
                self._stopped.wait(min(timeout_s, self._again_s - now_s))
                return
            after_s = self._last.time_s if self._last is not None else 0.0 if self._source.is_live else -1.0
            self._link = Link(Order(source=self._source, switched_on_s=self._switched_on_s, after_s=after_s))
            self._linked_s = now_s
        self._link.ask()
        heard = self._link.hear(timeout_s)
        if isinstance(heard, End):
            self._unlink()
            self._see_end(heard)
        elif heard is not None:
            self._see(*heard)

    def _see(self, head: Head, picture: Picture) -> None:
        last = self._last
        if last is not None and head.time_s < last.time_s:
            # No decoder of ours says so; whatever says so is not believed.
            self._unlink()
            self._see_end(End(fault=Fault.DIED))
            return
        if self._lost is not None:
            lost, self._lost = self._lost, None
            self._told.append(
                HealthEvent(
                    camera=lost.camera, kind=lost.kind, onset_s=lost.onset_s, cleared_s=head.time_s, detail=lost.detail
                )
            )
        if head.makeshift and not (last is not None and last.makeshift):
            _LOG.warning("%s: its timestamps cannot be trusted; pictures have makeshift times", self._source.camera)
        resized = last is not None and last.picture.shape != picture.shape
        self._last = Frame(
            picture=picture, time_s=head.time_s, resized=resized, dropped=head.dropped, makeshift=head.makeshift
        )
        if time.monotonic() - self._linked_s > _STEADY_S:
            self._tries = 0
        self._told.append(self._last)

    def _see_end(self, end: End) -> None:
        if self._source.is_live:
            self._lose(end.fault or Fault.ENDED)
        elif end.fault in _MAY_PASS and self._may_try_again():
            _LOG.warning("%s: %s; it is started again", self._source.camera, end.fault.cause)
        elif end.fault is not None and self._last is None:
            raise BadInput(
                cause=f"{self._source.camera}: {end.fault.cause} ({self._source.address})", mend=end.fault.mend
            )
        else:
            self.ended = _ended(end)

    def _may_try_again(self) -> bool:
        """Whether a film's decoder got farther since it died, or has not died here often enough to blame the film."""
        here_s = self._last.time_s if self._last is not None else -1.0
        self._deaths_s = [*(died_s for died_s in self._deaths_s if died_s == here_s), here_s]
        return len(self._deaths_s) < _MOST_DEATHS

    def _lose(self, fault: Fault) -> None:
        """An outage: told once, however many tries fail."""
        longest_s = self._source.reading.longest_pause_s
        pause_s = min(longest_s, _FIRST_PAUSE_S * 2 ** min(self._tries, 16))
        if fault is Fault.PASSWORD:
            pause_s = max(pause_s, _LOCKED_OUT_S)
        self._tries += 1
        self._again_s = time.monotonic() + pause_s * self._chance.uniform(0.5, 1.0)
        _LOG.info("%s: %s; next try within %.1f s", self._source.camera, fault.cause, pause_s)
        if self._lost is None:
            self._lost = HealthEvent(
                camera=self._source.camera,
                kind=HealthKind.LOST,
                onset_s=self._last.time_s if self._last is not None else 0.0,
                cleared_s=None,
                detail=f"{self._source.address}: {fault.cause}. {fault.mend}",
            )
            self._told.append(self._lost)

    def _unlink(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None


def _ended(end: End) -> Ended:
    if end.fault is not None:
        return Ended(truncated=True, note=f"Read up to here only: {end.fault.cause}. {end.fault.mend}")
    missing = end.promised - end.read - end.unread
    # A frame count is often an estimate from the length: a little less is no damage.
    if missing > max(2, 0.02 * end.promised):
        return Ended(
            truncated=True, note=f"Truncated or damaged: {end.read} of its {end.promised} frames could be read"
        )
    if end.unread:
        return Ended(truncated=False, note=f"{end.unread} of its {end.promised} pictures could not be read")
    return Ended(truncated=False, note="")
