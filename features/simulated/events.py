"""What happens in the simulated Seoul: events with their true onset and end, drawn in the block they start in."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from features.simulated.chance import Stream, generator

DAY_H = 24


class Kind(StrEnum):
    """What an event is."""

    RAIN = "rain"
    CRASH = "crash"
    ROADWORKS = "roadworks"
    OUTAGE = "outage"
    SMOG = "smog"
    YELLOW_DUST = "yellow_dust"
    GATHERING = "gathering"
    PARKING_GAP = "parking_gap"
    PARKING_FROZEN = "parking_frozen"
    PARKING_WRONG = "parking_wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened, as the truth log tells it.

    Attributes:
        kind: what it is.
        onset_h: when it begins, hours since 1970-01-01T00Z; not rounded.
        end_h: when it is over.
        size: depth in mm of rain; share of the flow that a crash or roadworks take; what smog adds to PM2.5 and yellow
            dust to PM10 at its height in dry air, ug/m3; cars that a gathering brings; free spaces that a wrong reading
            shows; 1 for what is silent or frozen.
        link: index of the directed link, or None for the whole city.
        lot: index of the car park whose reading it is; None for all of them.
        venue: index of the place of a gathering.
    """

    kind: Kind
    onset_h: float
    end_h: float
    size: float
    link: int | None = None
    lot: int | None = None
    venue: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """How a kind of event is drawn.

    Attributes:
        stream: kind of chance.
        block_h: an event belongs to the block of hours in which it starts.
        longest_h: no event lasts longer, so nobody looks further back.
    """

    stream: Stream
    block_h: int
    longest_h: int


Draw = Callable[[np.random.Generator, float], Iterable[Event]]


def drawn(seed: int, hours: range, blocks: Blocks, draw: Draw) -> Iterator[Event]:
    """The events of one kind that touch a run of hours, in order of their blocks.

    Args:
        seed: of the city.
        hours: hours since 1970-01-01T00Z.
        blocks: how they are drawn.
        draw: makes the events that start in one block from its chance and its first hour.
    """
    first = (hours.start - blocks.longest_h) // blocks.block_h
    for block in range(first, (hours.stop - 1) // blocks.block_h + 1):
        for event in draw(generator(seed, blocks.stream, block), float(block * blocks.block_h)):
            if event.onset_h < hours.stop and event.end_h > hours.start:
                yield event


def share_of_hours(event: Event, hours: range) -> npt.NDArray[np.float64]:
    """How much of each hour an event covers.

    Returns:
        (hour,), fraction in [0, 1].

    >>> share_of_hours(Event(kind=Kind.CRASH, onset_h=1.5, end_h=3.25, size=0.4), range(0, 5)).tolist()
    [0.0, 0.5, 1.0, 0.25, 0.0]
    """
    start = np.arange(hours.start, hours.stop, dtype=np.float64)
    covered = np.minimum(start + 1, event.end_h) - np.maximum(start, event.onset_h)
    return np.asarray(covered.clip(0, 1), dtype=np.float64)
