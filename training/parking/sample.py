"""Issue times and what came of them: from where trees learn, and on what their errors are measured."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC

import numpy as np
import numpy.typing as npt
import torch
from rich.progress import Progress

from features.clock import utc_times
from features.parking.advance import Raw
from features.parking.build import Table, build
from features.parking.config import ParkingConfig
from features.parking.readings import free_shares
from features.parking.state import ParkingState
from features.series import FloatArray, Panel
from training.parking.model import Inputs

IntArray = npt.NDArray[np.int64]

CHUNK = 96
"""Issue times held in memory at once."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Past:
    """Counts, and the state before the first of them.

    Attributes:
        panel: counts in spaces, columns as in the state.
        start: a state that has seen none of them, its fitted parts in place.
        config: of the features.
    """

    panel: Panel
    start: ParkingState
    config: ParkingConfig

    def known(self, row: int) -> Panel:
        """The counts and covariates that were known at the instant of ``row``."""
        panel = self.panel.window(0, row + 1)
        now = np.datetime64(self.panel.time(row).astimezone(UTC).replace(tzinfo=None), "s")
        if panel.covariates is not None:
            panel = replace(panel, covariates=panel.covariates.rows(panel.covariates.available_at <= now))
        if panel.available_at is None:
            return panel
        return replace(panel, values=np.where(panel.available_at > now, np.float32(np.nan), panel.values))

    def tables(self, rows: IntArray, bar: Progress, what: str) -> Iterator[tuple[IntArray, Table]]:
        """Tables of the issue times at ``rows``, rising, a bounded number at once."""
        chunks = [rows[at : at + CHUNK] for at in range(0, len(rows), CHUNK)]
        for some in bar.track(chunks, description=what):
            first = max(0, int(some[0]) - self.config.memory_steps - self.config.steps_per_day)
            # What lies before the memory of the first is not looked at again; covariates come along whole.
            state, panel = self.start, self.known(int(some[-1]))
            if first:
                state, panel = _begun(self.start, panel, first), panel.window(first, len(panel))
            yield some, build(Raw(measured=panel), state, self.config, [self.panel.time(int(row)) for row in some])

    def shares(self) -> FloatArray:
        """(time, lot): the share of spaces that was free; NaN where missing or impossible."""
        return free_shares(self.panel.values, self.start.capacity, measure=self.config.measure)[0]

    def timely(self) -> FloatArray:
        """(time, lot): the shares that were known at their own instant."""
        known_at = self.panel.available_at
        if known_at is None:
            return self.shares()
        own = utc_times(self.panel.start, self.panel.step_min, len(self.panel))[:, None]
        return np.where(known_at <= own, self.shares(), np.float32(np.nan))


def _begun(start: ParkingState, panel: Panel, row: int) -> ParkingState:
    """The state before a row, of which nothing before it is remembered."""
    begun = start.copy()
    begun.as_of = panel.time(row - 1)
    return begun


def targets(shares: FloatArray, rows: IntArray, config: ParkingConfig) -> FloatArray:
    """(issue * lot, step): what came, NaN where missing or past the end."""
    at = rows[:, None] + np.arange(1, config.horizon_steps + 1)
    inside = at < len(shares)
    found = np.where(inside[..., None], shares[np.where(inside, at, 0)], np.float32(np.nan))
    return np.ascontiguousarray(found.transpose(0, 2, 1)).reshape(-1, config.horizon_steps)


def tensors(table: Table) -> Inputs:
    """A table's inputs for the model."""
    return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in table.inputs.items()}


def spread(rows: IntArray, most: int) -> IntArray:
    """At most so many of some rows, evenly over all.

    >>> spread(np.arange(100), 4).tolist()
    [0, 33, 66, 99]
    """
    if len(rows) <= most:
        return rows
    return rows[np.unique(np.linspace(0, len(rows) - 1, most).astype(np.int64))]
