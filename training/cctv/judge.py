"""Watches one film as a camera is watched, and holds what came out against the truth."""

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from features.cctv.detections import Detections
from features.cctv.events import HealthEvent, Incident
from features.cctv.kinds import KINDS
from features.cctv.tracks import Track
from features.cctv.view import Detector
from features.errors import BadInput
from training.cctv.footage import Footage
from training.cctv.scores.detection import Seen
from training.cctv.scores.events import Match, match
from training.cctv.scores.tracking import Followed, TrackingSums, track_sums
from training.cctv.truth import VEHICLE_NUMBERS, Film, TrueFrame

if TYPE_CHECKING:
    from training.cctv.pipeline import Pipeline

_SCORED_EVERY = 5
"""Of a film's frames: between two of them little changes."""
_CUT_OFF_FRAMES = 2
"""That an annotation may go on beyond the film: encoders drop the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of one film.

    Attributes:
        film: which.
        watched_s: its length.
        cpu_s: that watching it took, decoding included.
        looks: full pictures that the detector alone looked at.
        look_cpu_s: that it took for them.
        alone: what the detector alone found in every fifth frame; empty where nobody annotated it.
        watched: likewise, what the watcher held to be there: found in this look or in one before.
        tracking: sums of it; None where nobody annotated it.
        raised: each incident once, as it last stood.
        matches: what went wrong with what was raised; None where nobody annotated it.
        health: what was told of the camera itself, each onset once.
    """

    film: Film
    watched_s: float
    cpu_s: float
    looks: int
    look_cpu_s: float
    alone: list[Seen]
    watched: list[Seen]
    tracking: TrackingSums | None
    raised: list[Incident]
    matches: list[Match] | None
    health: list[HealthEvent]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    """What a watcher told of a film: what was held to be there and who was followed, by frame; and events."""

    held: dict[int, Detections]
    tracks: dict[int, list[Track]]
    raised: list[Incident]
    health: list[HealthEvent]
    cpu_s: float
    watched_s: float


def judge_film(film: Film, pipeline: "Pipeline") -> Judged:
    """Watch a film once, have the detector look at it once more where somebody annotated it, and judge both.

    Args:
        film: which.
        pipeline: that watches.

    Raises:
        BadInput: a film that is none, that is shorter than its annotation, or of another size.
    """
    footage = Footage.of(film.path)
    if film.size_wh_px not in (None, footage.size_wh_px):
        raise BadInput(
            cause=f"{film.path} is of {footage.size_wh_px} pixels, its annotation of {film.size_wh_px}",
            mend="Annotate the film as it is, or give the film that was annotated",
        )
    detector = pipeline.detector()
    watched = _watch(film, footage, pipeline, detector)
    _refuse_cut_off(film, watched, footage)
    looks, look_cpu_s = _look(footage, pipeline, detector) if film.frames is not None else ({}, 0.0)
    return Judged(
        film=film,
        watched_s=watched.watched_s,
        cpu_s=watched.cpu_s,
        looks=len(looks),
        look_cpu_s=look_cpu_s,
        alone=[_seen(film, footage, number, found) for number, found in looks.items()],
        watched=[_seen(film, footage, number, watched.held[number]) for number in looks],
        tracking=None if film.frames is None else track_sums([_one(film, *told) for told in watched.tracks.items()]),
        raised=watched.raised,
        matches=None if film.events is None else match(film.events, watched.raised),
        health=watched.health,
    )


def _watch(film: Film, footage: Footage, pipeline: "Pipeline", detector: Detector) -> _Watched:
    watcher = pipeline.watcher(film, footage.size_wh_px, detector)
    held: dict[int, Detections] = {}
    tracks: dict[int, list[Track]] = {}
    raised: dict[int, Incident] = {}
    health: dict[tuple[str, float], HealthEvent] = {}
    began_s, number = time.process_time(), 0
    for shot in footage.shots():
        moment, number = watcher.step(shot.picture, shot.time_s), shot.number
        held[number], tracks[number] = moment.detections, moment.tracks
        raised |= {one.incident_id: one for one in moment.incidents}
        health |= {(one.kind, one.onset_s): one for one in moment.health}
    return _Watched(
        held=held,
        tracks=tracks,
        raised=list(raised.values()),
        health=list(health.values()),
        cpu_s=time.process_time() - began_s,
        watched_s=(number + footage.step) / footage.fps,
    )


def _look(footage: Footage, pipeline: "Pipeline", detector: Detector) -> tuple[dict[int, Detections], float]:
    """What the detector finds in whole pictures by itself, and the CPU time of it alone."""
    background, every = pipeline.background(footage.size_wh_px), math.lcm(footage.step, _SCORED_EVERY)
    found: dict[int, Detections] = {}
    cpu_s = 0.0
    for shot in footage.shots():
        view = background.see(shot.picture, shot.time_s)
        if shot.number % every == 0:
            began_s = time.process_time()
            found[shot.number] = detector.detect(view)
            cpu_s += time.process_time() - began_s
    return found, cpu_s


def _refuse_cut_off(film: Film, watched: _Watched, footage: Footage) -> None:
    last, shown = max(film.frames or [0]), round(watched.watched_s * footage.fps)
    if last >= shown + _CUT_OFF_FRAMES:
        raise BadInput(
            cause=f"{film.path} ends after {shown} frames, its annotation goes on to frame {last}",
            mend="The film was cut off: copy or render it again",
        )


def _truth(film: Film, number: int) -> TrueFrame:
    return (film.frames or {}).get(number, TrueFrame.empty())


def _seen(film: Film, footage: Footage, number: int, found: Detections) -> Seen:
    truth, (width, height) = _truth(film, number), footage.size_wh_px
    return Seen(
        true_px=truth.xyxy_px,
        true_kind=truth.kind,
        counts=truth.counts,
        found_px=found.xyxy_px,
        found_kind=found.kind,
        score=found.score,
        area_px=float(width * height),
    )


def _one(film: Film, number: int, tracks: list[Track]) -> Followed:
    """A frame's vehicles: of whom a road is full, and whose kinds are often mistaken for each other."""
    truth = _truth(film, number).vehicles()
    driving = [one for one in tracks if KINDS.index(one.kind) in VEHICLE_NUMBERS]
    boxes: npt.NDArray[np.float32] = np.array([one.xyxy_px for one in driving], np.float32).reshape(-1, 4)
    return Followed(
        true_id=truth.track_id,
        true_px=truth.xyxy_px,
        counts=truth.counts,
        track_id=np.array([one.track_id for one in driving], np.int64),
        track_px=boxes,
    )
