"""Weather and the like: a table of one row a time, city-wide, onto the measurements' clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from features.clock import EPOCH
from features.covariates import MOST, Covariates, refuse_unusable_names
from features.errors import BadInput
from features.tables.source import Table, broken, find, open_table
from features.tables.times import to_utc
from features.tables.values import check, is_text, number, refuse_text, unreadable

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]

_TIME, _AVAILABLE = "time", "available_at"
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class CovariateFindings:
    """Counts of what was found.

    Attributes:
        rows: rows read, blank ones included.
        names: of the columns.
        own_step_min: the most common gap of the file's times, minutes.
        blank: rows without any value.
        duplicates_merged: rows that repeat another's time, availability and values.
        conflicts: rows whose values differ from a later one of the same time and availability; the last was kept.
        out_of_order: rows that lie before the row above them.
        ahead: rows that were known before their interval was over: forecasts.
        gaps: times that are missing between the first and the last.
        off_clock: rows that begin between two steps of the measurements' clock, where that is not finer.
    """

    rows: int
    names: tuple[str, ...]
    own_step_min: float
    blank: int
    duplicates_merged: int
    conflicts: int
    out_of_order: int
    ahead: int
    gaps: int
    off_clock: int

    def lines(self) -> list[str]:
        """The findings in words, one a line; what was not found is not mentioned."""
        told = {
            "rows without any value: unknown, never zero": self.blank,
            "duplicates merged": self.duplicates_merged,
            "conflicting rows: the last in the file was kept": self.conflicts,
            "rows out of order: sorted": self.out_of_order,
            "rows known before their interval is over: forecasts": self.ahead,
            "times missing": self.gaps,
            "rows off the clock of the measurements: they count for the interval that they begin in": self.off_clock,
        }
        size = f"covariates {', '.join(self.names)}: {self.rows:,} rows of {self.own_step_min:g} min"
        return [size, *(f"covariates: {count:,} {words}" for words, count in told.items() if count)]


def read_covariates(
    path: Path, *, timezone: str | None, start: datetime, step_min: int
) -> tuple[Covariates, CovariateFindings]:
    """Every column but ``time`` and ``available_at``, on the clock of the measurements.

    A file of the same step stays as it is. A coarser one counts for every step that begins in its interval, a day at
    most. Of a finer one each step takes the mean of what it holds: so rain stays the millimetres of one row, not the
    sum of the step. It is known from when its last part is, and revised with each part that is.

    Args:
        path: Parquet or CSV with ``time``, columns of numbers, and ``available_at`` or not; without, and where it is
            blank, a row is known once its interval is over, which is as long as the most common gap.
        timezone: IANA zone of times that carry none, or None.
        start: the start of a step of the measurements.
        step_min: minutes of one step.

    Raises:
        BadInput: a file that cannot be understood; names file, row or column, cause and mend.
    """
    files = find([path])
    if len(files) > 1:
        raise BadInput(cause=f"{path} means {len(files)} files", mend="Give one file of covariates")
    table = open_table(files[0])
    names = _names(table)
    frame = _frame(table, names, timezone)
    rows, counts = _sorted(frame, names)
    own_s = _own_step_s(rows.time_s, step_min)
    # Where nothing is said a row is known once its interval is over.
    known_s = np.where(rows.known_s < 0, rows.time_s + own_s, rows.known_s)
    parts = _Rows(time_s=rows.time_s, known_s=known_s, values=rows.values)
    step_s, phase_s = step_min * 60, int((start - EPOCH).total_seconds()) % (step_min * 60)
    on_clock = (
        _averaged(parts, step_s, phase_s) if own_s < step_s else _held(parts, min(own_s, _DAY_S), step_s, phase_s)
    )
    findings = CovariateFindings(
        names=names,
        own_step_min=own_s / 60,
        ahead=int((known_s < rows.time_s + own_s).sum()),
        gaps=_gaps(rows.time_s, own_s),
        off_clock=0 if own_s < step_s else int(((rows.time_s - phase_s) % step_s != 0).sum()),
        **counts,
    )
    return _covariates(names, on_clock), findings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """Rows by time and when they are known, both (row,) in seconds since 1970; values (row, name)."""

    time_s: IntArray
    known_s: IntArray
    values: FloatArray


def _names(table: Table) -> tuple[str, ...]:
    if _TIME not in table.schema:
        raise BadInput(
            cause=f"{table.path} has no column '{_TIME}' (it has {', '.join(table.schema.names()[:10])})",
            mend=f"Rename the column of times to '{_TIME}'",
        )
    names = tuple(name for name in table.schema if name not in (_TIME, _AVAILABLE))
    if not names:
        raise BadInput(
            cause=f"{table.path} has no column beside its times", mend="Add one of numbers, e.g. temperature_c"
        )
    if len(names) > MOST:
        raise BadInput(
            cause=f"{table.path} has {len(names)} columns of covariates, more than {MOST}",
            mend="Leave out those that say the least of traffic",
        )
    refuse_unusable_names(names)
    return names


def _frame(table: Table, names: tuple[str, ...], timezone: str | None) -> pl.DataFrame:
    """The file's rows in order: ``time`` and ``available_at`` in UTC, each name as Float64."""
    for name in names:
        if not (is_text(table.schema[name]) or table.schema[name].is_numeric() or table.schema[name] == pl.Null):
            raise BadInput(
                cause=f"{table.path}: column '{name}' holds {table.schema[name]}, not numbers",
                mend="Leave that column out, or write numbers",
            )
    times = [name for name in (_TIME, _AVAILABLE) if name in table.schema]
    plan = table.lazy.select(
        *(pl.col(name).cast(pl.Categorical) if is_text(table.schema[name]) else pl.col(name) for name in times),
        *(number(name, table, None) for name in names),
        *(unreadable(name, table).alias(f"_text {name}") for name in names),
    )
    try:
        raw = plan.collect()
    except pl.exceptions.PolarsError as error:
        raise broken(table.path, error) from None
    for name in names:
        refuse_text(raw[f"_text {name}"], table, name)
        check(raw[name], table, quantity=name)
    raw = raw.with_columns(to_utc(raw[name], table, timezone=timezone).alias(name) for name in times)
    blank = raw[_TIME].is_null() & ~_without_values(raw, names)
    if blank.any():
        raise BadInput(
            cause=f"{table.row(blank.arg_true()[0])}: column '{_TIME}' is blank", mend="Fill it in, or remove the row"
        )
    return raw


