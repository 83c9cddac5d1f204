"""What is known of a city as a whole, such as its weather: the newest intervals and those ahead, in a ring by step."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from features.clock import EPOCH
from features.covariates import Covariates
from features.errors import BadInput
from features.series import FloatArray

IntArray = npt.NDArray[np.int64]

DAYS = 7
"""Days whose median at a time of day is what is usual of a covariate: each weekday once."""

RECENT = 3
"""Newest intervals whose covariates are seen, beside those of the targets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """What a ring holds: an array (``length``, name), by the step number of the interval modulo its length.

    It stands at the step number of step 1: the past week is in it, and the targets from there on.

    Attributes:
        names: of the covariates.
        step_min: minutes between two steps.
        horizon_steps: targets that are in reach, step 1 the first.
    """

    names: tuple[str, ...]
    step_min: int
    horizon_steps: int

    @property
    def steps_per_day(self) -> int:
        """Slots of the day."""
        return 1440 // self.step_min

    @property
    def length(self) -> int:
        """Intervals that are kept: those of the past week, and of the targets as far as they are forecast."""
        return DAYS * self.steps_per_day + self.horizon_steps

    def unknown(self) -> FloatArray:
        """An array in which nothing is known."""
        return np.full((self.length, len(self.names)), np.nan, dtype=np.float32)


class News:
    """Rows in the order in which they come to be seen, each written into an array once."""

    def __init__(self, covariates: Covariates, ring: Ring, like: datetime) -> None:
        rows, self._enters = entering(covariates, ring, like)
        self._ring, self._number, self._values = ring, _numbers(rows, ring), rows.values
        self._told = 0

    def tell(self, held: FloatArray, until: int) -> None:
        """Write all that is seen by the start of the step ``until``, where the ring stands, into ``held``."""
        told = slice(self._told, int(np.searchsorted(self._enters, until, side="right")))
        self._told = max(self._told, told.stop)
        number = self._number[told]
        # Nothing lies further ahead than the ring reaches: it would not have entered yet.
        kept = number >= until - DAYS * self._ring.steps_per_day
        for column, values in enumerate(self._values[told].T):
            known = kept & ~np.isnan(values)
            # Of two rows of one interval the later one stands: numpy assigns in order.
            held[number[known] % len(held), column] = values[known]


def entering(covariates: Covariates, ring: Ring, like: datetime) -> tuple[Covariates, IntArray]:
    """The rows in the order in which they come to be seen, and the step number at whose start each does.

    A row is seen once it is available, and once its interval is no further ahead than the horizon: what is known of
    next month waits until then.

    Args:
        covariates: in any order.
        ring: that they are for.
        like: the start of a step; an hour may start at half past.

    Raises:
        BadInput: other names than the ring's.
    """
    if covariates.names != ring.names:
        raise BadInput(
            cause=f"The covariates are {list(covariates.names)}, the model looks at {list(ring.names)}",
            mend="Give the columns that the model was trained with, in their order",
        )
    phase_s = (like - EPOCH) % timedelta(minutes=ring.step_min) // timedelta(seconds=1)
    known_s = covariates.available_at.astype("datetime64[s]").astype(np.int64)
    known = -(-(known_s - phase_s) // (ring.step_min * 60))
    enters = np.maximum(known, _numbers(covariates, ring) - ring.horizon_steps + 1)
    order = np.lexsort((known_s, enters))
    return covariates.rows(order), enters[order]


def move(held: FloatArray, since: int, until: int, ring: Ring) -> None:
    """Carry an array from the step number ``since`` to ``until``: of targets that come into reach nothing is known.

    Args:
        held: changed in place.
        since: where it stands.
        until: not before.
        ring: of the array.
    """
    size = len(held)
    held[(np.arange(max(since, until - size), until) + ring.horizon_steps) % size] = np.nan


def departures(held: FloatArray, number: int, ring: Ring) -> FloatArray:
    """How far each covariate is from what it has been at that time of day: (recent + step, name), NaN where unknown.

    Usual is the median of the days of the past week at the same slot: half the days are dry, so that rain is itself,
    and a mild day in January is warm. It needs nothing that training fits, and follows the seasons.

    Args:
        held: as of the step ``number``.
        number: of step 1.
        ring: of the array.

    Returns:
        The newest intervals that are over, latest first, then each target; in the covariate's own unit.
    """
    size, slots = len(held), ring.steps_per_day
    seen = np.concatenate([number - 1 - np.arange(RECENT), number + np.arange(ring.horizon_steps)])
    first = number - DAYS * slots
    days = first + np.arange(DAYS)[:, None] * slots + (seen - first) % slots
    week = np.sort(held[days % size], axis=0)  # what is missing comes last
    count = (~np.isnan(week)).sum(axis=0)
    # An even number of days has two in its middle.
    low, high = (np.take_along_axis(week, at[None], axis=0)[0] for at in (np.maximum(count - 1, 0) // 2, count // 2))
    found: FloatArray = (held[seen % size] - (low + high) / 2).astype(np.float32)
    return found


def refuse_future(covariates: Covariates | None, last: datetime) -> None:
    """Refuse what becomes available after the last issue time.

    Raises:
        BadInput: names the row that is known the latest.
    """
    if covariates is not None and len(covariates) and covariates.available_at.max() > _utc(last):
        row = int(covariates.available_at.argmax())
        raise BadInput(
            cause=f"The covariates of {covariates.time[row]} are known from {covariates.available_at[row]} on (UTC), "
            f"after {last.isoformat()}",
            mend="Leave out covariates that become available after the last issue time",
        )


def _utc(time: datetime) -> np.datetime64:
    return np.datetime64(time.astimezone(UTC).replace(tzinfo=None), "s")


def _numbers(covariates: Covariates, ring: Ring) -> IntArray:
    """(row,), step numbers of the intervals."""
    seconds: IntArray = covariates.time.astype("datetime64[s]").astype(np.int64)
    return seconds // (ring.step_min * 60)
