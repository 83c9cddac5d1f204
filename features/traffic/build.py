"""The one path from measurements to what a traffic model takes, in training and in serving."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from features.clock import EPOCH, step_number, step_on_clock
from features.covariate_ring import departures, refuse_future
from features.errors import BadInput
from features.series import FloatArray, Panel
from features.traffic.advance import Raw, Walk, dispersion_class
from features.traffic.around import UNKNOWN_ERROR_SHARE, neighbour_errors, peak_level, typical_error
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState, levels

BoolArray = npt.NDArray[np.bool_]
_Number = TypeVar("_Number", np.float32, np.int64, np.bool_)
QUALITIES = (
    "ok",
    "degraded: no covariate",
    "degraded: level shift",
    "degraded: no recent measurement",
    "fallback: profile of other hours",
    "fallback: never measured",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Model inputs, one row an issue time and entity, issue times outermost.

    Attributes:
        inputs: what the graph takes, by name; rows first, shapes and units as in the manifest.
        issued_at: the issue times.
        entities: the entities of each issue time, in order.
        quality: (issue, entity), index into ``QUALITIES``.
    """

    inputs: dict[str, npt.NDArray[np.generic]]
    issued_at: tuple[datetime, ...]
    entities: tuple[str, ...]
    quality: npt.NDArray[np.int8]


