"""Seoul's monthly traffic survey, the workbook that the city publishes (Seoul Open Data OA-22819)."""

import re
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import fastexcel
import polars as pl

from features.errors import BadInput
from features.tables.columns import ReadOptions
from features.tables.source import content, find

_MONTH_SHEET = re.compile(r"\s*\d{4}\s*년\s*\d{1,2}\s*월\s*")
_SITE_SHEET = "수집지점 주소 및 좌표"
_DATE, _SITE, _DIRECTION = "일자", "지점번호", "방향"
_LARGEST_BYTES = 400 << 20
_HOURS = [f"{hour}시" for hour in range(24)]
_DIRECTIONS = {"유입": "in", "유출": "out"}
_HEADINGS = {"in": "유입 방향", "out": "유출방향"}
_NAME, _LAT, _LON = "지점명칭", "위도", "경도"
_VALUE = "volume_veh_h"
_FIRST_ROW = 2  # a spreadsheet counts from 1 and the header is its first row


def read(paths: Sequence[Path], options: ReadOptions) -> pl.DataFrame:
    """Read monthly workbooks, one or twelve; see ``features.tables.read`` for what comes out.

    Entities are site and direction (``A-01/in``), times are the starts of the counted hours, and a blank hour is
    missing. Zone, columns and step are the survey's own.

    Args:
        paths: workbooks, folders of them, or globs.
        options: plays no part: the survey names its own columns and keeps Korean time.

    Raises:
        BadInput: no such workbook; names file, sheet, row or column, cause and mend.
    """
    del options
    months = []
    for path in find(paths):
        book = _open(path)
        sheets = [name for name in book.sheet_names if _MONTH_SHEET.fullmatch(name)]
        if not sheets:
            raise BadInput(
                cause=f"{path} has no sheet named like '2022년 01월', only: {', '.join(book.sheet_names)}",
                mend="Fetch the survey's monthly workbook as it is published (Seoul Open Data OA-22819)",
            )
        months += [_read_month(path, book, sheet) for sheet in sheets]
    return pl.concat(months)


def read_sites(paths: Sequence[Path]) -> pl.DataFrame:
    """The survey's places, as the newest workbook has them.

    Args:
        paths: workbooks, folders of them, or globs; where two differ on a place, the later path wins.

    Returns:
        ``entity_id`` (``A-01/in``), ``name`` (road and segment, Korean), ``lat`` and ``lon`` (degrees, WGS84).

    Raises:
        BadInput: a workbook without that sheet or its columns.
    """
    books = []
    for path in find(paths):
        sheet = _sheet(path, _open(path), _SITE_SHEET, [_SITE, _NAME, _LAT, _LON, *_HEADINGS.values()])
        # Footnotes stand below the table, in its first column.
        placed = sheet.filter(pl.col(_LAT).is_not_null() & pl.col(_LON).is_not_null())
        books += [placed.select(*_place(direction, heading)) for direction, heading in _HEADINGS.items()]
    return pl.concat(books).unique("entity_id", keep="last").sort("entity_id")


def _place(direction: str, heading: str) -> list[pl.Expr]:
    return [
        pl.concat_str(pl.col(_SITE).str.strip_chars(), pl.lit(f"/{direction}")).alias("entity_id"),
        pl.concat_str(_NAME, heading, separator=" ", ignore_nulls=True).alias("name"),
        pl.col(_LAT).cast(pl.Float64).alias("lat"),
        pl.col(_LON).cast(pl.Float64).alias("lon"),
    ]


def _open(path: Path) -> fastexcel.ExcelReader:
    kind = content(path)
    if kind != "workbook":
        raise BadInput(
            cause=f"{path} is no workbook (.xlsx): it is {kind}", mend="Read Parquet and CSV with --shape long or wide"
        )
    _refuse_bomb(path)
    try:
        return fastexcel.read_excel(path)
    except fastexcel.FastExcelError as error:
        raise BadInput(cause=f"{path} cannot be opened: {error}", mend="Fetch the workbook again") from None


def _refuse_bomb(path: Path) -> None:
    """A workbook is a zip; a small one may unpack to more than there is memory."""
    try:
        with ZipFile(path) as packed:
            size = sum(part.file_size for part in packed.infolist())
    except BadZipFile:
        raise BadInput(cause=f"{path} cannot be opened: its zip is damaged", mend="Fetch the workbook again") from None
    if size > _LARGEST_BYTES:
        raise BadInput(
            cause=f"{path} unpacks to {size >> 20:,} MiB; a month of the survey takes some 30",
            mend="Fetch the workbook as it is published",
        )


