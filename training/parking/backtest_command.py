"""``haechi backtest parking``: rolling origin, each stretch forecast by a model fitted on what lay before it."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from features.console import emit, progress
from features.errors import BadInput, HaechiError
from features.parking.advance import Raw
from features.parking.build import build
from features.tables.columns import instant
from training.backtest import hidden, refit_days, segments
from training.export import Graph
from training.options import TrainOptions
from training.parking.commands import same_bits
from training.parking.job import Job, read_job
from training.parking.judge import CHANGE, MODEL, Judgement, judge
from training.parking.learn import Learned, learn
from training.parking.replay import Widths
from training.split import Split

_THREADS = 2
_CHECKED = 3


def backtest(
    options: TrainOptions,
    *,
    refit: str,
    first_origin: str | None,
    choose_each: bool,
    out: Path | None,
    png: Path | None,
    as_json: bool,
) -> None:
    """Play a stretch of the past with models fitted as it went on, and print scores beside the baselines'.

    Raises:
        HaechiError: names cause and mend; nothing is registered.
    """
    if choose_each or out is not None or png is not None:
        raise BadInput(
            cause="--choose-each, --out and --png are not of parking: nothing is chosen at a fit",
            mend="Leave them out; `haechi evaluate parking --out` writes predictions",
        )
    if first_origin is not None and options.split_at is not None:
        raise BadInput(
            cause=f"--from {first_origin} and --split-at both say where the stretch begins", mend="Leave one out"
        )
    every = refit_days(refit)
    test_from = None if first_origin is None else instant(first_origin, options.timezone)
    job = read_job(options, test_from=test_from)
    same_bits(job.seed)
    stretches = segments(
        job.split.test,
        job.split.end,
        every_days=every,
        steps_per_day=job.config.steps_per_day,
        horizon_steps=job.config.horizon_steps,
    )
    found, checked = [], 0
    with progress() as bar, TemporaryDirectory(prefix="haechi-") as scratch:
        for number, rows in enumerate(stretches):
            own = _at(job, rows)
            learned = learn(own, _THREADS, Path(scratch) / f"{number}.onnx", bar)
            checked += _check_leaks(learned, rows, job.seed)
            widths = Widths.of(learned.past.start)
            graph = Graph(learned.graph)
            found.append(judge(graph, learned.past, rows, job.learned, rows.start, widths, bar))
    rows_shown = [_row(job, rows, one) for rows, one in zip(stretches, found, strict=True)]
    document = {
        "model": job.name,
        "refit_days": every,
        "leak_check": {"passed": True, "issue_times": checked},
        "segments": rows_shown,
        "mae": _mean(found, MODEL),
        "mae_baseline": _mean(found, CHANGE),
        "simulated": job.simulated,
        "config": job.config.to_json(),
    }
    emit(document, as_json=as_json, render=lambda console: _render(console, document))


def _at(job: Job, rows: range) -> Job:
    """The job as it was at an origin: what lies before is train and validation in the ratio of its own split."""
    validation = round(rows.start * job.split.validation / job.split.test)
    return replace(
        job,
        panel=job.panel.window(0, rows.stop),
        split=Split(validation=validation, test=rows.start, end=rows.stop),
    )


def _check_leaks(learned: Learned, rows: range, seed: int) -> int:
    """Features are the same whatever comes after their issue time.

    Raises:
        HaechiError: they are not.
    """
    past, chance = learned.past, np.random.default_rng(seed)
    for row in np.linspace(rows.start, rows.stop - 1, _CHECKED).astype(int).tolist():
        now = past.panel.time(row)
        # A reading is known at its own instant, a step before an interval would be; a covariate when it is available.
        other = replace(past, panel=hidden(past.panel, row + 1, chance))
        covariates = hidden(past.panel, row, chance).covariates
        other = replace(other, panel=replace(other.panel, covariates=covariates))
        tables = [build(Raw(measured=one.known(row)), one.start, one.config, [now]).inputs for one in (past, other)]
        for name, array in tables[0].items():
            if not np.array_equal(array, tables[1][name], equal_nan=array.dtype.kind == "f"):
                raise HaechiError(
                    cause=f"'{name}' issued at {now.isoformat()} changes with what came after it",
                    mend="Report this: a forecast that knows its future is none",
                )
    return _CHECKED


def _row(job: Job, rows: range, one: Judgement) -> dict[str, Any]:
    return {
        "origin": job.panel.time(rows.start).isoformat(),
        "mae": one.shares.mae(MODEL),
        "mae_baseline": one.shares.mae(CHANGE),
        "coverage": one.shares.coverage(),
        "windows_stated_risk": one.offered.stated,
        "windows_failed": one.offered.failed,
        "issue_times": one.shares.issues,
    }


def _mean(found: list[Judgement], name: str) -> float:
    return float(sum(one.shares.absolute[name].sum() for one in found) / sum(one.shares.count.sum() for one in found))


def _render(console: Console, document: dict[str, Any]) -> None:
    label = " [SIMULATED]" if document["simulated"] else ""
    table = Table(title=f"Rolling origin{label}\nmean absolute error, % of capacity")
    for name in ("origin (UTC)", MODEL, CHANGE, "80 % interval holds", "windows: stated", "failed", "issue times"):
        table.add_column(name, justify="left" if name.startswith("origin") else "right")
    for row in document["segments"]:
        shares = (f"{row[key]:.1%}" for key in ("coverage", "windows_stated_risk", "windows_failed"))
        table.add_row(
            row["origin"][:16], f"{row['mae']:.2f}", f"{row['mae_baseline']:.2f}", *shares, f"{row['issue_times']:,}"
        )
    console.print(table)
    console.print(f"All: {document['mae']:.2f}, {CHANGE} {document['mae_baseline']:.2f}", markup=False)
    console.print(f"leak check: passed, {document['leak_check']['issue_times']} issue times", markup=False)
