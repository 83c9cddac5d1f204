"""One training from readings to a published version: fit, export, judge the export, draw, track, publish."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path

import numpy as np

from features import artifact
from features.console import progress
from features.disaster import schema
from features.disaster.advance import Raw, advance
from features.disaster.config import QUANTILES
from features.disaster.state import DisasterState, quantities, save
from features.errors import HaechiError
from features.manifest import Manifest, TrainingInterval, schema_sha256
from features.self_test import SelfTest, save_rows
from features.settings import Settings
from training.disaster.answer import answer
from training.disaster.bins import BINS
from training.disaster.card import card
from training.disaster.compose import export
from training.disaster.draw import draw
from training.disaster.guard import (
    Inputs,
    deciles,
    export_fallback,
    limits,
    parity_rows,
    self_test,
    self_test_rows,
)
from training.disaster.hashing import data_sha256
from training.disaster.job import Job
from training.disaster.judge import Answers, judge
from training.disaster.learn import Learned, learn
from training.disaster.losses import losses
from training.disaster.report import manifest_scores, metrics
from training.disaster.scores import Judgement
from training.export import Graph
from training.losses import TEST_LOSSES
from training.losses import save as save_losses
from training.provenance import git_commit
from training.publish import Published, publish
from training.track import RunRecord

START_STATE = "start_state.parquet"
"""The state before the first reading, its fitted parts in place: what ``haechi evaluate`` begins from."""

LINEAR = "linear.onnx"
"""The linear core without trees, a baseline that ``haechi evaluate`` judges beside the model."""

_PARITY_ROWS = 2000
_RELATIVE, _ABSOLUTE = 1e-3, 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """A published version with its scores.

    Attributes:
        published: the version and its folder.
        learned: the model and what it was fitted on.
        test: on the test part, of the exported graph.
        held_out: on the years learned from, of fits that had not seen them.
        parity: largest difference between model and graph, in each output's unit.
        interval: the test part, in words.
        seconds: that all of it took, reading the files not counted.
    """

    published: Published
    learned: Learned
    test: Judgement
    held_out: Judgement
    parity: float
    interval: str
    seconds: float


def run(job: Job, settings: Settings, scratch: Path) -> Outcome:
    """Train, judge and publish.

    Args:
        job: what to train on and how.
        settings: where to publish.
        scratch: an empty folder for graphs and pictures.

    Raises:
        HaechiError: cannot be trained, exported or published; nothing is registered.
    """
    started_at, config, unit = datetime.now(UTC), job.config, job.config.hazard.unit
    with progress() as bar:
        learned = learn(job, bar)
    sample, path = learned.sample, scratch / artifact.MODEL
    native = export(learned.fitted, config, unit, path)
    graph = Graph(path)
    held_out = _some(learned)
    cases = parity_rows(held_out, config, job.seed)
    parity = max(_parity(native.outputs(rows), graph.outputs(rows), name) for name, rows in cases.items())
    export_fallback(config, unit, scratch / artifact.FALLBACK)
    rows = self_test_rows(held_out)
    tried = self_test(rows, graph, Graph(scratch / artifact.FALLBACK), config, unit)
    export(learned.linear, config, unit, scratch / LINEAR)
    bins = learned.bins.said(sample, config)
    said = answer(graph, sample, learned.test)
    answers = Answers(model=said, linear=answer(Graph(scratch / LINEAR), sample, learned.test), bins=bins)
    test = judge(answers, sample, learned.test, config, learned.thresholds)
    seen = learned.parts.learned[sample.issue]
    answers = Answers(model=learned.fitted.held_out, linear=learned.linear.held_out, bins=bins)
    before = judge(answers, sample, seen, config, learned.thresholds)
    lost = losses(said, sample, learned.test, job.places, config)
    pictures = draw(test, said, sample, learned.test, config, scratch / "pictures", simulated=job.simulated)
    interval = _interval(job, learned)
    record = RunRecord(
        name=job.name,
        started_at=started_at,
        parameters=_parameters(job, learned, interval),
        metrics=(*metrics(test), ("onnx_max_difference", parity, 0)),
        pictures=pictures,
        graph=path,
        inputs=schema.inputs(config, unit),
        outputs=schema.outputs(config, unit),
    )
    state = _state_at_end(job, learned.start)

    def write(folder: Path, version: int, mlflow_run: str | None) -> None:
        manifest = _manifest(job, learned, test, tried, state, interval, version, mlflow_run)
        for name in (artifact.MODEL, artifact.FALLBACK, LINEAR):
            (folder / name).write_bytes((scratch / name).read_bytes())
        save_rows(rows, folder / artifact.SELF_TEST)
        (folder / artifact.MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
        (folder / artifact.CARD).write_text(card(manifest, job.config, test, before, interval), encoding="utf-8")
        save(state, folder / artifact.STATE)
        save(learned.start, folder / START_STATE)
        learned.bins.save(folder / BINS)
        save_losses(lost, folder / TEST_LOSSES)

    published = publish(record, write, settings)
    return Outcome(
        published=published,
        learned=learned,
        test=test,
        held_out=before,
        parity=parity,
        interval=interval,
        seconds=(datetime.now(UTC) - started_at).total_seconds(),
    )


def _some(learned: Learned) -> Inputs:
    """Rows of the test part, evenly."""
    rows = np.flatnonzero(learned.test & learned.sample.inputs["now_mask"].astype(np.bool_))
    chosen = rows[np.unique(np.linspace(0, len(rows) - 1, _PARITY_ROWS).round().astype(int))]
    return learned.sample.rows(chosen)


def _parity(native: list[np.ndarray], exported: list[np.ndarray], name: str) -> float:
    worst = 0.0
    for expected, found in zip(native, exported, strict=True):
        if not np.allclose(expected, found, rtol=_RELATIVE, atol=_ABSOLUTE, equal_nan=True):
            raise HaechiError(
                cause=f"Graph and model differ on rows '{name}' by {np.nanmax(np.abs(expected - found)):.4g}",
                mend="Do not serve it; report this with the versions of torch and onnxruntime",
            )
        worst = max(worst, float(np.nanmax(np.abs(expected - found), initial=0)))
    return worst


def _state_at_end(job: Job, start: DisasterState) -> DisasterState:
    last = job.measured.time(len(job.measured) - 1)
    return advance(start, Raw(measured=job.measured.known_by(last)), job.config, last)


def _manifest(
    job: Job,
    learned: Learned,
    test: Judgement,
    tried: SelfTest,
    state: DisasterState,
    interval: str,
    version: int,
    mlflow_run: str | None,
) -> Manifest:
    config, hazard = job.config, job.config.hazard
    ins, outs = schema.inputs(config, hazard.unit), schema.outputs(config, hazard.unit)
    seen = [learned.sample.rows(learned.parts.learned[learned.sample.issue])]
    values = learned.sample.labels.quantity[learned.parts.learned]
    end = learned.parts.test_from.astype("datetime64[s]").astype(datetime).replace(tzinfo=UTC)
    return Manifest(
        format=2,
        domain="disaster",
        name=job.name,
        version=version,
        created_at=datetime.now(UTC),
        git_commit=git_commit(),
        mlflow_run=mlflow_run,
        minimum_runtime=installed_version("haechi"),
        inputs=ins,
        outputs=outs,
        entities=job.places,
        quantity=hazard.quantity,
        unit=hazard.unit,
        step_min=hazard.step_min,
        horizon_steps=max(config.horizons_steps),
        quantiles=QUANTILES,
        timezone=config.timezone,
        country=job.country,
        feature_schema_sha256=schema_sha256(ins, outs),
        training=TrainingInterval(
            start=job.measured.start,
            end=end,
            rows=int((~np.isnan(values)).sum()),
            data_sha256=data_sha256(job.measured.known_by(end), quantities(config)),
        ),
        scores=manifest_scores(test, job.name, hazard.unit, interval),
        config=replace(config, alarm_at=tuple(learned.thresholds.values())).to_json(),
        state_as_of=state.as_of,
        simulated=job.simulated,
        self_test=tried,
        non_finite="refuse",
        limits=limits(seen, config, hazard.unit),
        fallback=artifact.FALLBACK,
        deciles=deciles(seen, config, hazard.unit),
    )


def _parameters(job: Job, learned: Learned, interval: str) -> dict[str, str]:
    return {
        "hazard": job.config.hazard.name,
        **{name: str(value) for name, value in job.recipe.to_json().items()},
        **{f"alarm_{level}": str(threshold) for level, threshold in learned.thresholds.items()},
        "tree_shares": ", ".join(f"{share:g}" for share in learned.fitted.shares),
        "seed": str(job.seed),
        "places": str(len(job.places)),
        "git_commit": git_commit() or "unknown",
        "test_interval": interval,
        "simulated": str(job.simulated),
    }


def _interval(job: Job, learned: Learned) -> str:
    last = job.measured.time(len(job.measured) - 1).astimezone(UTC)
    return f"test {str(learned.parts.test_from)[:16]}Z..{last:%Y-%m-%dT%H:%MZ}"
