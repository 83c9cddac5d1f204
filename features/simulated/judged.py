"""When the simulated Seoul truly met an official criterion: episodes to judge alarms against.

The criteria stand here a second time on purpose: the truth must not rest on the code that is judged by it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.simulated.air import particles_ug_m3
from features.simulated.events import DAY_H
from features.simulated.hours import KST_OFFSET_H, local_hours
from features.simulated.memory import remembered
from features.simulated.places import AIR_STATIONS, HANGANG, JAMSU, WEATHER_STATION
from features.simulated.river import STEPS_AN_HOUR, river_readings
from features.simulated.station import station_weather
from features.simulated.weather import usual_temperature_c

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

# Nothing stays in force for longer, so nobody looks further back or ahead.
_LONGEST_DAYS = 40
_HANGANG_ABOVE_STAFF_CM = 207


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A level of a hazard in force at one place.

    Attributes:
        hazard: as the hazard table names it.
        level: of the hazard.
        entity_id: where.
        onset_h: instant of the reading by which it is met, hours since 1970-01-01T00Z.
        end_h: instant of the first reading by which it is lifted.
        quantity: what ``peak`` is of, in the unit that it ends in.
        peak: the worst reading, from the first of those by which it was met.
    """

    hazard: str
    level: str
    entity_id: str
    onset_h: float
    end_h: float
    quantity: str
    peak: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Series:
    """One quantity at one place, and the instant of each reading; that of an hour's mean or sum is the hour's end."""

    hazard: str
    entity_id: str
    quantity: str
    values: FloatArray
    instant_h: FloatArray
    readings: int = 1
    worst_is_low: bool = False

    def held(self, beyond: BoolArray) -> BoolArray:
        """Where as many readings as the criterion asks for were beyond, one after the other."""
        held = beyond.copy()
        for back in range(1, self.readings):
            held[back:] &= beyond[:-back]
            held[:back] = False
        return held

    def episodes(self, level: str, met: BoolArray, lifted: BoolArray) -> Iterator[Episode]:
        """From each reading that meets a level to the first that lifts it."""
        row = np.arange(len(met))
        decided = np.maximum.accumulate(np.where(met | lifted, row, 0))
        change = np.diff(met[decided].astype(np.int8), prepend=0, append=0)
        for first, end in zip(np.flatnonzero(change == 1).tolist(), np.flatnonzero(change == -1).tolist(), strict=True):
            inside = self.values[max(first - self.readings + 1, 0) : end]
            yield Episode(
                hazard=self.hazard,
                level=level,
                entity_id=self.entity_id,
                onset_h=float(self.instant_h[first]),
                end_h=float(self.instant_h[min(end, len(met) - 1)]),
                quantity=self.quantity,
                peak=round(float(inside.min() if self.worst_is_low else inside.max()), 1),
            )


def episodes(seed: int, hours: range) -> list[Episode]:
    """Every episode that touches a run of hours, in order of onset.

    Args:
        seed: of the city.
        hours: hours since 1970-01-01T00Z.
    """
    # Whole local days, so that a day's extreme is that of all its hours.
    first_day = (hours.start + KST_OFFSET_H) // DAY_H - _LONGEST_DAYS
    last_day = (hours.stop + KST_OFFSET_H) // DAY_H + _LONGEST_DAYS
    wide = range(first_day * DAY_H - KST_OFFSET_H, last_day * DAY_H - KST_OFFSET_H)
    weather = station_weather(seed, wide)
    found = [*_particles(seed, wide), *_rain(weather["rain_mm"], wide), *_river(seed, wide)]
    found += [*_heat(weather, wide), *_cold(weather["air_temperature_c"], wide)]
    touching = (each for each in found if each.onset_h < hours.stop and each.end_h > hours.start)
    return sorted(touching, key=lambda each: (each.onset_h, each.hazard, each.entity_id, each.level))


def _particles(seed: int, hours: range) -> Iterator[Episode]:
    coarse, fine = particles_ug_m3(seed, hours)
    # Threshold, and below what it is lifted, ug/m3.
    lines = {"pm25": (fine, (75, 35), (150, 75)), "pm10": (coarse, (150, 100), (300, 150))}
    for hazard, (values, advisory, warning) in lines.items():
        for column, station in enumerate(AIR_STATIONS):
            series = _Series(
                hazard=hazard,
                entity_id=station.entity_id,
                quantity=f"{hazard}_ug_m3",
                values=values[:, column],
                instant_h=_ends(hours),
                readings=2,
            )
            for level, (threshold, below) in (("advisory", advisory), ("warning", warning)):
                met = series.held(series.values >= threshold)
                yield from series.episodes(level, met, series.values < below)


