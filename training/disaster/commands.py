"""``haechi train disaster`` and ``haechi evaluate disaster``, from options to what is printed."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from rich.console import Console

from features import registry
from features.console import emit, progress, warn
from features.disaster.config import DisasterConfig
from features.disaster.hazard import Hazard
from features.errors import BadInput
from features.manifest import Manifest
from features.settings import load
from features.tables.columns import ReadOptions
from features.tables.source import check_out
from training.disaster.evaluate import evaluate as judge_published
from training.disaster.job import read_job
from training.disaster.report import FEWEST_CASES, alarm_table, document, level_table, quantity_tables
from training.disaster.run import Outcome, run
from training.disaster.scores import Judgement
from training.options import TrainOptions
from training.publish import check_home

_THREADS = 1


def train(options: TrainOptions, *, as_json: bool) -> None:
    """Train on what ``options`` names, publish, and print the scores.

    Raises:
        HaechiError: names cause and mend; nothing is registered.
    """
    with TemporaryDirectory(prefix="haechi-") as scratch:
        outcome = _outcome(options, Path(scratch))
    for said in _beaten(outcome.test):
        warn(f"On its test part {outcome.published.manifest.name} {said}; more history may help")
    emit(_trained(outcome), as_json=as_json, render=lambda console: _render_trained(console, outcome))


def experiment(options: TrainOptions, scratch: Path) -> dict[str, Any]:
    """Train as ``train`` does; what that says with ``--json``, the pictures in ``scratch/pictures``.

    Raises:
        HaechiError: names cause and mend; nothing is registered.
    """
    return _trained(_outcome(options, scratch))


def evaluate(
    data: Sequence[Path],
    shape: str,
    reading: ReadOptions,
    model: str,
    *,
    whole: bool,
    out: Path | None,
    covariates: Path | None = None,
    events: Path | None = None,
    entities: Path | None = None,
    as_json: bool,
) -> None:
    """Judge a published version and print its scores beside the baselines'.

    Raises:
        HaechiError: names cause and mend.
    """
    if covariates is not None or events is not None or entities is not None:
        raise BadInput(
            cause="--covariates, --events and --entities are not of disaster",
            mend="Leave them out: what a hazard's model looks at is read from the files themselves",
        )
    if out is not None:
        check_out(out, data, suffix=".parquet")
    with progress() as bar:
        found = judge_published(model, data, shape, reading, whole=whole, out=out, bar=bar)
    manifest = found.manifest
    summary = {
        "model": manifest.name,
        "version": manifest.version,
        "interval": found.interval,
        "simulated": found.simulated,
        "out": None if out is None else str(out),
        **document(found.judgement),
    }

    def render(console: Console) -> None:
        label = " [SIMULATED]" if found.simulated else ""
        _render(
            console, found.judgement, f"{manifest.name}/{manifest.version}, {found.interval}{label}", _hazard(manifest)
        )
        if out is not None:
            console.print(f"Predictions: {out}", markup=False)

    emit(summary, as_json=as_json, render=render)


def _outcome(options: TrainOptions, scratch: Path) -> Outcome:
    settings = load()
    check_home(settings)
    registry.versions(settings.home / "artifacts", options.name)
    torch.set_num_threads(_THREADS)
    torch.manual_seed(options.seed)
    return run(read_job(options), settings, scratch)


def _beaten(found: Judgement) -> list[str]:
    """Where the model is no better than what needs no model."""
    said = []
    for one in found.quantities:
        if one.count and one.rmse >= one.rmse_persistence:
            said.append(f"errs MORE than persistence at {one.horizon_h} h")
    for each in found.levels:
        for name, skill in each.skills.items():
            if each.came >= FEWEST_CASES and name != "linear" and skill <= 0:
                what = f"the probability of '{each.level}' ({each.kind}) at {each.horizon_h} h"
                said.append(f"has NO skill on {name} in {what}")
    return said


def _trained(outcome: Outcome) -> dict[str, Any]:
    manifest, learned = outcome.published.manifest, outcome.learned
    return {
        "model": manifest.name,
        "version": manifest.version,
        "folder": str(outcome.published.folder),
        "champion": outcome.published.champion,
        "mlflow_run": manifest.mlflow_run,
        "simulated": manifest.simulated,
        "interval": outcome.interval,
        **document(outcome.test),
        "held_out": document(outcome.held_out),
        "training_s": round(outcome.seconds, 1),
        "beaten": _beaten(outcome.test),
        "alarm_thresholds": learned.thresholds,
        "tree_shares": learned.fitted.shares.tolist(),
        "onnx_max_difference": outcome.parity,
        "config": manifest.config,
    }


def _render_trained(console: Console, outcome: Outcome) -> None:
    manifest, published = outcome.published.manifest, outcome.published
    label = " [SIMULATED]" if manifest.simulated else ""
    title = f"{manifest.name}/{manifest.version}, {outcome.interval}{label}"
    _render(console, outcome.test, title, _hazard(manifest))
    console.print(alarm_table(outcome.held_out, "alarms on the years learned from, by fits that had not seen them"))
    console.print(f"Trained in {outcome.seconds:.0f} s")
    console.print(f"Registered {manifest.name}/{manifest.version} in {published.folder}", markup=False)
    if published.champion == manifest.version:
        console.print("It is the champion: `haechi serve` serves it", markup=False)
    else:
        console.print(
            f"Champion stays {manifest.name}/{published.champion}; "
            f"to serve this one: haechi models promote {manifest.name}/{manifest.version}",
            markup=False,
        )


def _hazard(manifest: Manifest) -> Hazard:
    return DisasterConfig.from_json(manifest.config).hazard


def _render(console: Console, found: Judgement, title: str, hazard: Hazard) -> None:
    for table in quantity_tables(found, hazard, title):
        console.print(table)
    console.print(level_table(found, "within", "probability that a level is met at any time up to then"))
    console.print(level_table(found, "met", "probability that a level is met then"))
    console.print(alarm_table(found, "alarms, by event"))
