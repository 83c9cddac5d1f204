"""Times as they are written in files, into UTC."""

import numpy as np
import polars as pl

from features.errors import BadInput
from features.tables.source import Table

UTC = pl.Datetime("us", "UTC")
_FORMATS = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")
_OFFSET = r"\d:\d{2}\S*?\s*([+-]\d{2}:?(?:\d{2})?)$"


def to_utc(raw: pl.Series, table: Table, *, timezone: str | None) -> pl.Series:
    """A column of times as UTC; blanks stay null.

    Args:
        raw: (row,), text (Categorical), Datetime or Date, named as in the file.
        table: the file, for error messages.
        timezone: IANA zone of times that carry none, or None.

    Returns:
        (row,), Datetime us UTC.

    Raises:
        BadInput: a time that is none, that has no zone, or that comes twice or never where clocks change.
    """
    if isinstance(raw.dtype, pl.Categorical | pl.Enum):
        return _from_text(raw, table, timezone)
    if raw.dtype == pl.Date:
        raw = raw.cast(pl.Datetime("us"))
    if not isinstance(raw.dtype, pl.Datetime):
        raise BadInput(
            cause=f"{table.path}: column '{raw.name}' holds {raw.dtype}, not times",
            mend="Write ISO times (2022-01-01T00:00+09:00); a file that counts steps needs --shape wide, --start and"
            " --step-min",
        )
    if raw.dtype.time_zone is not None:
        return raw.cast(pl.Datetime("us", raw.dtype.time_zone)).dt.convert_time_zone("UTC")
    if timezone is None and raw.null_count() < len(raw):
        _refuse_zoneless(raw, raw.is_not_null(), table)
    utc = _localised(raw.cast(pl.Datetime("us")), timezone or "UTC")
    _refuse_clock_change(raw, utc.is_null() & raw.is_not_null(), table, timezone)
    return utc


def _from_text(raw: pl.Series, table: Table, timezone: str | None) -> pl.Series:
    # One hour is written once for every entity: parsing each distinct text once is both faster and smaller.
    distinct = raw.unique().drop_nulls()
    written = distinct.cast(pl.String)
    naive, offset_min = _parse(written)
    _refuse(raw, distinct.filter(naive.is_null()), table)
    zoneless = offset_min.is_null()
    if timezone is None and zoneless.any():
        _refuse_zoneless(raw, raw.is_in(distinct.filter(zoneless).implode()), table)
    shifted = naive - (offset_min.fill_null(0) * 60_000_000).cast(pl.Duration("us"))
    utc = shifted.dt.replace_time_zone("UTC").zip_with(~zoneless, _localised(naive, timezone or "UTC"))
    _refuse_clock_change(raw, raw.is_in(distinct.filter(utc.is_null()).implode()), table, timezone)
    return _spread(raw, distinct, utc)


def _parse(written: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The clock's reading and the offset in minutes (null where none is written) of each text."""
    plain = written.str.strip_chars().str.replace_all("/", "-", literal=True).str.replace("[Zz]$", "+00:00")
    offset = plain.str.extract(_OFFSET).str.replace(":", "", literal=True).str.pad_end(5, "0")
    clock = plain.str.replace(r"(\d:\d{2}\S*?)\s*[+-]\d{2}:?(?:\d{2})?$", "${1}").str.replace("[Tt]", " ")
    tried = [clock.str.to_datetime(form, time_unit="us", strict=False) for form in _FORMATS]
    naive = pl.select(pl.coalesce(tried)).to_series()
    hours, minutes = offset.str.slice(0, 3).cast(pl.Int64), offset.str.slice(3, 2).cast(pl.Int64)
    sign = pl.select(pl.when(offset.str.starts_with("-")).then(-1).otherwise(1)).to_series()
    return naive, hours * 60 + sign * minutes


def _localised(naive: pl.Series, timezone: str) -> pl.Series:
    local = naive.dt.replace_time_zone(timezone, ambiguous="null", non_existent="null")
    return local.dt.convert_time_zone("UTC")


def _spread(raw: pl.Series, distinct: pl.Series, utc: pl.Series) -> pl.Series:
    """Each row's time, looked up by its text's code; a blank stays null."""
    codes = distinct.to_physical().to_numpy()
    instants = np.full(int(codes.max(initial=0)) + 2, np.datetime64("NaT", "us"))
    instants[codes] = utc.dt.replace_time_zone(None).to_numpy()
    blank = len(instants) - 1
    rows = instants[raw.to_physical().fill_null(blank).to_numpy()]
    return pl.Series(raw.name, rows).dt.replace_time_zone("UTC")


def _refuse(raw: pl.Series, wrong: pl.Series, table: Table) -> None:
    if len(wrong):
        row = raw.is_in(wrong.implode()).arg_true()[0]
        raise BadInput(
            cause=f"{table.row(row)}: '{raw[row]}' in column '{raw.name}' is no time",
            mend="Write it as 2022-01-01T00:00+09:00",
        )


def _refuse_zoneless(raw: pl.Series, wrong: pl.Series, table: Table) -> None:
    row = wrong.arg_true()[0]
    raise BadInput(
        cause=f"{table.row(row)}: '{raw[row]}' in column '{raw.name}' has no zone",
        mend="Say which clock it is, e.g. --timezone Asia/Seoul, or write times with an offset",
    )


def _refuse_clock_change(raw: pl.Series, wrong: pl.Series, table: Table, timezone: str | None) -> None:
    if wrong.any():
        row = wrong.arg_true()[0]
        raise BadInput(
            cause=f"{table.row(row)}: '{raw[row]}' comes twice or never in {timezone}, where clocks change then",
            mend="Write the times in UTC or with their offset (e.g. +01:00)",
        )