def _rain(rain_mm: FloatArray, hours: range) -> Iterator[Episode]:
    series = _Series(
        hazard="rain", entity_id=WEATHER_STATION, quantity="rain_mm", values=rain_mm, instant_h=_ends(hours)
    )
    for level, in_3h_mm, in_12h_mm in (("advisory", 60, 110), ("warning", 90, 180)):
        met = (_sum_mm(rain_mm, 3) >= in_3h_mm) | (_sum_mm(rain_mm, 12) >= in_12h_mm)
        yield from series.episodes(level, met, ~met)


def _river(seed: int, hours: range) -> Iterator[Episode]:
    readings = river_readings(seed, hours)
    lines = {"pedestrians": 550, "vehicles": 620, "submerged": 650}
    staff_cm = readings[HANGANG]["stage_masl_cm"] - _HANGANG_ABOVE_STAFF_CM
    for hazard, entity_id, values, levels in (
        ("river_jamsu", JAMSU, readings[JAMSU]["stage_cm"], lines),
        ("river_hangang", HANGANG, staff_cm, {"advisory": 850, "warning": 1050}),
    ):
        instant_h = hours.start + np.arange(len(values)) / STEPS_AN_HOUR
        series = _Series(hazard=hazard, entity_id=entity_id, quantity="stage_cm", values=values, instant_h=instant_h)
        for level, threshold_cm in levels.items():
            yield from series.episodes(level, values >= threshold_cm, values < threshold_cm)


def _heat(weather: dict[str, FloatArray], hours: range) -> Iterator[Episode]:
    felt_c = _apparent_temperature_c(weather["air_temperature_c"], weather["humidity_pct"])
    series = _Series(
        hazard="heat",
        entity_id=WEATHER_STATION,
        quantity="apparent_temperature_max_c",
        values=_days(felt_c).max(axis=1),
        instant_h=_day_ends(hours),
        readings=2,
    )
    for level, threshold_c in (("advisory", 33), ("warning", 35)):
        met = series.held(series.values >= threshold_c)
        yield from series.episodes(level, met, ~met)


def _cold(celsius: FloatArray, hours: range) -> Iterator[Episode]:
    lowest_c = _days(celsius).min(axis=1)
    series = _Series(
        hazard="cold",
        entity_id=WEATHER_STATION,
        quantity="air_temperature_min_c",
        values=lowest_c,
        instant_h=_day_ends(hours),
        readings=2,
        worst_is_low=True,
    )
    fell_c = -np.diff(lowest_c, prepend=lowest_c[0])
    usual_c = _days(usual_temperature_c(local_hours(hours))).min(axis=1)
    bitter = (lowest_c <= 3) & (lowest_c - usual_c <= -3)
    for level, threshold_c, drop_c in (("advisory", -12, 10), ("warning", -15, 15)):
        met = series.held(lowest_c <= threshold_c) | (bitter & (fell_c >= drop_c))
        yield from series.episodes(level, met, ~met)


def _apparent_temperature_c(celsius: FloatArray, humidity_pct: FloatArray) -> FloatArray:
    """How hot summer air feels: the KMA's formula of 2020 on the wet-bulb temperature of Stull (2011)."""
    wet_bulb_c = (
        celsius * np.arctan(0.151977 * np.sqrt(humidity_pct + 8.313659))
        + np.arctan(celsius + humidity_pct)
        - np.arctan(humidity_pct - 1.67633)
        + 0.00391838 * humidity_pct**1.5 * np.arctan(0.023101 * humidity_pct)
        - 4.686035
    )
    felt = 0.55399 * wet_bulb_c + 0.45535 * celsius - 0.0022 * wet_bulb_c**2 + 0.00278 * wet_bulb_c * celsius
    return np.asarray(felt - 0.2442 + 3.0, dtype=np.float64)


def _sum_mm(rain_mm: FloatArray, count: int) -> FloatArray:
    """Of each hour and those before it; tenths, so that 60 is 60."""
    padded = np.concatenate([np.zeros(count), rain_mm])
    return np.asarray(remembered(np.ones(count), padded, len(rain_mm)).round(1), dtype=np.float64)


def _days(hourly: FloatArray) -> FloatArray:
    return hourly.reshape(-1, DAY_H)


def _ends(hours: range) -> FloatArray:
    return np.arange(hours.start, hours.stop, dtype=np.float64) + 1


def _day_ends(hours: range) -> FloatArray:
    return np.arange(hours.start, hours.stop, DAY_H, dtype=np.float64) + DAY_H
