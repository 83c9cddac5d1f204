"""The state's only writer: one measured interval after the other, as it became known."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from features.calendar import DAY_CLASSES, Days, days
from features.clock import step_on_clock, utc_times
from features.covariate_ring import News, move
from features.errors import BadInput, UnknownName
from features.quantiles import MEDIAN, outer
from features.series import FloatArray, Panel
from features.traffic import shift
from features.traffic.config import TrafficConfig
from features.traffic.late import LateRow, arrival, late_rows
from features.traffic.state import TrafficState, levels

# Until a day type has a measurement of its own it follows its relatives this fast.
_UNSEEN_SAME_CLASS_GAIN = 0.5
_UNSEEN_OTHER_GAIN = 0.1
# What a few entities measured is not the city's error: a caller may send one entity's values alone.
_MIN_CITY_SHARE = 0.25
# The interval never closes altogether, or it could not open again in proportion.
_MIN_MULTIPLIER = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IssuedInterval:
    """The quantiles around the median of one forecast, kept until its targets are measured.

    Attributes:
        issued_at: aware, on the clock.
        bounds: (outer quantile, step, entity), in the unit measured, columns as in the state.
    """

    issued_at: datetime
    bounds: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Raw:
    """What became known since the state's ``as_of``: measurements, and the forecasts that were issued meanwhile."""

    measured: Panel
    issued: tuple[IssuedInterval, ...] = ()


def advance(state: TrafficState, raw: Raw, config: TrafficConfig, until: datetime) -> TrafficState:
    """The state as it is at ``until``: every measurement available by then is in, none that came later.

    The profile moves towards each measurement by ``same_type_gain`` for its own day type, by ``same_class_gain``
    and ``other_gain`` for the rest; where a level shifts it is carried there as a whole. Each outer
    quantile's distance from the median follows by quantile tracking (Gibbs and Candes 2021, 'Adaptive conformal
    inference under distribution shift'; Angelopoulos, Candes and Tibshirani 2023, 'Conformal PID control'): wider by
    ``gain * (1 - tail)`` after a measurement beyond it, narrower by ``gain * tail`` else, where ``tail`` is the share
    meant to lie beyond.

    Args:
        state: left untouched.
        raw: rows available at or before ``state.as_of`` count as known already.
        config: of the same training as the state.
        until: aware, on the clock, not before ``state.as_of``.

    Raises:
        BadInput: another step, a time off the clock, or ``until`` before ``as_of``.
        UnknownName: an entity that the state does not know.
    """
    moved = state.copy()
    Walk(moved, raw, config, until).to(until)
    return moved


