"""Hourly weather of a station of the Korea Meteorological Administration (ASOS).

A time is the instant of the reading; rain, sunshine and radiation are those of the hour that ends then, so they stand
in rows of their own, at the start of that hour. The entity is the station's number, 108 (Seoul) where the file has
none. A blank rain or snow depth means none, so it is zero, in rows where anything else was read; every other blank is
missing, also the sun's at night.
"""

from dataclasses import replace

import numpy as np
import polars as pl

from features.errors import BadInput
from features.tables.columns import ReadOptions
from features.tables.layout import Column, Layout
from features.tables.published import TIMEZONE, Block, Cells, read_cells, read_entity, read_times
from features.tables.source import Table

_RAIN, _SNOW, _SUN = "rain_mm", "snow_depth_cm", "solar_radiation_mj_m2"
_BLANK_MEANS_NONE = (_RAIN, _SNOW)
_OF_THE_HOUR = (_RAIN, "sunshine_h", _SUN)
# Over Korea the sun stands highest between 12:20 and 12:50: the hour around that ends at 13.
_NOON_H = 13
_MOST_OFF_H = 1.5
_LEAST_DAYS = 3

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
        _refuse_shifted(times, cells.values[_SUN], table)
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


def _refuse_shifted(times: pl.Series, radiation: pl.Series, table: Table) -> None:
    """The sun is a clock that no file can set wrong."""
    local = times.dt.convert_time_zone(TIMEZONE)
    sunny = pl.DataFrame([local.dt.hour().alias("hour"), local.dt.date().alias("day"), radiation.alias("mj")])
    sunny = sunny.drop_nulls().filter(pl.col("mj") > 0)
    if sunny["day"].n_unique() < _LEAST_DAYS:
        return
    mean = sunny.group_by("hour").agg(pl.col("mj").mean())
    angle = mean["hour"].to_numpy() * (2 * np.pi / 24)
    east, north = (float((mean["mj"].to_numpy() * part).sum()) for part in (np.sin(angle), np.cos(angle)))
    noon_h = float(np.arctan2(east, north)) * 24 / (2 * np.pi) % 24
    off_h = (noon_h - _NOON_H + 12) % 24 - 12
    if abs(off_h) > _MOST_OFF_H:
        which = "behind" if off_h < 0 else "ahead of"
        utc = round(off_h) == -9
        raise BadInput(
            cause=f"{table.path}: the sun stands highest near {noon_h:.0f}:00 by its times, not near {_NOON_H}:00, so"
            f" they are some {abs(off_h):.0f} hours {which} {TIMEZONE}",
            mend="They look like UTC: pass --timezone UTC" if utc else "Say which clock it is with --timezone",
        )
