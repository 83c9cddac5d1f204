"""``haechi train traffic`` and ``haechi evaluate traffic``, from options to what is printed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from rich.console import Console

from features import registry
from features.console import emit, note, progress, warn
from features.errors import BadInput
from features.settings import load
from features.tables import read_panel
from features.tables.columns import ReadOptions
from features.tables.source import check_out
from features.traffic.config import TrafficConfig
from features.traffic.happening import AbnormalFlow
from training.covariates import joined_as_trained
from training.ledger import Ledger
from training.options import TrainOptions
from training.places import positions
from training.provenance import is_simulated
from training.publish import check_home
from training.registered import opened_of
from training.scores import Scoreboard
from training.tables import coverage_line, finite, regime_table, score_table, sites_line
from training.traffic.evaluate import evaluate as judge_published
from training.traffic.job import read_job
from training.traffic.run import Outcome, run
from training.traffic.watching import WatchedPlaces, write_events

_THREADS = 2


def train(options: TrainOptions, *, as_json: bool) -> None:
    """Train on what ``options`` names, publish, and print the scores.

    Raises:
        HaechiError: names cause and mend; nothing is registered.
    """
    with TemporaryDirectory(prefix="haechi-") as scratch:
        outcomes = _outcomes(options, Path(scratch))
    for outcome in outcomes:
        for name in _beaten_by(outcome.scores):
            label = outcome.published.manifest.name
            warn(f"On its test interval {label} errs MORE than '{name}', which needs no model; more history may help")

    def render(console: Console) -> None:
        for outcome in outcomes:
            _render_trained(console, outcome)

    emit(_documents(outcomes), as_json=as_json, render=render)


def same_bits(seed: int) -> None:
    """From here on the same sums in the same order, and the same chance, on every machine with two cores or more."""
    torch.set_num_threads(_THREADS)
    torch.manual_seed(seed)


def experiment(options: TrainOptions, scratch: Path) -> dict[str, Any]:
    """Train as ``train`` does; what that says with ``--json``, the pictures of the first in ``scratch/pictures``.

    Raises:
        HaechiError: names cause and mend; nothing is registered.
    """
    return _documents(_outcomes(options, scratch))


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
    if entities is not None and events is None:
        raise BadInput(cause="--entities is given without --events", mend="Add --events FILE.jsonl, or leave it out")
    if out is not None:
        check_out(out, data, suffix=".parquet")
    if events is not None:
        check_out(events, data, suffix=".jsonl")
        # Its name looks like that of a file to be read, and what lies there may be somebody's only record.
        if events.exists() and events.stat().st_size:
            raise BadInput(
                cause=f"{events} is there already", mend="Name a new file to write the events to, or move it"
            )
    folder, manifest = opened_of("traffic", model)
    places = None
    if events is not None:
        known = None if entities is None else positions(entities, reading.columns.entity, manifest.entities)
        places = WatchedPlaces(positions=known)
    panel, findings, _ = read_panel(data, shape, reading)
    for line in findings.lines():
        note(line)
    if panel.quantity != manifest.quantity:
        raise BadInput(
            cause=f"The file holds {panel.quantity}, the model forecasts {manifest.quantity}",
            mend="Name the right column with --value-col, or rename it",
        )
    names = TrafficConfig.from_json(manifest.config).covariates
    panel = joined_as_trained(panel, covariates, reading.columns.timezone, names)
    with progress() as bar:
        found = judge_published(manifest, folder, panel, whole=whole, out=out, bar=bar, watched=places)
    if found.left_out:
        warn(f"{len(found.left_out)} entities that the model does not know are left out, e.g. {found.left_out[0]}")
    simulated = manifest.simulated or is_simulated([*data, *([] if covariates is None else [covariates])])
    if events is not None and found.events is not None:
        write_events(found.events, manifest, events, simulated=simulated)
    document = {
        "model": manifest.name,
        "version": manifest.version,
        "interval": [panel.time(found.first).isoformat(), panel.end.isoformat()],
        "remark": found.remark,
        "scores": finite(found.scores.table()),
        "coverage": found.scores.coverage(),
        "pinball": found.scores.mean_pinball(),
        **_held(found.ledger),
        "targets": int(found.scores.count.sum()),
        "entities_left_out": list(found.left_out),
        "simulated": simulated,
        "out": None if out is None else str(out),
        "events": None if events is None else {"file": str(events), "kinds": _kinds(found.events or [])},
    }

    def render(console: Console) -> None:
        label = " [SIMULATED]" if document["simulated"] else ""
        title = f"{manifest.name}/{manifest.version}, {panel.time(found.first):%Y-%m-%d} to {panel.end:%Y-%m-%d}{label}"
        console.print(score_table(found.scores, title=title))
        console.print(coverage_line(found.scores, TrafficConfig.from_json(manifest.config).interval), markup=False)
        _render_held(console, found.ledger)
        console.print(found.remark, markup=False)
        if out is not None:
            console.print(f"Predictions: {out}", markup=False)
        if events is not None:
            kinds = [f"{count} of {kind}" for kind, count in _kinds(found.events or []).items()]
            console.print(f"Events: {', '.join(kinds) or 'none'}: {events}", markup=False)

    emit(document, as_json=as_json, render=render)


def _kinds(events: list[AbnormalFlow]) -> dict[str, int]:
    return {str(kind): count for kind, count in sorted(Counter(event.kind for event in events).items())}


def _outcomes(options: TrainOptions, scratch: Path) -> tuple[Outcome, ...]:
    settings = load()
    check_home(settings)
    registry.versions(settings.home / "artifacts", options.name)
    same_bits(options.seed)
    return run(read_job(options), settings, scratch)


def _documents(outcomes: tuple[Outcome, ...]) -> dict[str, Any]:
    """Of the first, and under ``also`` of the others."""
    first, *others = [_trained(outcome) for outcome in outcomes]
    return first | {"also": others}


def _trained(outcome: Outcome) -> dict[str, Any]:
    published, trained, scores = outcome.published, outcome.trained, outcome.scores
    manifest = published.manifest
    return {
        "model": manifest.name,
        "version": manifest.version,
        "folder": str(published.folder),
        "champion": published.champion,
        "mlflow_run": manifest.mlflow_run,
        "simulated": manifest.simulated,
        "scores": finite(scores.table()),
        "beaten_by": _beaten_by(scores),
        "coverage": scores.coverage(),
        "pinball": scores.mean_pinball(),
        **_held(outcome.ledger),
        "issue_times_scored": scores.issues,
        "validation": [
            {"what": one.what, "setting": one.setting, "mae": one.validation_mae} for one in trained.choices
        ],
        "validation_coverage": trained.validation_coverage,
        "shares": trained.shares,
        "onnx_max_difference": outcome.parity,
        "config": trained.config.to_json(),
    }


def _beaten_by(scores: Scoreboard) -> list[str]:
    """The baselines that err less than the model over all steps: a model that nobody needs."""
    return [name for name in scores.absolute if scores.mae(name) < scores.mae(scores.model)]


def _render_trained(console: Console, outcome: Outcome) -> None:
    manifest, published = outcome.published.manifest, outcome.published
    label = " [SIMULATED]" if manifest.simulated else ""
    console.print(score_table(outcome.scores, title=f"{manifest.name}/{manifest.version} on its test interval{label}"))
    console.print(coverage_line(outcome.scores, outcome.trained.config.interval), markup=False)
    _render_held(console, outcome.ledger)
    shares = ", ".join(f"{name} {share:.0%}" for name, share in outcome.trained.shares.items())
    console.print(f"Made of: {shares}", markup=False)
    console.print(f"Registered {manifest.name}/{manifest.version} in {published.folder}", markup=False)
    if published.champion == manifest.version:
        console.print("It is the champion: `haechi serve` serves it", markup=False)
    else:
        console.print(
            f"Champion stays {manifest.name}/{published.champion}; "
            f"to serve this one: haechi models promote {manifest.name}/{manifest.version}",
            markup=False,
        )


def _held(ledger: Ledger) -> dict[str, Any]:
    """Where and when the model errs and its interval holds, for --json."""
    return {"coverage_by_site": asdict(ledger.sites()), "by_regime": ledger.regimes()}


def _render_held(console: Console, ledger: Ledger) -> None:
    console.print(sites_line(ledger), markup=False)
    console.print(regime_table(ledger))
