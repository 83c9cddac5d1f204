"""Steps of alerts, each with actor, reason and time, chained by SHA-256 so that whoever alters one is seen.

Every change of an alert is one step and every step is one row, with the alert as it was after it: the audit, the event
log that watchers follow and what an alert was at any time are the same rows.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from serving.alerts.alert import Alert
from serving.alerts.words import Action

GENESIS = "0" * 64
"""What the first step follows."""

SYSTEM = "haechi"
"""The actor of steps that no operator took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What happened.

    Attributes:
        action: what was done.
        actor: who did it; ``haechi`` of automatic steps.
        reason: why.
        at: when.
        alert: as it was afterwards.
    """

    action: Action
    actor: str
    reason: str
    at: datetime
    alert: Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One row of the audit.

    Attributes:
        seq: 1, 2, 3, … over all alerts, without a gap.
        entry: what happened.
        hash: over the number, the entry and the hash of the row before.
    """

    seq: int
    entry: Entry
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A step as it is stored.

    Attributes:
        seq: its number.
        document: the entry as JSON.
        previous: hash of the row before.
        hash: its own.
    """

    seq: int
    document: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of an audit's check.

    Attributes:
        steps: that were read.
        head: hash of the last; kept elsewhere, it also proves that none was cut off the end.
        faults: what does not hold, the first few; empty: nothing was altered.
    """

    steps: int
    head: str
    faults: tuple[str, ...]


_ENTRY = TypeAdapter(Entry)


def to_json(entry: Entry) -> str:
    """The entry as one line of JSON."""
    return _ENTRY.dump_json(entry).decode()


def from_row(row: Row) -> Step:
    """The step that a row holds."""
    return Step(seq=row.seq, entry=_ENTRY.validate_json(row.document), hash=row.hash)


def link(seq: int, document: str, previous: str) -> str:
    """The hash of a row: over its number, its text and the hash of the row before."""
    return hashlib.sha256(f"{previous}\n{seq}\n{document}".encode()).hexdigest()


def broken(rows: Iterable[Row]) -> Iterable[str]:
    """Say of each row that does not follow from the one before what is wrong with it.

    Args:
        rows: all of them, in their order.
    """
    seq, head = 0, GENESIS
    for row in rows:
        if row.seq != seq + 1:
            yield f"step {seq + 1} is missing: step {row.seq} follows {seq}"
        if row.previous != head:
            yield f"step {row.seq} does not follow from the one before it"
        if row.hash != link(row.seq, row.document, row.previous):
            yield f"step {row.seq} was altered"
        seq, head = row.seq, row.hash
