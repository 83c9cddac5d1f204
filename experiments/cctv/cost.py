"""What one camera costs: a core's time and memory, with pictures of a real one at 25 a second, watched at 5."""

import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import cycle
from multiprocessing import get_context
from pathlib import Path

import cv2
import psutil

from training.cctv.footage import Footage, Shot
from training.cctv.pipeline import Pipeline
from training.cctv.truth import Film

_MORE_CAMERAS = 4
_SETTLED_S = 60.0
"""For which the cameras of the memory figure are watched: by then backgrounds and tracks are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one camera.

    Attributes:
        core_share: of one core's time, decoding included.
        more_mib: of memory that each further camera of a process takes, its decoder included.
    """

    core_share: float
    more_mib: float


def cost(detector: str, home: Path, films: list[Path]) -> Cost:
    """Measure, in a process of its own.

    Args:
        detector: its name.
        home: HAECHI_HOME, where weights lie.
        films: of one camera, one after the other.
    """
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        return pool.submit(_measured, Pipeline(detector_name=detector, home=home), films).result()


def _measured(pipeline: Pipeline, films: list[Path]) -> Cost:
    detector, size = pipeline.detector(), Footage.of(films[0]).size_wh_px
    film = Film(camera="bench", path=films[0], rendered=False, light="day")

    def watched() -> Iterator[float]:
        """Watches endlessly; each time the camera's seconds so far."""
        watcher = pipeline.watcher(film, size, detector)
        for shot in _endless(films):
            watcher.step(shot.picture, shot.time_s)
            yield shot.time_s

    first, length_s = watched(), sum(_length_s(path) for path in films)
    began_s = time.process_time()
    seconds = _until(first, length_s)
    share = (time.process_time() - began_s) / seconds
    before = psutil.Process().memory_info().rss
    more = [watched() for _ in range(_MORE_CAMERAS)]
    for camera in more:
        _until(camera, _SETTLED_S)
    grown = psutil.Process().memory_info().rss - before
    return Cost(core_share=share, more_mib=grown / _MORE_CAMERAS / 2**20)


def _until(camera: Iterator[float], seconds: float) -> float:
    return next(now for now in camera if now >= seconds)


def _endless(films: list[Path]) -> Iterator[Shot]:
    """One film after the other on one clock."""
    passed_s = 0.0
    for path in cycle(films):
        footage, last_s = Footage.of(path), 0.0
        for shot in footage.shots():
            last_s = shot.time_s
            yield Shot(number=shot.number, time_s=passed_s + shot.time_s, picture=shot.picture)
        passed_s += last_s + footage.step / footage.fps


def _length_s(path: Path) -> float:
    footage = Footage.of(path)
    return sum(footage.step / footage.fps for _ in footage.shots())
