"""What truly went wrong in a film, and from when to when: told from where everybody is, not from what was staged."""

from dataclasses import dataclass, field, replace

from features.cctv.kinds import IncidentKind, UserKind
from features.simulated.cctv.scene import Scene
from features.simulated.cctv.users import User

_STANDS_MS = 0.3
_SEEN_M = (8.0, 70.0)
"""Ahead of the camera: farther away a vehicle is a few pixels."""
_QUEUE_CARS, _QUEUED_MS = 4, 10 / 3.6
"""So many vehicles of one direction slower than that are a queue."""
_LASTS_S = 3.0
"""For which a queue must stand, or be gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What went wrong.

    Attributes:
        kind: of it.
        onset_s: since the film began: standing, the wrong way in the picture, a foot on the lanes, queued, left there.
        cleared_s: when it was over; None: not before the film's end.
        track_id: of who or what; None of a queue.
    """

    kind: IncidentKind
    onset_s: float
    cleared_s: float | None
    track_id: int | None


@dataclass(slots=True, kw_only=True)
class Witness:
    """Sees a film go by.

    Attributes:
        scene: of it.
        incidents: seen so far.
    """

    scene: Scene
    incidents: list[Incident] = field(default_factory=list)
    _turned_s: float | None = None

    def see(self, now_s: float, users: list[User], staged: int | None) -> None:
        """Take in a frame.

        Args:
            now_s: since the film began.
            users: all who are there.
            staged: track of who does what goes wrong, or None.
        """
        kind = self.scene.incident
        if kind is None:
            return
        lasts_s, track = (_LASTS_S, None) if kind is IncidentKind.QUEUE else (0.0, staged)
        wrong, last = self._is_wrong(users, staged), self.incidents[-1] if self.incidents else None
        if wrong is (last is not None and last.cleared_s is None):
            self._turned_s = None
            return
        self._turned_s = now_s if self._turned_s is None else self._turned_s
        if now_s - self._turned_s < lasts_s:
            return
        if wrong:
            self.incidents.append(Incident(kind=kind, onset_s=self._turned_s, cleared_s=None, track_id=track))
        elif last is not None:
            self.incidents[-1] = replace(last, cleared_s=self._turned_s)
        self._turned_s = None

    def _is_wrong(self, users: list[User], staged: int | None) -> bool:
        kind = self.scene.incident
        if kind is IncidentKind.QUEUE:
            return sum(_queues(user) for user in users) >= _QUEUE_CARS
        user = next((one for one in users if one.track_id == staged), None)
        if user is None:
            return False
        if kind is IncidentKind.STOPPED_VEHICLE:
            return user.speed_ms < _STANDS_MS
        if kind is IncidentKind.WRONG_WAY:
            return _SEEN_M[0] < user.y_m < _SEEN_M[1]
        if kind is IncidentKind.PEDESTRIAN_ON_CARRIAGEWAY:
            return bool(abs(user.x_m) < self.scene.road.edge_m)
        return True


def _queues(user: User) -> bool:
    """Whether it creeps away from the camera, near enough to be seen."""
    away = user.kind not in (UserKind.PERSON, UserKind.OBJECT) and user.direction_rad == 0
    return away and user.speed_ms < _QUEUED_MS and _SEEN_M[0] < user.y_m < _SEEN_M[1]
