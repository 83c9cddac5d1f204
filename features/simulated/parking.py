"""What the car parks' feed says: the bays that are free, where it speaks, and where it is right."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from features.simulated.chance import WEEK_H, Stream
from features.simulated.events import DAY_H, Blocks, Event, Kind, drawn
from features.simulated.lots import lots
from features.simulated.occupancy import occupied_spaces

IntArray = npt.NDArray[np.int64]

_MONTH_H = 30 * DAY_H
_OUTAGES = Blocks(stream=Stream.PARKING_OUTAGE, block_h=_MONTH_H, longest_h=21 * DAY_H)
_GAPS = Blocks(stream=Stream.PARKING_GAP, block_h=WEEK_H, longest_h=9)
_FEED_GAPS = Blocks(stream=Stream.PARKING_FEED, block_h=DAY_H, longest_h=5)
_FROZEN = Blocks(stream=Stream.PARKING_FROZEN, block_h=_MONTH_H, longest_h=48)
_WRONG = Blocks(stream=Stream.PARKING_WRONG, block_h=WEEK_H, longest_h=3)

_OUTAGES_A_LOT_MONTH = 0.10
_GAPS_A_LOT_WEEK = 0.15
_FEED_GAPS_A_DAY = 0.06
_FROZEN_A_LOT_MONTH = 0.30
_WRONG_A_LOT_WEEK = 0.10


def free_spaces(seed: int, hours: range) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Readings at the instant at which each hour starts, and whether the feed had them.

    Args:
        seed: of the city.
        hours: hours since 1970-01-01T00Z, not empty.

    Returns:
        Free spaces (hour, lot), beyond 0 and the capacity where a reading is wrong; read (hour, lot), False in a gap.
    """
    # Back to the last reading before a feed froze.
    wide = range(hours.start - _FROZEN.longest_h - 1, hours.stop)
    capacity = np.array([lot.capacity for lot in lots()])
    true = capacity - occupied_spaces(seed, wide)
    free, read = true.copy(), np.ones(true.shape, dtype=np.bool_)
    for event in sorted(faults(seed, hours), key=_in_order):
        onset, end = (max(int(each) - wide.start, 0) for each in (event.onset_h, event.end_h))
        lot = slice(None) if event.lot is None else event.lot
        if event.kind is Kind.PARKING_GAP:
            read[onset:end, lot] = False
        elif event.kind is Kind.PARKING_FROZEN:
            free[onset:end, lot] = true[onset - 1, lot]
        else:
            free[onset:end, lot] = int(event.size)
    return free[-len(hours) :], read[-len(hours) :]


def faults(seed: int, hours: range) -> Iterator[Event]:
    """Readings that never came, stand still, or cannot be, in the hours that they touch."""
    yield from drawn(seed, hours, _OUTAGES, _draw_outages)
    yield from drawn(seed, hours, _GAPS, _draw_gaps)
    yield from drawn(seed, hours, _FEED_GAPS, _draw_feed_gaps)
    yield from drawn(seed, hours, _FROZEN, _draw_frozen)
    yield from drawn(seed, hours, _WRONG, _draw_wrong)


def _in_order(event: Event) -> tuple[bool, float, int]:
    """A wrong reading is seen in a frozen feed too; of two at once the later one."""
    return event.kind is Kind.PARKING_WRONG, event.onset_h, event.lot or 0


def _draw_outages(chance: np.random.Generator, first_h: float) -> Iterator[Event]:
    dice, onset = chance.random((2, len(lots())))
    days = np.exp(chance.normal(np.log(3), 0.9, len(lots()))).clip(0.5, _OUTAGES.longest_h / DAY_H)
    for lot in np.flatnonzero(dice < _OUTAGES_A_LOT_MONTH).tolist():
        yield _fault(Kind.PARKING_GAP, lot, first_h + onset[lot] * _MONTH_H, round(float(days[lot]) * DAY_H))


def _draw_gaps(chance: np.random.Generator, first_h: float) -> Iterator[Event]:
    dice, onset = chance.random((2, len(lots())))
    length_h = chance.integers(1, _GAPS.longest_h, size=len(lots()), endpoint=True)
    for lot in np.flatnonzero(dice < _GAPS_A_LOT_WEEK).tolist():
        yield _fault(Kind.PARKING_GAP, lot, first_h + onset[lot] * WEEK_H, int(length_h[lot]))


def _draw_feed_gaps(chance: np.random.Generator, first_h: float) -> Iterator[Event]:
    dice, onset = chance.random(2)
    length_h = int(chance.integers(1, _FEED_GAPS.longest_h, endpoint=True))
    if dice < _FEED_GAPS_A_DAY:
        yield _fault(Kind.PARKING_GAP, None, first_h + onset * DAY_H, length_h)


def _draw_frozen(chance: np.random.Generator, first_h: float) -> Iterator[Event]:
    dice, onset = chance.random((2, len(lots())))
    length_h = chance.integers(4, _FROZEN.longest_h, size=len(lots()), endpoint=True)
    for lot in np.flatnonzero(dice < _FROZEN_A_LOT_MONTH).tolist():
        yield _fault(Kind.PARKING_FROZEN, lot, first_h + onset[lot] * _MONTH_H, int(length_h[lot]))


def _draw_wrong(chance: np.random.Generator, first_h: float) -> Iterator[Event]:
    dice, onset, above, how_far = chance.random((4, len(lots())))
    length_h = chance.integers(1, _WRONG.longest_h, size=len(lots()), endpoint=True)
    for lot in np.flatnonzero(dice < _WRONG_A_LOT_WEEK).tolist():
        capacity = lots()[lot].capacity
        # Below zero a gate missed exits and is a little off; above the capacity the number may be any.
        far = 1 + int(how_far[lot] * capacity * (2.0 if above[lot] < 0.5 else 0.1))
        shown = capacity + far if above[lot] < 0.5 else -far
        yield _fault(Kind.PARKING_WRONG, lot, first_h + onset[lot] * WEEK_H, int(length_h[lot]), shown)


def _fault(kind: Kind, lot: int | None, onset_h: float, length_h: int, size: float = 1.0) -> Event:
    """Readings are at whole hours, and so are their faults."""
    first_h = float(np.floor(onset_h))
    return Event(kind=kind, onset_h=first_h, end_h=first_h + length_h, size=size, lot=lot)
