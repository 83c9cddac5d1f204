"""The long table onto one regular clock: sorted, merged, counted, with every hole kept a hole."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from features.errors import BadInput
from features.series import FloatArray, Panel, TimeArray
from features.tables.findings import Findings
from features.tables.steps import Clock, CodeArray, IntArray, find_clock, utc_text

_MAX_CELLS = 2_000_000_000
_MAX_SILENCE = timedelta(days=1000)
# More than a few contradictions, in a file that states no revisions, are two entities under one name.
_MAX_CONFLICTING = 0.25
_UNSAID = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """Measured rows, sorted by entity, time, availability and place in the file; all (row,)."""

    code: CodeArray
    time_ms: IntArray
    value: FloatArray
    known_ms: IntArray | None
    out_of_order: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Merged:
    """Which rows stand for their interval, and what became of the others."""

    kept: npt.NDArray[np.bool_]
    duplicates: int = 0
    conflicts: int = 0
    repeated: dict[str, int]


def to_panel(frame: pl.DataFrame, *, value: str, step_min: int | None = None) -> tuple[Panel, Findings]:
    """Put a long table on one regular clock.

    Exact duplicates are merged. Of rows that disagree, the one that became available last is kept, or else the last in
    the file. The order of the rows plays no other part.

    Args:
        frame: what ``features.tables.read`` returned.
        value: the name of its value column.
        step_min: minutes of one interval; None takes the most common gap and refuses times that do not keep it.
            With it, times off the clock count for the interval that they lie in.

    Returns:
        The panel, entities sorted by name, and what was found.

    Raises:
        BadInput: no value at all, no common step, a stray time that would stretch the grid beyond reason, or entities
            that share a name.
    """
    entities, code = _codes(frame["entity_id"])
    time_ms = frame["time"].dt.epoch("ms").to_numpy()
    rows = _measured(frame, value, code, time_ms)
    if not len(rows.value):
        raise BadInput(cause=f"Column '{value}' is blank in every row", mend="Name a measured column with --value-col")
    clock = find_clock(rows.code, rows.time_ms, entities, step_min=step_min)
    first, last = clock.index(np.array([time_ms.min(), time_ms.max()])).tolist()
    _refuse_stray(time_ms, steps=last - first + 1, entities=len(entities))
    interval = clock.index(rows.time_ms)
    merged = _merge(rows, interval, entities)
    at = interval[merged.kept] - first, rows.code[merged.kept]
    values = np.full((last - first + 1, len(entities)), np.nan, dtype=np.float32)
    values[at] = rows.value[merged.kept]
    panel = Panel(
        start=clock.start(first),
        step_min=clock.step_min,
        entities=entities,
        values=values,
        quantity=value,
        available_at=_available_at(rows, merged.kept, at, clock, values.shape),
    )
    return panel, _findings(frame.height, rows, merged, clock, panel)


def _codes(entity_id: pl.Series) -> tuple[tuple[str, ...], CodeArray]:
    """Entities sorted by name, and each row's place among them."""
    category = entity_id.cast(pl.Categorical)
    distinct = category.unique()
    names = distinct.cast(pl.String).to_list()
    order = sorted(range(len(names)), key=names.__getitem__)
    physical = distinct.to_physical().to_numpy()
    place = np.zeros(int(physical.max()) + 1, dtype=np.int32)
    place[physical[order]] = np.arange(len(names), dtype=np.int32)
    return tuple(names[i] for i in order), place[category.to_physical().to_numpy()]


def _measured(frame: pl.DataFrame, value: str, code: CodeArray, time_ms: IntArray) -> _Rows:
    order = np.argsort(code, kind="stable")
    backwards = (np.diff(time_ms[order]) < 0) & (np.diff(code[order]) == 0)
    order = order[frame[value].is_not_null().to_numpy()[order]]
    known_ms = None
    if "available_at" in frame.columns:
        known_ms = frame["available_at"].dt.epoch("ms").fill_null(_UNSAID).to_numpy()[order]
    if backwards.any() or known_ms is not None:
        keys = [time_ms[order], code[order]]
        within = np.lexsort(keys if known_ms is None else [known_ms, *keys])
        order, known_ms = order[within], None if known_ms is None else known_ms[within]
    return _Rows(
        code=code[order],
        time_ms=time_ms[order],
        value=frame[value].to_numpy()[order].astype(np.float32),
        known_ms=known_ms,
        out_of_order=int(backwards.sum()),
    )


