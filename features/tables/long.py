"""The long table: one row a measurement, in Parquet or CSV."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from features.errors import BadInput, UnknownName
from features.tables.columns import Columns, ReadOptions
from features.tables.layout import look_alike
from features.tables.source import Table, broken, find, open_table
from features.tables.times import to_utc
from features.tables.values import check, is_text, number, refuse_text, unreadable

_AVAILABLE = "available_at"
_SAMPLED_ROWS = 1000
_LISTED = 10


def read(paths: Sequence[Path], options: ReadOptions) -> pl.DataFrame:
    """Read long tables; see ``features.tables.read`` for what comes out.

    Args:
        paths: Parquet or CSV files, folders of them, or globs.
        options: which column is what; ``start`` and ``step_min`` play no part here.

    Raises:
        BadInput: a file that cannot be understood; names file, row or column, cause and mend.
    """
    columns, frames = options.columns, []
    for path in find(paths):
        table = open_table(path)
        _require(table, columns)
        if columns.value is None:
            columns = replace(columns, value=_only_value(table, columns))
        frames.append(_read(table, columns))
    # Availability that only some files state is null in the others: known at the interval's end.
    return pl.concat(frames, how="diagonal")


def read_several(paths: Sequence[Path], options: ReadOptions) -> pl.DataFrame:
    """Read long tables with all their columns of numbers, or ``options.columns.value`` alone.

    Args:
        paths: Parquet or CSV files, folders of them, or globs.
        options: as in ``read``.

    Raises:
        BadInput: as ``read``, or files whose columns of numbers differ.
    """
    if options.columns.value is not None:
        return read(paths, options)
    frames: list[pl.DataFrame] = []
    for path in find(paths):
        table = open_table(path)
        _require(table, options.columns)
        values = _values(table, options.columns)
        if len(values) < 2:
            values = [_only_value(table, options.columns)]
        parts = [_read(table, replace(options.columns, value=value)) for value in values]
        frames.append(parts[0].with_columns(part[value] for part, value in zip(parts[1:], values[1:], strict=True)))
        if set(frames[0].columns) - {_AVAILABLE} != set(frames[-1].columns) - {_AVAILABLE}:
            raise BadInput(
                cause=f"{path} measures {', '.join(values)}, the files before it something else",
                mend="Name what all of them measure with --value-col, or read them one by one",
            )
    return pl.concat(frames, how="diagonal")


def _require(table: Table, columns: Columns) -> None:
    try:
        table.require(columns.time, "--time-col")
        for name in columns.entity:
            table.require(name, "--entity-col")
    except UnknownName as error:
        like = look_alike(table)
        if like not in {None, "long"}:
            raise BadInput(cause=error.cause, mend=f"It looks like --shape {like}") from None
        raise


def _read(table: Table, columns: Columns) -> pl.DataFrame:
    value = columns.value or ""
    table.require(value, "--value-col")
    known_at = [_raw_time(_AVAILABLE, table).alias(_AVAILABLE)] if _AVAILABLE in table.schema else []
    plan = table.lazy.select(
        _raw_time(columns.time, table).alias("time"),
        _entity(columns.entity).alias("entity_id"),
        number(value, table, columns.missing).alias(value),
        *known_at,
        unreadable(value, table).alias("_text"),
    )
    try:
        raw = plan.collect(engine="streaming")
    except pl.exceptions.PolarsError as error:
        raise broken(table.path, error) from None
    return _checked(raw, table, columns)


def _checked(raw: pl.DataFrame, table: Table, columns: Columns) -> pl.DataFrame:
    value = columns.value or ""
    refuse_text(raw["_text"], table, value)
    check(raw[value], table, quantity=value)
    times = {"time": columns.time, _AVAILABLE: _AVAILABLE}
    utc = [
        to_utc(raw[name].alias(source), table, timezone=columns.timezone).alias(name)
        for name, source in times.items()
        if name in raw.columns
    ]
    raw = raw.drop("_text").with_columns(utc)
    empty = raw["time"].is_null() & raw["entity_id"].is_null()
    for name, flag in {"time": columns.time, "entity_id": ", ".join(columns.entity)}.items():
        blank = raw[name].is_null() & ~empty
        if blank.any():
            row = blank.arg_true()[0]
            raise BadInput(cause=f"{table.row(row)}: column '{flag}' is blank", mend="Fill it in, or remove the row")
    # A blank line at the end of a CSV is no measurement.
    return raw.filter(~empty) if empty.any() else raw


def _raw_time(column: str, table: Table) -> pl.Expr:
    return pl.col(column).cast(pl.Categorical) if is_text(table.schema[column]) else pl.col(column)


def _entity(columns: tuple[str, ...]) -> pl.Expr:
    parts = [pl.col(name).cast(pl.String) for name in columns]
    return pl.concat_str(parts, separator="/").cast(pl.Categorical)


def _only_value(table: Table, columns: Columns) -> str:
    """The one column of numbers that is neither time nor entity."""
    numbers = _values(table, columns)
    if len(numbers) != 1:
        candidates = numbers or _others(table, columns)
        listed = ", ".join(candidates[:_LISTED]) or "none"
        listed += f" and {len(candidates) - _LISTED} more" if len(candidates) > _LISTED else ""
        raise BadInput(
            cause=f"{table.path} has {len(numbers)} columns of numbers besides time and entity, not one",
            mend=f"Name the measured one with --value-col; there are: {listed}",
        )
    return numbers[0]


def _values(table: Table, columns: Columns) -> list[str]:
    others = _others(table, columns)
    return others if len(others) == 1 else [name for name in others if _mostly_numbers(name, table)]


def _others(table: Table, columns: Columns) -> list[str]:
    used = {columns.time, _AVAILABLE, *columns.entity}
    return [name for name in table.schema if name not in used]


def _mostly_numbers(column: str, table: Table) -> bool:
    if not is_text(table.schema[column]):
        return table.schema[column].is_numeric()
    # Half is enough: a column of numbers with a word in it is refused later, by the row of that word.
    sample = table.lazy.head(_SAMPLED_ROWS).select(
        number(column, table, None).alias("is"), unreadable(column, table).alias("no")
    )
    counted = sample.select(pl.col("is").count(), pl.col("no").sum()).collect().row(0)
    return bool(counted[0] > counted[1])
