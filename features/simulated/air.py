"""The air at a few stations by the hour: what traffic and heating give off, wind and rain take away, what drifts in."""

import numpy as np
import numpy.typing as npt

from features.simulated.chance import Stream, fading_normals, hourly_normals, smooth_normals
from features.simulated.city import links
from features.simulated.demand import demand_veh_h
from features.simulated.hazes import dust, smog
from features.simulated.hours import local_hours
from features.simulated.memory import remembered
from features.simulated.places import AIR_STATIONS
from features.simulated.station import wetness_mm, wind_speed_ms
from features.simulated.weather import coldness, rain_mm, temperature_c

FloatArray = npt.NDArray[np.float64]

_FINE_SHARE_OF_DUST = 0.12
_LINGERS: FloatArray = np.full(5, 0.2)
# How a station differs from the city's mean, in the order of the stations.
_FINE = np.array([1.0, 0.96, 1.02, 1.08, 0.98])
_COARSE = np.array([1.02, 0.97, 1.0, 1.1, 1.0])
_EXHAUST = np.array([1.15, 0.9, 0.95, 1.05, 1.0])


def particles_ug_m3(seed: int, hours: range) -> tuple[FloatArray, FloatArray]:
    """Fine and all dust in the air.

    Args:
        seed: of the city.
        hours: hours since 1970-01-01T00Z, not empty.

    Returns:
        PM10 and PM2.5, each (hour, station), ug/m3, whole numbers of at least 1.
    """
    cold = coldness(local_hours(hours).day)
    moods = 0.32 * smooth_normals(seed, Stream.AIR_DAY, hours, 1, block_h=36)[:, 0]
    moods += 0.14 * fading_normals(seed, Stream.AIR_HOUR, hours, 1, kept=0.85)[:, 0]
    washed = np.exp(-0.09 * wetness_mm(seed, hours)).clip(0.25)
    fine = (11 + 10 * cold) * np.exp(moods) * _still(seed, hours) ** 0.8 + smog(seed, hours)[0]
    coarse = dust(seed, hours)[0]
    # Each station's own chance is fine dust's and coarse dust's alike: what is PM2.5 is in PM10 too.
    own = np.exp(0.06 * hourly_normals(seed, Stream.AIR_STATION, hours, 2 * len(AIR_STATIONS)))
    fine_at = (washed * (fine + _FINE_SHARE_OF_DUST * coarse))[:, None] * _FINE * own[:, : len(AIR_STATIONS)]
    rest = washed * (0.35 * fine + 7 + (1 - _FINE_SHARE_OF_DUST) * coarse)
    all_at = fine_at + rest[:, None] * _COARSE * own[:, len(AIR_STATIONS) :]
    return all_at.round().clip(1), fine_at.round().clip(1)


def gases_ppm(seed: int, hours: range) -> dict[str, FloatArray]:
    """Nitrogen dioxide, carbon monoxide and sulphur dioxide of traffic and heating, ozone of sun.

    Returns:
        By quantity (hour, station), ppm: o3_ppm, no2_ppm, so2_ppm to a thousandth, co_ppm to a tenth.
    """
    local = local_hours(hours)
    cold = coldness(local.day)
    burnt = _exhaust(seed, hours) ** 0.7 * (0.75 + 0.55 * cold) * _still(seed, hours)
    no2 = 0.0225 * burnt[:, None] * _EXHAUST
    celsius, wet = temperature_c(seed, hours), wetness_mm(seed, hours)
    sun = np.sin(np.pi * (local.hour + 0.5 - 7) / 13).clip(0) * (local.hour >= 7)
    # Ozone is made in the afternoon, an hour or two after the sun is highest, and eaten by fresh exhaust.
    made = np.exp(0.055 * (celsius - 20).clip(-25, 15)) * sun * np.exp(-0.4 * wet)
    ozone = (0.024 + 0.008 * (1 - cold) + 0.042 * made)[:, None] - 0.5 * no2
    return {
        "o3_ppm": np.asarray(ozone.round(3).clip(0.001), dtype=np.float64),
        "no2_ppm": np.asarray(no2.round(3).clip(0.001), dtype=np.float64),
        "so2_ppm": np.asarray((0.0021 + 0.05 * no2).round(3), dtype=np.float64),
        "co_ppm": np.asarray((0.22 + 10.5 * no2).round(1), dtype=np.float64),
    }


def _still(seed: int, hours: range) -> FloatArray:
    """How much thicker than usual the air is for want of wind: (hour,), about 1."""
    return np.asarray((2.1 / wind_speed_ms(seed, hours).clip(0.4)) ** 0.45, dtype=np.float64)


def _exhaust(seed: int, hours: range) -> FloatArray:
    """Who drove in the last hours, against the mean of the year: (hour,), about 1."""
    before = range(hours.start - len(_LINGERS), hours.stop)
    driven = demand_veh_h(local_hours(before), rain_mm(seed, before), temperature_c(seed, before)).sum(axis=1)
    usual = sum(link.busy * link.capacity_veh_h for link in links())
    return remembered(_LINGERS, driven, len(hours)) / usual