def build(raw: Raw | None, state: TrafficState, config: TrafficConfig, issued_at: Sequence[datetime]) -> Table:
    """Features as they were known at each issue time; pure, and the same for one issue time or many.

    Args:
        raw: what became known since ``state.as_of``; None where the state's own tail is all there is.
        state: left untouched.
        config: of the same training as the state.
        issued_at: rising, aware, on the clock, none before ``state.as_of``.

    Raises:
        BadInput: no issue time, times that do not rise or lie off the clock, or a measurement that becomes available
            after the last.
    """
    numbers = [step_on_clock(now, config.step_min, like=state.as_of) for now in issued_at]
    if not numbers or any(a >= b for a, b in pairwise(numbers)):
        raise BadInput(cause="Issue times must rise and be at least one", mend="Sort them and drop repeats")
    if raw is not None:
        _refuse_future(raw.measured, issued_at[-1])
    # Only a walk that moves needs a copy to move.
    still = raw is None and tuple(issued_at) == (state.as_of,)
    walk = Walk(state if still else state.copy(), raw, config, issued_at[-1])
    rows, quality = [], []
    for now in issued_at:
        if not still:
            walk.to(now)
        features, how = _features(walk, config, now)
        rows.append(features)
        quality.append(how)
    inputs = rows[0] if len(rows) == 1 else {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    return Table(inputs=inputs, issued_at=tuple(issued_at), entities=state.entities, quality=np.stack(quality))


def _refuse_future(panel: Panel, last: datetime) -> None:
    step_s = panel.step_min * 60
    known = np.arange(1, len(panel) + 1)[:, None] * step_s + int((panel.start - EPOCH).total_seconds())
    if panel.available_at is not None:
        known = panel.available_at.astype("datetime64[s]").astype(np.int64)
    future = (known > int((last - EPOCH).total_seconds())) & ~np.isnan(panel.values)
    if future.any():
        row, column = (int(i) for i in np.argwhere(future)[0])
        raise BadInput(
            cause=f"{panel.entities[column]} at {panel.time(row).isoformat()} is not known yet at {last.isoformat()}",
            mend="Leave out measurements that become available after the last issue time",
        )
    refuse_future(panel.covariates, last)


def _features(
    walk: Walk, config: TrafficConfig, now: datetime
) -> tuple[dict[str, npt.NDArray[np.generic]], npt.NDArray[np.int8]]:
    state, number = walk.state, step_number(now, config.step_min)
    days = [walk.day(number + step) for step in range(-1, config.horizon_steps)]
    slots, kinds = (np.array(column) for column in zip(*days, strict=True))
    profile, borrowed = _filled(levels(state.level, slots, kinds, config), state.level)
    usual = state.dispersion[slots[1:], [dispersion_class(kind) for kind in kinds[1:]]]
    usual = np.where(np.isnan(usual), UNKNOWN_ERROR_SHARE * np.abs(profile[1:]), usual)
    latest = number - 1 - np.arange(config.history_steps)
    recent = _windows(state, latest, config)
    typical = typical_error(state)
    around, patterns = neighbour_errors(state, latest, typical, config)
    seasonal = _windows(state, _seasonal_numbers(number, config), config)
    calendar = walk.flags(number, config.horizon_steps)
    inputs: dict[str, npt.NDArray[np.generic]] = {
        "profile": np.ascontiguousarray(profile[1:].T),
        "profile_now": profile[0].copy(),
        "recent_error": np.nan_to_num(recent),
        "recent_mask": ~np.isnan(recent),
        "seasonal_error": np.nan_to_num(seasonal),
        "seasonal_mask": ~np.isnan(seasonal),
        "calendar": _to_each(calendar, state),
        "neighbour_error": np.nan_to_num(around),
        "neighbour_mask": ~np.isnan(around),
        "factor_error": _to_each(patterns[: config.factor_steps], state),
        "clock": _to_each(np.array([slots[1], kinds[1]], dtype=np.int64), state),
        "entity_code": np.arange(len(state.entities), dtype=np.int64),
        "typical_error": typical,
        "peak_level": peak_level(state),
        "usual_error": np.ascontiguousarray(usual.T),
        "spread": np.ascontiguousarray((state.width * usual).transpose(2, 1, 0)),
    }
    blind = False
    if config.covariates:
        around_city = departures(state.covariate, number, config.ring)
        inputs["covariate"] = _to_each(np.nan_to_num(around_city), state)
        inputs["covariate_mask"] = _to_each(~np.isnan(around_city), state)
        blind = bool(np.isnan(around_city).all())
    return inputs, _quality(state.relearning > 0, recent[..., 0], profile, borrowed, blind=blind)


def _to_each(shared: npt.NDArray[_Number], state: TrafficState) -> npt.NDArray[_Number]:
    """The same for every entity, (entity, ...)."""
    return np.ascontiguousarray(np.broadcast_to(shared, (len(state.entities), *shared.shape)))


def _filled(level: FloatArray, levels: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Profile (step, entity) with hours that were never measured borrowed from the entity's other hours."""
    missing: BoolArray = np.isnan(level)
    borrowed: BoolArray = np.asarray(missing.any(axis=0))
    if not borrowed.any():
        return level, borrowed
    columns = np.flatnonzero(borrowed)
    flat = levels[..., columns].reshape(-1, len(columns))
    known = ~np.isnan(flat)
    count = known.sum(axis=0)
    mean = np.where(count > 0, np.where(known, flat, 0).sum(axis=0) / np.maximum(count, 1), np.nan)
    filled = level.copy()
    filled[:, columns] = np.where(missing[:, columns], mean, level[:, columns])
    return filled, borrowed


def _seasonal_numbers(number: int, config: TrafficConfig) -> npt.NDArray[np.int64]:
    lags = np.array(config.seasonal_lags_days, dtype=np.int64) * config.steps_per_day
    return number + np.arange(config.horizon_steps) - lags[:, None]


def _windows(state: TrafficState, numbers: npt.NDArray[np.int64], config: TrafficConfig) -> FloatArray:
    """(entity, *numbers, 2): own residual and the city's relative error at those intervals."""
    at = numbers % config.memory_steps
    own, city = (np.moveaxis(ring[at], -1, 0) for ring in (state.residual, state.city_error))
    return np.stack([own, city], axis=-1)


def _quality(
    relearning: BoolArray, recent: FloatArray, profile: FloatArray, borrowed: BoolArray, *, blind: bool
) -> npt.NDArray[np.int8]:
    """(entity,): the worst of what holds; ``QUALITIES`` get worse in order."""
    silent = np.isnan(recent).all(axis=1)
    never = np.isnan(profile).any(axis=0)
    return np.select([never, borrowed, silent, relearning], [5, 4, 3, 2], int(blind)).astype(np.int8)


def target_times(issued_at: datetime, config: TrafficConfig) -> list[datetime]:
    """The starts of the intervals that are forecast; step 1 starts at ``issued_at``."""
    return [issued_at + step * timedelta(minutes=config.step_min) for step in range(config.horizon_steps)]
