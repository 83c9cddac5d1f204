"""What the cameras told, kept for a while and within bounds: for the page, and for who asks over gRPC."""

import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import merge

from features.cctv.events import HealthEvent, HealthKind
from features.errors import BadInput, UnknownName
from serving.cctv.sight import Sight
from serving.cctv.told import Alive, Change, Ended, HealthTold, IncidentTold, Measured, Shown, Told
from serving.streams import Pause

MOST = 1000
"""Steps of incidents, and minutes of measurements, that are kept of each camera."""

_OVER = (Change.CLEARED, Change.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraState:
    """How a camera is.

    Attributes:
        name: its own.
        simulated: it is a rendered one.
        faults: what is wrong with it now.
        seen_at: when its last picture was taken, on the wall clock; None: none has come.
        pictures: that were looked at.
        ended: why it is watched no more; None: it is.
    """

    name: str
    simulated: bool
    faults: tuple[HealthEvent, ...] = ()
    seen_at: datetime | None = None
    pictures: int = 0
    ended: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An incident's change, and its number among all."""

    seq: int
    told: IncidentTold


class Board:
    """Safe to use from many threads.

    Args:
        sights: the cameras.
        most: steps, and minutes, that are kept of each.
    """

    def __init__(self, sights: Sequence[Sight], most: int = MOST) -> None:
        self.id = secrets.token_hex(8)
        """Tells this run's cursors from another's."""
        self._changed = threading.Condition()
        self._cameras = {one.name: CameraState(name=one.name, simulated=one.simulated) for one in sights}
        self._steps: dict[str, deque[Step]] = {one.name: deque(maxlen=most) for one in sights}
        self._measured: dict[str, deque[Measured]] = {one.name: deque(maxlen=most) for one in sights}
        self._shown: dict[str, Shown] = {}
        self._seq = self._dropped = 0
        self._waiting: dict[object, Callable[[], None]] = {}
        self.over = False
        """Whether nobody tells anything any more."""

    def hear(self, told: Told) -> None:
        """Take in what a camera tells."""
        wakes: list[Callable[[], None]] = []
        with self._changed:
            self._take(told)
            if isinstance(told, IncidentTold):
                wakes, self._waiting = list(self._waiting.values()), {}
            self._changed.notify_all()
        for wake in wakes:
            wake()

    def close(self) -> None:
        """Wake everybody for the last time."""
        with self._changed:
            self.over = True
            wakes, self._waiting = list(self._waiting.values()), {}
            self._changed.notify_all()
        for wake in wakes:
            wake()

    def cameras(self) -> list[CameraState]:
        """All of them, as they are now."""
        with self._changed:
            return list(self._cameras.values())

    def incidents(self, camera: str = "", *, only_lasting: bool = False) -> tuple[list[IncidentTold], int]:
        """Each incident that is kept, as it was last told, in the order of their raising; and the last step's number.

        Args:
            camera: of one; empty: of all.
            only_lasting: leave out what is over, or unknown.

        Raises:
            UnknownName: there is no such camera.
        """
        with self._changed:
            self._refuse_unknown(camera)
            found = {(s.told.camera, s.told.incident.incident_id): s.told for s in self._all(camera)}
            kept = (one for one in found.values() if not (only_lasting and one.change in _OVER))
            return sorted(kept, key=lambda one: one.began_at.timestamp() + one.incident.raised_s), self._seq

    def steps(self, after: int, camera: str = "", most: int = 100) -> tuple[list[Step], int]:
        """The first of those after a step, and the number of the last of all.

        Args:
            after: number of that step; 0: from the oldest that is kept.
            camera: of one; empty: of all.
            most: of them.

        Raises:
            BadInput: steps after that one are kept no more, or there is none of that number yet.
            UnknownName: there is no such camera.
        """
        with self._changed:
            self._refuse_unknown(camera)
            if 0 < after < self._dropped:
                raise BadInput(
                    cause=f"Steps after {after} are kept no more",
                    mend="Ask for the incidents again, and watch from the cursor that comes with them",
                )
            if after > self._seq:
                raise BadInput(cause=f"There is no step {after} yet", mend="Watch from a cursor of this watch")
            return [step for step in self._all(camera) if step.seq > after][:most], self._seq

    def measurements(self, camera: str = "") -> list[Measured]:
        """What is kept of them, in the order of their minutes.

        Raises:
            UnknownName: there is no such camera.
        """
        with self._changed:
            self._refuse_unknown(camera)
            rows = [row for name, own in self._measured.items() if camera in ("", name) for row in own]
        return sorted(rows, key=lambda row: (row.time, row.entity_id))

    def picture(self, camera: str, other_than: Shown | None, timeout_s: float) -> Shown | None:
        """The newest picture of a camera, once there is another one; None: there was none in time."""
        with self._changed:
            self._changed.wait_for(lambda: self.over or self._shown.get(camera) is not other_than, timeout_s)
            shown = self._shown.get(camera)
            return None if self.over or shown is other_than else shown

    @contextmanager
    def after(self, seq: int) -> Iterator[Pause]:
        """A pause until there are steps after ``seq``, or all is over; forgotten once the block is left."""
        watcher = object()

        def wait(wake: Callable[[], None]) -> None:
            with self._changed:
                if not self.over and self._seq <= seq:
                    self._waiting[watcher] = wake
                    return
            wake()

        try:
            yield Pause(wait)
        finally:
            with self._changed:
                self._waiting.pop(watcher, None)

    def _take(self, told: Told) -> None:
        state = self._cameras[told.camera]
        if isinstance(told, IncidentTold):
            self._seq += 1
            own = self._steps[told.camera]
            if len(own) == own.maxlen:
                self._dropped = max(self._dropped, own[0].seq)
            own.append(Step(seq=self._seq, told=told))
        elif isinstance(told, HealthTold):
            self._cameras[told.camera] = replace(state, faults=_faults(state, told))
        elif isinstance(told, Measured):
            self._measured[told.camera].append(told)
        elif isinstance(told, Shown):
            self._shown[told.camera] = told
        elif isinstance(told, Alive):
            self._cameras[told.camera] = replace(state, seen_at=told.at, pictures=told.pictures)
        elif isinstance(told, Ended):
            pictures = max(state.pictures, told.pictures)
            self._cameras[told.camera] = replace(state, pictures=pictures, ended=told.cause or "It came to its end")

    def _all(self, camera: str) -> list[Step]:
        chosen = [own for name, own in self._steps.items() if camera in ("", name)]
        return list(merge(*chosen, key=lambda step: step.seq))

    def _refuse_unknown(self, camera: str) -> None:
        if camera and camera not in self._cameras:
            raise UnknownName.among("camera", camera, list(self._cameras))


def _faults(state: CameraState, told: HealthTold) -> tuple[HealthEvent, ...]:
    found: dict[HealthKind, HealthEvent] = {one.kind: one for one in state.faults}
    found.pop(told.event.kind, None)
    if told.change is not Change.CLEARED:
        found[told.event.kind] = told.event
    return tuple(found.values())
