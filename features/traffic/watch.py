"""What the watch for abnormal flow remembers between two intervals."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from features.errors import BadInput
from features.series import FloatArray
from features.traffic.abnormal_config import WatchConfig
from features.traffic.happening import AbnormalFlow
from features.traffic.neighbours import NONE

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
NOBODY = -1
"""Stands where a link belongs to no event."""

# Start of the band: a normal error's 2.5 % point lies at 1.53 times its 10 % point.
_FIRST_BAND = 1.53
# Start of the city's usual unrest: half of all normal errors lie within 0.34 of a 95 % band.
_FIRST_CALM = 0.34


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Interval:
    """One interval that is over, and the forecast that was issued at its start.

    Attributes:
        start: aware.
        measured: (entity,), NaN where missing.
        forecast: (entity, step, 3), q10, q50 and q90 (``as_80`` of other quantiles); step 1 is this interval.
    """

    start: datetime
    measured: FloatArray
    forecast: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Watch:
    """What the watch remembers between two intervals; ``observe`` is its only writer.

    Attributes:
        entities: names of the last axis of every array below.
        step_min: minutes of an interval.
        neighbours: (entity, any number), indices of the links that each is compared with, -1 where there are fewer.
        until: end of the last interval; None before the first.
        low: lower half width of the band, in lower half widths of the forecast's interval.
        high: upper likewise.
        calm: median distance of the city's links in half widths of the band, usually.
        pending: (target ring, lead, entity, 3), forecasts of the last intervals, by target and by steps ahead.
        side: -1 or 1 from the first step outside on, else 0.
        age: intervals since that first step.
        out: steps outside.
        far: how far outside they lay, summed.
        inside: steps back inside, one after the other.
        gap: steps without a measurement, likewise.
        same: measurements of one and the same value, likewise.
        last: the last measurement.
        member: index into ``ongoing``, -1 for links without an event.
        stuck: whether the value was seen stuck since the onset.
        ongoing: events that last.
    """

    entities: tuple[str, ...]
    step_min: int
    neighbours: IntArray
    until: datetime | None
    low: FloatArray
    high: FloatArray
    calm: float
    pending: FloatArray
    side: IntArray
    age: IntArray
    out: IntArray
    far: FloatArray
    inside: IntArray
    gap: IntArray
    same: IntArray
    last: FloatArray
    member: IntArray
    stuck: BoolArray
    ongoing: tuple[AbnormalFlow, ...]


def fresh_watch(entities: tuple[str, ...], step_min: int, neighbours: IntArray, config: WatchConfig) -> Watch:
    """A watch that has seen nothing yet.

    Raises:
        BadInput: neighbours of another number of entities, or an index that is none of theirs.
    """
    count, hold = len(entities), config.hold_steps
    if neighbours.ndim != 2 or len(neighbours) != count or (neighbours.size and not _within(neighbours, count)):
        raise BadInput(
            cause=f"neighbours has shape {neighbours.shape} for {count} entities, or points outside them",
            mend="Give one row of indices an entity, -1 where there are fewer",
        )
    none = np.zeros(count, dtype=np.int64)
    nan = np.full(count, np.nan, dtype=np.float32)
    return Watch(
        entities=entities,
        step_min=step_min,
        neighbours=neighbours,
        until=None,
        low=np.full(count, _FIRST_BAND, dtype=np.float32),
        high=np.full(count, _FIRST_BAND, dtype=np.float32),
        calm=_FIRST_CALM,
        pending=np.full((hold, hold, count, 3), np.nan, dtype=np.float32),
        side=none,
        age=none,
        out=none,
        far=np.zeros(count, dtype=np.float32),
        inside=none,
        gap=none,
        same=none,
        last=nan,
        member=np.full(count, NOBODY, dtype=np.int64),
        stuck=np.zeros(count, dtype=np.bool_),
        ongoing=(),
    )


def _within(neighbours: IntArray, count: int) -> bool:
    return bool(neighbours.min() >= NONE and neighbours.max() < count)
