"""The door to the simulated Seoul: a seed and a span of time in, its tables and the truth behind them out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from features.errors import BadInput
from features.simulated.air import gases_ppm, particles_ug_m3
from features.simulated.chance import check_seed
from features.simulated.city import links
from features.simulated.hours import HOUR, hour_number, hour_start
from features.simulated.lots import lots
from features.simulated.occupancy import occupied_spaces
from features.simulated.parking import free_spaces
from features.simulated.places import AIR_STATIONS, PLACES, WEATHER_STATION
from features.simulated.river import STEPS_AN_HOUR, river_readings
from features.simulated.station import station_weather
from features.simulated.told import told
from features.simulated.traffic import volume_veh_h
from features.simulated.weather import rain_mm, temperature_c

# Four weeks of 400 series: a few megabytes at a time, however long the span.
_BLOCK_H = 4 * 168


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedConfig:
    """Which city, and which hours of it.

    Attributes:
        seed: two seeds are two histories of the same roads; 0 or more.
        start: the first hour's start, aware, on a whole hour UTC.
        end: the end of the last hour, aware, on a whole hour UTC.
    """

    seed: int
    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        check_seed(self.seed)
        for name, time in (("from", self.start), ("to", self.end)):
            _check_hour(name, time)
        if self.start >= self.end:
            raise BadInput(
                cause=f"The span ends at {self.end.isoformat()}, which is not after its start {self.start.isoformat()}",
                mend="Give a 'to' that is later than 'from'",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedSeoul:
    """What was measured in a span of the simulated Seoul, and what truly happened in it.

    Every value depends on the seed and its own hour only: a part of a span holds the same rows as the whole.
    """

    config: SimulatedConfig

    @property
    def hours(self) -> range:
        """The span in hours since 1970-01-01T00Z."""
        return range(hour_number(self.config.start), hour_number(self.config.end))

    @property
    def block_count(self) -> int:
        """How many tables every iterator of blocks yields."""
        return -(-len(self.hours) // _BLOCK_H)

    @property
    def links(self) -> pl.DataFrame:
        """The entity table: entity_id, name, lat, lon, district, road_class, capacity_veh_h."""
        columns = ("entity_id", "name", "lat", "lon", "district", "road_class", "capacity_veh_h")
        return pl.DataFrame({name: [getattr(link, name) for link in links()] for name in columns}).with_columns(
            pl.col("road_class").cast(pl.String)
        )

    @property
    def weather(self) -> pl.DataFrame:
        """One row an hour: time (UTC, start of the hour), rain_mm, temperature_c."""
        rain, celsius = rain_mm(self.config.seed, self.hours), temperature_c(self.config.seed, self.hours)
        return pl.DataFrame({"time": _times(self.hours), "rain_mm": rain, "temperature_c": celsius})

    @property
    def places(self) -> pl.DataFrame:
        """Where weather, air and river are measured: entity_id, name, lat, lon, kind."""
        columns = ("entity_id", "name", "lat", "lon", "kind")
        return pl.DataFrame({name: [getattr(place, name) for place in PLACES] for name in columns})

    @property
    def station_weather(self) -> pl.DataFrame:
        """One row an hour: time (UTC), entity_id, and the station's readings; rain is that of the hour that starts."""
        readings = station_weather(self.config.seed, self.hours)
        return pl.DataFrame({"time": _times(self.hours), **readings}).insert_column(
            1, pl.lit(WEATHER_STATION).alias("entity_id")
        )

    @property
    def lots(self) -> pl.DataFrame:
        """The car parks: entity_id, name, lat, lon, capacity, kind, city, ev_bays, disabled_bays, max_height_m."""
        columns = ("entity_id", "name", "lat", "lon", "capacity", "kind", "city")
        table = pl.DataFrame({name: [getattr(lot, name) for lot in lots()] for name in columns})
        return table.with_columns(
            pl.col("kind").cast(pl.String),
            ev_bays=pl.Series([lot.ev_bays for lot in lots()]),
            disabled_bays=pl.Series([lot.disabled_bays for lot in lots()]),
            max_height_m=pl.Series([lot.max_height_m for lot in lots()]),
        )

    def air_blocks(self) -> Iterator[pl.DataFrame]:
        """The air table in pieces of at most four weeks: time (UTC, start of the hour), entity_id, hourly means."""
        stations = pl.Series("entity_id", [station.entity_id for station in AIR_STATIONS])
        for hours in self._blocks():
            pm10, pm25 = particles_ug_m3(self.config.seed, hours)
            means = {"pm10_ug_m3": pm10, "pm25_ug_m3": pm25, **gases_ppm(self.config.seed, hours)}
            row, column = np.divmod(np.arange(pm10.size), len(stations))
            values = {name: array.ravel() for name, array in means.items()}
            yield pl.DataFrame({"time": _times(hours)[row], "entity_id": stations[column], **values})

    def river_blocks(self) -> Iterator[pl.DataFrame]:
        """The river table in pieces of at most four weeks: time (UTC, instant), entity_id, readings every ten minutes.

        An entity's row is blank in what it does not measure.
        """
        for hours in self._blocks():
            times = _times(hours, STEPS_AN_HOUR)
            frames = [
                pl.DataFrame({"time": times, **readings}).insert_column(1, pl.lit(entity_id).alias("entity_id"))
                for entity_id, readings in river_readings(self.config.seed, hours).items()
            ]
            yield pl.concat(frames, how="diagonal").sort("time", maintain_order=True)

    def traffic_blocks(self) -> Iterator[pl.DataFrame]:
        """The long table in pieces of at most four weeks: time (UTC, start of the hour), entity_id, volume_veh_h.

        An outage is a missing row.
        """
        entities = pl.Series("entity_id", [link.entity_id for link in links()], dtype=pl.Categorical)
        for hours in self._blocks():
            volume, counted = volume_veh_h(self.config.seed, hours)
            row, column = np.nonzero(counted)
            yield pl.DataFrame(
                {
                    "time": _times(hours)[row],
                    "entity_id": entities[column],
                    "volume_veh_h": pl.Series(volume[row, column], dtype=pl.Int32),
                }
            )

    def parking_blocks(self) -> Iterator[pl.DataFrame]:
        """The parking table in pieces of at most four weeks: time (UTC, instant), entity_id, free_spaces.

        A gap is a missing row; a wrong reading stands as the feed had it.
        """
        for hours in self._blocks():
            free, read = free_spaces(self.config.seed, hours)
            yield _lots_table(hours, "free_spaces", free, read)

    def occupancy_blocks(self) -> Iterator[pl.DataFrame]:
        """The truth behind the parking table, in such pieces: time (UTC, instant), entity_id, occupied_spaces."""
        for hours in self._blocks():
            occupied = occupied_spaces(self.config.seed, hours)
            yield _lots_table(hours, "occupied_spaces", occupied, np.ones_like(occupied, dtype=np.bool_))

    def truth(self) -> list[dict[str, Any]]:
        """Every event that touches the span, by onset: kind, onset, end (UTC, to the minute), size, entity, place.

        An ``episode`` is a level of a hazard in force at a place: what alarms are judged against.
        """
        return told(self.config.seed, self.hours)

    def _blocks(self) -> Iterator[range]:
        for first in range(self.hours.start, self.hours.stop, _BLOCK_H):
            yield range(first, min(first + _BLOCK_H, self.hours.stop))


