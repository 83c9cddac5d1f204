"""One training from counts to a published version: fit, export, judge the export, draw, track, publish."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path

import numpy as np
from rich.progress import Progress

from features import artifact
from features.console import progress
from features.errors import BadInput, HaechiError
from features.manifest import Manifest, TrainingInterval, schema_sha256
from features.parking import lots as lots_table
from features.parking import schema
from features.parking.advance import Raw, advance
from features.parking.state import ParkingState, save
from features.self_test import SelfTest, save_rows
from features.settings import Settings
from training.export import Graph
from training.ledger_file import TEST_ERRORS
from training.ledger_file import save as save_ledger
from training.parking.card import card
from training.parking.cold_start import ColdStart, judge_cold
from training.parking.counts import QUANTITY
from training.parking.draw import draw
from training.parking.guard import Inputs, deciles, export_fallback, limits, parity_rows, self_test, self_test_rows
from training.parking.job import Job, interval_of
from training.parking.judge import Judgement, judge
from training.parking.learn import UNIT, Learned, learn
from training.parking.replay import Widths
from training.parking.report import manifest_scores, metrics
from training.parking.sample import spread
from training.provenance import covariates_sha256, data_sha256, git_commit
from training.publish import Published, publish
from training.track import RunRecord

START_STATE = "start_state.parquet"
"""The state before the first count, its fitted parts in place and its widths as the test begins: what ``haechi
evaluate`` begins from."""

_THREADS = 2
_RELATIVE, _ABSOLUTE = 1e-3, 1e-2
_PARITY_ISSUES, _LIMIT_ISSUES = 12, 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """A published version with its scores.

    Attributes:
        published: the version and its folder.
        test: on the test part, of the exported graph.
        validation: on the last weeks of validation.
        cold: of lots as if they had never been seen.
        parity: largest difference between model and graph, in spaces.
        seconds: that all of it took, reading the files not counted.
    """

    published: Published
    test: Judgement
    validation: Judgement
    cold: ColdStart
    parity: float
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
    started_at = datetime.now(UTC)
    with progress() as bar:
        learned = learn(job, _THREADS, scratch / artifact.MODEL, bar)
        graph, config = Graph(learned.graph), learned.config
        guarded = _guarded(job, learned, graph, scratch, bar)
        widths = Widths.of(learned.past.start)
        rows = range(job.split.test, job.split.end)
        test = judge(graph, learned.past, rows, job.learned, job.split.test, widths, bar)
        if not test.shares.count.sum():
            raise BadInput(cause="No target in the test part was counted", mend="Choose another --split")
        cold = judge_cold(graph, learned.past, rows, job.learned, bar)
        pictures = draw(test, job, config, scratch / "pictures")
    state = _state_at_end(job, learned, widths)
    record = RunRecord(
        name=job.name,
        started_at=started_at,
        parameters=_parameters(job, learned),
        metrics=(*metrics(test, cold), ("onnx_max_difference", guarded.parity, 0)),
        pictures=pictures,
        graph=learned.graph,
        inputs=schema.inputs(config, UNIT),
        outputs=schema.outputs(config, UNIT),
    )

    def write(folder: Path, version: int, mlflow_run: str | None) -> None:
        manifest = _manifest(job, learned, test, guarded, state, version, mlflow_run)
        for name in (artifact.MODEL, artifact.FALLBACK):
            (folder / name).write_bytes((scratch / name).read_bytes())
        save_rows(guarded.rows, folder / artifact.SELF_TEST)
        (folder / artifact.MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
        (folder / artifact.CARD).write_text(card(manifest, config, test, cold, interval_of(job)), encoding="utf-8")
        save(state, folder / artifact.STATE)
        save(learned.past.start, folder / START_STATE)
        job.lots.save(folder / lots_table.FILE)
        save_ledger(test.ledger, folder / TEST_ERRORS)

    published = publish(record, write, settings)
    return Outcome(
        published=published,
        test=test,
        validation=learned.validation,
        cold=cold,
        parity=guarded.parity,
        seconds=(datetime.now(UTC) - started_at).total_seconds(),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Guarded:
    """A graph that was shown to say what the model says, with its fallback beside it."""

    parity: float
    rows: Inputs
    test: SelfTest
    seen: Sequence[Inputs]


def _guarded(job: Job, learned: Learned, graph: Graph, scratch: Path, bar: Progress) -> _Guarded:
    past, split, config = learned.past, job.split, learned.config
    issues = spread(np.arange(split.test, split.end - 1), _PARITY_ISSUES)
    held_out = _joined([table.inputs for _, table in past.tables(issues, bar, "checking the graph")])
    parity = 0.0
    for name, rows in parity_rows(held_out, config, job.seed).items():
        for expected, found in zip(learned.native.outputs(rows), graph.outputs(rows), strict=True):
            if not np.allclose(expected, found, rtol=_RELATIVE, atol=_ABSOLUTE, equal_nan=True):
                raise HaechiError(
                    cause=f"Graph and model differ on rows '{name}' by {np.nanmax(np.abs(expected - found)):.4g}",
                    mend="Do not serve it; report this with the versions of torch and onnxruntime",
                )
            parity = max(parity, float(np.nanmax(np.abs(expected - found), initial=0)))
    export_fallback(config, UNIT, scratch / artifact.FALLBACK)
    rows = self_test_rows(held_out)
    tried = self_test(rows, graph, Graph(scratch / artifact.FALLBACK), config, UNIT)
    first = min(config.memory_steps, split.validation // 2)
    issues = spread(np.arange(first, split.validation - 1), _LIMIT_ISSUES)
    seen = [dict(table.inputs) for _, table in past.tables(issues, bar, "looking at what was seen")]
    return _Guarded(parity=parity, rows=rows, test=tried, seen=seen)


def _joined(tables: list[dict[str, np.ndarray]]) -> Inputs:
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


def _state_at_end(job: Job, learned: Learned, widths: Widths) -> ParkingState:
    past, last = learned.past, len(job.panel) - 1
    state = advance(past.start, Raw(measured=past.known(last)), learned.config, job.panel.time(last))
    widths.into(state)
    return state


def _manifest(
    job: Job,
    learned: Learned,
    test: Judgement,
    guarded: _Guarded,
    state: ParkingState,
    version: int,
    mlflow_run: str | None,
) -> Manifest:
    config, panel, split = learned.config, job.panel, job.split
    ins, outs = schema.inputs(config, UNIT), schema.outputs(config, UNIT)
    before = panel.window(0, split.test)
    return Manifest(
        format=2,
        domain="parking",
        name=job.name,
        version=version,
        created_at=datetime.now(UTC),
        git_commit=git_commit(),
        mlflow_run=mlflow_run,
        minimum_runtime=installed_version("haechi"),
        inputs=ins,
        outputs=outs,
        entities=panel.entities,
        quantity=QUANTITY,
        unit=UNIT,
        step_min=config.step_min,
        horizon_steps=config.horizon_steps,
        quantiles=config.quantiles,
        timezone=config.timezone,
        country=config.country,
        feature_schema_sha256=schema_sha256(ins, outs),
        training=TrainingInterval(
            start=panel.start,
            end=panel.time(split.test),
            rows=int((~np.isnan(before.values)).sum()),
            data_sha256=data_sha256(before),
        ),
        scores=manifest_scores(test, interval_of(job)),
        config=config.to_json(),
        state_as_of=state.as_of,
        simulated=job.simulated,
        self_test=guarded.test,
        non_finite="refuse",
        limits=limits(guarded.seen, config, UNIT),
        fallback=artifact.FALLBACK,
        deciles=deciles(guarded.seen, config, UNIT),
    )


def _parameters(job: Job, learned: Learned) -> dict[str, str]:
    return {
        **{name: str(value) for name, value in learned.config.to_json().items()},
        **{name: str(value) for name, value in job.recipe.to_json().items()},
        "seed": str(job.seed),
        **covariates_sha256(job.panel),
        "lots": str(len(job.panel.entities)),
        "lots_learned": str(int(job.learned.sum())),
        "git_commit": git_commit() or "unknown",
        "test_interval": interval_of(job),
        "simulated": str(job.simulated),
    }
