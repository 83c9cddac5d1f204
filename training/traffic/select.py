"""Chooses how fast the profile adapts and how strongly the regression shrinks, on validation and nothing later."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np
import torch
from rich.progress import Progress

from features.clock import step_number
from features.errors import BadInput
from features.series import FloatArray, Panel
from features.traffic.advance import Raw, Walk, advance
from features.traffic.build import Table, build
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState, fresh, levels
from training.split import Split
from training.traffic.fit import Ridge, Sums, fit, targets
from training.traffic.known import Past

Gains = tuple[float, float, float]
"""How far the profile moves for the same day type, for the same class, and for the others."""

# From a city whose level hardly moves to one that shifts within days.
GAINS: tuple[Gains, ...] = ((0.15, 0.10, 0.05), (0.08, 0.05, 0.02), (0.30, 0.20, 0.10), (0.20, 0.05, 0.0))
RIDGES = tuple(
    Ridge(errors=errors, older=older, slow=slow)
    for errors, older in ((1e-3, 1e-2), (1e-2, 1.0), (0.1, 0.1), (0.1, 1.0), (0.1, 10.0), (1.0, 1.0), (1.0, 10.0))
    for slow in (0.01, 1.0, 100.0)
)

# Neighbouring issue times carry nearly the same rows. Five shares no factor with a day's hours: each hour is seen.
STRIDE = 5
# Rows of a chunk: what its regressors take bounds the memory of training.
_CHUNK_ROWS = 6_000
# Of all folds together: what is held in memory to judge on.
_SAMPLE_ROWS = 150_000
_TRAIN_FOLDS, _VALIDATION_FOLDS = 4, 2
# The first fit needs some data: folds are judged from the third on.
FIRST_JUDGED = 2
_WARMUP_DAYS = 28
_SELECT_DAYS = 56


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing that was tried, and its error on validation.

    Attributes:
        what: ``profile`` or ``ridge``.
        setting: in words.
        validation_mae: in the unit measured; of profile errors on validation, or of forecasts over the horizon by
            rolling origin through everything before the test.
    """

    what: str
    setting: str
    validation_mae: float