def simulate(config: SimulatedConfig) -> SimulatedSeoul:
    """The simulated Seoul in a span of time; its tables are computed when they are asked for.

    >>> from datetime import UTC
    >>> day = SimulatedConfig(seed=7, start=datetime(2024, 5, 1, tzinfo=UTC), end=datetime(2024, 5, 2, tzinfo=UTC))
    >>> next(simulate(day).traffic_blocks()).columns
    ['time', 'entity_id', 'volume_veh_h']
    """
    return SimulatedSeoul(config=config)


def _check_hour(name: str, time: datetime) -> None:
    if time.tzinfo is None:
        raise BadInput(cause=f"'{name}' is {time.isoformat()}, which has no zone", mend="Add one, e.g. +09:00")
    if (time - hour_start(hour_number(time))) % HOUR:
        raise BadInput(
            cause=f"'{name}' is {time.isoformat()}, which is not on a whole hour",
            mend="The simulated sensors count by the hour: give minutes and seconds as 00:00",
        )
    if not 1948 <= time.year <= 2100:
        raise BadInput(
            cause=f"'{name}' is in the year {time.year}, for which no Korean calendar is known",
            mend="Pick years from 1948 to 2100",
        )


def _times(hours: range, steps_an_hour: int = 1) -> pl.Series:
    start, end = hour_start(hours.start), hour_start(hours.stop)
    step = HOUR / steps_an_hour
    return pl.datetime_range(start, end, step, closed="left", time_unit="us", time_zone="UTC", eager=True).alias("time")


def _lots_table(
    hours: range, quantity: str, spaces: npt.NDArray[np.int64], held: npt.NDArray[np.bool_]
) -> pl.DataFrame:
    """Both arrays are (hour, lot)."""
    entities = pl.Series("entity_id", [lot.entity_id for lot in lots()])
    row, column = np.nonzero(held)
    values = pl.Series(spaces[row, column], dtype=pl.Int32)
    return pl.DataFrame({"time": _times(hours)[row], "entity_id": entities[column], quantity: values})
