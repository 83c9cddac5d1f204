"""What a competent user gets from LightGBM in an afternoon, on the split and the targets that ``haechi train`` scores.

Run from the repository's root, with the flags of ``haechi train traffic``:
``python -m experiments.traffic.plain_lightgbm --data FILE [--run FILE.toml] [--every 5] [--predictions FILE.parquet]``.
Prints a Markdown table and what it took: minutes, on ``los_loop`` and on Seoul with every fifth issue time.

One model for all places and steps: the last values, the values of the target's own time of day some days before, their
means, the place as a category, the calendar of the target, and the step. No profile. It is fitted on absolute errors;
how many trees is found by early stopping on validation, then it is fitted again on train and validation.

Beside it stands the profile of the week: the mean of each place's weekday and time of day over everything before the
test. With ``--predictions`` (of ``haechi evaluate traffic --out``) a model is scored at the same issue times.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

import lightgbm
import numpy as np
import polars as pl
import typer

import haechi
from features.calendar import days
from features.clock import utc_times
from features.series import FloatArray
from training.options import called_as, train_options
from training.scores import Scoreboard
from training.traffic.job import read_job
from training.traffic.run import TrainingJob

PLAIN, WEEK = "plain LightGBM", "mean of the hour of the week"
TRAIN_ROWS, VALIDATION_ROWS, MOST_TREES = 400_000, 100_000, 400
LAGS = (1, 2, 3, 4, 5, 6, 9, 12, 18, 24)
DAYS_BEFORE = (1, 2, 7, 14, 21, 28)
SETTINGS = {
    "objective": "l1",
    "learning_rate": 0.1,
    "num_leaves": 63,
    "min_data_in_leaf": 100,
    "max_bin": 127,
    "verbose": -1,
    "deterministic": True,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Measurements with what is known of every row's time, beyond their end as well.

    Attributes:
        job: split and settings.
        values: (time, entity), NaN where missing.
        day_type: (time,), weekday or holiday.
        slot: (time,), number of the step in its day.
        flags: (time, 3), of the calendar.
    """

    job: TrainingJob
    values: FloatArray
    day_type: np.ndarray
    slot: np.ndarray
    flags: np.ndarray

    def features(self, origin: np.ndarray, place: np.ndarray, step: np.ndarray) -> np.ndarray:
        """(row, feature): what is known at the start of row ``origin`` of the target ``step`` steps on, the first 1."""
        target, per_day = origin + step - 1, self.job.config.steps_per_day
        lags = [self._at(origin - lag, place) for lag in LAGS]
        # The target's own time of day, so many days before; not where that had not been measured yet.
        before = [(target - each * per_day) for each in DAYS_BEFORE]
        same = [np.where(rows < origin, self._at(rows, place), np.nan) for rows in before]
        with np.errstate(all="ignore"):
            known = ~np.isnan(same[2:])
            weeks = np.where(known.any(axis=0), np.nansum(same[2:], axis=0) / known.sum(axis=0), np.nan)
        calendar = [self.day_type[target], self.slot[target], *self.flags[target].T]
        return np.stack([*lags, *same, weeks, *calendar, step, place], axis=1).astype(np.float32)

    def _at(self, row: np.ndarray, place: np.ndarray) -> np.ndarray:
        return np.where(row >= 0, self.values[np.clip(row, 0, len(self.values) - 1), place], np.nan)


