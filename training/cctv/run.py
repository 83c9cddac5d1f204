"""One training from lessons to a published detector: make, fit, export, judge the export, track, publish."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from time import monotonic

import numpy as np
import numpy.typing as npt

from features import artifact
from features.cctv.kinds import KINDS
from features.console import note, progress
from features.manifest import Manifest, Score, TensorSpec, schema_sha256
from features.self_test import TOLERANCE, SelfTest, record, save_rows
from features.settings import Settings
from training.cctv.card import card
from training.cctv.course import Course, make
from training.cctv.export import export, sha256_of
from training.cctv.fit import fit
from training.cctv.job import Job
from training.cctv.validate import Precision, cpu_ms, detector_of, validate
from training.export import Graph
from training.provenance import git_commit
from training.publish import Published, publish
from training.track import RunRecord

SIZE_WH_PX = (352, 288)
"""Of the pictures by which a detector's cost is told."""

_PARITY_VIEWS, _SELF_TEST_SIDE_PX = 6, 128
_INPUTS = (
    TensorSpec(
        name="views",
        dtype="float32",
        shape=("view", 5, "height", "width"),
        unit="1",
        meaning="Blue, green, red and the differences to the slow and the fast background, 0 to 255; height and width "
        "are multiples of 32",
    ),
)
_OUTPUTS = (
    TensorSpec(
        name="boxes", dtype="float32", shape=("view", "place", 4), unit="px", meaning="Left, top, right, bottom"
    ),
    TensorSpec(
        name="scores",
        dtype="float32",
        shape=("view", "place", len(KINDS)),
        unit="1",
        meaning=f"Of {', '.join(KINDS)}, 0 to 1; several places may tell of one road user",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """A published version with its scores.

    Attributes:
        published: the version and its folder.
        found: its average precisions.
        sha256: of its graph.
        size_bytes: likewise.
        cpu_ms: of a picture on one thread.
        parity: largest difference of a score between network and graph.
        seconds: that all of it took.
    """

    published: Published
    found: Sequence[Precision]
    sha256: str
    size_bytes: int
    cpu_ms: float
    parity: float
    seconds: float


def run(job: Job, settings: Settings, scratch: Path) -> Outcome:
    """Make lessons, fit, export, judge and publish.

    Args:
        job: what to train on and how.
        settings: where to publish.
        scratch: an empty folder for lessons and graph.

    Raises:
        HaechiError: cannot be trained, exported or published; nothing is registered.
    """
    started_at, began_s = datetime.now(UTC), monotonic()
    path, losses = scratch / artifact.MODEL, list[float]()
    with progress() as bar:
        course = make(job.clips, job.weights, job.recipe, job.seed, scratch, bar)
        note(_told(course))
        network = fit(course, job.recipe, job.seed, bar, lambda _, loss: losses.append(loss))
        views = _views(course)
        parity = export(network, path, views)
        graph = Graph(path)
        found = validate(detector_of(graph, sha256_of(path)), course, job.recipe, job.seed, bar)
    cost_ms = cpu_ms(graph, *SIZE_WH_PX)
    pictures = scratch / "pictures"
    pictures.mkdir()
    metrics = [(f"ap50 {one.on} {one.of}".replace(",", ""), one.ap50, 0) for one in found]
    tracked = RunRecord(
        name=job.name,
        started_at=started_at,
        parameters={key: str(value) for key, value in (job.recipe.to_json() | _sources(job, course)).items()},
        metrics=(*metrics, *_curve(losses), ("cpu_ms", cost_ms, 0), ("onnx_max_difference", parity, 0)),
        pictures=pictures,
        graph=path,
        inputs=_INPUTS,
        outputs=_OUTPUTS,
    )
    rows = {"views": views[:2, :, :_SELF_TEST_SIDE_PX, :_SELF_TEST_SIDE_PX].copy()}

    def write(folder: Path, version: int, mlflow_run: str | None) -> None:
        manifest = _manifest(job, course, found, _self_test(graph, rows), version, mlflow_run)
        (folder / artifact.MODEL).write_bytes(path.read_bytes())
        save_rows(rows, folder / artifact.SELF_TEST)
        (folder / artifact.MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
        (folder / artifact.CARD).write_text(card(manifest, found, cost_ms), encoding="utf-8")

    published = publish(tracked, write, settings)
    return Outcome(
        published=published,
        found=found,
        sha256=sha256_of(path),
        size_bytes=path.stat().st_size,
        cpu_ms=cost_ms,
        parity=parity,
        seconds=monotonic() - began_s,
    )


def _curve(losses: list[float]) -> list[tuple[str, float, int]]:
    """The mean loss of every hundredth of the steps."""
    every = -(-len(losses) // 100)
    return [("loss", float(np.mean(losses[at : at + every])), at) for at in range(0, len(losses), every)]


def _told(course: Course) -> str:
    rendered, real = sum(map(len, course.rendered)), _real(course)
    held = f"; camera {course.held_out} is held out" if course.held_out is not None else ""
    return f"{rendered} rendered lessons and {real} of real clips{held}"


def _real(course: Course) -> int:
    return sum(len(one) for own in course.real.values() for one in own)


def _views(course: Course) -> npt.NDArray[np.float32]:
    """A few lessons that nothing was learned from, every other one without backgrounds."""
    lessons = course.judged_rendered[0]
    at = np.linspace(0, len(lessons) - 1, _PARITY_VIEWS).astype(int)
    views = np.stack([lessons.views(number) for number in at.tolist()]).transpose(0, 3, 1, 2)
    made = np.ascontiguousarray(views, dtype=np.float32)
    made[1::2, 3:] = 0
    return made


def _self_test(graph: Graph, rows: dict[str, npt.NDArray[np.float32]]) -> SelfTest:
    answers = dict(zip([spec.name for spec in _OUTPUTS], graph.outputs(rows), strict=True))
    return SelfTest(tolerance=TOLERANCE, outputs=record(answers), fallback=())


def _sources(job: Job, course: Course) -> dict[str, object]:
    return {
        "seed": job.seed,
        "clips": len(job.clips),
        "teacher_sha256": None if job.weights is None else sha256_of(job.weights),
        "judged_camera": course.held_out,
        "rendered_lessons": sum(map(len, course.rendered)),
        "real_lessons": _real(course),
    }


def _manifest(
    job: Job, course: Course, found: Sequence[Precision], self_test: SelfTest, version: int, mlflow_run: str | None
) -> Manifest:
    return Manifest(
        format=2,
        domain="cctv",
        name=job.name,
        version=version,
        created_at=datetime.now(UTC),
        git_commit=git_commit(),
        mlflow_run=mlflow_run,
        minimum_runtime=installed_version("haechi"),
        inputs=_INPUTS,
        outputs=_OUTPUTS,
        entities=(),
        quantity="detections",
        unit="px",
        step_min=1,
        horizon_steps=1,
        quantiles=(),
        timezone="UTC",
        country="unknown",
        feature_schema_sha256=schema_sha256(_INPUTS, _OUTPUTS),
        training=None,
        scores=tuple(
            Score(model=job.name, metric=f"ap50 {one.of}", unit="1", horizon="1", value=one.ap50, interval=one.on)
            for one in found
            if np.isfinite(one.ap50)
        ),
        config=job.recipe.to_json() | _sources(job, course),
        state_as_of=None,
        # What moves on rendered roads moves as it was told to; of real ones only boxes are learned.
        simulated=not job.clips,
        self_test=self_test,
        non_finite="refuse",
        limits=None,
        fallback=None,
        deciles=(),
    )
