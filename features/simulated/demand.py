"""How many vehicles want to drive: the time of day, the day, the season, the weather; no chance in it."""

from functools import cache

import numpy as np
import numpy.typing as npt

from features.simulated.city import Link, RoadClass, links
from features.simulated.hours import LocalHours
from features.simulated.weather import SNOW_C

FloatArray = npt.NDArray[np.float64]

_WORKDAY, _SATURDAY, _DAY_OFF, _FEAST = range(4)
# Share of a workday's commuting that is left, and hours later that the city wakes.
_COMMUTING = {_WORKDAY: 1.0, _SATURDAY: 0.15, _DAY_OFF: 0.0, _FEAST: 0.0}
_WAKES_LATER_H = {_WORKDAY: 0.0, _SATURDAY: 0.8, _DAY_OFF: 2.1, _FEAST: 2.9}
_DAYTIME = {_WORKDAY: 1.0, _SATURDAY: 1.05, _DAY_OFF: 0.99, _FEAST: 0.84}
_BY_WEEKDAY = np.array([0.975, 0.995, 1.0, 1.0, 1.03, 1.0, 1.0])
# Expressways never sleep and commute less; collectors are the reverse.
_NIGHT = {RoadClass.EXPRESSWAY: 0.24, RoadClass.ARTERIAL: 0.16, RoadClass.COLLECTOR: 0.12}
_COMMUTERS = {RoadClass.EXPRESSWAY: 0.8, RoadClass.ARTERIAL: 1.0, RoadClass.COLLECTOR: 1.1}


def demand_veh_h(local: LocalHours, rain_mm: FloatArray, temperature_c: FloatArray) -> FloatArray:
    """Vehicles that would pass each link in each hour if nothing were in their way.

    Args:
        local: Seoul's clock and calendar, (hour,).
        rain_mm: (hour,), mm.
        temperature_c: (hour,), degrees Celsius.

    Returns:
        (hour, link), vehicles an hour, > 0.
    """
    kind = day_kind(local)
    usual = _profiles()[kind, local.hour]
    city = _season(local) * _BY_WEEKDAY[local.weekday] * _weather(kind, rain_mm, temperature_c)
    return np.asarray(usual * city[:, None] * _leaving(local), dtype=np.float64)


def day_kind(local: LocalHours) -> npt.NDArray[np.int64]:
    """What kind of day each hour is of: 0 a workday, 1 a Saturday, 2 another day off, 3 a feast; (hour,)."""
    return np.select([local.feast, local.holiday | (local.weekday == 6), local.weekday == 5], [3, 2, 1], default=0)


def _season(local: LocalHours) -> FloatArray:
    """Winter is quieter, and so is the first week of August, when the city is at the sea."""
    winter = np.cos(2 * np.pi * (local.year_turn - 0.05))
    holidays = np.exp(-(((local.year_turn - 0.586) / 0.022) ** 2))
    # Some years are busier than others; slow and bounded, so that any year can be simulated.
    slow = np.sin(2 * np.pi * local.day / (365.25 * 5.3))
    return np.asarray(1.0 - 0.04 * winter - 0.04 * holidays + 0.02 * slow, dtype=np.float64)


def _weather(kind: npt.NDArray[np.int64], rain_mm: FloatArray, temperature_c: FloatArray) -> FloatArray:
    """Rain keeps leisure at home more than work; snow keeps both."""
    wet = 1 - np.exp(-rain_mm / 5)
    staying = np.where(kind == _WORKDAY, 0.05, 0.10)
    snow = np.where(temperature_c <= SNOW_C, 0.12 * (1 - np.exp(-rain_mm)), 0)
    return np.asarray(1 - staying * wet - snow, dtype=np.float64)


def _leaving(local: LocalHours) -> FloatArray:
    """Before a holiday the afternoon is busier, above all on the way out of the city."""
    afternoon = local.eve * np.exp(-(((local.hour - 17) / 3.0) ** 2))
    pull = np.array([0.03 if link.inbound else 0.10 for link in links()])
    return np.asarray(1 + afternoon[:, None] * pull, dtype=np.float64)


@cache
def _profiles() -> FloatArray:
    """Usual volume by kind of day and hour of day.

    Returns:
        (kind of day, 24, link), vehicles an hour.
    """
    return np.stack([np.stack([_profile(link, kind) for link in links()], axis=1) for kind in range(4)])


def _profile(link: Link, kind: int) -> FloatArray:
    """One link's usual volume over a day of one kind: (24,), vehicles an hour."""
    hour = np.arange(24) + 0.5 - link.peak_shift_h
    wakes = 1 / (1 + np.exp(-(hour - 5.6 - _WAKES_LATER_H[kind]) / (0.55 + 0.25 * _WAKES_LATER_H[kind])))
    sleeps = 1 / (1 + np.exp((hour - 22.9) / 1.2))
    after_midnight = 0.22 * np.exp(-hour.clip(0) / 1.8)
    night = _NIGHT[link.road_class]
    morning, evening = (0.30, 0.10) if link.inbound else (0.10, 0.30)
    commuting = _COMMUTING[kind] * _COMMUTERS[link.road_class] * link.commuting
    peaks = morning * np.exp(-(((hour - 8.3) / 1.2) ** 2)) + evening * np.exp(-(((hour - 18.2) / 1.7) ** 2))
    shape = night + after_midnight + (1 - night) * _DAYTIME[kind] * wakes * sleeps + commuting * peaks
    # 0.78 is the mean of an average workday's shape: ``busy`` then is the mean share of capacity.
    return np.asarray(shape / 0.78 * link.busy * link.capacity_veh_h, dtype=np.float64)
