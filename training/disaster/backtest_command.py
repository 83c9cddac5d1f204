"""``haechi backtest disaster``: every year forecast by a model that has not seen it, its alarm chosen elsewhere."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console
from rich.progress import Progress

from features.clock import utc_times
from features.console import emit, progress
from features.errors import BadInput
from training.alarms import Alarms, all_places
from training.disaster.bins import fit_bins
from training.disaster.fit import fit
from training.disaster.job import Job, read_job
from training.disaster.judge import Answers, alarms_at, choose_thresholds, judge
from training.disaster.learn import own_quantity, start_state
from training.disaster.parts import Parts, parts
from training.disaster.report import alarm_table, document, level_table, quantity_tables
from training.disaster.sample import Said, Sample, sample_of
from training.disaster.scores import AlarmScore, Judgement
from training.options import TrainOptions

_NEVER = "never"


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
    """Leave out one year after the other, fit on the others, and judge the year left out; registers nothing.

    Raises:
        HaechiError: names cause and mend.
    """
    if refit != _NEVER or first_origin is not None or choose_each or out is not None or png is not None:
        raise BadInput(
            cause="A hazard is judged by leaving out one year after the other, not by rolling origin",
            mend="Leave out --refit-days, --from, --choose-each, --out and --png",
        )
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    job = read_job(options)
    with progress() as bar:
        found = leave_one_out(job, bar)
    title = f"{job.config.hazard.name}: every year by a model that had not seen it"
    label = " [SIMULATED]" if job.simulated else ""

    def render(console: Console) -> None:
        for table in quantity_tables(found, job.config.hazard, f"{title}{label}"):
            console.print(table)
        console.print(level_table(found, "within", "probability that a level is met at any time up to then"))
        console.print(level_table(found, "met", "probability that a level is met then"))
        console.print(alarm_table(found, "alarms, by event; each year's threshold was chosen on the others"))

    emit(
        {"hazard": job.config.hazard.name, "simulated": job.simulated, **document(found)},
        as_json=as_json,
        render=render,
    )


def leave_one_out(job: Job, bar: Progress) -> Judgement:
    """The judgement over all years, each left out of everything that was fitted or chosen for it.

    Raises:
        BadInput: fewer than three years, or stretches, were measured.
    """
    measured, config = job.measured, job.config
    times = utc_times(measured.start, measured.step_min, len(measured))
    known = own_quantity(measured, job.places, config)
    dealt = parts(times, known, config, None)
    blocks = np.unique(dealt.block[known])
    said: Answers | None = None
    sample: Sample | None = None
    alarms: dict[str, list[Alarms]] = {level.name: [] for level in config.hazard.levels}
    thresholds: dict[str, list[float]] = {level.name: [] for level in config.hazard.levels}
    for block in bar.track(blocks.tolist(), description="leaving out"):
        learned = known & (dealt.block != block)
        state = start_state(measured, job.places, job.sources, learned, config)
        own = sample_of(measured, state, config, Progress(disable=True))
        fold = _fold(dealt, learned, max(config.horizons_steps), blocks[blocks != block])[own.issue]
        fits = fit(own, fold, config, job.recipe, job.seed, Progress(disable=True))
        chosen = choose_thresholds(fits.model.held_out, own, fold >= 0, config, job.recipe.miss_cost)
        rows = (dealt.block == block)[own.issue] & own.inputs["now_mask"].astype(np.bool_)
        bins = fit_bins(own, fold >= 0, config).said(own, config)
        answers = Answers(model=fits.model.answer(own, rows), linear=fits.linear.answer(own, rows), bins=bins)
        for number, level in enumerate(config.hazard.levels):
            alarms[level.name].append(alarms_at(answers.model, own, rows, config, number, chosen[level.name]))
            thresholds[level.name].append(chosen[level.name])
        said = answers if said is None else _joined(said, answers, rows)
        # Climatology is of the years learned from: each year is judged beside that of the others.
        sample = own if sample is None else _with_usual(sample, own, rows)
    if said is None or sample is None:
        raise BadInput(cause="Nothing was measured", mend="Give a file with readings")
    mean = {name: float(np.median(each)) for name, each in thresholds.items()}
    whole = judge(said, sample, np.ones(len(sample), dtype=np.bool_), config, mean)
    scores = tuple(
        AlarmScore(level=name, horizon_h=config.hazard.alarm_h, threshold=mean[name], alarms=all_places(each))
        for name, each in alarms.items()
    )
    return replace(whole, alarms=scores)


def _fold(
    dealt: Parts, learned: npt.NDArray[np.bool_], apart: int, blocks: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    place = np.searchsorted(blocks, dealt.block) % min(4, len(blocks))
    return np.where(learned & dealt.apart(apart), place, -1)


def _joined(said: Answers, more: Answers, rows: npt.NDArray[np.bool_]) -> Answers:
    """``said``, in ``rows`` what ``more`` says."""

    def one(first: Said, second: Said) -> Said:
        found = {name: getattr(first, name).copy() for name in ("level", "within", "met")}
        for name, array in found.items():
            array[rows] = getattr(second, name)[rows]
        return Said(**found)

    return Answers(
        model=one(said.model, more.model), linear=one(said.linear, more.linear), bins=one(said.bins, more.bins)
    )


def _with_usual(sample: Sample, own: Sample, rows: npt.NDArray[np.bool_]) -> Sample:
    inputs = dict(sample.inputs)
    for name in ("usual", "usual_within"):
        inputs[name] = inputs[name].copy()
        inputs[name][rows] = own.inputs[name][rows]
    return replace(sample, inputs=inputs)
