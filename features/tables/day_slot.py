"""Tables that count days and slots of the day and hold no times, such as the car parks of Birmingham at the UCI."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from features.clock import zone
from features.errors import BadInput
from features.tables.columns import Columns, ReadOptions
from features.tables.published import open_published
from features.tables.source import Table, broken
from features.tables.times import to_utc
from features.tables.values import check, is_text, number, refuse_text, unreadable

_DAY, _SLOT = "day", "slot"
_DAY_MIN = 1440
_MOST_DAYS = 100_000
"""Nearly three centuries: beyond them it is no number of a day."""


def read(paths: Sequence[Path], options: ReadOptions) -> pl.DataFrame:
    """Read such tables; see ``features.tables.read`` for what comes out.

    ``day`` counts days and ``slot``, or the one column that ends in ``_slot``, steps of ``options.step_min`` within
    each, both from ``options.start``. They are read off the wall clock: what starts at 08:00 does so on every day,
    before and after a change of clocks.

    Args:
        paths: Parquet or CSV files, folders of them, or globs.
        options: which column is what, and the clock. Its zone is ``options.columns.timezone``, or that of ``start``.

    Raises:
        BadInput: a file that cannot be understood; names file, row or column, cause and mend.
    """
    return pl.concat([_read(table, options) for table in open_published(paths)])


def _read(table: Table, options: ReadOptions) -> pl.DataFrame:
    day, slot = _clock_columns(table)
    start, step_min = _first(table, options)
    for name in options.columns.entity:
        table.require(name, "--entity-col")
    value = options.columns.value or _only_value(table, options.columns, day, slot)
    table.require(value, "--value-col")
    plan = table.lazy.select(
        *(number(name, table, None).alias(name) for name in (day, slot)),
        pl.concat_str([pl.col(name).cast(pl.String) for name in options.columns.entity], separator="/")
        .cast(pl.Categorical)
        .alias("entity_id"),
        number(value, table, options.columns.missing).alias(value),
        *(unreadable(name, table).alias(f"text of {name}") for name in (day, slot, value)),
    )
    try:
        raw = plan.collect(engine="streaming")
    except pl.exceptions.PolarsError as error:
        raise broken(table.path, error) from None
    for name in (day, slot, value):
        refuse_text(raw[f"text of {name}"], table, name)
    check(raw[value], table, quantity=value)
    _refuse_blank(raw["entity_id"].alias(", ".join(options.columns.entity)), table)
    days, slots = (_counted(raw[name], table) for name in (day, slot))
    _refuse_long(days, slots, table, step_min)
    minutes = days * _DAY_MIN + slots * step_min
    return pl.DataFrame([_times(minutes.alias(f"{day}, {slot}"), start, table), raw["entity_id"], raw[value]])


def _clock_columns(table: Table) -> tuple[str, str]:
    """The names of the columns of days and of slots."""
    found = [name for name in table.schema.names() if name == _SLOT or name.endswith(f"_{_SLOT}")]
    if _DAY not in table.schema or len(found) != 1:
        lacks = "no column 'day'" if _DAY not in table.schema else f"{len(found)} columns of slots, not one"
        raise BadInput(
            cause=f"{table.path} has {lacks}, and files of shape 'day-slot' count days and slots of the day",
            mend="Name them 'day' and 'slot' (or one that ends in '_slot'); rows with times are read with --shape long",
        )
    return _DAY, found[0]


def _first(table: Table, options: ReadOptions) -> tuple[datetime, int]:
    """When slot 0 of day 0 was, and how long a slot is."""
    if options.start is None or options.step_min is None:
        raise BadInput(
            cause=f"{table.path} counts days and slots and does not say when they were",
            mend="Pass both, e.g. --start 2016-10-04T08:00 --step-min 30 --timezone Europe/London",
        )
    if options.columns.timezone is None:
        return options.start, options.step_min
    return options.start.astimezone(zone(options.columns.timezone)), options.step_min


def _only_value(table: Table, columns: Columns, day: str, slot: str) -> str:
    others = [name for name in table.schema.names() if name not in {day, slot, *columns.entity}]
    numbers = [name for name in others if is_text(table.schema[name]) or table.schema[name].is_numeric()]
    if len(numbers) != 1:
        raise BadInput(
            cause=f"{table.path} has {len(numbers)} columns besides day, slot and entity that may be measured, not one",
            mend=f"Name the measured one with --value-col; there are: {', '.join(others) or 'none'}",
        )
    return numbers[0]


def _counted(values: pl.Series, table: Table) -> pl.Series:
    """Whole numbers from 0 on."""
    _refuse_blank(values, table)
    wrong = (values < 0) | (values != values.floor()) | ~values.is_finite() | (values > _MOST_DAYS)
    if wrong.any():
        row = wrong.arg_true()[0]
        raise BadInput(
            cause=f"{table.row(row)}: '{values[row]:g}' in column '{values.name}' is no whole number from 0 on",
            mend="Count days from the day of --start, and slots from its time of the day",
        )
    return values.cast(pl.Int64)


def _refuse_blank(values: pl.Series, table: Table) -> None:
    if values.null_count():
        row = values.is_null().arg_true()[0]
        raise BadInput(cause=f"{table.row(row)}: column '{values.name}' is blank", mend="Fill it in, or remove the row")


def _refuse_long(days: pl.Series, slots: pl.Series, table: Table, step_min: int) -> None:
    """A slot that begins a day after the day's first one is another day's."""
    beyond = slots * step_min >= _DAY_MIN
    if beyond.any():
        row = beyond.arg_true()[0]
        raise BadInput(
            cause=f"{table.row(row)}: slot {slots[row]} of day {days[row]}, each of {step_min} min, runs past the day",
            mend="Count slots anew each day, and pass the length of one with --step-min",
        )


def _times(minutes: pl.Series, start: datetime, table: Table) -> pl.Series:
    """UTC of minutes on the wall clock that reads ``start`` at first; (row,)."""
    wall = pl.lit(start.replace(tzinfo=None), dtype=pl.Datetime("us")) + pl.duration(minutes=pl.col(minutes.name))
    read_off = pl.DataFrame([minutes]).select(wall.alias(minutes.name)).to_series()
    if isinstance(start.tzinfo, ZoneInfo):
        return to_utc(read_off, table, timezone=start.tzinfo.key).alias("time")
    return (read_off - start.utcoffset()).dt.replace_time_zone("UTC").alias("time")