def main() -> None:
    """Fit, forecast the test interval, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="score every N-th issue time")
    parser.add_argument("--predictions", type=Path, help="of haechi evaluate --out: scored beside")
    own, words = parser.parse_known_args()
    train = typer.main.get_command(haechi.app).commands["train"]  # type: ignore[attr-defined]  # it is a group
    context, flags = called_as(train, ["traffic", *words])
    options = train_options(context, flags, context.params["run"], context.params["assignments"] or ())
    began = perf_counter()
    rows = _rows(read_job(options))
    model, trees = _fitted(rows, np.random.default_rng(options.seed))
    scores = _judged(rows, model, own.every, own.predictions)
    sys.stdout.write(_table(scores))
    sys.stdout.write(
        f"\n{PLAIN}: {trees} trees (of {MOST_TREES} at most) of {SETTINGS['num_leaves']} leaves, "
        f"fitted on {TRAIN_ROWS:,} sampled rows at most; "
        f"{scores.issues:,} issue times, {int(scores.count.sum()):,} measured targets; "
        f"{perf_counter() - began:.0f} s, {process_time():.0f} s of them computing\n"
    )


def _rows(job: TrainingJob) -> Rows:
    config = job.config
    times = utc_times(job.panel.start, job.panel.step_min, len(job.panel) + config.horizon_steps)
    calendar = days(times, country=config.country, timezone=config.timezone)
    return Rows(
        job=job,
        values=job.panel.values,
        day_type=calendar.day_type,
        slot=calendar.minute // job.panel.step_min,
        flags=calendar.flags,
    )


def _fitted(rows: Rows, chance: np.random.Generator) -> tuple[lightgbm.Booster, int]:
    """Trees counted on validation, then fitted on all before the test."""
    split, first = rows.job.split, max(LAGS)
    train = _sampled(rows, range(first, split.validation), TRAIN_ROWS, chance)
    validation = _sampled(rows, range(split.validation, split.test), VALIDATION_ROWS, chance)
    stop = lightgbm.early_stopping(20, verbose=False)
    found = lightgbm.train(SETTINGS, train, MOST_TREES, valid_sets=[validation], callbacks=[stop])
    trees = found.best_iteration or MOST_TREES
    return lightgbm.train(SETTINGS, _sampled(rows, range(first, split.test), TRAIN_ROWS, chance), trees), trees


def _sampled(rows: Rows, part: range, count: int, chance: np.random.Generator) -> lightgbm.Dataset:
    """Rows drawn at random, whose targets lie wholly in ``part`` and were measured."""
    horizon, entities = rows.job.config.horizon_steps, rows.values.shape[1]
    origin = chance.integers(part.start, max(part.stop - horizon + 1, part.start + 1), count)
    place, step = chance.integers(0, entities, count), chance.integers(1, horizon + 1, count)
    target = rows.values[origin + step - 1, place]
    known = ~np.isnan(target)
    inputs = rows.features(origin[known], place[known], step[known])
    return lightgbm.Dataset(
        inputs, target[known], params=SETTINGS, categorical_feature=[inputs.shape[1] - 1], free_raw_data=True
    )


def _judged(rows: Rows, model: lightgbm.Booster, every: int, predictions: Path | None) -> Scoreboard:
    job, horizon = rows.job, rows.job.config.horizon_steps
    scores = Scoreboard(model=PLAIN, quantiles=(0.5,), unit=job.panel.quantity)
    weekly, others = _of_the_week(rows), _others(predictions, job)
    entities = np.arange(rows.values.shape[1])
    place, step = (each.ravel() for each in np.meshgrid(entities, np.arange(1, horizon + 1), indexing="ij"))
    for origin in range(job.split.test, job.split.end - horizon + 1, every):
        ahead = slice(origin, origin + horizon)
        forecast = model.predict(rows.features(np.full(len(place), origin), place, step)).reshape(-1, horizon, 1)
        beside = {WEEK: weekly[rows.day_type[ahead], rows.slot[ahead]].T, **others(origin)}
        hours = rows.slot[ahead] * job.panel.step_min // 60
        scores.add(forecast.astype(np.float32), rows.values[ahead].T, beside, hours)
    return scores


def _of_the_week(rows: Rows) -> FloatArray:
    """(day type, slot, entity): the mean before the test; the place's own mean where there is none."""
    before = rows.job.split.test
    values, kinds = rows.values[:before], rows.day_type[:before]
    shape = (rows.day_type.max() + 1, rows.job.config.steps_per_day, values.shape[1])
    total, count = np.zeros(shape), np.zeros(shape)
    np.add.at(total, (kinds, rows.slot[:before]), np.nan_to_num(values))
    np.add.at(count, (kinds, rows.slot[:before]), ~np.isnan(values))
    found: FloatArray = np.where(count > 0, total / np.maximum(count, 1), np.nanmean(values, axis=0)).astype(np.float32)
    return found


def _others(predictions: Path | None, job: TrainingJob):  # type: ignore[no-untyped-def]  # row to name to (entity, step)
    """The medians that ``haechi evaluate --out`` wrote, by the row of their issue time."""
    if predictions is None:
        return lambda origin: {}
    frame = pl.scan_parquet(predictions).select("issued_at", "entity_id", "step", "q50", "model")
    order = pl.DataFrame({"entity_id": job.panel.entities, "place": range(len(job.panel.entities))})

    def at(origin: int) -> dict[str, FloatArray]:
        found = (
            frame.filter(pl.col("issued_at") == job.panel.time(origin))
            .collect()
            .with_columns(pl.col("entity_id").cast(pl.String))
        )
        found = found.join(order, on="entity_id").sort("place", "step")
        if len(found) != len(order) * job.config.horizon_steps:
            sys.exit(
                f"error: {predictions} does not hold {job.panel.time(origin)} whole\n  fix: evaluate the same data"
            )
        return {str(found["model"][0]): found["q50"].to_numpy().reshape(len(order), -1)}

    return at


def _table(scores: Scoreboard) -> str:
    steps = scores.shown_steps()
    lines = [["forecaster", "all steps", *(f"step {step}" for step in steps)], ["---"] * (len(steps) + 2)]
    for name in sorted(scores.absolute, key=scores.mae):
        figures = [scores.mae(name), *(scores.mae(name, step) for step in steps)]
        lines.append([name, *(f"{figure:.2f}" for figure in figures)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


if __name__ == "__main__":
    main()
