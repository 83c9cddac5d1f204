"""Chooses on validation, refits on train and validation, and hands over the state as it was before the test."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from rich.progress import Progress

from features.series import FloatArray, Panel
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState, fresh
from training.split import Split
from training.traffic.fit import Ridge, fit
from training.traffic.known import Past
from training.traffic.model import LinearCorrection
from training.traffic.replay import Predict, replay
from training.traffic.select import (
    Choice,
    Gains,
    all_sums,
    choose_gains,
    choose_ridge,
    folds,
    train_sums,
    warmup_rows,
)

# Quantile tracking forgets where it started within about four weeks of hourly forecasts.
_BURN_IN_DAYS = 28


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trained:
    """A fitted model and how it came about.

    Attributes:
        model: fitted on train and validation.
        config: its features.
        ridge: its shrinkage.
        choices: everything tried on validation.
        state: as of the start of the test interval; the interval's widths come from forecasts of a model that had
            not seen their targets.
        validation_coverage: share of validation targets inside that interval.
    """

    model: LinearCorrection
    config: TrafficConfig
    ridge: Ridge
    choices: list[Choice]
    state: TrafficState
    validation_coverage: float


def train(
    panel: Panel, split: Split, config: TrafficConfig, bar: Progress, *, gains: Sequence[Gains], ridges: Sequence[Ridge]
) -> Trained:
    """Fit the linear model on everything before the test interval.

    Args:
        panel: measurements; entities never measured before ``split.validation`` must be left out.
        split: by time.
        config: the features.
        bar: shows steps done and time left.
        gains: of the profile, to choose from on validation; with none the config's stay.
        ridges: shrinkages to choose from on validation, at least one.

    Raises:
        BadInput: a part without measurements or too short.
    """
    warmup = warmup_rows(split, config)
    split.check(warmup_steps=warmup, horizon_steps=config.horizon_steps)
    # What follows cannot look at the test interval, whatever it does, nor at news of older hours that came in it.
    panel = Past.of(panel, config).known(panel.start, split.test)
    config, choices = choose_gains(panel, split, config, gains, bar) if gains else (config, [])
    start = fresh(panel.entities, panel.start, config)
    parts = folds(panel, start, warmup, split, config, bar)
    ridge, tried = choose_ridge(parts, config, ridges)
    with _one_thread():
        state, coverage = _calibrated(fit(train_sums(parts), config, ridge), start, panel, split, bar, config)
    model = fit(all_sums(parts), config, ridge)
    return Trained(
        model=model,
        config=config,
        ridge=ridge,
        choices=choices + tried,
        state=state,
        validation_coverage=coverage,
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    """One hour's forecast is too little to share: on a busy machine two threads mostly wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _calibrated(
    model: LinearCorrection, start: TrafficState, panel: Panel, split: Split, bar: Progress, config: TrafficConfig
) -> tuple[TrafficState, float]:
    """The state at the start of the test, its interval learned by replaying validation with a train-only model."""
    first = split.validation - min(_BURN_IN_DAYS * config.steps_per_day, split.validation // 4)
    state = Past.of(panel, config).advanced(start, first)
    rows = range(first, split.test + 1)
    predict, inside, count = native(model), 0, 0
    for issue in bar.track(replay(predict, state, panel, rows, config), total=len(rows), description="calibrating"):
        state = issue.state
        if issue.row >= split.validation:
            low, high = issue.forecast[..., 0], issue.forecast[..., -1]
            inside += int(((issue.measured >= low) & (issue.measured <= high)).sum())
            count += int((~np.isnan(issue.measured)).sum())
    return state, inside / max(count, 1)


def native(model: LinearCorrection) -> Predict:
    """The module itself as a predictor of arrays."""

    def predict(inputs: Mapping[str, npt.NDArray[np.generic]]) -> FloatArray:
        with torch.inference_mode():
            forecast: FloatArray = model(**{name: torch.from_numpy(array) for name, array in inputs.items()}).numpy()
        return forecast

    return predict
