"""The Han river every ten minutes: the city's rain runs off into Paldang lake, the dam lets it go, the tide meets it.

The dam lets go what flowed in over the hours before, by weights that sum to one: the lake holds exactly the rest.
"""

import numpy as np
import numpy.typing as npt

from features.simulated.chance import Stream, hourly_normals, smooth_normals
from features.simulated.hours import local_hours
from features.simulated.memory import remembered
from features.simulated.places import DAM, GAUGES, HANGANG, JAMSU, TIDE
from features.simulated.weather import SNOW_C, coldness, rain_mm, temperature_c

FloatArray = npt.NDArray[np.float64]
Readings = dict[str, dict[str, FloatArray]]

STEPS_AN_HOUR = 6
_BASIN_KM2, _STREAMS_KM2 = 14_000, 650
_M3S_A_MM = 1e3 / 3600  # of a mm an hour on a km2
_SOAKED: FloatArray = np.power(0.99, np.arange(240))
# How a millimetre that runs off arrives: a wave that is highest after some twelve hours, and a tail of days.
_HOUR = np.arange(120)
_WAVE = 0.8 * _HOUR**2 * np.exp(-_HOUR / 6) / (_HOUR**2 * np.exp(-_HOUR / 6)).sum()
_WAVE += 0.2 * np.exp(-_HOUR / 40) / np.exp(-_HOUR / 40).sum()
# Nothing of the hour that starts with the reading: its rain has not fallen yet.
_WAVE = np.concatenate([[0.0], _WAVE])
_STREAM_WAVE = np.array([0.0, 0.1, 0.3, 0.25, 0.15, 0.1, 0.06, 0.04])
_RELEASED = np.array([0.5, 0.3, 0.15, 0.05])
_KEPT = 1 - np.cumsum(_RELEASED)
_LAKE_M2, _LAKE_M = 36.5e6, 25.0
# By gauge, downstream: minutes/10 that water takes from the dam, and the tide to come up; the share of the city's
# streams that has joined; stage in cm at no flow, and cm for each (m3/s)^0.8; the share of the tide that is left.
_TRAVEL_STEPS, _TIDE_STEPS = (14, 20, 22, 27), (24, 21, 20, 17)
_JOINED = (0.3, 0.8, 0.9, 1.2)
_ZERO_CM, _RISE_CM = (284, 272, 272, 268), (0.345, 0.302, 0.287, 0.2)
_TIDE_LEFT = (0.10, 0.11, 0.12, 0.15)
_SPREAD_STEPS = 4
_TIDE_MEAN_CM = 480
# Amplitude in cm, degrees an hour, phase: M2, S2, N2, K1, O1. The moon does not ask for the seed.
_TIDES = ((240, 28.9841042, 0.4), (90, 30.0, 1.9), (45, 28.4397295, 5.1), (32, 15.0410686, 2.2), (25, 13.9430356, 0.9))


def river_readings(seed: int, hours: range) -> Readings:
    """What the instruments along the river read at the hour and every ten minutes after.

    Args:
        seed: of the city.
        hours: hours since 1970-01-01T00Z, not empty.

    Returns:
        By entity and quantity, (6 * hour,): ``paldang`` inflow_m3s, release_m3s, stage_m; ``tide`` tide_cm; at gauges
        stage_cm (Hangang bridge: stage_masl_cm, 207 cm above its staff gauge) and, but at Jamsu, discharge_m3s.
    """
    # A day before for the water that is on its way, an hour after to draw lines to.
    wide = range(hours.start - 24, hours.stop + 1)
    own = range(24 * STEPS_AN_HOUR, (24 + len(hours)) * STEPS_AN_HOUR)
    noise = hourly_normals(seed, Stream.RIVER_READING, hours, STEPS_AN_HOUR * (2 + len(GAUGES)))
    noise = noise.reshape(len(own), 2 + len(GAUGES))
    inflow = _inflow_m3s(seed, range(wide.start - len(_RELEASED), wide.stop))
    release = _each_ten_min(remembered(_RELEASED, inflow, len(wide)))
    came = _each_ten_min(inflow[len(_RELEASED) :])[own.start : own.stop]
    held_m3 = _each_ten_min(3600 * remembered(_KEPT, inflow, len(wide)))[own.start : own.stop]
    tide, streams = _tide_cm(seed, wide), _each_ten_min(_streams_m3s(seed, wide))[own.start : own.stop]
    readings: Readings = {
        DAM: {
            # Reckoned from the lake's level, so that wind and waves are in it.
            "inflow_m3s": (came + (10 + 0.02 * came) * noise[:, 0]).round(1),
            "release_m3s": release[own.start : own.stop].round(1),
            "stage_m": (_LAKE_M + held_m3 / _LAKE_M2 + 0.01 * noise[:, 1]).round(2),
        },
        TIDE: {"tide_cm": tide[own.start : own.stop].round()},
    }
    for number, gauge in enumerate(GAUGES):
        flow = _passing(release, own, number) + _JOINED[number] * streams
        stage = _stage_cm(flow, tide, own, number) + 0.6 * noise[:, 2 + number]
        name = "stage_masl_cm" if gauge.entity_id == HANGANG else "stage_cm"
        readings[gauge.entity_id] = {name: stage.round()}
        if gauge.entity_id != JAMSU:
            readings[gauge.entity_id]["discharge_m3s"] = flow.round(1)
    return readings


