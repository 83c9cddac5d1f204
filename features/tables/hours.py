"""Times as Korean feeds write them: digits alone, and a day that ends with an hour 24."""

import polars as pl

from features.tables.source import Table
from features.tables.times import to_utc
from features.tables.values import is_text

# 201801012400, 2018010124 or 20180101; and 2018-01-01 24:00, 2018.01.01 24 or 2018/1/1:24.
_DIGITS = r"^(?<y>\d{4})(?<m>\d{2})(?<d>\d{2})(?:(?<h>\d{2})(?<min>\d{2})?)?(?:00)?(?:\.0)?$"
_APART = r"^(?<y>\d{4})[-./](?<m>\d{1,2})[-./](?<d>\d{1,2})(?:[ T:](?<h>\d{1,2})(?::(?<min>\d{2}))?)?(?::00)?$"


def instants(raw: pl.Series, table: Table, *, timezone: str) -> tuple[pl.Series, bool]:
    """A column of times as UTC.

    Args:
        raw: (row,), named as in the file: text, whole numbers of digits, Datetime or Date.
        table: the file, for error messages.
        timezone: IANA zone of times that carry none.

    Returns:
        (row,), Datetime us UTC, blanks null; and whether hours are counted from 1 to 24, as the end of what they name.

    Raises:
        BadInput: a time that is none; names the row.
    """
    if not (is_text(raw.dtype) or raw.dtype.is_numeric()):
        return to_utc(raw, table, timezone=timezone), False
    whole = raw.cast(pl.Int64, strict=False) if raw.dtype.is_float() else raw
    written = whole.cast(pl.String).str.strip_chars()
    found, is_24 = _spelled(written)
    return to_utc(found.cast(pl.Categorical).alias(raw.name), table, timezone=timezone), bool(is_24.any())


def _spelled(written: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Each text as ``2018-01-02 00:00`` where it can be understood, and whether it said hour 24."""
    parts = pl.select(
        pl.coalesce(written.str.extract_groups(form).struct.field(part) for form in (_DIGITS, _APART)).alias(part)
        for part in ("y", "m", "d", "h", "min")
    )
    hour, minute = parts["h"].fill_null("0"), parts["min"].fill_null("00")
    is_24 = (hour == "24") & (minute == "00")
    day = pl.select(pl.concat_str(parts["y"], parts["m"].str.zfill(2), parts["d"].str.zfill(2))).to_series()
    date = day.str.to_date("%Y%m%d", strict=False)
    date = date.zip_with(~is_24.fill_null(value=False), date.dt.offset_by("1d"))
    clock = hour.str.zfill(2).zip_with(~is_24.fill_null(value=False), pl.Series(["00"]))
    plain = pl.select(pl.concat_str(date.dt.to_string("%Y-%m-%d"), pl.lit(" "), clock, pl.lit(":"), minute)).to_series()
    return pl.select(pl.coalesce(plain, written)).to_series(), is_24.fill_null(value=False)
