"""Hourly air quality of Seoul, as the city's files of either kind have it."""

from dataclasses import replace

import polars as pl

from features.tables.columns import ReadOptions
from features.tables.daily_clock import DailyClock
from features.tables.layout import Column, Layout
from features.tables.published import Block, Cells, read_cells, read_times
from features.tables.source import Table

TIME = ("time", "측정일시", "일시", "날짜", "msrdt")
STATION = ("station", "측정소코드", "측정소명", "측정소", "msrste_nm")
_OZONE = "o3_ppm"
# Sunlight makes ozone: in each month of Seoul's 2018-2021 it lies about 14:30 to 16:00, an hour named by its beginning.
_AFTERNOON = DailyClock(words="ozone is highest", peak_h=15.25, most_off_h=3, least_days=30)
COLUMNS = (
    Column(quantity="so2_ppm", names=("so2", "아황산가스", "아황산가스농도")),
    Column(quantity="no2_ppm", names=("no2", "이산화질소", "이산화질소농도")),
    Column(quantity="co_ppm", names=("co", "일산화탄소", "일산화탄소농도")),
    Column(quantity="o3_ppm", names=("o3", "오존", "오존농도")),
    Column(quantity="pm10_ug_m3", names=("pm10", "미세먼지", "미세먼지농도"), required=True),
    Column(quantity="pm25_ug_m3", names=("pm25", "초미세먼지", "초미세먼지농도"), required=True),
)


def read_hours(table: Table, layout: Layout, options: ReadOptions, *, named_by_end: bool) -> tuple[pl.Series, Cells]:
    """When each hour of a file began, and what was measured in it.

    Args:
        table: the file.
        layout: its shape.
        options: the zone of times that carry none, in place of Seoul's.
        named_by_end: whether the shape names an hour by its end; a file that counts hours to 24 always does.

    Raises:
        BadInput: a clock that ozone does not keep, or what cannot be understood; names file, row or column, cause and
            mend.
    """
    # Columns first: a file of another shape is told by them, not by how it writes times.
    cells = read_cells(table, layout, options)
    times, to_24 = read_times(table, layout, options)
    begun, measured = times.dt.offset_by("-1h") if named_by_end or to_24 else times, _measured(cells)
    if _OZONE in measured.values.columns:
        _AFTERNOON.refuse_shifted(begun, measured.values[_OZONE], table.path)
    return begun, measured


def block(times: pl.Series, entity: pl.Series, cells: Cells) -> Block:
    """One file's rows."""
    frame = pl.DataFrame([times.alias("time"), entity, *cells.values])
    return Block(frame=frame, counts=cells.counts)


def _measured(cells: Cells) -> Cells:
    """The air without the zeros of an instrument that is off: in a city no two of these are zero at a time."""
    zero = cells.values.select(pl.all() == 0).fill_null(value=False)
    off = zero.select(pl.sum_horizontal(pl.all()) > 1).to_series()
    values = [
        column.zip_with(~(off & zero[column.name]), pl.Series([None], dtype=pl.Float64)) for column in cells.values
    ]
    counts = {
        name: replace(count, marked=count.marked + int((off & zero[name]).sum()))
        for name, count in cells.counts.items()
    }
    return Cells(values=pl.DataFrame(values), blank=cells.blank, counts=counts)
