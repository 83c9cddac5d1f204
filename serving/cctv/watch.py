"""``haechi watch``: cameras in, events out as lines, alerts, a page and a service, until all end or it is stopped."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from features.console import note, warn
from serving.cctv.crew import Crew
from serving.cctv.lines import document
from serving.cctv.told import Alive, Change, Ended, HealthTold, IncidentTold, Told

_WAIT_S = 0.2
_CHORES_S = 1.0
_PROGRESS_S = 10.0

Hear = Callable[[Told], None]
Chore = Callable[[datetime], None]
"""What is done now and then, at a time of day; it must be quick."""


@dataclass(slots=True, kw_only=True)
class CameraSummary:
    """What came of one camera's watch.

    Attributes:
        pictures: that were looked at.
        seconds: on its own clock.
        incidents: that were raised, by kind.
        faults: of its own, likewise.
        cause: why it could not be watched; empty: it could.
        mend: what to do about it.
        is_bad_input: whether what was given is to blame.
        note: what else is to be said of its end; empty: nothing.
    """

    pictures: int = 0
    seconds: float = 0.0
    incidents: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    cause: str = ""
    mend: str = ""
    is_bad_input: bool = False
    note: str = ""


Summary = dict[str, CameraSummary]
"""By camera."""


def watch(
    crew: Crew,
    names: Sequence[str],
    hears: Sequence[Hear],
    chores: Sequence[Chore],
    stopping: threading.Event,
) -> Summary:
    """Let all that the cameras tell be heard, until every camera has ended.

    Args:
        crew: at work.
        names: of its cameras.
        hears: each hears of everything, on this thread, in the order in which it was told.
        chores: each is done once a second.
        stopping: once it is set, the cameras are ended; what they still tell is heard.
    """
    summary: Summary = {name: CameraSummary() for name in names}
    all_hears = [lambda told: _count(summary, told), *hears, _Progress(summary).hear]
    done_s, told_to_stop = -_CHORES_S, False
    while not crew.is_over:
        if stopping.is_set() and not told_to_stop:
            note("Stopping: what is under way is finished first")
            crew.stop()
            told_to_stop = True
        for told in crew.told(_WAIT_S):
            for hear in all_hears:
                hear(told)
        if time.monotonic() - done_s >= _CHORES_S:
            done_s = time.monotonic()
            for chore in chores:
                chore(datetime.now(UTC))
    return summary


def lines_of(write: Callable[[dict[str, Any]], None]) -> Hear:
    """What writes a line of each event; that one lasts is no line."""

    def hear(told: Told) -> None:
        if isinstance(told, IncidentTold | HealthTold) and told.change is not Change.LASTS:
            write(document(told))

    return hear


def _count(summary: Summary, told: Told) -> None:
    own = summary[told.camera]
    if isinstance(told, IncidentTold) and told.change is Change.RAISED:
        kind = told.incident.kind.value
        own.incidents[kind] = own.incidents.get(kind, 0) + 1
    elif isinstance(told, HealthTold) and told.change is Change.RAISED:
        fault = told.event.kind.value
        own.faults[fault] = own.faults.get(fault, 0) + 1
    elif isinstance(told, Alive | Ended):
        own.pictures, own.seconds = max(own.pictures, told.pictures), max(own.seconds, told.seconds)
    if isinstance(told, Ended):
        own.cause, own.mend, own.is_bad_input, own.note = told.cause, told.mend, told.is_bad_input, told.note


class _Progress:
    """Lines on stderr: what a person at a terminal wants to know meanwhile."""

    def __init__(self, summary: Summary) -> None:
        self._summary, self._said_s = summary, time.monotonic()

    def hear(self, told: Told) -> None:
        if isinstance(told, Ended) and told.cause:
            # Of the only one it is said once all has ended.
            if len(self._summary) > 1:
                warn(f"{told.camera}: {told.cause}. {told.mend}")
        elif isinstance(told, Ended) and told.note:
            warn(f"{told.camera}: {told.note}")
        elif isinstance(told, Ended):
            note(f"{told.camera}: ended after {told.pictures} pictures ({told.seconds:.0f} s)")
        elif isinstance(told, HealthTold):
            over = " is over" if told.change is Change.CLEARED else ""
            warn(f"{told.camera}: {told.event.kind}{over}. {told.event.detail}")
        elif isinstance(told, Alive) and time.monotonic() - self._said_s >= _PROGRESS_S:
            self._said_s = time.monotonic()
            pictures = sum(own.pictures for own in self._summary.values())
            raised = sum(sum(own.incidents.values()) for own in self._summary.values())
            note(f"{len(self._summary)} cameras, {pictures} pictures, {raised} incidents")
