"""Plays a stretch of the past as live would have lived it: forecast, count, and the intervals that follow from both."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
from rich.progress import Progress

from features.clock import step_number
from features.parking.odds import Array, at_most
from features.parking.state import ParkingState
from features.parking.track import Tracker
from features.quantiles import MEDIAN
from features.series import FloatArray
from training.export import Graph
from training.parking.sample import Past, targets


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Issue:
    """One forecast of all lots, and what came of it.

    Attributes:
        row: of the panel, of the newest count that was known.
        issued_at: the instant of that row, aware.
        inputs: what the model was given.
        quality: (lot,), index into ``features.parking.build.QUALITIES``.
        free: (lot, step, quantile), spaces.
        full: (lot, step), probability of being full.
        came: (lot, step), free spaces; NaN where missing or past the end.
    """

    row: int
    issued_at: datetime
    inputs: dict[str, npt.NDArray[np.generic]]
    quality: npt.NDArray[np.int8]
    free: FloatArray
    full: FloatArray
    came: FloatArray


@dataclass(slots=True, kw_only=True, eq=False)
class Widths:
    """Where the intervals have got to: changed by ``replay`` as it goes.

    Attributes:
        width: (outer quantile, step, lot), of the state.
        pending: likewise, ``features.parking.state``.
    """

    width: FloatArray
    pending: FloatArray

    @classmethod
    def of(cls, state: ParkingState) -> "Widths":
        """Those of a state."""
        return cls(width=state.width.copy(), pending=state.pending.copy())

    def into(self, state: ParkingState) -> None:
        """Put them into a state."""
        state.width, state.pending = self.width.copy(), self.pending.copy()


def replay(graph: Graph, past: Past, rows: range, widths: Widths, bar: Progress, what: str) -> Iterator[Issue]:
    """Issue a forecast at each of ``rows``, each quantile's distance tracked from one to the next.

    Args:
        graph: the exported model.
        past: the counts; its state is as before the first of them.
        rows: rising, one after the other.
        widths: as they stand before the first; as they stand after the last when all is played.
        bar: shows issue times done and time left.
        what: that is done, in a word or two.
    """
    config, shares, capacity = past.config, past.shares(), past.start.capacity
    first = step_number(past.panel.start, config.step_min)
    begun = past.start.copy()
    begun.as_of = past.panel.time(rows.start)
    widths.into(begun)
    tracker, outer = Tracker(begun, (), config), [at for at, level in enumerate(config.quantiles) if level != MEDIAN]
    timely, lots = past.timely(), len(past.panel.entities)
    for some, table in past.tables(np.arange(rows.start, rows.stop), bar, what):
        came = targets(shares, some, config).reshape(len(some), lots, -1) * capacity[:, None]
        for at, row in enumerate(some.tolist()):
            tracker.to(first + row, timely, first)
            own = slice(at * lots, (at + 1) * lots)
            inputs = {name: array[own] for name, array in table.inputs.items()}
            inputs["width"] = np.ascontiguousarray(np.moveaxis(tracker.width, 2, 0))
            free, full = graph.outputs(inputs)
            tracker.issue(first + row, np.moveaxis(free[..., outer], (0, 1, 2), (2, 1, 0)))
            widths.width, widths.pending = tracker.width, tracker.pending
            yield Issue(
                row=row,
                issued_at=past.panel.time(row),
                inputs=inputs,
                quality=table.quality[at],
                free=free,
                full=full[..., 0],
                came=came[at],
            )


def shortfall(issue: Issue, past: Past, spaces: Array) -> Array:
    """(lot, step): the probability that fewer than so many spaces are free.

    Args:
        issue: a forecast.
        past: whose lots and config it is of.
        spaces: (lot,), how many.
    """
    config, capacity = past.config, past.start.capacity[:, None]
    # Spaces are whole: fewer than k are at most k - 1, and half a space above it lies between the two.
    return at_most(issue.free, issue.full, config.quantiles, config.full_share * capacity, spaces[:, None] - 0.5)
