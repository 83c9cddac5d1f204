"""Judges a published model on its own test part, or on a file that it never saw, of its lots or of others."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.progress import Progress

from features import artifact
from features.console import note
from features.errors import BadInput
from features.manifest import Manifest
from features.parking import lots as lots_table
from features.parking.build import QUALITIES
from features.parking.config import ParkingConfig
from features.parking.lots import Lots
from features.parking.state import ParkingState, load
from features.series import FloatArray, Panel
from features.tables.columns import ReadOptions
from training.covariates import joined_as_trained
from training.export import Graph
from training.parking.counts import counted, read_counts, tell_readings
from training.parking.job import MOST_MISSING, past_of
from training.parking.judge import Judgement, judge
from training.parking.predictions import PredictionWriter, writer
from training.parking.replay import Issue, Widths
from training.parking.run import START_STATE
from training.parking.sample import Past
from training.parking.traits import share_missing
from training.provenance import data_sha256, is_simulated


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation:
    """A judged stretch of counts.

    Attributes:
        manifest: of the model.
        judgement: of the model and the baselines.
        interval: that was judged, in words.
        remark: how it began, in words.
        simulated: whether the counts, or those that the model learned from, are.
    """

    manifest: Manifest
    judgement: Judgement
    interval: str
    remark: str
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Stretch:
    past: Past
    first: int
    learned: npt.NDArray[np.bool_]
    remark: str


def evaluate(
    model: tuple[Path, Manifest],
    data: Sequence[Path],
    shape: str,
    reading: ReadOptions,
    *,
    entities: Path | None,
    whole: bool,
    out: Path | None,
    bar: Progress,
    covariates: Path | None = None,
) -> Evaluation:
    """Replay the model over the counts, as live would have lived them.

    Args:
        model: folder and manifest of the version.
        data: files, folders or globs.
        shape: of the files.
        reading: how to read them.
        entities: a table of lots, for those that the model does not know; or None.
        whole: judge all of a file that it was not trained on; else the test part of the one that it was.
        out: a Parquet file for the predictions, or None.
        bar: shows issue times done and time left.
        covariates: a table of those that the model was trained with, or None.

    Raises:
        BadInput: the file is not the one asked for, or nothing in it can be scored.
    """
    folder, manifest = model
    config = ParkingConfig.from_json(dict(manifest.config))
    panel = read_counts(data, shape, reading)
    if panel.step_min != config.step_min:
        raise BadInput(
            cause=f"The counts are {panel.step_min} minutes apart, the model's {config.step_min}",
            mend=f"Pass --step-min {config.step_min}, or train a model on these counts",
        )
    panel = joined_as_trained(panel, covariates, reading.columns.timezone, config.covariates)
    start = load(folder / START_STATE, config)
    if whole:
        stretch = _whole_file(manifest, folder, panel, config, start, entities, reading)
    else:
        stretch = _test_part(manifest, panel, config, start, entities)
    rows = range(stretch.first, len(stretch.past.panel))
    if len(rows) <= config.horizon_steps:
        raise BadInput(
            cause=f"{len(rows)} steps are left to judge; the horizon is {config.horizon_steps}",
            mend="Give a longer file",
        )
    table: AbstractContextManager[PredictionWriter | None] = nullcontext()
    simulated = manifest.simulated or is_simulated([*data, *([] if covariates is None else [covariates])])
    if out is not None:
        counts = stretch.past
        table = writer(out, manifest, counts.panel.entities, counts.start.capacity, simulated=simulated)
    with table as predictions:
        found = judge(
            Graph(folder / artifact.MODEL),
            stretch.past,
            rows,
            stretch.learned,
            stretch.first,
            Widths.of(stretch.past.start),
            bar,
            _rows_into(predictions),
        )
    if not found.shares.count.sum():
        raise BadInput(cause="Nothing was counted in the part to be judged", mend="Give a file with counts there")
    first, last = (stretch.past.panel.time(row) for row in (rows.start, rows.stop - 1))
    return Evaluation(
        manifest=manifest,
        judgement=found,
        interval=f"{first:%Y-%m-%dT%H:%MZ}..{last:%Y-%m-%dT%H:%MZ}",
        remark=stretch.remark,
        simulated=simulated,
    )


def _rows_into(predictions: PredictionWriter | None) -> Callable[[Issue], None] | None:
    if predictions is None:
        return None

    def add(issue: Issue) -> None:
        predictions.add(issue, [QUALITIES[code] for code in issue.quality])

    return add


def _test_part(
    manifest: Manifest, panel: Panel, config: ParkingConfig, start: ParkingState, entities: Path | None
) -> _Stretch:
    if entities is not None:
        raise BadInput(
            cause="--entities is of lots that the model does not know", mend="Leave it out, or judge with --split all"
        )
    panel, learned = panel.select(start.entities), manifest.learned
    first = panel.index(learned.end)
    if (
        panel.start != learned.start
        or not 0 < first < len(panel)
        or data_sha256(panel.window(0, first)) != learned.data_sha256
    ):
        raise BadInput(
            cause=f"These are not the counts that {manifest.name}/{manifest.version} was trained on "
            f"({learned.start:%Y-%m-%d} to {learned.end:%Y-%m-%d}, data {learned.data_sha256[:12]})",
            mend="Give that file, or judge it on another one with --split all",
        )
    known = ~np.isnan(start.trait[0])
    past = Past(panel=panel, start=start, config=config)
    return _Stretch(past=past, first=first, learned=known, remark="as it was at the start of the test part")


def _whole_file(
    manifest: Manifest,
    folder: Path,
    panel: Panel,
    config: ParkingConfig,
    start: ParkingState,
    entities: Path | None,
    reading: ReadOptions,
) -> _Stretch:
    learned, ours = manifest.learned, set(start.entities)
    mine = [name for name in panel.entities if name in ours]
    if mine and panel.start < learned.end and panel.end > learned.start:
        raise BadInput(
            cause=f"The file runs from {panel.start:%Y-%m-%d} to {panel.end:%Y-%m-%d} and holds '{mine[0]}', from "
            f"which the model learned {learned.start:%Y-%m-%d} to {learned.end:%Y-%m-%d}",
            mend="Judge it on another interval or city, or on its own test part with --split test",
        )
    warm = min(config.profile_days, len(panel) // (4 * config.steps_per_day)) * config.steps_per_day
    lots, capacity = _lots(folder, panel, config, entities, reading, start, warm)
    panel = panel.select(lots.ids)
    past = _knowing(past_of(panel, lots, capacity, config), start, lots, lots_table.load(folder / lots_table.FILE))
    shares = past.shares()
    judged = share_missing(shares, panel, config) < MOST_MISSING
    if not judged.any():
        raise BadInput(cause="Every lot lacks a fifth or more of its counts", mend="Give a file with fewer gaps")
    note(f"{judged.sum()} of {len(judged)} lots are judged; the others lack {MOST_MISSING:.0%} or more of their counts")
    others = len(lots.ids) - len(mine)
    remark = f"{warm // config.steps_per_day} days tell what is usual, and are not scored"
    if others:
        remark += f"; {others} lots that the model never saw are answered from their own counts, city and capacity"
    return _Stretch(past=past, first=max(warm, 1), learned=judged, remark=remark)


def _lots(
    folder: Path,
    panel: Panel,
    config: ParkingConfig,
    entities: Path | None,
    reading: ReadOptions,
    start: ParkingState,
    warm: int,
) -> tuple[Lots, FloatArray]:
    """Lots of a file: the model's own with what it knows of them, others with what is told or counted."""
    ours = lots_table.load(folder / lots_table.FILE)
    strangers = tuple(name for name in panel.entities if name not in set(start.entities))
    if not strangers:
        lots = ours.select(panel.entities)
        return lots, lots.capacity
    found = counted(panel.select(strangers), entities, reading.columns.entity, max(warm, 1))
    tell_readings(found, config)
    known = ours.select([name for name in panel.entities if name in set(start.entities)])
    lots = known.joined(found.lots)
    return lots, lots.capacity


