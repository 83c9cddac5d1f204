"""What a user should know about measurements before trusting them: one line an entity, and the whole file."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from features.errors import BadInput
from features.series import Panel
from features.tables import quality
from features.tables.findings import Findings

_LONG_OUTAGE_DAYS = 7
_DAY_MIN = 1440

RULES = (
    f"Stuck: at least {quality.STUCK_READINGS} equal readings in a row that are not zero.",
    f"Spike: one reading that leaps from both neighbours by more than {quality.SPIKE_ROBUST_SD:g} robust standard"
    " deviations, after what is usual at that time of the week is taken off (Hampel identifier, window 3).",
    f"Level shift: the weekly median, over what is usual, changes by {quality.SHIFT_RATIO - 1:.0%} or more"
    f" (up or down) for at least {quality.SHIFT_WEEKS} weeks.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelShift:
    """A lasting change of level: its first week's start, and new level over old."""

    time: datetime
    ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityReport:
    """One entity.

    Attributes:
        entity_id: its name.
        first: its first measured interval; None where nothing was measured.
        last: its last measured interval.
        step_min: its own most common gap, minutes; None with fewer than two readings.
        missing: intervals of the whole file's span without a value.
        missing_share: the same as a fraction.
        longest_gap_h: hours of its longest run of missing intervals.
        longest_gap_start: when that began.
        duplicates: rows merged or overruled.
        stuck_runs: runs of equal readings.
        longest_stuck: readings in the longest of them.
        spikes: lone leaps.
        level_shifts: lasting changes of level.
    """

    entity_id: str
    first: datetime | None
    last: datetime | None
    step_min: int | None
    missing: int
    missing_share: float
    longest_gap_h: float
    longest_gap_start: datetime | None
    duplicates: int
    stuck_runs: int
    longest_stuck: int
    spikes: int
    level_shifts: tuple[LevelShift, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole file.

    Attributes:
        quantity: what was measured.
        start: the first interval.
        end: the end of the last one.
        findings: what reading the file found.
        in_long_outages: fraction of the missing values that lie in outages longer than a week.
        never_measured: entities without any value.
        entities: one report an entity, most missing first, then oddest first.
    """

    quantity: str
    start: datetime
    end: datetime
    findings: Findings
    in_long_outages: float
    never_measured: int
    entities: tuple[EntityReport, ...]

    def as_dict(self) -> dict[str, Any]:
        """The report, ready for JSON but for its datetimes."""
        own = {name: getattr(self, name) for name in ("quantity", "start", "end", "in_long_outages", "never_measured")}
        entities = [asdict(entity) for entity in self.entities]
        return own | {"findings": self.findings.as_dict(), "rules": list(RULES), "entities": entities}

    def lines(self) -> list[str]:
        """The file in words, one finding a line."""
        stuck, spikes, shifts = (
            sum(counts)
            for counts in (
                [entity.stuck_runs for entity in self.entities],
                [entity.spikes for entity in self.entities],
                [len(entity.level_shifts) for entity in self.entities],
            )
        )
        lines = self.findings.lines()
        lines[1] += (
            f", {self.in_long_outages:.0%} of them in outages longer than a week" if self.findings.missing else ""
        )
        if self.never_measured:
            lines.append(f"{self.never_measured:,} entities never measured")
        return [*lines, f"{stuck:,} stuck runs, {spikes:,} spikes, {shifts:,} level shifts"]


def report(panel: Panel, findings: Findings) -> Report:
    """Judge measurements; nothing is changed.

    Args:
        panel: the measurements.
        findings: what was found while they were read.

    Raises:
        BadInput: the step does not divide a day, so that times of day cannot be compared.
    """
    if _DAY_MIN % panel.step_min:
        raise BadInput(
            cause=f"A step of {panel.step_min} min does not divide a day, so no time of day ever comes again",
            mend="Average to a step such as 5, 15 or 60 min, and pass --step-min",
        )
    steps_per_day = _DAY_MIN // panel.step_min
    gaps = quality.gaps(panel.values)
    long_outages = gaps.length[gaps.length > _LONG_OUTAGE_DAYS * steps_per_day].sum()
    entities = _entities(panel, findings, gaps, steps_per_day)
    return Report(
        quantity=panel.quantity,
        start=panel.start,
        end=panel.end,
        findings=findings,
        in_long_outages=float(long_outages / max(1, findings.missing)),
        never_measured=sum(entity.first is None for entity in entities),
        entities=tuple(sorted(entities, key=_worst_first)),
    )


def _entities(panel: Panel, findings: Findings, gaps: quality.Runs, steps_per_day: int) -> list[EntityReport]:
    measured = ~np.isnan(panel.values)
    count = len(panel.entities)
    first, last = measured.argmax(axis=0), len(panel) - 1 - measured[::-1].argmax(axis=0)
    missing = (~measured).sum(axis=0)
    gap_start, gap_steps = _longest(gaps, count)
    stuck = quality.stuck_runs(panel.values)
    _, stuck_longest = _longest(stuck, count)
    stuck_count = np.bincount(stuck.entity, minlength=count)
    spike_count = quality.spikes(panel.values, steps_per_day=steps_per_day).sum(axis=0)
    own_step = _own_steps(measured)
    shifts: dict[int, list[LevelShift]] = {}
    for shift in quality.level_shifts(panel.values, steps_per_day=steps_per_day):
        shifts.setdefault(shift.entity, []).append(LevelShift(time=panel.time(shift.row), ratio=round(shift.ratio, 3)))
    return [
        EntityReport(
            entity_id=name,
            first=panel.time(int(first[i])) if missing[i] < len(panel) else None,
            last=panel.time(int(last[i])) if missing[i] < len(panel) else None,
            step_min=own_step[i] * panel.step_min or None,
            missing=int(missing[i]),
            missing_share=round(float(missing[i]) / len(panel), 6),
            longest_gap_h=int(gap_steps[i]) * panel.step_min / 60,
            longest_gap_start=panel.time(int(gap_start[i])) if gap_steps[i] else None,
            duplicates=findings.repeated.get(name, 0),
            stuck_runs=int(stuck_count[i]),
            longest_stuck=int(stuck_longest[i]),
            spikes=int(spike_count[i]),
            level_shifts=tuple(shifts.get(i, ())),
        )
        for i, name in enumerate(panel.entities)
    ]


def _longest(runs: quality.Runs, entities: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Start and length of each entity's longest run, the first of equals; 0 and 0 where it has none."""
    start, length = np.zeros(entities, dtype=np.intp), np.zeros(entities, dtype=np.intp)
    # Written shortest first, so that the longest is what stays.
    order = np.lexsort((-runs.start, runs.length))
    start[runs.entity[order]] = runs.start[order]
    length[runs.entity[order]] = runs.length[order]
    return start, length


def _own_steps(measured: quality.BoolArray) -> list[int]:
    """Rows between two readings of each entity, as they most commonly are; 0 with fewer than two."""
    steps = []
    for column in measured.T:
        apart = np.diff(np.flatnonzero(column))
        steps.append(int(np.bincount(apart).argmax()) if len(apart) else 0)
    return steps


def _worst_first(entity: EntityReport) -> tuple[float, int, str]:
    odd = entity.duplicates + entity.stuck_runs + entity.spikes + len(entity.level_shifts)
    return -entity.missing_share, -odd, entity.entity_id
