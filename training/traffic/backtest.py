"""Rolling origin over a stretch of traffic: fit on what lies before, forecast what lies behind, fit anew, go on."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from rich.progress import Progress

from features.errors import BadInput
from features.series import unit_of
from features.traffic.state import FITTED, TrafficState
from training.backtest import segments
from training.scores import Scoreboard
from training.split import Split
from training.traffic.course import Course
from training.traffic.judge import judge
from training.traffic.leak_check import Walks, check_origin, sample
from training.traffic.origin import Fitted, fit_before
from training.traffic.replay import Issue
from training.traffic.run import TrainingJob


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """When to fit anew, and whether to choose anew.

    Attributes:
        refit_days: between two origins; None fits once.
        choose_each: choose the settings at every origin; else those of the first are kept.
    """

    refit_days: int | None
    choose_each: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segment:
    """One fit and the forecasts that were issued with it.

    Attributes:
        rows: issue times; the first is the origin.
        fitted: on everything before.
        scores: of those forecasts whose targets end within the interval judged.
    """

    rows: range
    fitted: Fitted
    scores: Scoreboard


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Backtest:
    """A stretch of time forecast as it would have been.

    Attributes:
        scores: over all segments.
        segments: in order of time.
        course: of the errors.
        checked: issue times that the leak check forecast twice.
    """

    scores: Scoreboard
    segments: list[Segment]
    course: Course
    checked: int


def backtest(
    job: TrainingJob, plan: Plan, scratch: Path, bar: Progress, sink: Callable[[Issue], None] | None = None
) -> Backtest:
    """Forecast every issue time of the test interval with the last model fitted before it.

    The state goes on from one model to the next, its profile and its interval with it, unless other settings of the
    features are chosen. ``haechi train`` judges by the same steps: with one origin these are its figures.

    Args:
        job: what to train on and how; its test interval is what is judged.
        plan: when to fit anew.
        scratch: a folder for the graphs.
        bar: shows steps done and time left.
        sink: is handed every issue that was scored.

    Raises:
        BadInput: no room to train before the first origin, or nothing measured after it.
        HaechiError: a forecast changes with what was measured after it was issued.
    """
    parts = segments(
        job.split.test,
        job.split.end,
        every_days=plan.refit_days,
        steps_per_day=job.config.steps_per_day,
        horizon_steps=job.config.horizon_steps,
    )
    first = fit_before(job, scratch / "0.onnx", bar)
    checked, sampled = check_origin(job, first, scratch, bar), sample(job)
    course, found, state = Course(model=first.name), list[Segment](), first.state
    for number, rows in enumerate(parts):
        fitted = first
        if number:
            fitted = fit_before(
                _at(job, rows.start, None if plan.choose_each else first), scratch / f"{number}.onnx", bar
            )
            state = _carried_on(state, found[-1].fitted, fitted)
        walks = Walks(rows, sampled, fitted.config)
        seen = _each(walks.see, course.see, *([] if sink is None else [sink]))
        scores = _board(job, fitted)
        state = judge(
            fitted.predict, state, job.panel, rows, fitted.config, scores, bar, seen, until=job.split.end
        ).state
        checked += walks.check(job.panel, fitted, job.seed)
        found.append(Segment(rows=rows, fitted=fitted, scores=scores))
    total = _board(job, first)
    for segment in found:
        total.join(segment.scores)
    if not total.count.sum():
        raise BadInput(cause="Nothing was measured after the first origin", mend="Choose another --split or --from")
    return Backtest(scores=total, segments=found, course=course, checked=checked)


def _at(job: TrainingJob, origin: int, kept: Fitted | None) -> TrainingJob:
    """The job at a later origin: all before it to train on, as long a validation; with ``kept``, its choices."""
    length = job.split.test - job.split.validation
    job = replace(job, split=Split(validation=origin - length, test=origin, end=job.split.end))
    return job if kept is None else replace(job, config=kept.config, gains=(), ridges=(kept.ridge,))


def _carried_on(state: TrafficState, before: Fitted, now: Fitted) -> TrafficState:
    """The state that was lived through with what was fitted now; where the profile adapts otherwise, training's own."""
    if before.config != now.config:
        return now.state
    return replace(state, **{name: getattr(now.state, name) for name in FITTED})


def _board(job: TrainingJob, fitted: Fitted) -> Scoreboard:
    return Scoreboard(model=fitted.name, quantiles=fitted.config.quantiles, unit=unit_of(job.panel.quantity))


def _each(*sinks: Callable[[Issue], None]) -> Callable[[Issue], None]:
    def see(issue: Issue) -> None:
        for sink in sinks:
            sink(issue)

    return see
