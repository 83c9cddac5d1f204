"""``haechi backtest traffic``, from options to what is printed."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from features.atomic import writing
from features.clock import utc_times, wall_clock
from features.console import emit, progress
from features.errors import BadInput
from features.figure import save_png
from features.series import Panel, unit_of
from features.tables.columns import instant
from features.tables.source import check_out
from training import pictures
from training.backtest import NEVER, refit_days
from training.options import TrainOptions
from training.predictions import PredictionWriter, prediction_writer
from training.tables import coverage_line, finite, score_table
from training.traffic.backtest import Backtest, Plan, Segment
from training.traffic.backtest import backtest as play
from training.traffic.commands import same_bits
from training.traffic.evaluate import rows_into
from training.traffic.job import read_job
from training.traffic.run import TrainingJob


@dataclass(frozen=True, slots=True, kw_only=True)
class _Label:
    """What every prediction says of its model; version 0 was never published."""

    name: str
    quantity: str
    unit: str
    step_min: int
    simulated: bool
    quantiles: tuple[float, ...]
    version: int = 0


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
    """Play a stretch of the past with models fitted as it went on, and print one score beside the baselines'.

    Args:
        options: those of ``haechi train``.
        refit: days between two fits, or ``never``.
        first_origin: when the stretch begins; None: at the test part.
        choose_each: choose settings at every fit.
        out: a Parquet file for the predictions, or None.
        png: a file for the picture, or None.
        as_json: print one document.

    Raises:
        HaechiError: names cause and mend.
    """
    plan = Plan(refit_days=refit_days(refit), choose_each=choose_each)
    for path, suffix in ((out, ".parquet"), (png, ".png")):
        if path is not None:
            check_out(path, options.data, suffix=suffix)
    job = read_job(options, test_from=_origin(options, first_origin))
    same_bits(job.seed)
    with TemporaryDirectory(prefix="haechi-") as scratch, _table(out, job) as predictions, _file(png) as picture:
        with progress() as bar:
            found = play(job, plan, Path(scratch), bar, rows_into(predictions))
        if picture is not None:
            save_png(_drawn(found, job), picture)
    document = _document(found, job, plan) | {"out": out and str(out), "png": png and str(png)}
    emit(document, as_json=as_json, render=lambda console: _render(console, found, document))


def _origin(options: TrainOptions, text: str | None) -> datetime | None:
    if text is None:
        return None
    if options.split_at is not None:
        raise BadInput(
            cause=f"--from {text} and --split-at {','.join(options.split_at)} both say where the interval begins",
            mend="Leave one out; the second time of --split-at is the first origin",
        )
    return instant(text, options.timezone)


def _table(out: Path | None, job: TrainingJob) -> AbstractContextManager[PredictionWriter | None]:
    panel = job.panel
    if out is None:
        return nullcontext()
    label = _Label(
        name=job.name,
        quantity=panel.quantity,
        unit=unit_of(panel.quantity),
        step_min=panel.step_min,
        simulated=job.simulated,
        quantiles=job.config.quantiles,
    )
    return prediction_writer(out, label, panel.entities)


def _file(png: Path | None) -> AbstractContextManager[Path | None]:
    return nullcontext() if png is None else writing(png)


def _drawn(found: Backtest, job: TrainingJob) -> Figure:
    times = utc_times(job.panel.start, job.panel.step_min, len(job.panel))
    days = wall_clock(times, job.config.timezone)[0].astype("datetime64[D]")
    label = " - SIMULATED" if job.simulated else ""
    return pictures.error_by_day(
        *found.course.by_day(days),
        origins=days[[segment.rows.start for segment in found.segments]],
        title=f"Error by day of issue; a line where the model was fitted{label}",
        unit=found.scores.unit,
    )


def _best_baseline(found: Backtest) -> str:
    scores = found.scores
    return min((name for name in scores.absolute if name != scores.model), key=scores.mae)


def _document(found: Backtest, job: TrainingJob, plan: Plan) -> dict[str, Any]:
    scores, panel, best = found.scores, job.panel, _best_baseline(found)
    return {
        "model": job.name,
        "kind": scores.model,
        "interval": [panel.time(job.split.test).isoformat(), panel.time(job.split.end).isoformat()],
        "refit_days": plan.refit_days,
        "choose_each": plan.choose_each,
        "leak_check": {"passed": True, "issue_times": found.checked},
        "scores": finite(scores.table()),
        "coverage": scores.coverage(),
        "pinball": scores.mean_pinball(),
        "targets": int(scores.count.sum()),
        "issue_times_scored": scores.issues,
        "best_baseline": best,
        "segments": finite([_row(segment, panel, best) for segment in found.segments]),
        "config": found.segments[0].fitted.config.to_json(),
        "simulated": job.simulated,
    }


def _row(segment: Segment, panel: Panel, best: str) -> dict[str, float | str]:
    scores = segment.scores
    return {
        "origin": panel.time(segment.rows.start).astimezone(UTC).isoformat(),
        "values_fitted": segment.fitted.values,
        "mae": scores.mae(scores.model),
        "baseline_mae": scores.mae(best),
        "coverage": scores.coverage(),
        "issue_times": scores.issues,
        "fit_s": round(segment.fitted.took_s, 1),
    }


def _render(console: Console, found: Backtest, document: dict[str, Any]) -> None:
    scores, days = found.scores, document["refit_days"]
    label = " [SIMULATED]" if document["simulated"] else ""
    refit = f"refit {NEVER}" if days is None else f"refit every {days} days"
    first, last = (text[:10] for text in document["interval"])
    console.print(score_table(scores, title=f"Rolling origin {first} to {last}, {refit}{label}"))
    table = Table(title=f"by origin\nmean absolute error, {scores.unit}")
    for name in ("origin (UTC)", "values fitted", scores.model, document["best_baseline"], "coverage", "fit s"):
        table.add_column(name, justify="left" if name.startswith("origin") else "right")
    for row in document["segments"]:
        errors = (_figure(row[key], ".2f") for key in ("mae", "baseline_mae"))
        rest = (_figure(row["coverage"], ".1%"), f"{row['fit_s']:.1f}")
        table.add_row(row["origin"][:16], f"{row['values_fitted']:,}", *errors, *rest)
    console.print(table)
    console.print(coverage_line(scores, found.segments[0].fitted.config.interval), markup=False)
    console.print(f"leak check: passed, {found.checked} issue times", markup=False)
    for what, path in (("Predictions", document["out"]), ("Picture", document["png"])):
        if path is not None:
            console.print(f"{what}: {path}", markup=False)


def _figure(value: float | None, how: str) -> str:
    return "-" if value is None else format(value, how)
