"""One camera under watch, on a thread of its own: its pictures in, what they show out, until it ends or is told to."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from features.cctv.events import HealthEvent, Incident
from features.errors import BadInput, HaechiError, StorageFailure
from serving.cctv.evidence import Evidence, Film, Scene
from serving.cctv.parts import Eye, Frame, Frames, Moment, Parts
from serving.cctv.sight import Sight, WatchConfig
from serving.cctv.snapshots import Snapshots
from serving.cctv.told import Alive, Change, Ended, HealthTold, IncidentTold, Measured, Shown, Snapshot, Told

# Nobody sees more of a preview, and pictures are many bytes.
_SHOW_S = 0.2
_ALIVE_S = 2.0
_LASTS_S = 60.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
# Of two things told of one picture the second is later: whoever counts looks takes no two at one time.
_AFTER = timedelta(milliseconds=1)
_LOG = logging.getLogger("haechi.cctv")


class Observer:
    """Watches one camera.

    Args:
        sight: which.
        config: how.
        parts: what it is watched with.
        tell: is told all that it shows, on this thread.
        now: the time of day.
    """

    def __init__(
        self,
        sight: Sight,
        config: WatchConfig,
        parts: Parts,
        tell: Callable[[Told], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.camera = sight.name
        self._sight, self._config, self._parts, self._tell, self._now = sight, config, parts, tell, now
        self._snapshots = None if config.snapshots is None else Snapshots(config.snapshots)
        self._stopping = threading.Event()
        self._frames: Frames | None = None
        self._began_at: datetime | None = config.since
        self._last_s = 0.0
        self._pictures = 0
        # Numbers of incidents are the watcher's own; a watcher that begins anew goes on where the last one was.
        self._numbered, self._before = sight.numbered, sight.numbered
        self._lasting: dict[int, tuple[IncidentTold, float]] = {}
        self._shown_s = self._alive_s = time.monotonic() - _ALIVE_S

    def run(self) -> None:
        """Watch until the camera ends, or ``stop``; whatever goes wrong is told, and touches no other camera."""
        pause_s, cause, mend, bad = _FIRST_PAUSE_S, "", "", False
        while not self._stopping.is_set():
            pictures = self._pictures
            try:
                self._watch()
            except HaechiError as error:
                cause, mend, bad = error.cause, error.mend, isinstance(error, BadInput)
                again = self._sight.is_live and self._pictures > pictures
                if again:
                    _LOG.error("the watch of camera %s failed: %s", self._sight.name, error)
            except Exception:  # the edge: one camera's failure is never another's
                cause, mend, bad = "Its watch failed", "Look into the log, above, and report it", False
                again = self._sight.is_live
                _LOG.exception("the watch of camera %s failed", self._sight.name)
            else:
                break
            if not again:
                break
            # A feed that was seen will be seen again: it begins anew, more and more rarely where that fails at once.
            pause_s = _FIRST_PAUSE_S if self._pictures > pictures else min(2 * pause_s, _LONGEST_PAUSE_S)
            self._stopping.wait(pause_s)
            cause, mend, bad = "", "", False
        told = Ended(
            camera=self._sight.name,
            pictures=self._pictures,
            seconds=self._last_s,
            cause=cause,
            mend=mend,
            is_bad_input=bad,
            note="" if self._frames is None or self._frames.ended is None else self._frames.ended.note,
        )
        self._tell(told)

    def stop(self) -> None:
        """Have it end soon; may be called from another thread."""
        self._stopping.set()
        if self._frames is not None:
            self._frames.stop()

    def _watch(self) -> None:
        # Each of a feed's watches has a clock of its own.
        self._began_at, self._last_s = self._config.since, 0.0
        self._frames = frames = self._parts.frames(self._sight)
        film = self._sight.film
        shown: AbstractContextManager[Film | None]
        shown = nullcontext() if film is None else Film(film, self._config.fps)
        try:
            if not self._stopping.is_set():
                with shown as opened:
                    self._follow(frames, opened)
        finally:
            frames.stop()
            self._give_up()

    def _follow(self, frames: Frames, film: Film | None) -> None:
        eye: Eye | None = None
        for seen in frames:
            if isinstance(seen, HealthEvent):
                self._tell_health(seen)
                continue
            size_wh_px = (seen.picture.shape[1], seen.picture.shape[0])
            if eye is None or eye.size_wh_px != size_wh_px:
                # What was learned of another size's pixels says nothing of these.
                self._give_up()
                eye, self._before = self._parts.eye(self._sight, size_wh_px), self._numbered
            elif seen.time_s <= self._last_s:
                # A clock that stands still: of two pictures of one time the first counts.
                continue
            self._see(seen, eye, film)
            if self._stopping.is_set():
                return

    def _see(self, frame: Frame, eye: Eye, film: Film | None) -> None:
        self._pictures, self._last_s = self._pictures + 1, frame.time_s
        moment = eye.watcher.step(frame.picture, frame.time_s)
        for event in moment.health:
            self._tell_health(event)
        incidents = [replace(one, incident_id=one.incident_id + self._before) for one in moment.incidents]
        # Drawn at most once a picture, and only for somebody.
        drawn = _Drawn(frame, moment, eye, [*self._ongoing(incidents)], simulated=self._sight.simulated)
        for one in incidents:
            self._tell_incident(one, eye, drawn)
        self._tell_lasting(frame.time_s)
        for count in moment.counts:
            self._tell(
                Measured(
                    camera=self._sight.name,
                    time=self._at(count.start_s),
                    entity_id=count.entity_id,
                    volume=count.volume,
                    speed_km_h=count.speed_km_h,
                    simulated=self._sight.simulated,
                )
            )
        if film is not None:
            film.add(drawn.evidence())
        self._tell_now_and_then(frame.time_s, drawn)

    def _tell_now_and_then(self, time_s: float, drawn: "_Drawn") -> None:
        now_s, name = time.monotonic(), self._sight.name
        if self._config.preview and now_s - self._shown_s >= _SHOW_S:
            self._shown_s = now_s
            self._tell(Shown(camera=name, time_s=time_s, jpeg=drawn.evidence().jpeg()))
        if now_s - self._alive_s >= _ALIVE_S:
            self._alive_s = now_s
            self._tell(Alive(camera=name, at=self._at(time_s), pictures=self._pictures, seconds=time_s))

    def _ongoing(self, changed: list[Incident]) -> list[Incident]:
        """All incidents that last, as they stand after those that changed."""
        found = {told.incident.incident_id: told.incident for told, _ in self._lasting.values()}
        found |= {one.incident_id: one for one in changed}
        return [one for one in found.values() if one.cleared_s is None]

    def _tell_incident(self, one: Incident, eye: Eye, drawn: "_Drawn") -> None:
        self._numbered = max(self._numbered, one.incident_id)
        known = self._lasting.get(one.incident_id)
        if known is None:
            snapshot = self._kept(one, drawn)
            self._tell_change(replace(one, cleared_s=None), Change.RAISED, eye, snapshot)
        else:
            snapshot = known[0].snapshot
        if one.cleared_s is not None:
            self._tell_change(one, Change.CLEARED, eye, snapshot)
        elif known is not None and one != known[0].incident:
            self._tell_change(one, Change.REVISED, eye, snapshot)

    def _tell_change(self, one: Incident, change: Change, eye: Eye, snapshot: Snapshot | None) -> None:
        told = IncidentTold(
            incident=one,
            change=change,
            at=self._at(self._last_s) + (_AFTER if change is Change.CLEARED else timedelta(0)),
            began_at=self._at(0.0),
            by=eye.by,
            snapshot=snapshot,
            simulated=self._sight.simulated,
        )
        if change is Change.CLEARED:
            self._lasting.pop(one.incident_id, None)
        else:
            self._lasting[one.incident_id] = told, self._last_s
        self._tell(told)

    def _tell_lasting(self, time_s: float) -> None:
        for number, (told, told_s) in self._lasting.items():
            if time_s - told_s >= _LASTS_S:
                again = replace(told, change=Change.LASTS, at=self._at(time_s))
                self._lasting[number] = again, time_s
                self._tell(again)

    def _give_up(self) -> None:
        """Nothing more can be told of what lasts."""
        while self._lasting:
            _, (told, _) = self._lasting.popitem()
            self._tell(replace(told, change=Change.UNKNOWN, at=self._at(self._last_s) + _AFTER))

    def _kept(self, one: Incident, drawn: "_Drawn") -> Snapshot | None:
        if self._snapshots is None:
            return None
        try:
            return self._snapshots.keep(drawn.evidence(), self._sight.name, one.incident_id, self._at(self._last_s))
        except StorageFailure as error:
            # An incident is told also where its picture cannot be kept.
            _LOG.error("%s", error)
            return None

    def _tell_health(self, event: HealthEvent) -> None:
        change = Change.RAISED if event.cleared_s is None else Change.CLEARED
        time_s = event.onset_s if event.cleared_s is None else event.cleared_s
        at = self._at(max(time_s, self._last_s))
        simulated = self._sight.simulated
        self._tell(HealthTold(event=event, change=change, at=at, began_at=self._at(0.0), simulated=simulated))

    def _at(self, time_s: float) -> datetime:
        """A time of the camera's clock on the wall's; the first one asked for is now, or when it was said to be."""
        if self._began_at is None:
            self._began_at = self._now() - timedelta(seconds=time_s)
        return self._began_at + timedelta(seconds=time_s)


class _Drawn:
    """What there is to show of one picture, made when it is first asked for."""

    def __init__(self, frame: Frame, moment: Moment, eye: Eye, incidents: list[Incident], *, simulated: bool) -> None:
        self._scene = Scene(
            picture=frame.picture,
            time_s=frame.time_s,
            detections=moment.detections,
            tracks=tuple(moment.tracks),
            incidents=tuple(incidents),
            doubtful=moment.doubtful,
            carriageway=eye.carriageway,
            simulated=simulated,
        )
        self._evidence: Evidence | None = None

    def evidence(self) -> Evidence:
        """The one way out."""
        if self._evidence is None:
            self._evidence = Evidence.of(self._scene)
        return self._evidence
