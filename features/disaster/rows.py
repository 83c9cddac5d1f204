"""Readings in one array after those that the state remembers, each with the instant from which it was known."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from features.clock import EPOCH, clock_offset, step_number, step_on_clock, utc_times
from features.disaster.config import DisasterConfig
from features.disaster.derived import base_of, days_of_year, derive
from features.disaster.measured import Measured
from features.disaster.state import DisasterState, looked_at, quantities
from features.errors import BadInput

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """The state's tail and what became known since.

    Attributes:
        first: step number (``features.clock``) of the first row.
        offset_s: seconds from the start of a step to the reading: a day of Seoul does not end with one of UTC.
        step_min: minutes between rows.
        names: of the quantities.
        values: (quantity, time, source), NaN where missing.
        known_s: of the same shape, seconds since 1970 from which each was known; None where all were at their own
            instant.
    """

    first: int
    offset_s: int
    step_min: int
    names: tuple[str, ...]
    values: FloatArray
    known_s: IntArray | None

    def row(self, number: int) -> int:
        """Where the step of that number stands."""
        return number - self.first

    def seen(self, name: str, rows: IntArray, columns: IntArray, steps: range) -> FloatArray:
        """What was known of a quantity when each row was the latest.

        Args:
            name: of the quantity.
            rows: (issue,), the latest rows.
            columns: (column,), sources.
            steps: relative to the latest row, 0 the row itself.

        Returns:
            (issue, step, column), NaN where missing or not known yet.
        """
        quantity, length = self.names.index(name), self.values.shape[1]
        at = rows[:, None] + np.arange(steps.start, steps.stop)
        inside = (at >= 0) & (at < length)
        at = np.clip(at, 0, length - 1)
        found: FloatArray = self.values[quantity][at[:, :, None], columns]
        hidden = ~inside[:, :, None]
        if self.known_s is not None:
            issued_s = (rows + self.first) * self.step_min * 60 + self.offset_s
            hidden = hidden | (self.known_s[quantity][at[:, :, None], columns] > issued_s[:, None, None])
        elif steps.stop > 1:
            hidden = hidden | (np.arange(steps.start, steps.stop) > 0)[None, :, None]
        return np.where(hidden, np.float32(np.nan), found)


def rows_of(state: DisasterState, measured: Measured | None, config: DisasterConfig, last: datetime) -> Rows:
    """The state's tail and ``measured``, up to as far ahead of ``last`` as a forecast input may lie.

    A reading that comes so late that the state forgot its row is left out.

    Args:
        state: whose tail comes first.
        measured: what became known since; None: nothing.
        config: of the same training as the state.
        last: the last issue time.

    Raises:
        BadInput: another step, off the clock, ``last`` before the state, or a reading that is not known by ``last``.
    """
    number, as_of = (step_on_clock(each, config.step_min, like=state.as_of) for each in (last, state.as_of))
    if number < as_of:
        raise BadInput(
            cause=f"{last.isoformat()} lies before {state.as_of.isoformat()}, which the state has seen",
            mend="Ask for a later time, or take an older state",
        )
    ahead, kept = config.ahead_steps, config.memory_steps + config.ahead_steps
    first, names = as_of + 1 - config.memory_steps, quantities(config)
    values = np.full((len(names), number + ahead + 1 - first, len(state.sources)), np.nan, dtype=np.float32)
    values[:, :kept] = state.tail
    if measured is None:
        # All that the state keeps was known when it was made, what lies ahead of it too.
        known_s = np.full(values.shape, int((state.as_of - EPOCH).total_seconds())) if ahead else None
        return _with_derived(names, values, known_s, state, config, first)
    _check_clock(measured, state, config)
    step_s = config.step_min * 60
    offset_s = int(clock_offset(state.as_of, config.step_min).total_seconds())
    own_s = (np.arange(values.shape[1]) + first) * step_s + offset_s
    known_s = np.broadcast_to(own_s[None, :, None], values.shape).copy()
    known_s[:, :kept] = int((state.as_of - EPOCH).total_seconds())
    news = _on_grid(measured, state, config, first, values.shape, last)
    late_s = (config.memory_steps - config.lookback_steps) * step_s
    fresh = ~np.isnan(news.values) & (news.known_s > int((state.as_of - EPOCH).total_seconds()))
    fresh &= news.known_s - own_s[None, :, None] <= late_s
    values[fresh], known_s[fresh] = news.values[fresh], news.known_s[fresh]
    timely = not measured.available_at or bool((known_s <= own_s[None, :, None]).all() and not ahead)
    return _with_derived(names, values, None if timely else known_s, state, config, first)


def _with_derived(
    names: tuple[str, ...],
    values: FloatArray,
    known_s: IntArray | None,
    state: DisasterState,
    config: DisasterConfig,
    first: int,
) -> Rows:
    """The rows, and those of the quantities that follow from them, known as soon as the last that they follow from."""
    derived = [name for name in looked_at(config) if name not in names]
    if derived:
        start = EPOCH + first * timedelta(minutes=config.step_min) + clock_offset(state.as_of, config.step_min)
        times = utc_times(start, config.step_min, values.shape[1])
        day = days_of_year(times, config.timezone, config.step_min)
        base = [names.index(base_of(name)) for name in derived]
        more = [derive(name, values[at], day, state.normal) for name, at in zip(derived, base, strict=True)]
        values = np.concatenate([values, np.stack(more)])
        if known_s is not None:
            later = np.maximum(known_s[base], np.roll(known_s[base], 1, axis=1))
            known_s = np.concatenate([known_s, later])
    return Rows(
        first=first,
        offset_s=int(clock_offset(state.as_of, config.step_min).total_seconds()),
        step_min=config.step_min,
        names=(*names, *derived),
        values=values,
        known_s=known_s,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _News:
    values: FloatArray
    known_s: IntArray


def _check_clock(measured: Measured, state: DisasterState, config: DisasterConfig) -> None:
    if measured.step_min != config.step_min:
        raise BadInput(
            cause=f"The readings are {measured.step_min} minutes apart, the model's {config.step_min}",
            mend="Give readings of the model's clock",
        )
    step_on_clock(measured.start, config.step_min, like=state.as_of)


def _on_grid(
    measured: Measured, state: DisasterState, config: DisasterConfig, first: int, shape: tuple[int, ...], last: datetime
) -> _News:
    """The readings on the rows, and in the units, of the hazard."""
    values = np.full(shape, np.nan, dtype=np.float32)
    known_s = np.zeros(shape, dtype=np.int64)
    at = step_number(measured.start, config.step_min) - first
    begin, end = max(0, -at), min(len(measured), shape[1] - at)
    places = {place.id: place for place in config.hazard.places}
    column = {name: number for number, name in enumerate(measured.entities)}
    for quantity, name in enumerate(quantities(config)):
        for source, entity in enumerate(state.sources):
            place = places.get(entity)
            taken, add = name, 0.0
            if place is not None and place.measured is not None and name == config.hazard.quantity:
                taken, add = place.measured, place.add
            if entity not in column or taken not in measured.values:
                continue
            series = measured.values[taken][:, column[entity]]
            known = _known_s(measured, taken, column[entity])
            _refuse_future(f"{taken} of {entity}", series, known, measured, last)
            if begin < end:
                values[quantity, at + begin : at + end, source] = series[begin:end] + add
                known_s[quantity, at + begin : at + end, source] = known[begin:end]
    return _News(values, known_s)


def _known_s(measured: Measured, quantity: str, column: int) -> IntArray:
    """(time,): seconds since 1970 from which each reading was known."""
    step_s = measured.step_min * 60
    own_s = np.arange(len(measured), dtype=np.int64) * step_s + int((measured.start - EPOCH).total_seconds())
    if quantity not in measured.available_at:
        return own_s
    stated = measured.available_at[quantity][:, column]
    return np.where(np.isnat(stated), own_s, stated.astype("datetime64[s]").astype(np.int64))


def _refuse_future(what: str, series: FloatArray, known_s: IntArray, measured: Measured, last: datetime) -> None:
    future = ~np.isnan(series) & (known_s > int((last - EPOCH).total_seconds()))
    if future.any():
        row = int(future.argmax())
        known = datetime.fromtimestamp(int(known_s[row]), UTC)
        raise BadInput(
            cause=f"{what} for {measured.time(row).isoformat()} is known from {known.isoformat()} on, "
            f"after {last.isoformat()}",
            mend="Leave out readings, and forecasts, that became available after the last issue time",
        )
