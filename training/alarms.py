"""Alarms judged by event, as forecasters do: one storm is one hit or one miss, however many hours it lasts."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

FEWEST_EVENTS = 10
"""With fewer in the interval judged no claim is made of alarms: one event more or less would turn it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """What alarms came to.

    Attributes:
        events: onsets.
        hits: onsets that an alarm preceded.
        false_alarms: alarms that no onset followed in time.
        leads_h: of each hit, hours from the first alarm of its episode to the onset.
    """

    events: int
    hits: int
    false_alarms: int
    leads_h: tuple[float, ...]

    def __add__(self, other: "Alarms") -> "Alarms":
        return Alarms(
            events=self.events + other.events,
            hits=self.hits + other.hits,
            false_alarms=self.false_alarms + other.false_alarms,
            leads_h=self.leads_h + other.leads_h,
        )

    @property
    def misses(self) -> int:
        """Onsets without an alarm before them."""
        return self.events - self.hits

    @property
    def pod(self) -> float:
        """Probability of detection: hits of all onsets."""
        return _share(self.hits, self.events)

    @property
    def far(self) -> float:
        """False alarm ratio: false alarms of all alarms."""
        return _share(self.false_alarms, self.hits + self.false_alarms)

    @property
    def csi(self) -> float:
        """Critical success index: hits of onsets and false alarms together."""
        return _share(self.hits, self.events + self.false_alarms)

    @property
    def median_lead_h(self) -> float:
        """Half of the hits came with at least as much time; NaN without a hit."""
        return float(np.median(self.leads_h)) if self.leads_h else float("nan")

    @property
    def enough(self) -> bool:
        """Whether there are events enough to claim anything."""
        return self.events >= FEWEST_EVENTS

    def cost(self, ratio: float) -> float:
        """False alarms, and misses at ``ratio`` false alarms each."""
        return self.false_alarms + ratio * self.misses


def onsets(in_force: FloatArray, quiet_steps: int) -> npt.NDArray[np.int64]:
    """Rows at which a level comes into force after it was not for ``quiet_steps`` rows or more.

    Args:
        in_force: (time,), 1, 0 or NaN; what is unknown counts as before.
        quiet_steps: an interruption that is shorter is the same event.

    >>> onsets(np.array([0, 1, 0, 1, 0, 0, 0, 1.0]), 3).tolist()
    [1, 7]
    """
    on = np.flatnonzero(in_force == 1)
    if not len(on):
        return np.zeros(0, dtype=np.int64)
    since = np.diff(on, prepend=-quiet_steps - 1)
    first: npt.NDArray[np.int64] = on[since > quiet_steps]
    # What was in force in the first row began before anybody looked.
    return first[first > 0]


def judge_alarms(
    alarm: BoolArray, in_force: FloatArray, *, window_steps: int, step_h: float, quiet_steps: int, first_row: int = 0
) -> Alarms:
    """Hits, misses and false alarms of one place.

    An onset is hit where an alarm stood in one of the ``window_steps`` issue times before it. Alarms that are no
    further apart than the window are one episode; an episode is false where no onset lies in it or within the window
    after its end. Alarms while the level is in force, or within the quiet time after it, belong to that event.

    Args:
        alarm: (time,), whether the probability reached the threshold at that issue time.
        in_force: (time,), 1, 0 or NaN, in rows of the same clock.
        window_steps: of the probability: within so many steps.
        step_h: hours of a step.
        quiet_steps: see ``onsets``.
        first_row: that is judged; what is known of the rows before tells only what was in force already.
    """
    starts = onsets(in_force, quiet_steps)
    starts = starts[starts >= first_row]
    ongoing = _ongoing(in_force, quiet_steps)
    free = np.flatnonzero(alarm & ~ongoing)
    episodes = np.split(free, np.flatnonzero(np.diff(free) > window_steps) + 1) if len(free) else []
    hit, false_alarms, leads = set(), 0, []
    for episode in episodes:
        first, last = int(episode[0]), int(episode[-1])
        followed = [int(start) for start in starts if first < start <= last + window_steps]
        if not followed:
            false_alarms += 1
        for start in followed:
            before = episode[(episode < start) & (episode >= start - window_steps)]
            if len(before) and start not in hit:
                hit.add(start)
                leads.append((start - first) * step_h)
    return Alarms(events=len(starts), hits=len(hit), false_alarms=false_alarms, leads_h=tuple(leads))


def all_places(alarms: Iterable[Alarms]) -> Alarms:
    """The sum over places, or over years."""
    return sum(alarms, Alarms(events=0, hits=0, false_alarms=0, leads_h=()))


def _ongoing(in_force: FloatArray, quiet_steps: int) -> BoolArray:
    """Rows in which an event lasts or has just ended."""
    rows = np.arange(len(in_force))
    latest = np.maximum.accumulate(np.where(in_force == 1, rows, -quiet_steps - 1))
    return np.asarray(rows - latest <= quiet_steps)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
