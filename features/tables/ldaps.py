"""Next-day forecasts of summer temperature at 25 stations of Seoul, and what came true (UCI, LDAPS bias correction).

A row of day D holds what was read on D, what the model LDAPS forecast for D + 1, and what came of it. So that nothing
is known before its time, each goes where it belongs: the forecasts (``ldaps_...``) to D + 1, available as that day
begins (the file does not say at which hour they were issued: at the latest then); the highest and lowest temperature of
D + 1 (``Next_Tmax``, what is to be forecast) to D + 1, known when it is over; those of D until 21 h (``Present_Tmax``)
to D, known when it is over. The two differ by half a degree on average, so they are two quantities. Days are Seoul's;
the entity is the station's number. Cloud cover and precipitation are means of six hours from 00, 06, 12 and 18 h; the
source gives precipitation in %, which cannot be: it is named ``_mm``, and its true unit is unknown. Height and slope
stand with the places.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from features.tables.columns import ReadOptions
from features.tables.layout import Column, Layout, named
from features.tables.published import TIMEZONE, Block, collect, open_published, read_cells, read_entity, read_times
from features.tables.source import Table

_SIX_HOURS = {"00h": 1, "06h": 2, "12h": 3, "18h": 4}
_TODAY = (
    Column(quantity="air_temperature_max_to_21h_c", names=("Present_Tmax",)),
    Column(quantity="air_temperature_min_to_21h_c", names=("Present_Tmin",)),
    Column(quantity="incoming_radiation_wh_m2", names=("Solar_rad",)),
)
_FORECAST = (
    Column(quantity="ldaps_tmax_c", names=("LDAPS_Tmax_lapse",), required=True),
    Column(quantity="ldaps_tmin_c", names=("LDAPS_Tmin_lapse",), required=True),
    Column(quantity="ldaps_humidity_max_pct", names=("LDAPS_RHmax",)),
    Column(quantity="ldaps_humidity_min_pct", names=("LDAPS_RHmin",)),
    Column(quantity="ldaps_wind_speed_ms", names=("LDAPS_WS",)),
    Column(quantity="ldaps_latent_heat_w_m2", names=("LDAPS_LH",)),
    *(Column(quantity=f"ldaps_cloud_{hour}_share", names=(f"LDAPS_CC{part}",)) for hour, part in _SIX_HOURS.items()),
    *(Column(quantity=f"ldaps_ppt_{hour}_mm", names=(f"LDAPS_PPT{part}",)) for hour, part in _SIX_HOURS.items()),
)
_TRUTH = (
    Column(quantity="air_temperature_max_c", names=("Next_Tmax",)),
    Column(quantity="air_temperature_min_c", names=("Next_Tmin",)),
)

LAYOUT = Layout(shape="ldaps", time=("date",), columns=(*_TODAY, *_FORECAST, *_TRUTH), entity=("station",))


def read_blocks(table: Table, options: ReadOptions) -> list[Block]:
    """One file: a block of what was read by the evening, one of forecasts, one of what came true.

    Args:
        table: the file; its rows of minima and maxima, without a date and a station, are left out.
        options: ``columns.timezone`` of its days, in place of Seoul's.

    Raises:
        BadInput: what cannot be understood; names file, row or column, cause and mend.
    """
    dated, dropped = _dated(table)
    today, _ = read_times(dated, LAYOUT, options)
    station = read_entity(dated, LAYOUT)
    local = today.dt.convert_time_zone(options.columns.timezone or TIMEZONE)
    tomorrow = local.dt.offset_by("1d").dt.convert_time_zone("UTC")
    blocks = []
    for times, columns in ((today, _TODAY), (tomorrow, _FORECAST), (tomorrow, _TRUTH)):
        cells = read_cells(dated, LAYOUT, options, columns)
        if cells.counts:
            known = [times.alias("available_at")] if columns is _FORECAST else []
            frame = pl.DataFrame([times.alias("time"), station, *known, *cells.values])
            blocks.append(Block(frame=frame, counts=cells.counts, dropped=dropped))
    return blocks


def read_sites(paths: Sequence[Path]) -> pl.DataFrame:
    """The stations: ``entity_id``, ``name``, ``lat``, ``lon`` (degrees), ``height_m`` and ``slope_deg``, sorted.

    Args:
        paths: the files.

    Raises:
        BadInput: a file without one of these columns.
    """
    found = []
    for table in open_published(paths):
        dated, _ = _dated(table)
        wanted = {"lat": "lat", "lon": "lon", "height_m": "DEM", "slope_deg": "Slope"}
        places = [pl.col(named(dated, LAYOUT, (source,), what=name)).alias(name) for name, source in wanted.items()]
        numbers = collect(dated, [column.cast(pl.Float64) for column in places])
        station = read_entity(dated, LAYOUT).cast(pl.String)
        name = ("LDAPS " + station).alias("name")
        found.append(pl.DataFrame([station, name, *numbers]))
    return pl.concat(found).unique("entity_id", keep="last").sort("entity_id")


def _dated(table: Table) -> tuple[Table, int]:
    columns = [
        named(table, LAYOUT, names, what=what)
        for names, what in ((LAYOUT.time, "the day"), (LAYOUT.entity, "the station"))
    ]
    summary = pl.all_horizontal(pl.col(name).is_null() for name in columns)
    dropped = collect(table, [summary.sum()]).item()
    return replace(table, lazy=table.lazy.filter(~summary)), int(dropped)
