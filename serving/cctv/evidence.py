"""The one door through which a picture leaves a camera's process: blurred first, then drawn on, then written whole.

Nothing else in this package writes or encodes a picture. What the door lets out is ``Evidence``, which only a picture
that was blurred becomes; files and bytes are made of ``Evidence`` alone.
"""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from features.atomic import writing
from features.cctv.blur import blurred
from features.cctv.detections import Detections
from features.cctv.events import Incident, Severity
from features.cctv.kinds import IncidentKind, UserKind
from features.cctv.tracks import Track
from features.cctv.view import Picture
from features.errors import BadInput, HaechiError
from serving.cctv.told import Snapshot

SIMULATED = "SIMULATED"
"""Drawn on every picture of a rendered camera."""

_JPEG_QUALITY = 85
_FONT, _FONT_SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.4
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
# Blue, green, red.
_COLOURS = {Severity.MINOR: (0, 200, 255), Severity.MODERATE: (0, 128, 255), Severity.SEVERE: (0, 0, 255)}
_TRACK_COLOUR = (80, 200, 80)
_INVOLVED = {
    IncidentKind.STOPPED_VEHICLE: UserKind.CAR,
    IncidentKind.WRONG_WAY: UserKind.CAR,
    IncidentKind.PEDESTRIAN_ON_CARRIAGEWAY: UserKind.PERSON,
}
# A gap in a feed is shown for as long as this, not for the hours that it may last.
_LONGEST_STILL_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A moment of a camera, as its own process sees it.

    Attributes:
        picture: (height, width, 3), as it came: it stays within the process.
        time_s: on the camera's clock.
        detections: all that may be a road user there, also what no track has confirmed yet.
        tracks: the road users that are followed.
        incidents: that last.
        doubtful: whether the detector may have missed somebody: at night, in rain, in a scene that cannot be seen.
        carriageway: (height, width), not 0 on it: what may stay sharp where the scene is doubtful; None: unknown.
        simulated: the camera is a rendered one.
    """

    picture: Picture
    time_s: float
    detections: Detections
    tracks: tuple[Track, ...]
    incidents: tuple[Incident, ...]
    doubtful: bool
    carriageway: Picture | None
    simulated: bool


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """A picture that shows nobody's face and no plate; ``of`` alone makes it.

    Attributes:
        picture: (height, width, 3), blurred, with boxes and words drawn on.
        time_s: on the camera's clock.
    """

    picture: Picture
    time_s: float

    @classmethod
    def of(cls, scene: Scene) -> "Evidence":
        """Blur a scene, and draw on it what was found."""
        seen = Detections.joined([scene.detections, _tracked(scene.tracks), _involved(scene.incidents)])
        safe = blurred(scene.picture, seen, doubtful=scene.doubtful, keep_mask=scene.carriageway)
        return cls(_drawn(safe, scene), scene.time_s)

    def jpeg(self) -> bytes:
        """As a file's bytes."""
        done, found = cv2.imencode(".jpg", self.picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        if not done:
            raise HaechiError(cause="This OpenCV cannot write JPEG", mend="Install opencv-python-headless from PyPI")
        return found.tobytes()

    def keep(self, path: Path) -> Snapshot:
        """Write it as a JPEG, whole or not at all.

        Raises:
            BadInput: the folder is not there.
            StorageFailure: the disk is full.
        """
        content = self.jpeg()
        with writing(path) as partial:
            partial.write_bytes(content)
        return Snapshot(file=str(path), sha256=hashlib.sha256(content).hexdigest())


class Film:
    """A film of evidence, which is there once it is closed.

    Args:
        path: of an MPEG-4 file; an older one is replaced once the new one is whole.
        fps: pictures a second.

    Raises:
        BadInput: the folder is not there, or the name does not end in .mp4.
    """

    def __init__(self, path: Path, fps: float) -> None:
        if path.suffix.lower() != ".mp4":
            raise BadInput(cause=f"{path} is no name of an MPEG-4 film", mend="Name a file that ends in .mp4 (--write)")
        if not path.parent.is_dir():
            raise BadInput(cause=f"The folder {path.parent} is not there", mend=f"Run: mkdir -p {path.parent}")
        self._fps, self._path = fps, path
        # OpenCV tells the format by the name's end.
        self._partial = path.with_name(f".{path.stem}.{os.getpid()}.partial.mp4")
        self._video: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._first_s = 0.0
        self._written = 0

    def add(self, evidence: Evidence) -> None:
        """Show a picture until the next one, as long as it lasted.

        Raises:
            HaechiError: this OpenCV writes no MPEG-4.
        """
        video = self._video or self._begun(evidence)
        due = round((evidence.time_s - self._first_s) * self._fps) + 1
        if due - self._written > _LONGEST_STILL_S * self._fps:
            # After a gap the film goes on at once.
            self._first_s = evidence.time_s - self._written / self._fps
            due = self._written + 1
        # A camera that changed its resolution goes on in the film's own.
        picture = evidence.picture
        if picture.shape[1::-1] != self._size:
            picture = cv2.resize(picture, self._size).astype(np.uint8)
        for _ in range(due - self._written):
            video.write(picture)
        self._written = max(self._written, due)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the film; what was shown until then is kept, whatever ended it."""
        if self._video is not None:
            self._video.release()
            self._partial.replace(self._path)

    def _begun(self, evidence: Evidence) -> cv2.VideoWriter:
        height, width = evidence.picture.shape[:2]
        self._size, self._first_s = (width, height), evidence.time_s
        video = cv2.VideoWriter(str(self._partial), cv2.VideoWriter.fourcc(*"mp4v"), self._fps, self._size)
        if not video.isOpened():
            raise HaechiError(cause="This OpenCV cannot write MPEG-4", mend="Install opencv-python-headless from PyPI")
        self._video = video
        return video


def _tracked(tracks: Iterable[Track]) -> Detections:
    """Where they are believed to be, also where none was detected now."""
    return Detections.of([(*_edges(one.xyxy_px), one.score, one.kind) for one in tracks])


def _involved(incidents: Iterable[Incident]) -> Detections:
    """Whom incidents are about, also those who are followed no more."""
    known = [(one.xyxy_px, _INVOLVED[one.kind]) for one in incidents if one.kind in _INVOLVED]
    return Detections.of([(*_edges(box), 1.0, kind) for box, kind in known])


def _edges(xyxy_px: Iterable[float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (float(edge) for edge in xyxy_px)
    return left, top, right, bottom


def _drawn(picture: Picture, scene: Scene) -> Picture:
    for track in scene.tracks:
        _box(picture, track.xyxy_px, _track_label(track), _TRACK_COLOUR, thick=1)
    for one in scene.incidents:
        _box(picture, one.xyxy_px, f"{one.kind} {one.probability:.0%}", _COLOURS[one.severity], thick=2)
    minutes, seconds = divmod(scene.time_s, 60)
    stamp = f"{minutes:02.0f}:{seconds:04.1f}"
    _word(picture, f"{SIMULATED} {stamp}" if scene.simulated else stamp, (2, picture.shape[0] - 4), _WHITE)
    return picture


def _track_label(track: Track) -> str:
    name = "pedestrian" if track.kind is UserKind.PERSON else str(track.kind)
    speed = "" if np.isnan(track.speed_km_h) else f" {track.speed_km_h:.0f} km/h"
    return f"{track.track_id} {name}{speed}"


def _box(picture: Picture, xyxy_px: Iterable[float], label: str, colour: tuple[int, int, int], *, thick: int) -> None:
    left, top, right, bottom = (round(float(edge)) for edge in xyxy_px)
    cv2.rectangle(picture, (left, top), (right, bottom), colour, thick)
    _word(picture, label, (max(left, 2), max(top - 3, 10)), colour)


def _word(picture: Picture, text: str, at: tuple[int, int], colour: tuple[int, int, int]) -> None:
    # Dark around light: readable on every ground. Not by a thicker line: that is a wider text.
    for right, down in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        cv2.putText(picture, text, (at[0] + right, at[1] + down), _FONT, _FONT_SCALE, _BLACK, 1, cv2.LINE_AA)
    cv2.putText(picture, text, at, _FONT, _FONT_SCALE, colour, 1, cv2.LINE_AA)
