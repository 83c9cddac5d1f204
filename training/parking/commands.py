"""``haechi train parking`` and ``haechi evaluate parking``, from options to what is printed."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from rich.console import Console

from features import registry
from features.console import emit, progress, warn
from features.errors import BadInput
from features.settings import load
from features.tables.columns import ReadOptions
from features.tables.source import check_out
from training.options import TrainOptions
from training.parking.evaluate import evaluate as judge_published
from training.parking.job import read_job
from training.parking.judge import Judgement
from training.parking.report import beaten_by, cold_line, document, full_table, held_table, windows_line
from training.parking.run import Outcome, run
from training.publish import check_home
from training.registered import opened_of
from training.tables import coverage_line, regime_table, score_table

_THREADS = 2
_INTERVAL = 0.8


def train(options: TrainOptions, *, as_json: bool) -> None:
    """Train on what ``options`` names, publish, and print the scores.

    Raises:
        HaechiError: names cause and mend; nothing is registered.
    """
    with TemporaryDirectory(prefix="haechi-") as scratch:
        outcome = _outcome(options, Path(scratch))
    label = outcome.published.manifest.name
    for name in beaten_by(outcome.test):
        warn(f"On its test part {label} errs MORE than '{name}', which needs no model; more history may help")
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
    entities: Path | None = None,
    covariates: Path | None = None,
    events: Path | None = None,
    as_json: bool,
) -> None:
    """Judge a published version and print its scores beside the baselines'.

    Raises:
        HaechiError: names cause and mend.
    """
    if covariates is not None or events is not None:
        raise BadInput(cause="--covariates and --events are not of parking", mend="Leave them out")
    if out is not None:
        check_out(out, data, suffix=".parquet")
    same_bits(0)
    with progress() as bar:
        opened = opened_of("parking", model)
        found = judge_published(opened, data, shape, reading, entities=entities, whole=whole, out=out, bar=bar)
    manifest = found.manifest
    summary = {
        "model": manifest.name,
        "version": manifest.version,
        "interval": found.interval,
        "remark": found.remark,
        "simulated": found.simulated,
        "out": None if out is None else str(out),
        **document(found.judgement),
    }

    def render(console: Console) -> None:
        label = " [SIMULATED]" if found.simulated else ""
        _render(console, found.judgement, f"{manifest.name}/{manifest.version}, {found.interval}{label}")
        console.print(found.remark, markup=False)
        if out is not None:
            console.print(f"Predictions: {out}", markup=False)

    emit(summary, as_json=as_json, render=render)


def same_bits(seed: int) -> None:
    """From here on the same sums in the same order, and the same chance, on every machine with two cores or more."""
    torch.set_num_threads(_THREADS)
    torch.manual_seed(seed)


def _outcome(options: TrainOptions, scratch: Path) -> Outcome:
    settings = load()
    check_home(settings)
    registry.versions(settings.home / "artifacts", options.name)
    same_bits(options.seed)
    return run(read_job(options), settings, scratch)


def _trained(outcome: Outcome) -> dict[str, Any]:
    manifest = outcome.published.manifest
    return {
        "model": manifest.name,
        "version": manifest.version,
        "folder": str(outcome.published.folder),
        "champion": outcome.published.champion,
        "mlflow_run": manifest.mlflow_run,
        "simulated": manifest.simulated,
        **document(outcome.test),
        "validation": document(outcome.validation),
        "cold_start": asdict(outcome.cold),
        "training_s": round(outcome.seconds, 1),
        "onnx_max_difference": outcome.parity,
        "config": manifest.config,
    }


def _render_trained(console: Console, outcome: Outcome) -> None:
    manifest, published = outcome.published.manifest, outcome.published
    label = " [SIMULATED]" if manifest.simulated else ""
    _render(console, outcome.test, f"{manifest.name}/{manifest.version} on its test part{label}")
    console.print(cold_line(outcome.cold), markup=False)
    console.print(f"Trained and judged in {outcome.seconds:.0f} s")
    console.print(f"Registered {manifest.name}/{manifest.version} in {published.folder}", markup=False)
    if published.champion == manifest.version:
        console.print("It is the champion: `haechi serve` serves it", markup=False)
    else:
        console.print(
            f"Champion stays {manifest.name}/{published.champion}; "
            f"to serve this one: haechi models promote {manifest.name}/{manifest.version}",
            markup=False,
        )


def _render(console: Console, found: Judgement, title: str) -> None:
    console.print(score_table(found.shares, title=f"{title}, {len(found.lots)} lots"))
    console.print(coverage_line(found.shares, _INTERVAL), markup=False)
    for table in (full_table(found), held_table(found)):
        console.print(table)
    console.print(windows_line(found.offered), markup=False)
    console.print(regime_table(found.ledger))
