"""How well a detector does on lessons that it did not learn from: by kind, by light, rendered and real."""

from dataclasses import dataclass
from time import process_time

import numpy as np
from rich.progress import Progress

from features.cctv.detectors import own
from features.cctv.detectors.small import FloatArray, Small
from features.cctv.view import Detector, View
from training.cctv.augment import doubted
from training.cctv.course import Course, scene_numbers
from training.cctv.lessons import Lessons, Views
from training.cctv.recipe import Recipe
from training.cctv.rendered import lessons_in, scene_of
from training.cctv.scores.detection import Seen, precisions
from training.export import Graph

_EVERY = 2
"""Of the lessons, which is judged."""
_RUNS, _WARM_RUNS = 40, 5
_LEAST_SCORE = 0.02
"""Of detections that are judged: the curve of precision over recall goes on below those that are told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """An average precision at an overlap of one half.

    Attributes:
        on: which pictures, e.g. ``rendered, night``.
        of: whose boxes.
        ap50: 0 to 1; NaN where nobody was there.
        truths: boxes that had to be found.
    """

    on: str
    of: str
    ap50: float
    truths: int


def detector_of(graph: Graph, sha256: str) -> Small:
    """The exported detector as serving has it."""

    def infer(views: FloatArray) -> tuple[FloatArray, FloatArray]:
        boxes, scores = graph.outputs({"views": views})
        return boxes, scores

    return Small(infer, sha256, own.NAME, least_score=_LEAST_SCORE)


def validate(detector: Detector, course: Course, recipe: Recipe, seed: int, bar: Progress) -> list[Precision]:
    """Judge a detector by the lessons of a course that it did not learn from.

    Args:
        detector: tells of low scores too.
        course: what it was trained on.
        recipe: of its training.
        seed: of its training.
        bar: shows what is done and time left.
    """
    seen: dict[str, list[Seen]] = {}
    numbers = iter(scene_numbers(recipe))
    for lessons in bar.track(course.judged_rendered, description="judging rendered"):
        at = 0
        while at < len(lessons):
            scene = scene_of(seed, next(numbers))
            found = [_seen(detector, lessons, number) for number in range(at, at + lessons_in(scene), _EVERY)]
            for name in ("", f", {scene.light}", ", rain" if scene.rain_mm_h > 0 else ", dry"):
                seen.setdefault(f"rendered{name}", []).extend(found)
            at += lessons_in(scene)
    for lessons in bar.track(course.judged_real, description="judging real"):
        found = [_seen(detector, lessons, number) for number in range(0, len(lessons), _EVERY)]
        seen.setdefault(f"real camera {course.held_out}", []).extend(found)
    return [
        Precision(on=name, of=one.of, ap50=one.ap50, truths=one.truths)
        for name, pictures in seen.items()
        for one in precisions(pictures, by_kind=name.startswith("rendered"))
    ]


def cpu_ms(graph: Graph, width_px: int, height_px: int) -> float:
    """Median of the CPU time of one picture, milliseconds, on one thread."""
    view = np.random.default_rng(0).uniform(0, 255, (1, 5, height_px, width_px)).astype(np.float32)
    spent = []
    for _ in range(_RUNS):
        began = process_time()
        graph({"views": view})
        spent.append(process_time() - began)
    return float(np.median(spent[_WARM_RUNS:]) * 1000)


def _seen(detector: Detector, lessons: Lessons, number: int) -> Seen:
    channels = lessons.views(number)
    targets = doubted(lessons.targets_of(number).copy(), channels[..., 3])
    found = detector.detect(_view(channels))
    return Seen(
        true_px=targets[:, :4],
        true_kind=targets[:, 4].astype(np.int8),
        counts=targets[:, 5] > 0,
        found_px=found.xyxy_px,
        found_kind=found.kind,
        score=found.score,
        area_px=float(channels.shape[0] * channels.shape[1]),
    )


def _view(channels: Views) -> View:
    """The view that a lesson's channels (height, width, 5) hold."""
    return View(
        picture=np.ascontiguousarray(channels[..., :3]),
        slow_difference=np.ascontiguousarray(channels[..., 3]),
        fast_difference=np.ascontiguousarray(channels[..., 4]),
    )
