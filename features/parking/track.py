"""How far a lot's quantiles lie from the median follows from how often it was beyond them of late.

After each reading, each quantile's distance grows by the factor ``exp(gain * (1 - tail))`` where the reading lay beyond
it, and shrinks by ``exp(-gain * tail)`` where not, ``tail`` being the share meant to lie beyond: in the long run just
that share does (Gibbs and Candes 2021, 'Adaptive conformal inference under distribution shift').
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from features.clock import step_on_clock
from features.errors import BadInput
from features.parking.config import ParkingConfig
from features.parking.state import ParkingState
from features.quantiles import MEDIAN, outer
from features.series import FloatArray

_NARROWEST, _WIDEST = 0.05, 20.0
"""A distance never closes altogether, or it could not open again in proportion; nor is it without end."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IssuedInterval:
    """The quantiles around the median of one forecast, kept until its targets are counted.

    Attributes:
        issued_at: aware, on the clock.
        bounds: (outer quantile, step, lot), free spaces, columns as in the state.
    """

    issued_at: datetime
    bounds: FloatArray


class Tracker:
    """Moves a state's widths, in place, from reading to reading."""

    def __init__(self, state: ParkingState, issued: Sequence[IssuedInterval], config: ParkingConfig) -> None:
        self._config = config
        self.width, self.pending = state.width.copy(), state.pending.copy()
        self._number = step_on_clock(state.as_of, config.step_min, like=state.as_of)
        waiting = [(step_on_clock(one.issued_at, config.step_min, like=state.as_of), one) for one in issued]
        for _, one in waiting:
            if one.bounds.shape != state.width.shape:
                raise BadInput(
                    cause=f"The interval issued at {one.issued_at.isoformat()} has shape {one.bounds.shape}",
                    mend=f"Pass {state.width.shape}: each quantile but the median, each step, each lot of the state",
                )
        self._issued = deque(sorted(waiting, key=lambda pair: pair[0]))
        self._capacity = state.capacity
        self._tails = np.array([min(level, 1 - level) for level in outer(config.quantiles)], dtype=np.float32)
        self._is_low = np.array([level < MEDIAN for level in outer(config.quantiles)])

    @property
    def idle(self) -> bool:
        """Whether there is nothing to judge, now or later."""
        return not self._issued and bool(np.isnan(self.pending).all())

    def to(self, number: int, values: FloatArray, first: int) -> None:
        """Take in the readings up to and with step ``number``.

        Args:
            number: of the step, not before that of the last call.
            values: (row, lot), free shares that came in time.
            first: step number of the first row.
        """
        if self.idle:
            self._number = number
            return
        self._remember()
        while self._number < number:
            self._number += 1
            self._judge(values[self._number - first])
            self._remember()

    def _remember(self) -> None:
        """Keep what was issued by now."""
        while self._issued and self._issued[0][0] <= self._number:
            at, one = self._issued.popleft()
            for step in range(self._config.horizon_steps):
                if at + step + 1 > self._number:
                    slot = (at + step + 1) % self._config.horizon_steps
                    self.pending[slot, step] = one.bounds[:, step] / self._capacity

    def _judge(self, row: FloatArray) -> None:
        slot = self._number % self._config.horizon_steps
        due = self.pending[slot]
        with np.errstate(invalid="ignore"):
            beyond = np.where(self._is_low[:, None], row < due, row > due)
        known = ~np.isnan(due) & ~np.isnan(row)
        gain, tails = np.float32(self._config.tracking_gain), self._tails[:, None]
        factor = np.exp(gain * (beyond.astype(np.float32) - tails))
        moved = np.clip(self.width.transpose(1, 0, 2) * factor, _NARROWEST, _WIDEST)
        self.width = np.where(known, moved, self.width.transpose(1, 0, 2)).transpose(1, 0, 2).astype(np.float32)
        self.pending[slot] = np.nan
