"""Judges a published hazard model on its own test part, or on a file that it never saw."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.progress import Progress

from features import artifact
from features.clock import utc_times
from features.disaster.config import DisasterConfig
from features.disaster.measured import Measured
from features.disaster.state import DisasterState, fresh, load, quantities
from features.errors import BadInput
from features.manifest import Manifest
from features.tables.columns import ReadOptions
from training.disaster.answer import answer
from training.disaster.bins import load_bins
from training.disaster.hashing import data_sha256
from training.disaster.job import places_of, read_measured, sources_of
from training.disaster.judge import Answers, judge
from training.disaster.predictions import write
from training.disaster.run import LINEAR, START_STATE
from training.disaster.sample import sample_of
from training.disaster.scores import Judgement
from training.export import Graph
from training.provenance import is_simulated
from training.registered import opened_of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation:
    """A judged stretch of readings.

    Attributes:
        manifest: of the model.
        judgement: of the model and the baselines.
        interval: that was judged, in words.
        simulated: whether the readings, or those that the model learned from, are.
    """

    manifest: Manifest
    judgement: Judgement
    interval: str
    simulated: bool


def evaluate(
    model: str,
    data: Sequence[Path],
    shape: str,
    reading: ReadOptions,
    *,
    whole: bool,
    out: Path | None,
    bar: Progress,
) -> Evaluation:
    """Build every issue time as it was known then, ask the exported graph, and judge.

    Args:
        model: NAME, NAME@ALIAS or NAME/VERSION.
        data: files, folders or globs.
        shape: of the files.
        reading: how to read them.
        whole: judge all of a file that it was not trained on; else the test part of the one that it was.
        out: a Parquet file for the predictions, or None.
        bar: shows issue times done and time left.

    Raises:
        BadInput: the model is of another domain, the file is not the one asked for, or nothing in it can be judged.
    """
    folder, manifest = opened_of("disaster", model)
    config = DisasterConfig.from_json(manifest.config)
    thresholds = dict(zip((level.name for level in config.hazard.levels), config.alarm_at, strict=True))
    measured = read_measured(data, shape, reading, config)
    state, first = _begin(manifest, folder, measured, config, whole=whole)
    sample = sample_of(measured, state, config, bar)
    times = utc_times(measured.start, measured.step_min, len(measured))
    rows: npt.NDArray[np.bool_] = np.asarray(times[sample.issue] >= first)
    if not (rows & ~np.isnan(sample.at).all(axis=1)).any():
        raise BadInput(cause="Nothing was measured in the part to be judged", mend="Give a file with readings there")
    bins = load_bins(folder).said(sample, config)
    said, linear = (answer(Graph(folder / name), sample, rows) for name in (artifact.MODEL, LINEAR))
    simulated = manifest.simulated or is_simulated(data)
    if out is not None:
        write(said, sample, rows, state.places, manifest, out, simulated=simulated)
    last = measured.time(len(measured) - 1).astimezone(UTC)
    return Evaluation(
        manifest=manifest,
        judgement=judge(Answers(model=said, linear=linear, bins=bins), sample, rows, config, thresholds),
        interval=f"{str(first)[:16]}Z to {last:%Y-%m-%dT%H:%MZ}",
        simulated=simulated,
    )


def _begin(
    manifest: Manifest, folder: Path, measured: Measured, config: DisasterConfig, *, whole: bool
) -> tuple[DisasterState, np.datetime64]:
    """The state before the first reading, and the instant from which it is judged."""
    start, learned = load(folder / START_STATE, config), manifest.learned
    if not whole:
        same = (
            measured.start == learned.start
            and data_sha256(measured.known_by(learned.end), quantities(config)) == learned.data_sha256
        )
        if not same:
            raise BadInput(
                cause=f"These are not the readings that {manifest.name}/{manifest.version} was trained on "
                f"({learned.start:%Y-%m-%d} to {learned.end:%Y-%m-%d}, data {learned.data_sha256[:12]})",
                mend="Give that file, or judge it on another one with --split all",
            )
        return start, np.datetime64(learned.end.astimezone(UTC).replace(tzinfo=None), "s")
    end = measured.time(len(measured) - 1)
    if measured.start < learned.end and end > learned.start and _same_places(measured, start):
        raise BadInput(
            cause=f"The file runs from {measured.start:%Y-%m-%d} to {end:%Y-%m-%d}, and the model learned from "
            f"{learned.start:%Y-%m-%d} to {learned.end:%Y-%m-%d}",
            mend="Judge it on another interval, or on its own test part with --split test",
        )
    places = places_of(measured, config)
    fresh_start = start.copy()
    fresh_start.as_of = measured.start
    if places != start.places:
        fresh_start = _elsewhere(start, places, sources_of(places, config), config)
        fresh_start.as_of = measured.start
    return fresh_start, np.datetime64(measured.start.astimezone(UTC).replace(tzinfo=None), "s")


def _same_places(measured: Measured, start: DisasterState) -> bool:
    return bool(set(measured.entities) & set(start.places))


def _elsewhere(
    start: DisasterState, places: tuple[str, ...], sources: tuple[str, ...], config: DisasterConfig
) -> DisasterState:
    """The fitted parts of a state for places that it does not know: what is normal there is what is on the whole."""
    found = fresh(places, sources, start.as_of, config)
    found.usual, found.usual_within, found.tide = start.usual.copy(), start.usual_within.copy(), start.tide.copy()
    known = ~np.isnan(start.normal)
    mean = np.where(known, start.normal, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    found.normal[:] = np.where(known.any(axis=1), mean, np.nan)[:, None]
    return found