def warmup_rows(split: Split, config: TrafficConfig) -> int:
    """Rows at the start that only warm the profile up: four weeks, or a quarter of a shorter training part."""
    weeks = min(_WARMUP_DAYS * config.steps_per_day, split.validation // 4)
    return max(weeks, min(config.steps_per_day, split.validation // 2), config.history_steps)


def choose_gains(
    panel: Panel, split: Split, config: TrafficConfig, candidates: Sequence[Gains], bar: Progress
) -> tuple[TrafficConfig, list[Choice]]:
    """The config with the gains whose profile errs least on validation, and all that were tried."""
    tried = []
    for gains in bar.track(candidates, description="choosing the profile"):
        same_type, same_class, other = gains
        one = replace(config, same_type_gain=same_type, same_class_gain=same_class, other_gain=other)
        tried.append((_profile_mae(panel, split, one), gains, one))
    choices = [
        Choice(what="profile", setting=f"gains {'/'.join(map(str, gains))}", validation_mae=mae)
        for mae, gains, _ in tried
    ]
    return min(tried, key=lambda one: one[0])[2], choices


def chunks(
    panel: Panel, state: TrafficState, rows: range, config: TrafficConfig, bar: Progress
) -> Iterator[tuple[Table, FloatArray]]:
    """Features and measured targets at every issue row, a bounded number at a time; targets end with the rows.

    Args:
        panel: columns as in the state.
        state: as of a time not after the first row.
        rows: issue rows; no target at or after ``rows.stop`` is given.
        config: of the same training as the state.
        bar: shows issue times done and time left.
    """
    size, past = max(1, _CHUNK_ROWS // len(panel.entities)), Past.of(panel, config)
    for first in bar.track(range(0, len(rows), size), description="gathering"):
        some = rows[first : first + size]
        raw = Raw(measured=past.known(state.as_of, some[-1]))
        table = build(raw, state, config, [panel.time(row) for row in some])
        yield table, np.concatenate([targets(panel.values[: rows.stop], row, config) for row in some])
        state = advance(state, raw, config, panel.time(some[-1]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fold:
    """A stretch of time before the test: its part of the regression, and a bounded sample to judge others on."""

    sums: Sums
    sample: list[tuple[Table, FloatArray]]


def folds(
    panel: Panel, state: TrafficState, warmup: int, split: Split, config: TrafficConfig, bar: Progress
) -> list[Fold]:
    """Train in four folds and validation in two, in order of time; no target of one lies in another."""
    return list(each_fold(panel, state, warmup, split, config, bar))


def each_fold(
    panel: Panel, state: TrafficState, warmup: int, split: Split, config: TrafficConfig, bar: Progress
) -> Iterator[Fold]:
    """The same folds one after the other, each gathered when it is asked for."""
    train = np.linspace(warmup, split.validation, _TRAIN_FOLDS + 1).astype(int)
    validation = np.linspace(split.validation, split.test, _VALIDATION_FOLDS + 1).astype(int)
    edges = [*train.tolist(), *validation[1:].tolist()]
    past = Past.of(panel, config)
    for first, last in pairwise(edges):
        state = past.advanced(state, first)
        rows = range(first, last, STRIDE)
        fold = Fold(sums=Sums(config), sample=[])
        every = -(-len(rows) * len(panel.entities) * (len(edges) - 1) // _SAMPLE_ROWS)
        for number, (table, measured) in enumerate(chunks(panel, state, rows, config, bar)):
            fold.sums.add(table, measured)
            if number % every == 0:
                fold.sample.append((table, measured))
        yield fold


def train_sums(some: Sequence[Fold]) -> Sums:
    """The regression of the folds that lie before validation."""
    return reduce(add, (fold.sums for fold in some[:_TRAIN_FOLDS]))


def all_sums(some: Sequence[Fold]) -> Sums:
    """The regression of everything before the test."""
    return reduce(add, (fold.sums for fold in some))


def choose_ridge(
    some: Sequence[Fold], config: TrafficConfig, candidates: Sequence[Ridge]
) -> tuple[Ridge, list[Choice]]:
    """The shrinkage that errs least by rolling origin: each later fold is forecast by a fit on those before it."""
    choices = []
    for ridge in candidates:
        error, count = 0.0, 0
        for number in range(FIRST_JUDGED, len(some)):
            summed, targeted = fold_error(some[:number], some[number], config, ridge)
            error, count = error + summed, count + targeted
        if not count:
            raise BadInput(
                cause="No target in the validation interval was measured",
                mend="Choose another --split, or entities with measurements there",
            )
        setting = ", ".join(f"{name} {value:g}" for name, value in asdict(ridge).items())
        choices.append(Choice(what="ridge", setting=setting, validation_mae=error / count))
    return candidates[int(np.argmin([choice.validation_mae for choice in choices]))], choices


def fold_error(before: Sequence[Fold], judged: Fold, config: TrafficConfig, ridge: Ridge) -> tuple[float, int]:
    """Summed absolute error on ``judged`` of a fit on the folds before it, and how many targets it is over."""
    model = fit(all_sums(before), config, ridge)
    error, count = 0.0, 0
    for table, measured in judged.sample:
        with torch.inference_mode():
            forecast = model({name: torch.from_numpy(array) for name, array in table.inputs.items()}).numpy()
        off = np.abs(forecast - measured)
        # A fit that broke down where the profile has an answer is no better than any other.
        off[np.isnan(off) & ~np.isnan(measured) & ~np.isnan(table.inputs["profile"])] = np.inf
        error, count = error + float(np.nansum(off)), count + int((~np.isnan(off)).sum())
    return error, count


def _profile_mae(panel: Panel, split: Split, config: TrafficConfig) -> float:
    first, past = max(0, split.validation - _SELECT_DAYS * config.steps_per_day), Past.of(panel, config)
    state = past.advanced(fresh(panel.entities, panel.time(first), config), split.validation)
    window = panel.window(max(0, split.validation - past.late_steps), split.test)
    walk = Walk(state, Raw(measured=window), config, panel.time(split.test))
    total, count = 0.0, 0
    for row in range(split.validation, split.test):
        slot, kind = walk.day(step_number(panel.time(row), config.step_min))
        # Not the state's residuals: those are rewritten where a level shifts.
        off = np.abs(panel.values[row] - levels(state.level, np.array([slot]), np.array([kind]), config)[0])
        total, count = total + float(np.nansum(off)), count + int((~np.isnan(off)).sum())
        walk.to(panel.time(row + 1))
    return total / count if count else float("inf")
