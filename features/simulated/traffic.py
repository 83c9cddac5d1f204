"""Vehicles counted on every link in every hour: demand, chance, what is in the way, and what the sensor missed."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from features.geo import DISTRICTS
from features.simulated.chance import Stream, fading_normals, hourly_normals, smooth_normals
from features.simulated.city import detours, links
from features.simulated.demand import demand_veh_h
from features.simulated.events import Event, share_of_hours
from features.simulated.hours import local_hours
from features.simulated.incidents import crashes, outages, roadworks
from features.simulated.weather import rain_mm, temperature_c

FloatArray = npt.NDArray[np.float64]

# Of the drivers that a crash or roadworks stop, a quarter take each of the two nearest links; the rest stay away.
_DIVERTED_TO_EACH = 0.25


def volume_veh_h(seed: int, hours: range) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Vehicles that passed, and whether the sensor counted them.

    Args:
        seed: of the city.
        hours: hours since 1970-01-01T00Z, not empty.

    Returns:
        Volumes (hour, link), vehicles an hour, >= 1; counted (hour, link), False in an outage.
    """
    demand = demand_veh_h(local_hours(hours), rain_mm(seed, hours), temperature_c(seed, hours))
    wanted = demand * np.exp(_moods(seed, hours))
    obstructed = _obstructed(wanted, [*crashes(seed, hours), *roadworks(seed, hours)], hours)
    passed = _within_capacity(obstructed)
    # Whoever passes, passes at random: counts of v vehicles scatter by about the root of v.
    counted = passed + np.sqrt(passed) * hourly_normals(seed, Stream.COUNT, hours, len(links()))
    return counted.round().astype(np.int64).clip(min=1), _is_counted(outages(seed, hours), hours)


def _moods(seed: int, hours: range) -> FloatArray:
    """Why an hour differs from the usual one: what the city, a district and a link share, for hours, days and weeks.

    Returns:
        (hour, link), log of the factor on demand.
    """
    count = len(links())
    day = smooth_normals(seed, Stream.CITY_DAY, hours, 1, block_h=24)
    # Squared, sign kept: most days are ordinary and a few are odd.
    city = 0.012 * day * np.abs(day) + 0.022 * fading_normals(seed, Stream.CITY_HOUR, hours, 1, kept=0.75)
    district = 0.022 * fading_normals(seed, Stream.DISTRICT_HOUR, hours, len(DISTRICTS), kept=0.75)
    link = 0.034 * fading_normals(seed, Stream.LINK_HOUR, hours, count, kept=0.75)
    link += 0.022 * smooth_normals(seed, Stream.LINK_DAY, hours, count, block_h=24)
    link += 0.035 * smooth_normals(seed, Stream.LINK_WEEK, hours, count, block_h=168)
    return np.asarray(city + np.repeat(district, count // len(DISTRICTS), axis=1) + link, dtype=np.float64)


def _obstructed(wanted: FloatArray, events: Iterable[Event], hours: range) -> FloatArray:
    """Flow after crashes and roadworks: lower on their links, higher on the nearest two of the same direction."""
    flow = wanted.copy()
    for event in sorted(events, key=lambda event: (event.link, event.onset_h, event.kind)):
        lost = wanted[:, event.link] * share_of_hours(event, hours) * event.size
        flow[:, event.link] -= lost
        flow[:, detours()[event.link]] += _DIVERTED_TO_EACH * lost[:, None]
    # Two obstacles at once on one link cannot take more than there is.
    return np.maximum(flow, 0.05 * wanted)


def _within_capacity(flow: FloatArray) -> FloatArray:
    """A road that nears its capacity carries less and less more: smooth, and never above it."""
    capacity = np.array([link.capacity_veh_h for link in links()], dtype=np.float64)
    return np.asarray(flow / (1 + (flow / capacity) ** 8) ** 0.125, dtype=np.float64)


def _is_counted(silences: Iterable[Event], hours: range) -> npt.NDArray[np.bool_]:
    counted = np.ones((len(hours), len(links())), dtype=np.bool_)
    for event in silences:
        first, last = max(int(event.onset_h), hours.start), min(int(event.end_h), hours.stop)
        counted[first - hours.start : last - hours.start, event.link] = False
    return counted