def _knowing(past: Past, start: ParkingState, lots: Lots, ours: Lots) -> Past:
    """The state before the file, with what the model knows of its own lots; of others what is typical of their city."""
    column = {name: at for at, name in enumerate(start.entities)}
    state, names = past.start, past.panel.entities
    mine = [at for at, name in enumerate(names) if name in column]
    theirs = [column[names[at]] for at in mine]
    learned = ~np.isnan(start.trait[0])
    shared = start.width[..., learned].mean(axis=2, keepdims=True)
    state.width = np.broadcast_to(shared, state.width.shape).copy()
    state.width[..., mine] = start.width[..., theirs]
    state.trait[..., mine] = start.trait[..., theirs]
    state.typical[..., mine] = start.typical[..., theirs]
    state.neighbour[:, mine] = _renamed(start.neighbour[:, theirs], start.entities, names)
    city = np.array(ours.select(start.entities).city)
    for at in (at for at in range(len(names)) if names[at] not in column):
        same = learned & (city == lots.city[at])
        # Of a city that the model never saw it is what is typical of all that it did see.
        state.typical[..., at] = start.typical[..., same if same.any() else learned].mean(axis=2)
    return past


def _renamed(columns: FloatArray, theirs: Sequence[str], ours: Sequence[str]) -> FloatArray:
    """Columns of the model's lots as columns of the file's; NaN of those that are not in it."""
    place = {name: float(at) for at, name in enumerate(ours)}
    known = np.array([place.get(name, np.nan) for name in theirs], dtype=np.float32)
    return np.where(np.isnan(columns), np.float32(np.nan), known[np.nan_to_num(columns).astype(np.int64)])
