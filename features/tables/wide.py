"""The wide table: one column an entity, one row a time or a step."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from features.errors import BadInput
from features.tables.columns import ReadOptions
from features.tables.source import Table, broken, find, open_table
from features.tables.times import UTC, to_utc
from features.tables.values import check, is_text, number, refuse_text, unreadable

_STEP = "step"


def read(paths: Sequence[Path], options: ReadOptions) -> pl.DataFrame:
    """Read wide tables; see ``features.tables.read`` for what comes out.

    The clock is the column ``options.columns.time``; where there is none, a column ``step`` counts steps of
    ``options.step_min`` from ``options.start``; where there is neither, rows are those steps. The value column is named
    ``options.columns.value``, or ``value``.

    Args:
        paths: Parquet or CSV files, folders of them, or globs.
        options: the clock, and the name of what was measured.

    Raises:
        BadInput: a file that cannot be understood; names file, row or column, cause and mend.
    """
    return pl.concat([_read(open_table(path), options) for path in find(paths)])


def _read(table: Table, options: ReadOptions) -> pl.DataFrame:
    quantity = options.columns.value or "value"
    clock = _clock_column(table, options)
    entities = [name for name in table.schema if name != clock]
    if not entities:
        raise BadInput(cause=f"{table.path} has no entity column beside '{clock}'", mend="Give one column an entity")
    values = _collect(table, [number(name, table, options.columns.missing).alias(name) for name in entities])
    flags = _collect(table, [unreadable(name, table).alias(name) for name in entities if is_text(table.schema[name])])
    for column in flags:
        refuse_text(column, table, column.name)
    for column in values:
        check(column, table, quantity=quantity)
    times = _times(table, clock, options, rows=len(values))
    return _melt(times, values, quantity)


def _clock_column(table: Table, options: ReadOptions) -> str | None:
    for name in (options.columns.time, _STEP):
        if name in table.schema:
            return name
    if options.start is None:
        table.require(options.columns.time, "--time-col")
    return None


def _times(table: Table, clock: str | None, options: ReadOptions, *, rows: int) -> pl.Series:
    if clock is None:
        return _from_steps(np.arange(rows), table, options)
    raw = _collect(table, [pl.col(clock)]).to_series()
    steps = raw.cast(pl.Int64, strict=False) if is_text(raw.dtype) or raw.dtype.is_integer() else None
    if steps is not None and steps.null_count() == 0:
        return _from_steps(steps.to_numpy(), table, options)
    if raw.null_count():
        row = raw.is_null().arg_true()[0]
        raise BadInput(cause=f"{table.row(row)}: column '{clock}' is blank", mend="Fill it in, or remove the row")
    text = raw.cast(pl.Categorical) if is_text(raw.dtype) else raw
    return to_utc(text, table, timezone=options.columns.timezone)


def _from_steps(steps: np.typing.NDArray[np.int64], table: Table, options: ReadOptions) -> pl.Series:
    if options.start is None or options.step_min is None:
        raise BadInput(
            cause=f"{table.path} counts steps and does not say when they were",
            mend="Pass both, e.g. --start 2012-03-01T00:00-08:00 --step-min 5",
        )
    start_us = round(options.start.timestamp() * 1_000_000)
    last = options.start.timestamp() + 60.0 * options.step_min * float(np.abs(steps).max(initial=0))
    if last > datetime.max.replace(tzinfo=options.start.tzinfo).timestamp():
        raise BadInput(cause=f"{table.path}: a step lies beyond the year 9999", mend="Number steps from 0")
    return pl.Series("time", start_us + steps * options.step_min * 60_000_000).cast(UTC)


def _collect(table: Table, columns: list[pl.Expr]) -> pl.DataFrame:
    try:
        return table.lazy.select(columns).collect(engine="streaming")
    except pl.exceptions.PolarsError as error:
        raise broken(table.path, error) from None


def _melt(times: pl.Series, values: pl.DataFrame, quantity: str) -> pl.DataFrame:
    rows, width = values.shape
    # Names are repeated as codes: text repeated once a cell would outweigh the values.
    names = pl.Series("entity_id", values.columns).cast(pl.Categorical)
    return pl.DataFrame(
        {
            "time": times.gather(np.tile(np.arange(rows, dtype=np.uint32), width)),
            "entity_id": names.gather(np.repeat(np.arange(width, dtype=np.uint32), rows)),
            quantity: pl.concat([column.rename(quantity) for column in values]),
        }
    )
