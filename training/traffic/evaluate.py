"""Judges a published model on the test interval it was made with, or on a file that it never saw."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from rich.progress import Progress

from features import artifact
from features.errors import BadInput
from features.manifest import Manifest
from features.quantiles import as_80
from features.series import Panel
from features.traffic.build import QUALITIES
from features.traffic.config import TrafficConfig
from features.traffic.happening import AbnormalFlow
from features.traffic.state import FITTED, TrafficState, fresh, load
from training.export import Graph
from training.ledger import Ledger
from training.predictions import PredictionWriter, prediction_writer
from training.provenance import data_sha256
from training.scores import Scoreboard
from training.traffic.judge import judge
from training.traffic.replay import Issue
from training.traffic.run import TEST_STATE
from training.traffic.watching import WatchedPlaces, Watching

_WARMUP_DAYS = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A judged stretch of measurements.

    Attributes:
        scores: of model and baselines.
        ledger: of the model's forecasts.
        first: row of the panel at which scoring begins.
        left_out: entities of the file that the model does not know.
        remark: how the state began, in words.
        events: of abnormal flow, by onset; None where nobody watched.
    """

    scores: Scoreboard
    ledger: Ledger
    first: int
    left_out: tuple[str, ...]
    remark: str
    events: list[AbnormalFlow] | None


def evaluate(
    manifest: Manifest,
    folder: Path,
    panel: Panel,
    *,
    whole: bool,
    out: Path | None,
    bar: Progress,
    watched: WatchedPlaces | None = None,
) -> Evaluation:
    """Replay the model over the measurements, as live would have lived them.

    Args:
        manifest: of the version in ``folder``.
        folder: its artifact, checked.
        panel: measurements.
        whole: judge all of a file that it was not trained on; else the test part of the one that it was.
        out: a Parquet file for the predictions, or None.
        bar: shows issue times done and time left.
        watched: where the model's entities are, if abnormal flow is to be watched for; None watches for none.

    Raises:
        BadInput: no entity is known, the file is not the one asked for, or nothing in it can be scored.
    """
    known = set(manifest.entities)
    left_out = tuple(name for name in panel.entities if name not in known)
    if len(left_out) == len(panel.entities):
        raise BadInput(
            cause=f"{manifest.name}/{manifest.version} knows none of the {len(panel.entities)} entities, "
            f"e.g. '{panel.entities[0]}' (it knows e.g. '{manifest.entities[0]}')",
            mend="Train a model on this city, or name the entity columns as in training (--entity-col)",
        )
    panel = panel.select(manifest.entities)
    config = TrafficConfig.from_json(manifest.config)
    state, first, remark = (_whole_file if whole else _test_part)(manifest, folder, panel, config)
    if len(panel) - first < config.horizon_steps:
        raise BadInput(
            cause=f"{len(panel) - first} steps are left to judge; the horizon is {config.horizon_steps}",
            mend="Give a longer file",
        )
    scores = Scoreboard(model=manifest.forecaster, quantiles=config.quantiles, unit=manifest.unit)
    writer: AbstractContextManager[PredictionWriter | None] = nullcontext()
    if out is not None:
        writer = prediction_writer(out, manifest, panel.entities)
    graph = Graph(folder / artifact.MODEL)
    watching = None if watched is None else Watching.of(panel, first, watched)
    with writer as predictions:
        sink = _heard_by(rows_into(predictions), watching, config.quantiles)
        judged = judge(graph, state, panel, range(first, len(panel)), config, scores, bar, sink)
    if not scores.count.sum():
        raise BadInput(
            cause="Nothing was measured in the part to be judged", mend="Give a file with measurements there"
        )
    return Evaluation(
        scores=scores,
        ledger=judged.ledger,
        first=first,
        left_out=left_out,
        remark=remark,
        events=None if watching is None else watching.events,
    )


def rows_into(predictions: PredictionWriter | None) -> Callable[[Issue], None] | None:
    """Writes every issue that it is handed; None where nothing is to be written."""
    if predictions is None:
        return None

    def add(issue: Issue) -> None:
        quality = [QUALITIES[code] for code in issue.table.quality[0]]
        predictions.add(issue.issued_at, issue.forecast, issue.measured, quality)

    return add


def _heard_by(
    write: Callable[[Issue], None] | None, watching: Watching | None, levels: tuple[float, ...]
) -> Callable[[Issue], None] | None:
    if watching is None:
        return write

    def hear(issue: Issue) -> None:
        watching.take(issue.row, as_80(issue.forecast, levels))
        if write is not None:
            write(issue)

    return hear


def _test_part(manifest: Manifest, folder: Path, panel: Panel, config: TrafficConfig) -> tuple[TrafficState, int, str]:
    learned = manifest.learned
    first = panel.index(learned.end)
    if (
        panel.start != learned.start
        or not 0 < first < len(panel)
        or (data_sha256(panel.window(0, first)) != learned.data_sha256)
    ):
        raise BadInput(
            cause=f"These are not the measurements that {manifest.name}/{manifest.version} was trained on "
            f"({learned.start:%Y-%m-%d} to {learned.end:%Y-%m-%d}, data {learned.data_sha256[:12]})",
            mend="Give that file, or judge it on another one with --split all",
        )
    return load(folder / TEST_STATE, config), first, "state as it was at the start of the test interval"


def _whole_file(manifest: Manifest, folder: Path, panel: Panel, config: TrafficConfig) -> tuple[TrafficState, int, str]:
    learned = manifest.learned
    if panel.start < learned.end and panel.end > learned.start:
        raise BadInput(
            cause=f"The file runs from {panel.start:%Y-%m-%d} to {panel.end:%Y-%m-%d}, and the model learned from "
            f"{learned.start:%Y-%m-%d} to {learned.end:%Y-%m-%d}",
            mend="Judge it on another interval, or on its own test part with --split test",
        )
    for name in (artifact.STATE, TEST_STATE):
        state = load(folder / name, config)
        if state.as_of <= panel.start:
            return state, 0, f"state carried on from {state.as_of:%Y-%m-%d %H:%M} UTC"
    warmup = min(_WARMUP_DAYS * config.steps_per_day, len(panel) // 4)
    remark = f"the file is older than the model: {warmup} steps warm a new state up and are not scored"
    anew = fresh(panel.entities, panel.start, config)
    return replace(anew, **{name: getattr(state, name) for name in FITTED}), warmup, remark
