"""The hourly means of the air of Seoul's 25 districts, one station each (Seoul Open Data).

A time names an hour by its start, unless the file counts hours from 01 to 24, by their end. That the published file of
2017 names the start shows in its ozone and nitrogen dioxide, which turn an hour before those of the city's file. The
entity is the station's code, 101 to 125, also where the file names the district. Two or more zeros in a row are
instruments that are off, so they are missing.
"""

import polars as pl

from features.errors import UnknownName
from features.tables import air
from features.tables.columns import ReadOptions
from features.tables.layout import Layout
from features.tables.published import Block, read_entity
from features.tables.source import Table

_DISTRICTS = [
    "종로구",
    "중구",
    "용산구",
    "은평구",
    "서대문구",
    "마포구",
    "성동구",
    "광진구",
    "동대문구",
    "중랑구",
    "성북구",
    "강북구",
    "도봉구",
    "노원구",
    "양천구",
    "강서구",
    "구로구",
    "금천구",
    "영등포구",
    "동작구",
    "관악구",
    "서초구",
    "강남구",
    "송파구",
    "강동구",
]
_CODES = {name: str(code) for code, name in enumerate(_DISTRICTS, start=101)}

LAYOUT = Layout(shape="air-gu", time=air.TIME, columns=air.COLUMNS, entity=air.STATION)


def read_blocks(table: Table, options: ReadOptions) -> list[Block]:
    """One file.

    Args:
        table: the file.
        options: ``columns.timezone`` of times that carry none, in place of Seoul's.

    Raises:
        BadInput: an unknown district, or what cannot be understood; names file, row or column, cause and mend.
    """
    station = read_entity(table, LAYOUT)
    times, cells = air.read_hours(table, LAYOUT, options, named_by_end=False)
    return [air.block(times, _codes(station, table), cells)]


def _codes(station: pl.Series, table: Table) -> pl.Series:
    written = station.cast(pl.String)
    codes = written.replace(_CODES)
    strange = ~codes.str.contains(r"^\d+$")
    if strange.any():
        row = strange.arg_true()[0]
        near = UnknownName.among("district", written[row], _DISTRICTS)
        raise UnknownName(cause=f"{table.row(row)}: there is no district '{written[row]}'", mend=near.mend)
    return codes.cast(pl.Categorical)