class Walk:
    """Moves one state, in place, through ``raw`` up to rising instants; ``build`` stops it at each issue time."""

    def __init__(self, state: TrafficState, raw: Raw | None, config: TrafficConfig, last: datetime) -> None:
        self.state = state
        self.config = config
        self._number = self._on_clock(state.as_of)
        self._measured = None if raw is None else _columns(raw.measured, state.entities, config)
        self._start = 0 if self._measured is None else self._on_clock(self._measured.start)
        self._arrival = None if self._measured is None else arrival(self._measured)
        self._late: dict[int, list[LateRow]] = {}
        if self._measured is not None and self._arrival is not None:
            self._late = late_rows(self._measured, self._arrival, self._number)
        known = None if self._measured is None else self._measured.covariates
        self._news = None if known is None else News(known, config.ring, like=state.as_of)
        self._issued = deque(sorted(self._numbered(raw), key=lambda pair: pair[0]))
        self._first, self.days = self._calendar(last)
        self._gains = [_gains(kind, config) for kind in range(len(DAY_CLASSES))]

    def to(self, until: datetime) -> None:
        """Take in all that is available by ``until``."""
        end = self._on_clock(until)
        if end < self._number:
            raise BadInput(
                cause=f"{until.isoformat()} lies before the state's {self.state.as_of.isoformat()}",
                mend="Issue at or after the state's as_of; a state cannot forget",
            )
        move(self.state.covariate, self._number, end, self.config.ring)
        if self._news is not None:
            self._news.tell(self.state.covariate, end)
        self._skip_silence(end)
        while self._number < end:
            self._remember_issued()
            self._take(self._number)
            self._number += 1
            self._skip_silence(end)
        self._remember_issued()
        self.state.as_of = until.astimezone(UTC)

    def day(self, number: int) -> tuple[int, int]:
        """Slot of the day and day type of the interval with that step number."""
        at = number - self._first
        return int(self.days.minute[at]) // self.config.step_min, int(self.days.day_type[at])

    def _calendar(self, last: datetime) -> tuple[int, Days]:
        """One look-up for the whole walk, from the interval before ``as_of`` (or an older late one) on."""
        first = min(self._number - 1, self._start) if self._late else self._number - 1
        count = max(self._on_clock(last), self._number) + self.config.horizon_steps - first
        start = self.state.as_of + (first - self._number) * timedelta(minutes=self.config.step_min)
        times = utc_times(start, self.config.step_min, count)
        return first, days(times, country=self.config.country, timezone=self.config.timezone)

    def flags(self, number: int, count: int) -> FloatArray:
        """(count, 3): holiday, eve and morrow of the intervals from ``number`` on."""
        at = number - self._first
        return self.days.flags[at : at + count]

    def _on_clock(self, time: datetime) -> int:
        return step_on_clock(time, self.config.step_min, like=self.state.as_of)

    def _numbered(self, raw: Raw | None) -> Iterator[tuple[int, IssuedInterval]]:
        expected = self.state.width.shape
        for one in () if raw is None else raw.issued:
            if one.bounds.shape != expected:
                raise BadInput(
                    cause=f"The interval issued at {one.issued_at.isoformat()} has shape {one.bounds.shape}",
                    mend=f"Pass {expected}: each quantile but the median, each step, each entity of the state",
                )
            yield self._on_clock(one.issued_at), one

    def _skip_silence(self, end: int) -> None:
        """Jump over a silence longer than every ring, after which nothing recent is known anyway."""
        state, memory = self.state, max(self.config.memory_steps, self.config.pending_steps)
        first = min(end, self._next_news(end))
        if first - self._number <= memory:
            return
        for ring in (state.residual, state.observed, state.city_error, state.pending):
            ring.fill(np.nan)
        shift.forget(state, self.config)
        began, self._number = self._number, first
        self._remember_issued(began)

    def _next_news(self, end: int) -> int:
        """The first interval, from the current one on, by whose end something may have become known."""
        if self._measured is None:
            return end
        if self._number < self._start + len(self._measured):
            return max(self._number, self._start)
        return min((known_at - 1 for known_at in self._late if known_at > self._number), default=end)

    def _remember_issued(self, silent_from: int | None = None) -> None:
        """Keep what was issued by now: of a silence that was just jumped over, also what late values may yet judge."""
        ring, day = self.config.pending_steps, self.config.steps_per_day
        while self._issued and self._issued[0][0] <= self._number:
            first, one = self._issued.popleft()
            oldest = self._number - (day if silent_from is not None and first >= silent_from else 0)
            for step in range(self.config.horizon_steps):
                if first + step >= oldest:
                    self.state.pending[(first + step) % ring, step] = one.bounds[:, step]

    def _take(self, number: int) -> None:
        """The interval ``number`` is over: what was measured in it, and what arrived late, is known now."""
        row = np.full(len(self.state.entities), np.nan, dtype=np.float32)
        panel = self._measured
        at = number - self._start
        if panel is not None and 0 <= at < len(panel):
            row = panel.values[at]
            if self._arrival is not None:
                row = np.where(self._arrival[at] <= number + 1, row, np.nan).astype(np.float32)
        self._calibrate(number, row)
        # What comes more than a day late finds no interval to be judged by: its place is that of a target ahead.
        over = (number - self.config.steps_per_day) % self.config.pending_steps
        self.state.pending[over] = np.nan
        error, city = self._learn(number, row)
        self.state.residual[number % self.config.memory_steps] = error
        self.state.observed[number % self.config.history_steps] = row
        self.state.city_error[number % self.config.memory_steps] = city
        for late in self._late.get(number + 1, ()):
            self._take_late(late)
        shift.follow(self.state, number, self.config)

    def _take_late(self, late: LateRow) -> None:
        number, row = late.number, np.full(len(self.state.entities), np.nan, dtype=np.float32)
        row[late.columns] = late.values
        if self._number - number < self.config.steps_per_day:
            self._calibrate(number, row)
        (error, own_city), known = self._learn(number, row), ~np.isnan(row)
        for ring, values in ((self.state.residual, error), (self.state.observed, row)):
            if self._number - number < len(ring):
                ring[number % len(ring)] = np.where(known, values, ring[number % len(ring)])
        city = self.state.city_error
        # A feed that is always late would never know the city's error otherwise.
        if self._number - number < len(city) and np.isnan(city[number % len(city)]).all():
            city[number % len(city)] = own_city

    def _calibrate(self, number: int, row: FloatArray) -> None:
        """Judge what was issued for the interval ``number`` by what was measured in it, each value once."""
        state, at = self.state, number % self.config.pending_steps
        measured = ~np.isnan(row)
        for one, level in enumerate(outer(self.config.quantiles)):
            pending, width = state.pending[at, :, one], state.width[one]
            known = measured & ~np.isnan(pending)
            if known.any():
                outside, tail = (row < pending, level) if level < MEDIAN else (row > pending, 1 - level)
                moved = width + self.config.calibration_gain * (outside - np.float32(tail))
                width[:] = np.where(known, np.maximum(moved, _MIN_MULTIPLIER), width)
                pending[known] = np.nan

    def _learn(self, number: int, row: FloatArray) -> tuple[FloatArray, float]:
        """Move profile and dispersion towards ``row``; returns its and the city's error against the profile before."""
        state, (slot, kind) = self.state, self.day(number)
        level, seen, usual = state.level[slot], state.seen[slot], state.dispersion[slot]
        error: FloatArray = row - levels(state.level, np.array([slot]), np.array([kind]), self.config)[0]
        missing = np.isnan(error)
        city = _city_error(row, error, ~missing)
        same = usual[dispersion_class(kind)]
        learned = shift.notice(state, row, error, usual=same, seen=seen[kind], city=city, config=self.config)
        first = missing & ~np.isnan(row)
        if first.any():
            level[:, first] = row[first]
        level += self._gain(seen, kind) * np.where(learned, row - level[kind], 0)
        seen[kind] += learned | first
        size = np.abs(error)
        np.copyto(usual, size, where=learned & np.isnan(usual))
        same += self.config.dispersion_gain * np.where(learned, size - same, 0)
        return error, city

    def _gain(self, seen: FloatArray, kind: int) -> FloatArray:
        usual, eager = self._gains[kind]
        gains: FloatArray = np.where(seen == 0, eager, usual)
        # The first few measurements of a day type are averaged before they fade.
        gains[kind] = np.maximum(np.float32(self.config.same_type_gain), 1 / (seen[kind] + 1))
        return gains


