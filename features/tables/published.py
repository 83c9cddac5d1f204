"""What the readers of published shapes share: columns by any of their names, times, numbers, and what was found."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from features.errors import BadInput
from features.tables.columns import ReadOptions
from features.tables.hours import instants
from features.tables.layout import Column, Layout, columns_of, look_alike, named
from features.tables.plausible import judge
from features.tables.source import Table, broken, find, open_table
from features.tables.values import is_text, number, refuse_text, unreadable

TIMEZONE = "Asia/Seoul"

# What Korean feeds write into a cell where nothing was measured.
_MARKS = ("-", "--", "점검및교정", "장비점검", "자료이상", "통신장애")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of one quantity's cells: see ``Findings``."""

    marked: int = 0
    out_of_range: int = 0
    none_as_zero: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """Rows that measure the same quantities at the same moment.

    Attributes:
        frame: ``time``, ``entity_id``, maybe ``available_at``, and one column a quantity.
        counts: by quantity.
        mixed: whether an entity without any value of a quantity does not measure it: so in a long table of many.
        dropped: rows that are no measurements at all.
    """

    frame: pl.DataFrame
    counts: Mapping[str, Counts] = field(default_factory=dict)
    mixed: bool = False
    dropped: int = 0

    @property
    def quantities(self) -> list[str]:
        """The names of its value columns."""
        return [name for name in self.frame.columns if name not in {"time", "entity_id", "available_at"}]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """The measured cells of a file.

    Attributes:
        values: (row, quantity), Float64, in the units that the names end in; null where nothing was measured.
        blank: of the same shape: where a cell is blank, and not marked as missing.
        counts: by quantity.
    """

    values: pl.DataFrame
    blank: pl.DataFrame
    counts: dict[str, Counts]


def open_published(paths: Sequence[Path]) -> Iterator[Table]:
    """The files that a user's paths mean, a CSV without its blank lines.

    Raises:
        BadInput: a path that is not there, or a file that is no table.
    """
    for path in find(paths):
        table = open_table(path)
        # A blank line at the end of a CSV is no measurement.
        rows = table.lazy.filter(~pl.all_horizontal(pl.all().is_null())) if table.is_csv else table.lazy
        yield replace(table, lazy=rows)


def read_times(table: Table, layout: Layout, options: ReadOptions) -> tuple[pl.Series, bool]:
    """The column of times as UTC: (row,), none null; and whether its hours are counted from 1 to 24.

    Times without a zone are Seoul's, unless ``options.columns.timezone`` says otherwise.

    Raises:
        BadInput: no such column, a blank, or a time that is none; names the row.
    """
    asked = () if options.columns.time == "time" else (options.columns.time,)
    column = named(table, layout, asked or layout.time, what="the time")
    raw = collect(table, [pl.col(column)]).to_series()
    if raw.null_count():
        row = raw.is_null().arg_true()[0]
        raise BadInput(cause=f"{table.row(row)}: column '{column}' is blank", mend="Fill it in, or remove the row")
    return instants(raw, table, timezone=options.columns.timezone or TIMEZONE)


def read_entity(table: Table, layout: Layout) -> pl.Series:
    """Where each row was measured: (row,), Categorical.

    Args:
        table: the file.
        layout: its shape.

    Raises:
        BadInput: no such column, a blank (names the row), or several places where a file is of one.
    """
    if layout.place is not None and not layout.names_places(table):
        return place(layout.place, collect(table, [pl.len()]).item())
    column = named(table, layout, layout.entity, what="the station")
    raw = collect(table, [pl.col(column)]).to_series()
    text = (
        (raw if is_text(raw.dtype) else raw.cast(pl.Int64))
        .cast(pl.String)
        .str.strip_chars()
        .str.replace(r"^(\d+)\.0$", "${1}")
    )
    blank = text.is_null() | (text == "")
    if blank.any():
        row = blank.arg_true()[0]
        raise BadInput(cause=f"{table.row(row)}: column '{column}' is blank", mend="Fill it in, or remove the row")
    if layout.single and text.n_unique() > 1:
        like = look_alike(table)
        raise BadInput(
            cause=f"{table.path} holds {text.n_unique()} stations in column '{column}', '{layout.shape}' is of one",
            mend=f"It looks like --shape {like}"
            if like not in {None, layout.shape}
            else "Keep the rows of one station",
        )
    if layout.single and layout.place is not None:
        return place(layout.place, len(text))
    return text.cast(pl.Categorical).alias("entity_id")


def place(name: str, rows: int) -> pl.Series:
    """The column ``entity_id`` of ``rows`` rows that are all of one place."""
    return pl.Series("entity_id", [name]).cast(pl.Categorical).new_from_index(0, rows)


def read_cells(table: Table, layout: Layout, options: ReadOptions, columns: Sequence[Column] | None = None) -> Cells:
    """The measured cells of a file, only what can have been measured left in them.

    Args:
        table: the file.
        layout: its shape.
        options: ``columns.missing`` is one more number that means nothing was measured.
        columns: those to read; None: the shape's own.

    Raises:
        BadInput: a required column is missing, a cell is neither a number nor a mark (names the row), or a column is in
            another unit or datum.
    """
    found = columns_of(table, layout, layout.columns if columns is None else columns)
    raw = collect(table, [number(name, table, None).alias(name) for name in found.values()])
    marks = collect(table, [_mark(name, table).alias(name) for name in found.values()])
    text = collect(table, [(unreadable(name, table) & ~_mark(name, table)).alias(name) for name in found.values()])
    values, blank, counts = [], [], {}
    for column, name in found.items():
        refuse_text(text[name], table, name)
        judged = judge(
            raw[name],
            quantity=column.quantity,
            where=f"{table.path}, column '{name}'",
            scale=column.scale,
            missing=options.columns.missing,
        )
        marked = judged.marked + int(marks[name].sum())
        values.append(judged.values.alias(column.quantity))
        blank.append((raw[name].is_null() & ~marks[name]).alias(column.quantity))
        counts[column.quantity] = Counts(marked=marked, out_of_range=judged.out_of_range)
    return Cells(values=pl.DataFrame(values), counts=counts, blank=pl.DataFrame(blank))


def collect(table: Table, columns: list[pl.Expr]) -> pl.DataFrame:
    """Columns of a file, in its own order.

    Raises:
        BadInput: the file cannot be read to its end.
    """
    try:
        return table.lazy.select(columns).collect(engine="streaming")
    except pl.exceptions.PolarsError as error:
        raise broken(table.path, error) from None


def _mark(column: str, table: Table) -> pl.Expr:
    if not is_text(table.schema[column]):
        return pl.col(column).is_null() & pl.lit(value=False)
    return pl.col(column).cast(pl.String).str.strip_chars().is_in(_MARKS).fill_null(value=False)
