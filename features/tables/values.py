"""Numbers as they are written in files: what is one, what is missing, and what no sensor can have measured."""

import polars as pl

from features.errors import BadInput
from features.tables.source import Table

# Ways of writing "nothing was measured" that tools put into CSV files.
_MISSING = ["", "nan", "na", "n/a", "null", "none"]
_NEVER_NEGATIVE = ("volume", "count", "occup", "flow", "speed")
_NEVER_NEGATIVE_UNITS = ("_veh_h", "_veh", "_kmh", "_mph")


def number(column: str, table: Table, missing: float | None) -> pl.Expr:
    """A column as Float64, null where nothing was measured.

    Args:
        column: its name.
        table: its file.
        missing: a number that this feed writes where nothing was measured, or None.

    Raises:
        BadInput: the column's type is neither a number nor text.
    """
    dtype = table.schema[column]
    if is_text(dtype):
        return _known(_written(column).cast(pl.Float64, strict=False), missing)
    if not (dtype.is_numeric() or dtype == pl.Null):
        raise BadInput(
            cause=f"{table.path}: column '{column}' holds {dtype}, not numbers",
            mend="Name a column of numbers with --value-col",
        )
    return _known(pl.col(column).cast(pl.Float64), missing)


def _known(values: pl.Expr, missing: float | None) -> pl.Expr:
    values = values.fill_nan(None)
    return values if missing is None else pl.when(values != missing).then(values)


def unreadable(column: str, table: Table) -> pl.Expr:
    """Where a column holds text that is neither a number nor a way of writing that nothing was measured."""
    if not is_text(table.schema[column]):
        return pl.lit(value=False)
    written = _written(column)
    no_number = written.cast(pl.Float64, strict=False).is_null()
    return no_number & written.is_not_null() & ~written.str.to_lowercase().is_in(_MISSING)


def is_text(dtype: pl.DataType) -> bool:
    """Whether a column of this type is written out, so that numbers or times in it must be parsed."""
    return isinstance(dtype, pl.String | pl.Categorical | pl.Enum)


def check(values: pl.Series, table: Table, *, quantity: str) -> None:
    """Refuse what cannot have been measured.

    Args:
        values: (row,), Float64, named as its column in the file.
        table: the file, for error messages.
        quantity: what was measured; its name says whether it can be negative.

    Raises:
        BadInput: an infinity, or a negative volume, count, occupancy, flow or speed; names the row.
    """
    column = values.name
    infinite = values.is_infinite()
    if infinite.any():
        row = infinite.arg_true()[0]
        raise BadInput(
            cause=f"{table.row(row)}: column '{column}' is infinite",
            mend="Leave the cell blank where nothing was measured",
        )
    if never_negative(quantity) and (values < 0).any():
        row = (values < 0).arg_true()[0]
        raise BadInput(
            cause=f"{table.row(row)}: column '{column}' is {values[row]:g}, and {quantity} cannot be negative",
            mend=f"Leave the cell blank where nothing was measured, or say so: --missing-value {values[row]:g}",
        )


def refuse_text(flags: pl.Series, table: Table, column: str) -> None:
    """Refuse a column of numbers with text in it, naming its first such row.

    Args:
        flags: (row,), what ``unreadable`` gave.
        table: the file, for error messages.
        column: the column in the file.

    Raises:
        BadInput: any flag is set.
    """
    if flags.any():
        row = flags.arg_true()[0]
        raise BadInput(
            cause=f"{table.row(row)}: {table.text(row, column)} in column '{column}' is no number",
            mend="Write a plain number such as 1234.5, or leave the cell blank where nothing was measured",
        )


def never_negative(quantity: str) -> bool:
    """Whether a name says that its values count something.

    >>> never_negative("volume_veh_h"), never_negative("temperature_c")
    (True, False)
    """
    name = quantity.lower()
    return name.startswith(_NEVER_NEGATIVE) or name.endswith(_NEVER_NEGATIVE_UNITS)


def _written(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).str.strip_chars()