def _inflow_m3s(seed: int, hours: range) -> FloatArray:
    """Into the lake, (hour,): what the basin does not soak up, and what its springs give."""
    runoff = _runoff_mm(seed, range(hours.start - len(_WAVE), hours.stop))
    springs = 260 - 130 * coldness(local_hours(hours).day)
    return np.asarray(springs + _BASIN_KM2 * _M3S_A_MM * remembered(_WAVE, runoff, len(hours)), dtype=np.float64)


def _runoff_mm(seed: int, hours: range) -> FloatArray:
    """What runs off of each hour's rain: more, the wetter the ten days before; snow stays where it falls."""
    before = range(hours.start - len(_SOAKED), hours.stop)
    rain = np.where(temperature_c(seed, before) > SNOW_C, rain_mm(seed, before), 0.0)
    soaked = remembered(_SOAKED, rain, len(hours))
    own = rain[len(_SOAKED) :]
    # A cloudburst over the city does not fall on the whole basin.
    return np.asarray(own / (1 + own / 25) * (0.15 + 0.6 * (1 - np.exp(-soaked / 90))), dtype=np.float64)


def _streams_m3s(seed: int, hours: range) -> FloatArray:
    """What the city's own streams bring, (hour,): little water, at once."""
    rain = rain_mm(seed, range(hours.start - len(_STREAM_WAVE), hours.stop))
    return 0.5 * _STREAMS_KM2 * _M3S_A_MM * remembered(_STREAM_WAVE, rain, len(hours))


def _passing(release: FloatArray, own: range, gauge: int) -> FloatArray:
    """Released water that passes a gauge: a wave grows longer on its way."""
    total = np.zeros(len(own))
    for step in range(-_SPREAD_STEPS, _SPREAD_STEPS + 1):
        first = own.start - _TRAVEL_STEPS[gauge] + step
        total += release[first : first + len(own)]
    return total / (2 * _SPREAD_STEPS + 1)


def _stage_cm(flow_m3s: FloatArray, tide_cm: FloatArray, own: range, gauge: int) -> FloatArray:
    first = own.start - _TIDE_STEPS[gauge]
    tide = tide_cm[first : first + len(own)] - _TIDE_MEAN_CM
    # A flood holds the tide out.
    backed_up = _TIDE_LEFT[gauge] * np.exp(-flow_m3s / 5000) * tide
    return np.asarray(_ZERO_CM[gauge] + _RISE_CM[gauge] * flow_m3s**0.8 + backed_up, dtype=np.float64)


def _tide_cm(seed: int, hours: range) -> FloatArray:
    """At the river's mouth, (6 * hour,): sun and moon, and the wind of the season."""
    hour = np.arange(hours.start * STEPS_AN_HOUR, (hours.stop - 1) * STEPS_AN_HOUR + 1) / STEPS_AN_HOUR
    surge = _each_ten_min(9 * smooth_normals(seed, Stream.TIDE_SURGE, hours, 1, block_h=30)[:, 0])
    total = _TIDE_MEAN_CM + surge
    for size_cm, speed_deg_h, phase in _TIDES:
        total = total + size_cm * np.cos(np.radians(speed_deg_h * hour % 360) + phase)
    return total


def _each_ten_min(hourly: FloatArray) -> FloatArray:
    """Straight lines from hour to hour: (hour,) to (6 * (hour - 1) + 1,)."""
    share = np.arange(STEPS_AN_HOUR) / STEPS_AN_HOUR
    lines = hourly[:-1, None] + share * np.diff(hourly)[:, None]
    return np.append(lines.ravel(), hourly[-1])
