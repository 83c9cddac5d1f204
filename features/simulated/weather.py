"""Seoul's weather by the hour: cold dry winters, a monsoon in July, showers the rest of the year."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from features.simulated.chance import Stream, generator, hourly_normals, smooth_normals
from features.simulated.events import DAY_H, Blocks, Event, Kind, drawn
from features.simulated.hours import KST_OFFSET_H, LocalHours, local_hours

FloatArray = npt.NDArray[np.float64]

_RAIN = Blocks(stream=Stream.RAIN_DAY, block_h=DAY_H, longest_h=40)
_DAYS_A_YEAR = 365.2425
# Day of the year, local: the coldest, the usual monsoon's middle and half its length.
_COLDEST_DAY, _MONSOON_DAY, _MONSOON_HALF_D = 20, 192, 16
# At or below this, what falls is snow.
SNOW_C = 0.5


def rain_events(seed: int, hours: range) -> Iterator[Event]:
    """Spells of rain or snow over the whole city that touch a run of hours since 1970-01-01T00Z."""

    def draw(chance: np.random.Generator, first_h: float) -> Iterator[Event]:
        monsoon, warm = _season(seed, first_h)
        # Always the same draws in the same order, whether it rains or not.
        dice, onset, length = chance.random(), chance.uniform(0, DAY_H), chance.gamma(1.6, 4.5)
        depth_mm = np.exp(chance.normal(1.2 + 1.2 * warm + 0.7 * monsoon, 1.0))
        if dice < 0.15 + 0.10 * warm + 0.35 * monsoon:
            onset_h = first_h + float(onset)
            end_h = onset_h + float(np.clip(length, 2, _RAIN.longest_h))
            yield Event(kind=Kind.RAIN, onset_h=onset_h, end_h=end_h, size=round(float(min(depth_mm, 250)), 1))

    return drawn(seed, hours, _RAIN, draw)


def rain_mm(seed: int, hours: range) -> FloatArray:
    """Rain (or melted snow) that falls in each hour.

    Returns:
        (hour,), mm, to a tenth as a gauge reads it.
    """
    middle = np.arange(hours.start, hours.stop) + 0.5
    gusts = np.exp(0.6 * hourly_normals(seed, Stream.RAIN_HOUR, hours, 1)[:, 0] - 0.18)
    total = np.zeros(len(hours))
    for event in rain_events(seed, hours):
        length_h = event.end_h - event.onset_h
        done = ((middle - event.onset_h) / length_h).clip(0, 1)
        total += event.size / length_h * 2 * np.sin(np.pi * done) ** 2
    return np.asarray((total * gusts).round(1), dtype=np.float64)


def temperature_c(seed: int, hours: range) -> FloatArray:
    """Air temperature at each hour: the season, the time of day, and fronts that pass in some three days.

    Returns:
        (hour,), degrees Celsius, to a tenth.
    """
    local = local_hours(hours)
    season = np.cos(2 * np.pi * (local.day - _COLDEST_DAY) / _DAYS_A_YEAR)
    fronts = smooth_normals(seed, Stream.TEMPERATURE, hours, 1, block_h=72)[:, 0]
    celsius = usual_temperature_c(local) + (4.4 + 2.0 * season) * fronts
    return np.asarray(celsius.round(1), dtype=np.float64)


def usual_temperature_c(local: LocalHours) -> FloatArray:
    """The climate's mean at each hour, of which a day's fronts are the rest.

    Returns:
        (hour,), degrees Celsius.
    """
    season = np.cos(2 * np.pi * (local.day - _COLDEST_DAY) / _DAYS_A_YEAR)
    return np.asarray(12.6 - 14.0 * season + day_swing_c(local), dtype=np.float64)


def day_swing_c(local: LocalHours) -> FloatArray:
    """How much warmer than its day's mean an hour is: most at three in the afternoon.

    Returns:
        (hour,), degrees Celsius.
    """
    return np.asarray(3.4 * np.cos(2 * np.pi * (local.hour - 15) / 24), dtype=np.float64)


def coldness(local_day: float | npt.NDArray[np.int64]) -> FloatArray:
    """Where the year stands between its warmest days, 0, and its coldest, 1.

    Args:
        local_day: days since 1970-01-01, any shape.
    """
    return np.asarray(0.5 + 0.5 * np.cos(2 * np.pi * (local_day - _COLDEST_DAY) / _DAYS_A_YEAR), dtype=np.float64)


def _season(seed: int, first_h: float) -> tuple[float, float]:
    """How much it is monsoon and how warm it is, each in [0, 1]; every year's monsoon has its own date and strength."""
    local_day = int(first_h + KST_OFFSET_H) // DAY_H
    year, day_of_year = divmod(local_day, _DAYS_A_YEAR)
    chance = generator(seed, Stream.RAIN_YEAR, int(year))
    middle, strength = _MONSOON_DAY + chance.normal(0, 6), chance.uniform(0.6, 1.0)
    monsoon = strength * np.exp(-(((day_of_year - middle) / _MONSOON_HALF_D) ** 2))
    warm = 0.5 - 0.5 * np.cos(2 * np.pi * (day_of_year - _COLDEST_DAY) / _DAYS_A_YEAR)
    return float(monsoon), float(warm)
