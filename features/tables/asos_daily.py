"""Daily temperature of a station of the Korea Meteorological Administration (ASOS), some of it since 1907.

A row is a day of Korean standard time, nine hours ahead of UTC in every year: Seoul's clocks were set otherwise before
1961 and in two summers since, the days of the records were not. The entity is the station's number, 108 (Seoul) where
the file has none.
"""

from dataclasses import replace

import polars as pl

from features.tables.columns import ReadOptions
from features.tables.layout import Column, Layout
from features.tables.published import Block, read_cells, read_entity, read_times
from features.tables.source import Table

_STANDARD_TIME = "Etc/GMT-9"
"""POSIX counts to the west: this is UTC+9."""

LAYOUT = Layout(
    shape="asos-daily",
    time=("date", "일시", "tm", "날짜"),
    columns=(
        Column(quantity="air_temperature_mean_c", names=("ta_mean", "평균기온", "avgTa")),
        Column(quantity="air_temperature_min_c", names=("ta_min", "최저기온", "minTa"), required=True),
        Column(quantity="air_temperature_max_c", names=("ta_max", "최고기온", "maxTa"), required=True),
    ),
    entity=("stnId", "stn", "station", "지점"),
    place="108",
)


def read_blocks(table: Table, options: ReadOptions) -> list[Block]:
    """One file: a block of what each day came to.

    Args:
        table: the file.
        options: ``columns.timezone`` of its days, in place of Korean standard time.

    Raises:
        BadInput: what cannot be understood; names file, row or column, cause and mend.
    """
    cells = read_cells(table, LAYOUT, options)
    zone = options.columns.timezone or _STANDARD_TIME
    days, _ = read_times(table, LAYOUT, replace(options, columns=replace(options.columns, timezone=zone)))
    frame = pl.DataFrame([days.alias("time"), read_entity(table, LAYOUT), *cells.values])
    return [Block(frame=frame, counts=cells.counts)]
