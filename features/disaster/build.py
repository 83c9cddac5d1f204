"""The one path from readings to what a hazard's model takes, in training and in serving."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from features.clock import step_on_clock, utc_times, wall_clock
from features.disaster import sight, tide
from features.disaster.advance import Raw
from features.disaster.config import DisasterConfig
from features.disaster.force import CHUNK, place_columns, stand_now
from features.disaster.rows import Rows, rows_of
from features.disaster.signal import EVERYWHERE, OWN, Feature, Signal
from features.disaster.state import DisasterState
from features.errors import BadInput

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
QUALITIES = (
    "ok",
    "degraded: a source is silent",
    "degraded: the latest reading is missing",
    "degraded: what is in force is not known",
    "fallback: no reading of its own",
)
_YEAR_DAYS = 365.2425


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Model inputs, one row an issue time and place, issue times outermost.

    Attributes:
        inputs: what the graph takes, by name; rows first, shapes and units as in the manifest.
        issued_at: the issue times.
        entities: the places of each issue time, in order.
        quality: (issue, place), index into ``QUALITIES``.
        in_force: (issue, place, level), 1 where a level is in force, 0 where not, NaN where nobody knows.
    """

    inputs: dict[str, npt.NDArray[np.generic]]
    issued_at: tuple[datetime, ...]
    entities: tuple[str, ...]
    quality: npt.NDArray[np.int8]
    in_force: FloatArray


def build(raw: Raw | None, state: DisasterState, config: DisasterConfig, issued_at: Sequence[datetime]) -> Table:
    """Features as they were known at each issue time; pure, and the same for one issue time or many.

    Args:
        raw: what became known since ``state.as_of``; None where the state's own tail is all there is.
        state: left untouched.
        config: of the same training as the state.
        issued_at: rising, aware, on the clock, none before ``state.as_of``.

    Raises:
        BadInput: no issue time, times that do not rise or lie off the clock, or a reading that becomes known after
            the last.
    """
    numbers = [step_on_clock(now, config.step_min, like=state.as_of) for now in issued_at]
    if not numbers or any(a >= b for a, b in pairwise(numbers)):
        raise BadInput(cause="Issue times must rise and be at least one", mend="Sort them and drop repeats")
    rows = rows_of(state, None if raw is None else raw.measured, config, issued_at[-1])
    latest = np.array([rows.row(number) for number in numbers], dtype=np.int64)
    if latest[0] < config.memory_steps - 1:
        raise BadInput(
            cause=f"{issued_at[0].isoformat()} lies before {state.as_of.isoformat()}, which the state has seen",
            mend="Ask for a later time, or take an older state",
        )
    seen, silent = _signals(rows, state, config, latest)
    now, missing = _now(rows, state, config, latest)
    stand = stand_now(rows, state, config, latest)
    values, force = (np.moveaxis(each, 0, -1) for each in (stand.value, stand.in_force))
    # What a stuck or silent gauge last said is no news of what is in force.
    values, force = (np.where(np.isnan(now)[..., None], np.float32(np.nan), each) for each in (values, force))
    clock = utc_times(issued_at[0], config.step_min, int(latest[-1] - latest[0]) + 1)[latest - latest[0]]
    calendar = _calendar(clock, state, config)
    places = len(state.places)
    inputs: dict[str, npt.NDArray[np.generic]] = {
        "feature": np.nan_to_num(seen).reshape(-1, seen.shape[-1]),
        "feature_mask": ~np.isnan(seen).reshape(-1, seen.shape[-1]),
        "calendar": np.repeat(calendar, places, axis=0),
        "now": np.nan_to_num(now).reshape(-1),
        "now_mask": ~np.isnan(now).reshape(-1),
        "value": np.nan_to_num(values).reshape(-1, values.shape[-1]).astype(np.float32),
        "value_mask": ~np.isnan(values).reshape(-1, values.shape[-1]),
        "usual": np.repeat(_usual(clock, state, config), places, axis=0),
        "usual_within": np.repeat(_usual_within(clock, state, config), places, axis=0),
    }
    unsure = np.isnan(force).any(axis=-1)
    quality = np.select([np.isnan(now), unsure, missing, silent], [4, 3, 2, 1], 0).astype(np.int8)
    return Table(inputs=inputs, issued_at=tuple(issued_at), entities=state.places, quality=quality, in_force=force)


