"""What was found in a file while it was put on a regular clock. Nothing is repaired without being counted here."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Counts of what was found.

    Attributes:
        rows: rows read, blank ones included.
        blank: rows whose value is blank.
        entities: distinct entities.
        steps: intervals between the first and the last row.
        step_min: minutes of one interval.
        duplicates_merged: rows that repeat another's entity, time and value.
        conflicts: rows whose value differs from a later one of the same entity and interval; the one that became
            available last was kept, or else the last in the file.
        out_of_order: rows that lie before the row above them of the same entity.
        off_clock: rows moved to the start of their interval.
        missing: intervals without a value, over all entities.
        repeated: entity to its merged and conflicting rows, where there are any.
        marked: cells that say that nothing was measured, such as ``-`` or -999.
        out_of_range: cells that hold what cannot have been measured; taken for missing.
        none_as_zero: blank cells that mean none, as no rain does: they are zero.
        dropped: rows of a file that are no measurements, such as its own minima and maxima.
    """

    rows: int
    blank: int
    entities: int
    steps: int
    step_min: int
    duplicates_merged: int
    conflicts: int
    out_of_order: int
    off_clock: int
    missing: int
    repeated: Mapping[str, int]
    marked: int = 0
    out_of_range: int = 0
    none_as_zero: int = 0
    dropped: int = 0

    @property
    def missing_share(self) -> float:
        """Fraction of intervals without a value, in [0, 1]."""
        return self.missing / (self.steps * self.entities)

    def as_dict(self) -> dict[str, Any]:
        """The counts, ready for JSON; ``repeated`` belongs to the entities and is left out."""
        counts = asdict(self) | {"missing_share": round(self.missing_share, 6)}
        del counts["repeated"]
        return counts

    def lines(self) -> list[str]:
        """The findings in words, one a line; what was not found is not mentioned, missing values always are."""
        told = {
            "blank rows: missing, never zero": self.blank,
            "cells that say so ('-', -999 and the like): missing": self.marked,
            "out of range: taken for missing": self.out_of_range,
            "blank cells that mean none: zero": self.none_as_zero,
            "rows that are no measurements: left out": self.dropped,
            "duplicates merged": self.duplicates_merged,
            "conflicting rows: the last was kept, by available_at or else in the file": self.conflicts,
            "rows out of order: sorted": self.out_of_order,
            "rows off the clock: moved to the start of their interval": self.off_clock,
        }
        size = f"{self.rows:,} rows: {self.entities:,} entities × {self.steps:,} intervals of {self.step_min} min"
        missing = f"{self.missing:,} values missing ({self.missing_share:.1%})"
        return [size, missing, *(f"{count:,} {words}" for words, count in told.items() if count)]
