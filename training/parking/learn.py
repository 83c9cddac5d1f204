"""From counts to an exported model whose intervals and windows are fitted on what it had not learned from."""

from dataclasses import dataclass, replace
from pathlib import Path

from rich.progress import Progress

from features.parking.config import ParkingConfig
from training.export import Graph
from training.parking.calibrate import errors, widths
from training.parking.compose import ByParts, export
from training.parking.fit import Fitted, fit
from training.parking.job import Job
from training.parking.judge import Judgement, judge
from training.parking.replay import Widths
from training.parking.sample import Past
from training.parking.windows import fit_risk

UNIT = "spaces"

_TRACKED_DAYS = 28
"""Of validation, over which widths are tracked and windows fitted before the test begins."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learned:
    """A model ready to be judged.

    Attributes:
        fitted: its parts.
        native: the model that the graph must equal.
        graph: where it lies.
        past: the counts; the state before them has its fitted parts in place, and the widths at the test's start.
        config: with the extremal index.
        validation: the judgement of the last weeks of validation.
    """

    fitted: Fitted
    native: ByParts
    graph: Path
    past: Past
    config: ParkingConfig
    validation: Judgement


def learn(job: Job, threads: int, path: Path, bar: Progress) -> Learned:
    """Fit on the training part, fit intervals on validation, track them to its end.

    Args:
        job: what to train on and how.
        threads: of the trees.
        path: of the graph to write.
        bar: shows what is done and time left.

    Raises:
        BadInput: hardly anything was counted.
    """
    past, split, config = job.past(), job.split, job.config
    fitted = fit(past, split.validation, job.learned, job.recipe, job.seed, threads, bar)
    past.start.width = widths(
        errors(fitted, past, range(split.validation, split.test), job.learned, threads, bar), config
    )
    native = export(fitted, config, UNIT, path)
    tracked = range(max(split.validation + 1, split.test - _TRACKED_DAYS * config.steps_per_day), split.test)
    state = Widths.of(past.start)
    found = judge(Graph(path), past, tracked, job.learned, split.validation, state, bar, what="tracking intervals")
    state.into(past.start)
    extremal_index, unforeseen_risk = fit_risk(found.offering)
    config = replace(config, extremal_index=extremal_index, unforeseen_risk=unforeseen_risk)
    return Learned(
        fitted=fitted,
        native=native,
        graph=path,
        past=replace(past, config=config),
        config=config,
        validation=found,
    )