def _sheet(path: Path, book: fastexcel.ExcelReader, name: str, columns: list[str]) -> pl.DataFrame:
    """One sheet as it is, with ``columns`` in it."""
    if name not in book.sheet_names:
        raise BadInput(
            cause=f"{path} has no sheet '{name}', only: {', '.join(book.sheet_names)}",
            mend="Fetch the survey's monthly workbook as it is published",
        )
    # Types are inferred from all rows: from the first thousand, a word further down would silently become a blank.
    sheet: pl.DataFrame = book.load_sheet(name, schema_sample_rows=None).to_polars()
    for column in columns:
        if column not in sheet.columns:
            raise BadInput(
                cause=f"{path}, sheet '{name}' has no column '{column}'",
                mend=f"The survey's sheet has {', '.join(columns[:3])}…; this one has {', '.join(sheet.columns[:8])}",
            )
    return sheet.select(columns)


def _read_month(path: Path, book: fastexcel.ExcelReader, name: str) -> pl.DataFrame:
    sheet = _sheet(path, book, name, [_DATE, _SITE, _DIRECTION, *_HOURS]).with_row_index("row", offset=_FIRST_ROW)
    sheet = sheet.filter(~pl.all_horizontal(pl.exclude("row").is_null()))
    where = f"{path}, sheet '{name}'"
    if sheet.is_empty():
        raise BadInput(cause=f"{where} has no rows", mend="Fetch the workbook again")
    date = _dates(sheet[_DATE])
    _refuse(where, sheet, date.is_null(), _DATE, "a date such as 20220131")
    _refuse(where, sheet, sheet[_SITE].is_null(), _SITE, "a site such as A-01")
    direction = sheet[_DIRECTION].cast(pl.String).replace_strict(_DIRECTIONS, default=None)
    _refuse(where, sheet, direction.is_null(), _DIRECTION, " or ".join(_DIRECTIONS))
    volumes = [_volumes(where, sheet, column) for column in _HOURS]
    entity = (sheet[_SITE].cast(pl.String).str.strip_chars() + "/" + direction).cast(pl.Categorical)
    return _hourly(date, entity, volumes)


def _dates(cells: pl.Series) -> pl.Series:
    if isinstance(cells.dtype, pl.Date | pl.Datetime):
        return cells.cast(pl.Date)
    digits = cells.cast(pl.String).str.strip_chars() if cells.dtype == pl.String else cells.cast(pl.Int64, strict=False)
    return digits.cast(pl.String).str.replace(r"\.0$", "").str.to_date("%Y%m%d", strict=False)


def _volumes(where: str, sheet: pl.DataFrame, column: str) -> pl.Series:
    cells = sheet[column]
    text = cells.cast(pl.String).str.strip_chars()
    volumes = text.cast(pl.Float64, strict=False).fill_nan(None)
    _refuse(where, sheet, volumes.is_null() & text.is_not_null() & (text != ""), column, "a number or blank")
    _refuse(where, sheet, (volumes < 0) | volumes.is_infinite(), column, "a number, 0 or more")
    return volumes


def _hourly(date: pl.Series, entity: pl.Series, volumes: list[pl.Series]) -> pl.DataFrame:
    """One row an hour, in the sheet's own order: across, then down."""
    wide = pl.DataFrame([column.alias(str(hour)) for hour, column in enumerate(volumes)])
    long = wide.with_columns(date.alias("date"), entity.alias("entity_id"), pl.concat_list(wide.columns).alias(_VALUE))
    hours = pl.lit(list(range(24)), dtype=pl.List(pl.Int64)).alias("hour")
    long = long.select("date", "entity_id", hours, _VALUE).explode("hour", _VALUE)
    start = pl.col("date").cast(pl.Datetime("us")) + pl.duration(hours="hour")
    utc = start.dt.replace_time_zone("Asia/Seoul").dt.convert_time_zone("UTC")
    return long.select(utc.alias("time"), "entity_id", _VALUE)


def _refuse(where: str, sheet: pl.DataFrame, wrong: pl.Series, column: str, expected: str) -> None:
    if wrong.any():
        at = wrong.arg_true()[0]
        found = "blank" if sheet[column][at] is None else f"'{sheet[column][at]}'"
        raise BadInput(
            cause=f"{where}, row {sheet['row'][at]}, column '{column}' is {found}",
            mend=f"It should be {expected}",
        )