def _refuse_stray(time_ms: IntArray, *, steps: int, entities: int) -> None:
    """One stray date would fill the memory with missing values, or a report with decades of nothing."""
    # numpy's own unique takes seconds over such multiples of a step, which its hashes confuse.
    ordered = np.sort(time_ms)
    distinct = ordered[np.append(True, np.diff(ordered) != 0)]
    gaps_ms = np.diff(distinct)
    widest = int(gaps_ms.argmax()) if len(gaps_ms) else 0
    if len(gaps_ms) and gaps_ms[widest] > _MAX_SILENCE.total_seconds() * 1000:
        before, after = utc_text(int(distinct[widest])), utc_text(int(distinct[widest + 1]))
        # The smaller side is the stray one.
        stray = before if widest + 1 <= len(distinct) // 2 else after
        raise BadInput(
            cause=f"{stray} lies far from the other times: there is nothing between {before} and {after}",
            mend="Mend or remove the rows with that time, or read the two spans apart",
        )
    if steps * entities > _MAX_CELLS:
        raise BadInput(
            cause=f"{entities:,} entities x {steps:,} intervals from {utc_text(int(distinct[0]))} to"
            f" {utc_text(int(distinct[-1]))} are more than memory holds",
            mend="Read a shorter span or fewer entities, or pass a longer --step-min",
        )


def _merge(rows: _Rows, interval: IntArray, entities: tuple[str, ...]) -> _Merged:
    kept = np.append((np.diff(rows.code) != 0) | (np.diff(interval) != 0), True)
    dropped, stays = np.flatnonzero(~kept), np.flatnonzero(kept)
    if not len(dropped):
        return _Merged(kept=kept, repeated={})
    equal = rows.value[dropped] == rows.value[stays[np.searchsorted(stays, dropped)]]
    share = float((~equal).sum() / len(kept))
    if rows.known_ms is None and share > _MAX_CONFLICTING:
        at = int(dropped[np.flatnonzero(~equal)[0]])
        raise BadInput(
            cause=f"{share:.0%} of the rows contradict another of the same entity and time,"
            f" e.g. '{entities[rows.code[at]]}' at {utc_text(int(rows.time_ms[at]))}",
            mend="Name every column that tells entities apart, e.g. --entity-col site_id,direction",
        )
    counts = np.bincount(rows.code[dropped], minlength=len(entities))
    return _Merged(
        kept=kept,
        duplicates=int(equal.sum()),
        conflicts=int((~equal).sum()),
        repeated={entities[code]: int(counts[code]) for code in np.flatnonzero(counts)},
    )


def _available_at(
    rows: _Rows, kept: npt.NDArray[np.bool_], at: tuple[IntArray, CodeArray], clock: Clock, shape: tuple[int, ...]
) -> TimeArray | None:
    if rows.known_ms is None:
        return None
    step_ms = clock.step_min * 60_000
    end_ms = rows.time_ms[kept] - (rows.time_ms[kept] - clock.phase_ms) % step_ms + step_ms
    stated_ms = rows.known_ms[kept]
    known = np.full(shape, np.datetime64("NaT", "s"))
    # Rounded up: a value must never seem to be known before it was.
    known[at] = -(-np.where(stated_ms == _UNSAID, end_ms, stated_ms) // 1000)
    return known


def _findings(rows_read: int, rows: _Rows, merged: _Merged, clock: Clock, panel: Panel) -> Findings:
    return Findings(
        rows=rows_read,
        blank=rows_read - len(rows.value),
        entities=len(panel.entities),
        steps=len(panel),
        step_min=panel.step_min,
        duplicates_merged=merged.duplicates,
        conflicts=merged.conflicts,
        out_of_order=rows.out_of_order,
        off_clock=clock.off_clock,
        missing=int(np.isnan(panel.values).sum()),
        repeated=merged.repeated,
    )
