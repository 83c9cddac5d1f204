"""Raw counts into what a parking model sees at each issue time: the same code in training and in serving."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from features.calendar import AroundHolidays, Days, around_holidays
from features.calendar import days as days_of
from features.clock import step_on_clock, utc_times
from features.covariate_ring import News, departures, move, refuse_future
from features.covariates import Covariates
from features.errors import BadInput
from features.parking.advance import Raw
from features.parking.config import ParkingConfig
from features.parking.profile import Clock, profiles
from features.parking.readings import frozen
from features.parking.rows import Rows, rows_of
from features.parking.schema import names
from features.parking.sight import SEEN, SILENT_H, Sight, ahead_of, calendar_of, held_deviation, now_of, seen_of
from features.parking.state import ParkingState
from features.parking.track import IssuedInterval, Tracker
from features.series import FloatArray

QUALITIES = (
    "ok",
    "degraded: no count in the last hours",
    "degraded: the feed froze",
    "degraded: hardly any history of its own",
    "degraded: no count and no history of its own",
    "fallback: its capacity is not known",
    "degraded: no covariate",
)
"""What a lot's forecast may rest on; the index stands in ``Table.quality``. The last is said only where else all is
well."""

_BLIND = QUALITIES.index("degraded: no covariate")

_SUNDAY = SEEN.index("like a Sunday in the city")
_FEW_DAYS = 1.5
"""Weight of the days behind a profile: below it hardly one such day was seen."""

_CHUNK = 96
"""Issue times whose features are made at once: what is held in memory."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Model-ready inputs of some issue times; rows run by issue time, lots innermost.

    Attributes:
        inputs: name to array, (issue * lot, ...), as ``features.parking.schema.inputs`` says.
        issued_at: of the rows.
        entities: lots of the rows.
        quality: (issue, lot), index into ``QUALITIES``.
    """

    inputs: dict[str, npt.NDArray[np.generic]]
    issued_at: tuple[datetime, ...]
    entities: tuple[str, ...]
    quality: npt.NDArray[np.int8]


def build(raw: Raw | None, state: ParkingState, config: ParkingConfig, issued_at: Sequence[datetime]) -> Table:
    """Features of one or many issue times; pure, and the same for each as if it were alone.

    Args:
        raw: what became known since ``state.as_of``; None: nothing.
        state: left untouched.
        config: of the same training as the state.
        issued_at: rising, aware, on the clock, none before ``state.as_of``.

    Raises:
        BadInput: no issue time, times that do not rise or lie off the clock, a count or a covariate that becomes known
            after the last, or other covariates than the config's.
        UnknownName: a lot that the state does not know.
    """
    numbers = [step_on_clock(now, config.step_min, like=state.as_of) for now in issued_at]
    if not numbers or any(a >= b for a, b in pairwise(numbers)):
        raise BadInput(cause="Issue times must rise and be at least one", mend="Sort them and drop repeats")
    rows = rows_of(state, None if raw is None else raw.measured, config, issued_at[-1])
    latest = np.array(numbers, dtype=np.int64) - rows.first
    if latest[0] < config.memory_steps - 1:
        raise BadInput(
            cause=f"{issued_at[0].isoformat()} lies before {state.as_of.isoformat()}, which the state has seen",
            mend="Ask for a later time, or take an older state",
        )
    start = issued_at[0] - int(latest[0]) * timedelta(minutes=config.step_min)
    times = utc_times(start, config.step_min, len(rows.values) + config.horizon_steps)
    known = days_of(times, country=config.country, timezone=config.timezone)
    clock = Clock.of(times, known, config)
    around = around_holidays(times, country=config.country, timezone=config.timezone)
    groups = [latest[at : at + _CHUNK] for at in range(0, len(latest), _CHUNK)]
    if rows.known_s is not None:
        # What came late was not there for all alike: each issue time sees rows of its own.
        groups = [latest[at : at + 1] for at in range(len(latest))]
    parts = [_inputs(rows, state, config, some, clock, known, around) for some in groups]
    inputs = {name: np.concatenate([part[0][name] for part in parts]) for name in parts[0][0]}
    inputs["width"] = _widths(rows, state, () if raw is None else raw.issued, config, numbers)
    quality = np.concatenate([part[1] for part in parts])
    given = None if raw is None else raw.measured.covariates
    refuse_future(given, issued_at[-1])
    if config.covariates or given is not None:
        around_city = _departures(given, state, config, numbers)
        each = np.repeat(around_city, len(state.entities), axis=0)
        inputs |= {"covariate": np.nan_to_num(each), "covariate_mask": ~np.isnan(each)}
        blind = np.isnan(around_city.reshape(len(numbers), -1)).all(axis=1, keepdims=True)
        quality = np.where((quality == 0) & blind, np.int8(_BLIND), quality)
    return Table(
        inputs={name: inputs[name] for name in names(config)},
        issued_at=tuple(issued_at),
        entities=state.entities,
        quality=quality,
    )


def _inputs(
    rows: Rows,
    state: ParkingState,
    config: ParkingConfig,
    latest: npt.NDArray[np.int64],
    clock: Clock,
    known: Days,
    around: AroundHolidays,
) -> tuple[dict[str, npt.NDArray[np.generic]], npt.NDArray[np.int8]]:
    first, last = int(latest[0]) - config.memory_steps + 1, int(latest[-1])
    values = rows.known_at(last)[first:]
    span = slice(first, last + 1 + config.horizon_steps)
    part = Clock(day=clock.day[span], slot=clock.slot[span], kind=clock.kind[span])
    alike = rows.alike[first : last + 1]
    trusted = np.where(frozen(values, alike, config.frozen_steps), np.float32(np.nan), values)
    usual = profiles(trusted, part, state.typical, config, first=config.profile_days * config.steps_per_day)
    sight = Sight(
        values=values,
        trusted=trusted,
        alike=alike,
        usual=usual,
        held=held_deviation(values, usual.level, config),
        clock=part,
        flags=known.flags[span],
        around=AroundHolidays(**{each.name: getattr(around, each.name)[span] for each in fields(around)}),
        latest=latest - first,
    )
    now = now_of(sight, state, config)
    seen = seen_of(sight, now, state, config)
    ahead = ahead_of(sight, now, seen[..., _SUNDAY], state, config)
    level, near_spread = (_targets(each, sight.latest, config) for each in (usual.level, usual.spread))
    lots, issues = len(state.entities), len(latest)
    capacity = np.broadcast_to(state.capacity, (issues, lots))
    spread = np.where(np.isnan(near_spread), state.trait[1][:, None], near_spread)
    inputs: dict[str, npt.NDArray[np.generic]] = {
        "seen": np.nan_to_num(seen).reshape(issues * lots, -1),
        "seen_mask": ~np.isnan(seen).reshape(issues * lots, -1),
        "ahead": np.nan_to_num(ahead).reshape(issues * lots, config.horizon_steps, -1),
        "ahead_mask": ~np.isnan(ahead).reshape(issues * lots, config.horizon_steps, -1),
        "calendar": np.repeat(calendar_of(sight, config), lots, axis=0),
        "now": np.nan_to_num(now.free).reshape(-1),
        "now_deviation": np.nan_to_num(now.deviation).reshape(-1),
        "now_mask": ~np.isnan(now.deviation).reshape(-1),
        "profile": np.nan_to_num(level).reshape(issues * lots, -1),
        "profile_mask": ~np.isnan(level).reshape(issues * lots, -1),
        "spread": np.nan_to_num(spread).reshape(issues * lots, -1),
        "capacity": np.nan_to_num(capacity).reshape(-1).astype(np.float32),
        "capacity_mask": ~np.isnan(capacity).reshape(-1),
    }
    few = ~(_targets(usual.days, sight.latest, config).max(axis=2) >= _FEW_DAYS)
    silent = ~(now.age_h <= SILENT_H)
    quality = np.select([np.isnan(capacity), now.froze, few & silent, few, silent], [5, 2, 4, 3, 1], 0).astype(np.int8)
    return inputs, quality


def _widths(
    rows: Rows, state: ParkingState, issued: Sequence[IssuedInterval], config: ParkingConfig, numbers: Sequence[int]
) -> FloatArray:
    """(issue * lot, outer quantile, step): the widths as they stood at each issue time."""
    tracker, timely, found = Tracker(state, issued, config), rows.timely(), []
    for number in numbers:
        tracker.to(number, timely, rows.first)
        found.append(np.moveaxis(tracker.width, 2, 0))
    return np.ascontiguousarray(np.concatenate(found))


def _departures(
    given: Covariates | None, state: ParkingState, config: ParkingConfig, numbers: Sequence[int]
) -> FloatArray:
    """(issue, recent + 1 + step, name): what was known of the whole city at each issue time, from what is usual."""
    since, held = step_on_clock(state.as_of, config.step_min, like=state.as_of), state.covariate.copy()
    ring = config.ring
    news = None if given is None else News(given, ring, like=state.as_of)
    found = []
    for number in numbers:
        move(held, since, number, ring)
        if news is not None:
            news.tell(held, number)
        found.append(departures(held, number, ring))
        since = number
    return np.stack(found)


def _targets(values: FloatArray, latest: npt.NDArray[np.int64], config: ParkingConfig) -> FloatArray:
    """(issue, lot, step) of (time, lot): what stands at each target."""
    at = latest[:, None] + np.arange(1, config.horizon_steps + 1)
    return np.ascontiguousarray(values[at].transpose(0, 2, 1))


def target_times(issued_at: datetime, config: ParkingConfig) -> list[datetime]:
    """The instants that are forecast; step 1 is the first after ``issued_at``."""
    return [issued_at + step * timedelta(minutes=config.step_min) for step in range(1, config.horizon_steps + 1)]