def _without_values(frame: pl.DataFrame, names: tuple[str, ...]) -> pl.Series:
    return frame.select(pl.all_horizontal(pl.col(name).is_null() for name in names)).to_series()


def _sorted(frame: pl.DataFrame, names: tuple[str, ...]) -> tuple[_Rows, dict[str, int]]:
    """Rows with a value by time, then availability (-1 where none is said), each pair once; and what was found."""
    told = frame.filter(~_without_values(frame, names))
    if told.is_empty():
        raise BadInput(cause=f"{', '.join(names)}: blank in every row", mend="Export the table again, with its values")
    # Rounded up: a value must never seem to be known before it was.
    known = [-(-pl.col(_AVAILABLE).dt.epoch("us") // 1_000_000)] if _AVAILABLE in frame.columns else [pl.lit(-1)]
    seconds = told.select(
        pl.col(_TIME).dt.epoch("s").alias("time_s"), known[0].fill_null(-1).cast(pl.Int64).alias("known_s"), *names
    )
    out_of_order = int((seconds["time_s"].diff() < 0).sum())
    seconds = seconds.sort("time_s", "known_s", maintain_order=True)
    merged = seconds.unique(["time_s", "known_s"], keep="last", maintain_order=True)
    distinct = seconds.unique(maintain_order=True).height
    counts = {
        "rows": frame.height,
        "blank": frame.height - told.height,
        "duplicates_merged": seconds.height - distinct,
        "conflicts": distinct - merged.height,
        "out_of_order": out_of_order,
    }
    values = merged.select(names).to_numpy().astype(np.float32)
    rows = _Rows(time_s=merged["time_s"].to_numpy(), known_s=merged["known_s"].to_numpy(), values=values)
    return rows, counts


def _own_step_s(time_s: IntArray, step_min: int) -> int:
    """The most common gap of the file's times; of a single one, the measurements' step."""
    gaps, counts = np.unique(np.diff(np.unique(time_s)), return_counts=True)
    return int(gaps[counts.argmax()]) if len(gaps) else step_min * 60


def _gaps(time_s: IntArray, own_s: int) -> int:
    return max(0, int(time_s.max() - time_s.min()) // own_s + 1 - len(np.unique(time_s)))


def _held(rows: _Rows, own_s: int, step_s: int, phase_s: int) -> _Rows:
    """Each row for every step that begins in its interval; for the one that it begins in where none does."""
    first = -(-(rows.time_s - phase_s) // step_s)
    last = -(-(rows.time_s + own_s - phase_s) // step_s)
    if own_s == step_s:
        first = (rows.time_s - phase_s) // step_s
        last = first + 1
    at = np.repeat(np.arange(len(first)), last - first)
    along = np.arange(len(at)) - np.repeat(np.cumsum(last - first) - (last - first), last - first)
    return _Rows(time_s=(first[at] + along) * step_s + phase_s, known_s=rows.known_s[at], values=rows.values[at])


def _averaged(rows: _Rows, step_s: int, phase_s: int) -> _Rows:
    """A row each time that a step comes to know more of its parts: the mean of the latest of each."""
    made = list(_revisions(rows, (rows.time_s - phase_s) // step_s, step_s, phase_s))
    times, known, values = zip(*made, strict=True)
    return _Rows(time_s=np.array(times), known_s=np.array(known), values=np.array(values, dtype=np.float32))


def _revisions(rows: _Rows, step: IntArray, step_s: int, phase_s: int) -> Iterator[tuple[int, int, FloatArray]]:
    # Whatever becomes known between two steps is seen at the second.
    seen = -(-(rows.known_s - phase_s) // step_s)
    order = np.lexsort((rows.known_s, seen, step))
    for own, within in groupby(order.tolist(), key=lambda row: step[row]):
        parts: dict[int, FloatArray] = {}
        for _, together in groupby(within, key=lambda row: seen[row]):
            known_s = 0
            for row in together:
                before = parts.get(int(rows.time_s[row]))
                now = rows.values[row]
                parts[int(rows.time_s[row])] = now if before is None else np.where(np.isnan(now), before, now)
                known_s = int(rows.known_s[row])
            yield int(own) * step_s + phase_s, known_s, _mean(np.stack(list(parts.values())))


def _mean(parts: FloatArray) -> FloatArray:
    count = (~np.isnan(parts)).sum(axis=0)
    mean: FloatArray = np.where(count > 0, np.nansum(parts, axis=0) / np.maximum(count, 1), np.nan)
    return mean


def _covariates(names: tuple[str, ...], rows: _Rows) -> Covariates:
    times = (seconds.astype("datetime64[s]") for seconds in (rows.time_s, rows.known_s))
    time, available_at = times
    return Covariates(names=names, time=time, available_at=available_at, values=rows.values)