def _signals(
    rows: Rows, state: DisasterState, config: DisasterConfig, latest: IntArray
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """(issue, place, feature), and (issue, place): whether a source that is looked at is silent."""
    wanted = [[each for each in config.features if each.signal == at] for at in range(len(config.hazard.signals))]
    parts, silent = [], np.zeros((len(latest), len(state.places)), dtype=np.bool_)
    for signal, own in zip(config.hazard.signals, wanted, strict=True):
        found = [
            _signal(rows, state, config, latest[start : start + CHUNK], signal, own)
            for start in range(0, len(latest), CHUNK)
        ]
        whole = np.concatenate(found)
        silent |= np.isnan(whole).all(axis=-1)
        parts.append(whole)
    return np.concatenate(parts, axis=-1), silent


def _signal(
    rows: Rows,
    state: DisasterState,
    config: DisasterConfig,
    latest: IntArray,
    signal: Signal,
    wanted: Sequence[Feature],
) -> FloatArray:
    """(issue, place, feature) of one signal."""
    hold = config.hazard.hold
    steps = range(-signal.memory - hold, 1)
    ahead = range(1, 1 + max(signal.ahead, default=0))
    columns = _columns(signal, state)
    if not len(columns):
        return np.full((len(latest), len(state.places), len(wanted)), np.nan, dtype=np.float32)
    past, coming = (_by_row(rows.seen(signal.quantity, latest, columns, each), signal) for each in (steps, ahead))
    known = sight.held(sight.screened(past, signal), hold)[:, hold:]
    found = sight.features(known, signal, wanted, coming).reshape(len(latest), -1, len(wanted))
    return np.broadcast_to(found, (len(latest), len(state.places), len(wanted)))


def _columns(signal: Signal, state: DisasterState) -> IntArray:
    if signal.at in (OWN, EVERYWHERE):
        return place_columns(state)
    return np.array([at for at, name in enumerate(state.sources) if name == signal.at], dtype=np.int64)


def _by_row(windows: FloatArray, signal: Signal) -> FloatArray:
    """(issue * place, step) of each place's own, (issue, step) of what all places share."""
    if signal.at == OWN:
        issues, steps, places = windows.shape
        return np.ascontiguousarray(np.moveaxis(windows, 1, 2)).reshape(issues * places, steps)
    if signal.at != EVERYWHERE:
        return np.ascontiguousarray(windows[..., 0])
    low, high = signal.plausible
    with np.errstate(invalid="ignore"):
        true = (windows >= low) & (windows <= high)
    count = true.sum(axis=2)
    mean = np.where(true, windows, 0).sum(axis=2, dtype=np.float64) / np.maximum(count, 1)
    return np.where(count > 0, mean, np.nan).astype(np.float32)


def _now(
    rows: Rows, state: DisasterState, config: DisasterConfig, latest: IntArray
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """(issue, place): the latest reading, held; and whether the very latest is missing."""
    hazard = config.hazard
    signal = hazard.own_signal
    steps = range(-hazard.hold - signal.longest_still + 1, 1)
    found = []
    for start in range(0, len(latest), CHUNK):
        windows = rows.seen(hazard.quantity, latest[start : start + CHUNK], place_columns(state), steps)
        found.append(sight.screened(_by_row(windows, signal), signal))
    readings = np.concatenate(found)
    shape = (len(latest), len(state.places))
    now = sight.held(readings, hazard.hold)[:, -1].reshape(shape)
    return now, np.isnan(readings[:, -1]).reshape(shape)


def _calendar(times: npt.NDArray[np.datetime64], state: DisasterState, config: DisasterConfig) -> FloatArray:
    """(issue, column): what ``config.calendar`` names."""
    days, minutes = wall_clock(times, config.timezone)
    year = (days + minutes / 1440) / _YEAR_DAYS
    turns = [year, 2 * year]
    if config.step_min < 1440:
        turns += [minutes / 1440, 2 * minutes / 1440]
    angle = 2 * np.pi * np.stack(turns, axis=1)
    cycles = np.stack([np.cos(angle), np.sin(angle)], axis=-1).reshape(len(times), -1)
    if config.hazard.tide is None:
        return cycles.astype(np.float32)
    shifts = np.array(config.hazard.tide.steps) * np.timedelta64(config.step_min, "m")
    # One after the other: of many issue times the same as of one.
    heights = [np.einsum("tc,c->t", tide.design(times + shift), state.tide.astype(np.float64)) for shift in shifts]
    return np.concatenate([cycles, np.stack(heights, axis=1)], axis=1).astype(np.float32)


def _usual(times: npt.NDArray[np.datetime64], state: DisasterState, config: DisasterConfig) -> FloatArray:
    """(issue, level, horizon): how often each level is met at the month and hour of each target."""
    found = []
    for steps in config.horizons_steps:
        month, hour = month_and_hour(times + np.timedelta64(steps * config.step_min, "m"), config)
        found.append(state.usual[:, month, hour].T)
    return np.stack(found, axis=-1)


def _usual_within(times: npt.NDArray[np.datetime64], state: DisasterState, config: DisasterConfig) -> FloatArray:
    """(issue, level, horizon): how often it is met in the time after that month and hour."""
    month, hour = month_and_hour(times, config)
    return np.ascontiguousarray(np.moveaxis(state.usual_within[:, :, month, hour], 2, 0))


def month_and_hour(times: npt.NDArray[np.datetime64], config: DisasterConfig) -> tuple[IntArray, IntArray]:
    """The local month, from 0, and hour of readings; a day's extreme has its day's month, and no hour."""
    back = np.timedelta64(1 if config.step_min == 1440 else 0, "m")
    days, minutes = wall_clock(times - back, config.timezone)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    return months, np.zeros_like(months) if config.step_min == 1440 else minutes // 60


def target_times(issued_at: datetime, config: DisasterConfig) -> list[datetime]:
    """The instants that are forecast."""
    return [issued_at + steps * timedelta(minutes=config.step_min) for steps in config.horizons_steps]
