"""Small films with their truth, and a pipeline that needs no detector."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np

from features.cctv.detections import Detections
from features.cctv.events import HealthEvent, HealthKind, Incident, Severity
from features.cctv.kinds import IncidentKind, UserKind
from features.cctv.tracks import Track
from features.cctv.view import View
from features.simulated.cctv.film import write_films
from features.simulated.cctv.plan import scenes

SIZE = (64, 48)
HOUR = 473_352
"""2024-01-01T00Z, in hours since 1970."""


def write_video(path: Path, frames: int, fps: float = 10.0, size: tuple[int, int] = SIZE) -> Path:
    """A grey film in which a light square goes to the right, a pixel a frame."""
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, size)
    for number in range(frames):
        picture = np.full((size[1], size[0], 3), 90, np.uint8)
        picture[10:20, number : number + 10] = 220
        video.write(picture)
    video.release()
    return path


def write_cameras(folder: Path, count: int = 2, length_s: float = 3.0) -> Path:
    """What ``haechi simulate --cameras`` writes, of few pictures."""
    planned = scenes(7, range(HOUR, HOUR + 24), count, length_s)
    few = [replace(scene, fps=5, pose=scene.pose.scaled(0.25)) for scene in planned]
    write_films(few, folder, lambda: None, {"haechi": "SIMULATED"})
    return folder


@dataclass(frozen=True)
class Moment:
    """What a watcher tells of an instant."""

    tracks: list[Track]
    incidents: list[Incident] = field(default_factory=list)
    health: list[HealthEvent] = field(default_factory=list)

    @property
    def detections(self):
        return Detections.of([(*one.xyxy_px.tolist(), one.score, one.kind) for one in self.tracks])


SQUARE = (10.0, 20.0)
"""Top and bottom of the light square."""


def track(left_px: float, track_id: int = 5) -> Track:
    """One car, as wide as the square."""
    return Track(
        track_id=track_id,
        kind=UserKind.CAR,
        xyxy_px=np.array([left_px, SQUARE[0], left_px + 10, SQUARE[1]]),
        foot_px=np.array([left_px + 5, SQUARE[1]]),
        velocity_px_s=np.array([10.0, 0.0]),
        score=0.9,
        first_s=0.0,
        seen_s=0.0,
        foot_m=None,
        velocity_m_s=None,
        speed_km_h=float("nan"),
        speed_sd_km_h=float("nan"),
        stands_since_s=None,
        travelled_px=0.0,
    )


def incident(camera: str, onset_s: float, raised_s: float, cleared_s: float | None = None) -> Incident:
    """A stopped vehicle."""
    return Incident(
        incident_id=1,
        camera=camera,
        kind=IncidentKind.STOPPED_VEHICLE,
        onset_s=onset_s,
        raised_s=raised_s,
        cleared_s=cleared_s,
        probability=0.8,
        xyxy_px=(1, 2, 3, 4),
        severity=Severity.MODERATE,
        zone="carriageway",
        learned=False,
        track_id=5,
        length_m=None,
        speed_km_h=None,
        why="A vehicle stands.",
        why_ko="차량이 서 있습니다.",
    )


@dataclass
class SquareWatcher:
    """Follows the square, tells of an incident from 1 s on and revises it at 2 s, and of a black picture."""

    camera: str
    sees: "SquareDetector"

    def step(self, picture, time_s):
        found = self.sees.boxes(picture)
        told = [incident(self.camera, 0.5, 1.0, None if time_s < 2 else time_s)] if time_s >= 1 else []
        ill = HealthEvent(camera=self.camera, kind=HealthKind.BLACK, onset_s=0.0, cleared_s=None, detail="It is dark.")
        return Moment(tracks=[track(left) for left in found], incidents=told, health=[ill])


class SquareDetector:
    """Finds the square."""

    name, sha256 = "square", "0" * 64

    @staticmethod
    def boxes(picture) -> list[float]:
        """Its left edge, where there is one."""
        light = np.flatnonzero(picture[12:18].mean(axis=(0, 2)) > 160)
        return [float(light[0])] if len(light) == 10 else []

    def detect(self, view: View) -> Detections:
        rows = [(left, SQUARE[0], left + 10, SQUARE[1], 0.9, UserKind.CAR) for left in self.boxes(view.picture)]
        return Detections.of(rows)


class NoBackground:
    """Nothing differs from what was there before."""

    def see(self, picture, time_s):
        flat = np.zeros(picture.shape[:2], np.uint8)
        return View(picture=picture, slow_difference=flat, fast_difference=flat)


@dataclass(frozen=True)
class Rules:
    """By which nothing is decided here."""

    version: int = 1
    sha256: str = "1" * 64


@dataclass(frozen=True)
class SquarePipeline:
    """As ``training.cctv.pipeline.Pipeline``, of the above."""

    detector_name: str = "square"
    home: Path = Path()

    def detector(self):
        return SquareDetector()

    def rules(self):
        return Rules()

    def background(self, size_wh_px):
        return NoBackground()

    def watcher(self, film, size_wh_px, detector):
        return SquareWatcher(camera=film.camera, sees=detector)
