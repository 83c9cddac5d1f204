"""One camera under watch: each picture through every step, from what differs in it to what goes wrong before it."""

from dataclasses import dataclass

import numpy as np

from features.cctv.background import Background
from features.cctv.counts import Count, Counts
from features.cctv.detections import Detections
from features.cctv.events import HealthEvent, Incident
from features.cctv.field import Field
from features.cctv.gate import GateConfig
from features.cctv.health import Health
from features.cctv.incidents import Incidents
from features.cctv.kinds import UserKind
from features.cctv.rules import Rules
from features.cctv.sight import FRUGAL, USUAL, Sight
from features.cctv.tracker import Tracker
from features.cctv.tracks import Track
from features.cctv.view import Detector, Picture
from features.cctv.zones import Zones

_DARK = 70.0
"""Mean grey level below which it is night: whom a detector misses there, an acquaintance may not."""
_UNSURE = 0.4
"""Median score of the road users below which as many may have been missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What was found in one picture.

    Attributes:
        time_s: of the picture, on the camera's clock.
        detections: all that may be a road user, also what no track has confirmed.
        tracks: the road users that are followed, all of them confirmed.
        incidents: new, revised and just cleared.
        health: what is wrong with the camera, or no longer.
        counts: of the minute that has just ended, by lane.
        doubtful: whether somebody may have been missed: it is dark, the detector is unsure, or the picture is bad.
    """

    time_s: float
    detections: Detections
    tracks: list[Track]
    incidents: list[Incident]
    health: list[HealthEvent]
    counts: list[Count]
    doubtful: bool


class Watcher:
    """Watches one camera.

    Args:
        camera: which.
        detector: of any family.
        size_wh_px: of its pictures.
        rules: by which incidents are raised.
        zones: of its picture; None: carriageway and directions are learned from its traffic.
        gate: how often the detector looks; None: as often as it pays. A public detector makes every picture equally
            large, and finds more in a part that it is shown larger.
    """

    def __init__(
        self,
        *,
        camera: str,
        detector: Detector,
        size_wh_px: tuple[int, int],
        rules: Rules,
        zones: Zones | None = None,
        gate: GateConfig | None = None,
    ) -> None:
        ground = None if zones is None else zones.ground
        self._background = Background(size_wh_px)
        sees_things = UserKind.OBJECT in detector.kinds
        self._sight = Sight(detector, size_wh_px, gate or (FRUGAL if sees_things else USUAL))
        self._tracker = Tracker(ground=ground, size_wh_px=size_wh_px)
        self._field = Field(size_wh_px)
        self._incidents = Incidents(camera, rules, zones, self._field, sees_things=sees_things)
        self._counts = Counts(camera, self._field)
        self._health = Health(camera, size_wh_px)
        self._wrong = set[str]()

    def step(self, picture: Picture, time_s: float) -> Moment:
        """Take in the next picture.

        Args:
            picture: (height, width, 3), blue, green, red.
            time_s: when it was taken, later than the last one.

        Raises:
            BadInput: a picture of another size, or a time that does not go on.
        """
        view = self._background.see(picture, time_s)
        health = self._health.see(picture, time_s)
        for event in health:
            (self._wrong.add if event.cleared_s is None else self._wrong.discard)(event.kind)
        seen = self._sight.see(view, self._background.moving, time_s, self._background.slow_picture)
        if seen.looked:
            tracks = self._tracker.update(seen.fresh, time_s, looked=list(seen.looked))
        else:
            tracks = self._tracker.coast(time_s)
        self._field.learn(tracks, time_s)
        behind = self._background.left_behind()
        return Moment(
            time_s=time_s,
            detections=seen.held,
            tracks=tracks,
            incidents=self._incidents.step(tracks, behind, time_s, view.slow_difference),
            health=health,
            counts=self._counts.step(tracks, time_s),
            doubtful=self._is_doubtful(picture, tracks),
        )

    def _is_doubtful(self, picture: Picture, tracks: list[Track]) -> bool:
        if self._wrong or float(picture[::8, ::8].mean()) < _DARK:
            return True
        scores = [one.score for one in tracks if one.kind is not UserKind.OBJECT]
        return bool(scores) and float(np.median(scores)) < _UNSURE
