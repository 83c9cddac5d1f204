"""The clock that measurements keep: how long a step is, and where steps begin."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from features.errors import BadInput

IntArray = npt.NDArray[np.int64]
CodeArray = npt.NDArray[np.int32]

_MINUTE_MS = 60_000
# Fewer gaps than this say nothing about an entity's step: they may all be holes.
_TELLING_GAPS = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Intervals of equal length, numbered from 1970.

    Attributes:
        step_min: minutes of one interval.
        phase_ms: milliseconds from 1970 to the start of interval 0, in [0, step).
        off_clock: readings that do not lie at the start of an interval.
    """

    step_min: int
    phase_ms: int
    off_clock: int

    def index(self, time_ms: IntArray) -> IntArray:
        """The interval that each time (milliseconds since 1970) lies in, in the shape of ``time_ms``."""
        return (time_ms - self.phase_ms) // (self.step_min * _MINUTE_MS)

    def start(self, index: int) -> datetime:
        """When interval ``index`` starts, UTC."""
        return _EPOCH + timedelta(milliseconds=self.phase_ms, minutes=index * self.step_min)


def find_clock(code: CodeArray, time_ms: IntArray, entities: tuple[str, ...], *, step_min: int | None) -> Clock:
    """The clock of measurements, which is the most common gap between two readings of one entity.

    Args:
        code: (row,), which of ``entities`` was measured, ascending.
        time_ms: (row,), milliseconds since 1970, ascending within an entity.
        entities: their names.
        step_min: the step to use instead, in minutes; readings may then lie off the clock.

    Raises:
        BadInput: no two readings to infer from, a step that is no whole minute, entities with different steps,
            readings off the clock, or a ``step_min`` that would drop most of an entity's readings.
    """
    following = (np.diff(code) == 0) & (np.diff(time_ms) > 0)
    gaps_ms, owner = np.diff(time_ms)[following], code[1:][following]
    if step_min is None:
        step_ms = _common_step_ms(gaps_ms)
        _refuse_other_steps(gaps_ms, owner, step_ms, entities)
    else:
        step_ms = step_min * _MINUTE_MS
    phase_ms = _most_common(time_ms % step_ms)
    off = time_ms % step_ms != phase_ms
    clock = Clock(step_min=step_ms // _MINUTE_MS, phase_ms=phase_ms, off_clock=int(off.sum()))
    if step_min is None:
        _refuse_off_clock(off, code, time_ms, entities, clock)
    else:
        crowded = owner[np.diff(clock.index(time_ms))[following] == 0]
        _refuse_crowding(crowded, gaps_ms, owner, entities, step_min)
    return clock


def utc_text(time_ms: int) -> str:
    """A time for an error message, to the minute, or to the second where it is not whole minutes."""
    time = _EPOCH + timedelta(milliseconds=time_ms)
    return time.strftime("%Y-%m-%dT%H:%M" + ("" if time_ms % _MINUTE_MS == 0 else ":%S")) + " UTC"


def _common_step_ms(gaps_ms: IntArray) -> int:
    if not len(gaps_ms):
        raise BadInput(cause="No entity was measured twice, so the step is unknown", mend="Pass --step-min")
    step_ms = _most_common(gaps_ms)
    if step_ms % _MINUTE_MS:
        raise BadInput(
            cause=f"Readings come every {step_ms / 1000:g} s; the clock counts whole minutes",
            mend="Average them to whole minutes first, or pass --step-min to keep the last reading of each interval",
        )
    return step_ms


def _most_common(values: IntArray) -> int:
    distinct, counts = np.unique(values, return_counts=True)
    return int(distinct[counts.argmax()])


def _refuse_other_steps(gaps_ms: IntArray, owner: CodeArray, step_ms: int, entities: tuple[str, ...]) -> None:
    total = np.bincount(owner, minlength=len(entities))
    keeping = np.bincount(owner[gaps_ms == step_ms], minlength=len(entities))
    for suspect in np.flatnonzero((keeping * 2 < total) & (total >= _TELLING_GAPS)):
        own_ms = _most_common(gaps_ms[owner == suspect])
        if (gaps_ms[owner == suspect] == own_ms).sum() * 2 > total[suspect]:
            other = entities[int(keeping.argmax())]
            raise BadInput(
                cause=f"Steps are mixed: '{entities[suspect]}' is measured every {own_ms / _MINUTE_MS:g} min,"
                f" '{other}' every {step_ms / _MINUTE_MS:g} min",
                mend=f"Read them apart, or pass --step-min {max(1, min(own_ms, step_ms) // _MINUTE_MS)} for one grid"
                " with holes in the slower one",
            )


def _refuse_off_clock(
    off: npt.NDArray[np.bool_], code: CodeArray, time_ms: IntArray, entities: tuple[str, ...], clock: Clock
) -> None:
    if clock.off_clock:
        first = int(off.argmax())
        times = ", ".join(utc_text(int(time)) for time in time_ms[off & (code == code[first])][:3])
        raise BadInput(
            cause=f"{clock.off_clock:,} readings are off the {clock.step_min}-minute clock of the others, e.g. of"
            f" '{entities[code[first]]}': {times}",
            mend=f"Mend the times, or pass --step-min {clock.step_min}: each then counts for the interval it lies in",
        )


def _refuse_crowding(
    crowded: CodeArray, gaps_ms: IntArray, owner: CodeArray, entities: tuple[str, ...], step_min: int
) -> None:
    share = np.bincount(crowded, minlength=len(entities)) / np.bincount(owner, minlength=len(entities)).clip(1)
    worst = int(share.argmax())
    # Once in a while two readings share an interval; if most do, keeping the last would lose a measurement a step.
    if len(crowded) and share[worst] >= 0.5:
        own_min = _most_common(gaps_ms[owner == worst]) / _MINUTE_MS
        raise BadInput(
            cause=f"'{entities[worst]}' is measured every {own_min:g} min: on a {step_min}-minute clock one reading an"
            " interval would be kept and the rest lost",
            mend=f"Use --step-min {max(1, round(own_min))}, or add up or average the readings first",
        )
