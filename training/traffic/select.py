"""Chooses how fast the profile adapts and how strongly the regression shrinks, on validation and nothing later."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from math import gcd

import numpy as np
import torch
from rich.progress import Progress

from features.clock import step_number
from features.errors import BadInput
from features.series import FloatArray, Panel
from features.traffic.advance import Raw, advance
from features.traffic.build import Table, build
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState, fresh
from training.split import Split
from training.traffic.fit import Ridge, Sums, fit, targets

Gains = tuple[float, float, float]
"""How far the profile moves for the same day type, for the same class, and for the others."""

# From a city whose level hardly moves to one that shifts within days.
GAINS: tuple[Gains, ...] = ((0.15, 0.10, 0.05), (0.08, 0.05, 0.02), (0.30, 0.20, 0.10), (0.20, 0.05, 0.0))
RIDGES = tuple(Ridge(errors=errors, calendar=calendar) for errors in (1e-3, 1e-1) for calendar in (1.0, 10.0, 100.0))

# Neighbouring issue times carry nearly the same rows. Five shares no factor with a day's hours: each hour is seen.
STRIDE = 5
# Rows of a chunk: what its regressors take bounds the memory of training.
_CHUNK_ROWS = 6_000
_HELD_OUT_ROWS = 100_000
_WARMUP_DAYS = 28
_SELECT_DAYS = 56


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing that was tried, and its error on validation.

    Attributes:
        what: ``profile`` or ``ridge``.
        setting: in words.
        validation_mae: in the unit measured; of one-step profile errors, or of forecasts over the horizon.
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
    size = max(1, _CHUNK_ROWS // len(panel.entities))
    for first in bar.track(range(0, len(rows), size), description="gathering"):
        some = rows[first : first + size]
        raw = Raw(measured=panel.window(max(panel.index(state.as_of), 0), some[-1]))
        table = build(raw, state, config, [panel.time(row) for row in some])
        yield table, np.concatenate([targets(panel.values[: rows.stop], row, config) for row in some])
        state = advance(state, raw, config, panel.time(some[-1]))


def held_out(
    panel: Panel, state: TrafficState, split: Split, config: TrafficConfig, bar: Progress
) -> list[tuple[Table, FloatArray]]:
    """A bounded sample of validation, spread evenly over its hours."""
    rows = (split.test - split.validation) * len(panel.entities)
    stride = max(STRIDE, -(-rows // _HELD_OUT_ROWS))
    while gcd(stride, config.steps_per_day) > 1:
        stride += 1
    return list(chunks(panel, state, range(split.validation, split.test, stride), config, bar))


def choose_ridge(
    sums: Sums, sample: Sequence[tuple[Table, FloatArray]], config: TrafficConfig, candidates: Sequence[Ridge]
) -> tuple[Ridge, list[Choice]]:
    """The shrinkage whose forecasts err least on the held-out chunks, and all that were tried."""
    choices = []
    for ridge in candidates:
        model, error, count = fit(sums, config, ridge), 0.0, 0
        for table, measured in sample:
            with torch.inference_mode():
                forecast = model(**{name: torch.from_numpy(array) for name, array in table.inputs.items()})
            off = np.abs(forecast.numpy()[..., 1] - measured)
            error, count = error + float(np.nansum(off)), count + int((~np.isnan(off)).sum())
        if not count:
            raise BadInput(
                cause="No target in the validation interval was measured",
                mend="Choose another --split, or entities with measurements there",
            )
        setting = ", ".join(f"{name} {value:g}" for name, value in asdict(ridge).items())
        choices.append(Choice(what="ridge", setting=setting, validation_mae=error / count))
    return candidates[int(np.argmin([choice.validation_mae for choice in choices]))], choices


def _profile_mae(panel: Panel, split: Split, config: TrafficConfig) -> float:
    first = max(0, split.validation - _SELECT_DAYS * config.steps_per_day)
    state = fresh(panel.entities, panel.time(first), config)
    state = advance(state, Raw(measured=panel.window(first, split.validation)), config, panel.time(split.validation))
    total, count = 0.0, 0
    for row in range(split.validation, split.test, config.memory_steps):
        last = min(row + config.memory_steps, split.test)
        state = advance(state, Raw(measured=panel.window(row, last)), config, panel.time(last))
        numbers = np.arange(row, last) + step_number(panel.start, config.step_min)
        off = np.abs(state.residual[numbers % config.memory_steps])
        total, count = total + float(np.nansum(off)), count + int((~np.isnan(off)).sum())
    return total / count if count else float("inf")
