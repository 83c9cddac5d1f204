"""What the weather station reads: the same rain and temperature that slow the roads, with dew point, humidity and wind.

A row is an hour: temperature, humidity and wind are read at its start, rain falls from there to its end.
"""

import numpy as np
import numpy.typing as npt

from features.simulated.chance import Stream, fading_normals, smooth_normals
from features.simulated.hazes import dust, smog
from features.simulated.hours import local_hours
from features.simulated.memory import remembered
from features.simulated.weather import day_swing_c, rain_mm, temperature_c

FloatArray = npt.NDArray[np.float64]

_WETNESS: FloatArray = np.power(0.6, np.arange(7))
# The sea around Korea is no warmer: more vapour than it gives off does not come.
_MOST_DEW_POINT_C = 26.0
_USUAL_WIND_MS = 2.1


def station_weather(seed: int, hours: range) -> dict[str, FloatArray]:
    """The station's readings, under the names of published hourly weather.

    Args:
        seed: of the city.
        hours: hours since 1970-01-01T00Z, not empty.

    Returns:
        By quantity (hour,): air_temperature_c, rain_mm, wind_speed_ms, humidity_pct, dew_point_c.
    """
    celsius = temperature_c(seed, hours)
    dew_point = _dew_point_c(seed, hours, celsius)
    humidity = 100 * _vapour_pressure_hpa(dew_point) / _vapour_pressure_hpa(celsius)
    return {
        "air_temperature_c": celsius,
        "rain_mm": rain_mm(seed, hours),
        "wind_speed_ms": wind_speed_ms(seed, hours),
        "humidity_pct": np.asarray(humidity.round().clip(5, 100), dtype=np.float64),
        "dew_point_c": dew_point,
    }


def wind_speed_ms(seed: int, hours: range) -> FloatArray:
    """Wind at each hour: it rises by day and with a dusty front, and sleeps under smog.

    Returns:
        (hour,), m/s, to a tenth.
    """
    by_day = 1 + 0.08 * day_swing_c(local_hours(hours))
    moods = 0.32 * smooth_normals(seed, Stream.WIND, hours, 1, block_h=36)[:, 0]
    moods += 0.22 * fading_normals(seed, Stream.WIND_HOUR, hours, 1, kept=0.7)[:, 0]
    still, blown = smog(seed, hours)[1], dust(seed, hours)[1]
    speed = _USUAL_WIND_MS * by_day * np.exp(moods) * (1 - 0.65 * still) * (1 + 0.8 * blown)
    return np.asarray((speed + 0.06 * _wetness_before_mm(seed, hours).clip(max=40)).round(1), dtype=np.float64)


def wetness_mm(seed: int, hours: range) -> FloatArray:
    """Rain that is in the air and on the ground: each hour's own and the last ones', fading by four tenths an hour.

    Returns:
        (hour,), mm.
    """
    rain = rain_mm(seed, range(hours.start - len(_WETNESS), hours.stop))
    return remembered(_WETNESS, rain, len(hours))


def _wetness_before_mm(seed: int, hours: range) -> FloatArray:
    """At the instant of a reading the rain of the hour that starts has not fallen yet."""
    return wetness_mm(seed, range(hours.start - 1, hours.stop - 1))


def _dew_point_c(seed: int, hours: range, celsius: FloatArray) -> FloatArray:
    """Follows the air mass, not the time of day; rain fills the air with vapour."""
    air_mass = celsius - day_swing_c(local_hours(hours))
    dry = 6.0 * np.exp(0.4 * smooth_normals(seed, Stream.DRY_AIR, hours, 1, block_h=48)[:, 0])
    # Cold air is drier: in January the dew point lies eight degrees below, in July five.
    below = dry * (1.15 - 0.013 * air_mass) * np.exp(-_wetness_before_mm(seed, hours) / 2)
    return np.asarray(np.minimum(np.minimum(air_mass - below, _MOST_DEW_POINT_C), celsius).round(1), dtype=np.float64)


def _vapour_pressure_hpa(dew_point_c: FloatArray) -> FloatArray:
    """Of saturated air (Magnus, coefficients of Alduchov and Eskridge, 1996)."""
    return np.asarray(6.1094 * np.exp(17.625 * dew_point_c / (243.04 + dew_point_c)), dtype=np.float64)
