"""Hourly weather of a station of the Korea Meteorological Administration (ASOS).

A time is the instant of the reading; rain, sunshine and radiation are those of the hour that ends then, so they stand
in rows of their own, at the start of that hour. The entity is the station's number, 108 (Seoul) where the file has
none. A blank rain or snow depth means none, so it is zero, in rows where anything else was read; every other blank is
missing, also the sun's at night.
"""

from dataclasses import replace

import polars as pl

from features.tables.columns import ReadOptions
from features.tables.daily_clock import DailyClock
from features.tables.layout import Column, Layout
from features.tables.published import Block, Cells, read_cells, read_entity, read_times
from features.tables.source import Table

_RAIN, _SNOW, _SUN = "rain_mm", "snow_depth_cm", "solar_radiation_mj_m2"
_BLANK_MEANS_NONE = (_RAIN, _SNOW)
_OF_THE_HOUR = (_RAIN, "sunshine_h", _SUN)
# Over Korea the sun stands highest between 12:20 and 12:50: the hour around that ends at 13.
_NOON = DailyClock(words="the sun stands highest", peak_h=13, most_off_h=1.5, least_days=3)

LAYOUT = Layout(
    shape="asos",
    time=("time", "일시", "tm"),
    columns=(
        Column(quantity="air_temperature_c", names=("ta", "기온"), required=True),
        Column(quantity=_RAIN, names=("rn", "강수량"), required=True),
        Column(quantity="wind_speed_ms", names=("ws", "풍속"), required=True),
        Column(quantity="wind_direction_deg", names=("wd", "풍향")),
        Column(quantity="humidity_pct", names=("hm", "습도"), required=True),
        Column(quantity="vapour_pressure_hpa", names=("pv", "증기압")),
        Column(quantity="dew_point_c", names=("td", "이슬점온도")),
        Column(quantity="station_pressure_hpa", names=("pa", "현지기압")),
        Column(quantity="sea_level_pressure_hpa", names=("ps", "해면기압")),
        Column(quantity="sunshine_h", names=("ss", "일조")),
        Column(quantity=_SUN, names=("icsr", "일사")),
        Column(quantity=_SNOW, names=("dsnw", "적설")),
        Column(quantity="cloud_cover_tenths", names=("ca", "dc10Tca", "전운량")),
        Column(quantity="visibility_m", names=("vs", "시정"), scale=10),
        Column(quantity="ground_temperature_c", names=("ts", "지면온도")),
    ),
    entity=("stnId", "stn", "station", "지점"),
    place="108",
)


def read_blocks(table: Table, options: ReadOptions) -> list[Block]:
    """One file: a block of readings, and one of what fell and shone in the hour before each.

    Args:
        table: the file.
        options: ``columns.timezone`` of times that carry none, in place of Seoul's.

    Raises:
        BadInput: a clock that the sun does not keep, or what cannot be understood; names file, row or column, cause
            and mend.
    """
    # Columns first: a file of another shape is told by them, not by how it writes times.
    cells = _none_is_zero(read_cells(table, LAYOUT, options))
    times, _ = read_times(table, LAYOUT, options)
    if _SUN in cells.values.columns:
        _NOON.refuse_shifted(times, cells.values[_SUN], table.path)
    station = read_entity(table, LAYOUT)
    sums = [name for name in cells.values.columns if name in _OF_THE_HOUR]
    readings = [name for name in cells.values.columns if name not in _OF_THE_HOUR]
    return [
        Block(
            frame=pl.DataFrame([start.alias("time"), station, *cells.values.select(names)]),
            counts={name: cells.counts[name] for name in names},
        )
        for start, names in ((times, readings), (times.dt.offset_by("-1h"), sums))
    ]


def _none_is_zero(cells: Cells) -> Cells:
    others = [name for name in cells.values.columns if name not in _BLANK_MEANS_NONE]
    alive = cells.values.select(pl.any_horizontal(pl.col(others).is_not_null())).to_series()
    values, counts = cells.values, dict(cells.counts)
    for name in _BLANK_MEANS_NONE:
        if name in values.columns:
            none = alive & cells.blank[name]
            values = values.with_columns(values[name].zip_with(~none, pl.Series([0.0])).alias(name))
            counts[name] = replace(counts[name], none_as_zero=int(none.sum()))
    return Cells(values=values, blank=cells.blank, counts=counts)
