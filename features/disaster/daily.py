"""From hourly weather to what a day came to: its extremes, apparent temperature among them."""

from datetime import timedelta

import numpy as np
import numpy.typing as npt

from features.clock import utc_times, wall_clock
from features.disaster.measured import FloatArray, Measured
from features.errors import BadInput

_FEWEST_HOURS = 20
"""Of a day, or its extreme may lie in a gap; rain and the like have no daily extreme here."""


def apparent_temperature(air_temperature_c: FloatArray, humidity_pct: FloatArray) -> FloatArray:
    """How hot summer air feels, C: the Korea Meteorological Administration's formula of 2020 for May to September.

    It rests on the wet-bulb temperature of Stull (2011), 'Wet-Bulb Temperature from Relative Humidity and Air
    Temperature', J. Appl. Meteor. Climatol. 50.

    Args:
        air_temperature_c: any shape.
        humidity_pct: the same shape, relative.

    >>> round(float(apparent_temperature(np.float32(33), np.float32(60))), 1)
    33.5
    """
    t, rh = np.asarray(air_temperature_c, dtype=np.float64), np.asarray(humidity_pct, dtype=np.float64)
    wet = (
        t * np.arctan(0.151977 * np.sqrt(rh + 8.313659))
        + np.arctan(t + rh)
        - np.arctan(rh - 1.67633)
        + 0.00391838 * rh**1.5 * np.arctan(0.023101 * rh)
        - 4.686035
    )
    felt = -0.2442 + 0.55399 * wet + 0.45535 * t - 0.0022 * wet**2 + 0.00278 * wet * t + 3.0
    return felt.astype(np.float32)


def daily(hourly: Measured, timezone: str) -> Measured:
    """The extremes of local days, each known at its day's end; a day with fewer than 20 hours has none.

    Args:
        hourly: air temperature, and humidity where apparent temperature is wanted.
        timezone: whose days.

    Raises:
        BadInput: no air temperature, or readings further apart than an hour.
    """
    if "air_temperature_c" not in hourly.values or hourly.step_min > 60:
        raise BadInput(
            cause=f"Daily extremes need hourly air_temperature_c; there are {', '.join(hourly.values)} every "
            f"{hourly.step_min} minutes",
            mend="Give hourly weather (--shape asos), or a table of daily extremes",
        )
    times = utc_times(hourly.start, hourly.step_min, len(hourly))
    days, minutes = wall_clock(times, timezone)
    number = days - days[0]
    count = int(number[-1]) + 1
    series: dict[str, tuple[FloatArray, np.ufunc]] = {}
    series["air_temperature_max_c"] = (hourly.values["air_temperature_c"], np.fmax)
    series["air_temperature_min_c"] = (hourly.values["air_temperature_c"], np.fmin)
    if "humidity_pct" in hourly.values:
        felt = apparent_temperature(hourly.values["air_temperature_c"], hourly.values["humidity_pct"])
        series["apparent_temperature_max_c"] = (felt, np.fmax)
    need = _FEWEST_HOURS * 60 // hourly.step_min
    values = {name: _extreme(array, number, count, best, need) for name, (array, best) in series.items()}
    first = hourly.start - timedelta(minutes=int(minutes[0])) + timedelta(days=1)
    return Measured(start=first, step_min=1440, entities=hourly.entities, values=values)


def _extreme(values: FloatArray, number: npt.NDArray[np.int64], count: int, best: np.ufunc, need: int) -> FloatArray:
    found = np.full((count, values.shape[1]), np.nan, dtype=np.float32)
    known = np.zeros((count, values.shape[1]), dtype=np.int64)
    np.add.at(known, number, (~np.isnan(values)).astype(np.int64))
    best.at(found, number, values)
    return np.where(known >= need, found, np.float32(np.nan))
