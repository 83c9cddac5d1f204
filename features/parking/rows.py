"""Counts after those that the state remembers, as free shares, each with the instant from which it was known."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from features.clock import EPOCH, clock_offset, step_number, step_on_clock
from features.errors import BadInput, UnknownName
from features.parking.config import ParkingConfig
from features.parking.readings import free_shares, newest, unchanged
from features.parking.state import ParkingState
from features.series import FloatArray, Panel

IntArray = npt.NDArray[np.int64]

_LATEST_S = 86_400
"""A reading that comes a day late is history: profiles have gone on without it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """The state's tail and what became known since.

    Attributes:
        first: step number (``features.clock``) of the first row.
        offset_s: seconds from the start of a step to the reading.
        step_min: minutes between rows.
        values: (time, lot), free shares; NaN where missing or impossible.
        alike: (time, lot), how many readings in a row each has been the same; 0 where missing, or come late.
        known_s: (time, lot), seconds since 1970 from which each was known; None where all were at their own instant.
    """

    first: int
    offset_s: int
    step_min: int
    values: FloatArray
    alike: FloatArray
    known_s: IntArray | None

    def timely(self) -> FloatArray:
        """(time, lot): what was known at its own instant."""
        return np.where(self.alike > 0, self.values, np.float32(np.nan))

    def known_at(self, row: int) -> FloatArray:
        """(time up to and with ``row``, lot): what was known when that row was the latest."""
        values = self.values[: row + 1]
        if self.known_s is None:
            return values
        issued_s = (self.first + row) * self.step_min * 60 + self.offset_s
        return np.where(self.known_s[: row + 1] <= issued_s, values, np.float32(np.nan))


def rows_of(state: ParkingState, measured: Panel | None, config: ParkingConfig, last: datetime) -> Rows:
    """The state's tail and ``measured``, up to ``last``.

    Args:
        state: whose tail comes first; left untouched.
        measured: counts known since, in spaces, each row the instant of a reading; None: nothing.
        config: of the same training as the state.
        last: the last issue time.

    Raises:
        BadInput: another step, off the clock, ``last`` before the state, or a reading that is not known by ``last``.
        UnknownName: a lot that the state does not know.
    """
    number, as_of = (step_on_clock(each, config.step_min, like=state.as_of) for each in (last, state.as_of))
    if number < as_of:
        raise BadInput(
            cause=f"{last.isoformat()} lies before {state.as_of.isoformat()}, which the state has seen",
            mend="Ask for a later time, or take an older state",
        )
    first, lots = as_of + 1 - config.memory_steps, len(state.entities)
    values = np.full((number + 1 - first, lots), np.nan, dtype=np.float32)
    values[: config.memory_steps] = state.tail
    alike = np.zeros(values.shape, dtype=np.float32)
    alike[: config.memory_steps] = state.alike
    offset_s = int(clock_offset(state.as_of, config.step_min).total_seconds())
    known_s: IntArray | None = None
    if measured is not None:
        news, news_s = _news(state, measured, config, first, values.shape, last)
        as_of_s = int((state.as_of - EPOCH).total_seconds())
        own_s = ((np.arange(len(values)) + first) * config.step_min * 60 + offset_s)[:, None]
        timely = ~np.isnan(news) & (news_s <= own_s) & (own_s > as_of_s)
        late = ~np.isnan(news) & (news_s > own_s) & (news_s > as_of_s) & (news_s - own_s < _LATEST_S) & np.isnan(values)
        new = slice(config.memory_steps, None)
        # What came late tells nothing of a row of readings: it was not there when the next one came.
        in_time = np.where(timely, news, np.float32(np.nan))[new]
        alike[new] = unchanged(in_time, *newest(state.tail, state.alike))
        values = np.where(timely | late, news, values)
        if late.any():
            known_s = np.where(timely | late, news_s, np.minimum(own_s, as_of_s))
    return Rows(first=first, offset_s=offset_s, step_min=config.step_min, values=values, alike=alike, known_s=known_s)


def _news(
    state: ParkingState, measured: Panel, config: ParkingConfig, first: int, shape: tuple[int, ...], last: datetime
) -> tuple[FloatArray, IntArray]:
    """Free shares on the rows, and seconds since 1970 from which each is known."""
    if measured.step_min != config.step_min:
        raise BadInput(
            cause=f"The counts are {measured.step_min} minutes apart, the model's {config.step_min}",
            mend="Give counts of the model's clock",
        )
    step_on_clock(measured.start, config.step_min, like=state.as_of)
    known = set(state.entities)
    for name in measured.entities:
        if name not in known:
            raise UnknownName.among("lot", name, list(state.entities))
    panel = measured if measured.entities == state.entities else measured.select(state.entities)
    shares, _ = free_shares(panel.values, state.capacity, measure=config.measure)
    known_s = _known_s(panel)
    _refuse_future(panel, shares, known_s, last)
    values, at = np.full(shape, np.nan, dtype=np.float32), step_number(panel.start, config.step_min) - first
    seconds = np.zeros(shape, dtype=np.int64)
    begin, end = max(0, -at), min(len(panel), shape[0] - at)
    if begin < end:
        values[at + begin : at + end] = shares[begin:end]
        seconds[at + begin : at + end] = known_s[begin:end]
    return values, seconds


def _known_s(panel: Panel) -> IntArray:
    """(time, lot): a count is known at its instant, or when it is said to have become so later."""
    own_s = np.arange(len(panel), dtype=np.int64) * panel.step_min * 60 + int((panel.start - EPOCH).total_seconds())
    own = np.broadcast_to(own_s[:, None], panel.values.shape)
    if panel.available_at is None:
        return own
    stated = panel.available_at.astype("datetime64[s]").astype(np.int64)
    return np.where(np.isnat(panel.available_at), own, np.maximum(stated, own))


def _refuse_future(panel: Panel, shares: FloatArray, known_s: IntArray, last: datetime) -> None:
    future = ~np.isnan(shares) & (known_s > int((last - EPOCH).total_seconds()))
    if future.any():
        row, lot = (int(at) for at in np.argwhere(future)[0])
        known = datetime.fromtimestamp(int(known_s[row, lot]), UTC)
        raise BadInput(
            cause=f"The count of {panel.entities[lot]} for {panel.time(row).isoformat()} is known from "
            f"{known.isoformat()} on, after {last.isoformat()}",
            mend="Leave out counts that became available after the last issue time",
        )