def _gains(kind: int, config: TrafficConfig) -> tuple[FloatArray, FloatArray]:
    """(day type, 1): how far each moves by an error on a day of ``kind``, and how far where it has none of its own."""
    same_class = (DAY_CLASSES[kind] == DAY_CLASSES)[:, None]
    gain = np.where(same_class, np.float32(config.same_class_gain), np.float32(config.other_gain))
    eager = np.where(same_class, np.float32(_UNSEEN_SAME_CLASS_GAIN), np.float32(_UNSEEN_OTHER_GAIN))
    return gain, np.maximum(gain, eager)


def dispersion_class(kind: int) -> int:
    """0 for a working day, 1 for a free one.

    >>> [dispersion_class(kind) for kind in range(len(DAY_CLASSES))]
    [0, 0, 0, 0, 0, 1, 1, 1]
    """
    return int(DAY_CLASSES[kind] > 0)


def _columns(panel: Panel, entities: tuple[str, ...], config: TrafficConfig) -> Panel:
    """The panel's columns in the state's order."""
    if panel.step_min != config.step_min:
        raise BadInput(
            cause=f"The measurements step by {panel.step_min} min, the model by {config.step_min} min",
            mend="Use a model trained on that step, or measurements of the model's",
        )
    known = set(entities)
    for name in panel.entities:
        if name not in known:
            raise UnknownName.among("entity", name, list(entities))
    return panel if panel.entities == entities else panel.select(entities)


def _city_error(row: FloatArray, error: FloatArray, known: npt.NDArray[np.bool_]) -> float:
    """The error of all that was measured, as a share of its profile; NaN where too few entities were."""
    if np.count_nonzero(known) < _MIN_CITY_SHARE * len(known):
        return np.nan
    expected = float((row - error)[known].sum())
    return float(error[known].sum()) / expected if expected > 0 else np.nan
