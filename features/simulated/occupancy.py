"""How many bays are truly taken: who drives by comes in, stays, and leaves; residents the other way round."""

from functools import cache

import numpy as np
import numpy.typing as npt

from features.simulated.chance import Stream, fading_normals, hourly_normals, smooth_normals
from features.simulated.city import links
from features.simulated.demand import day_kind, demand_veh_h
from features.simulated.gatherings import gathered_cars
from features.simulated.habits import HABITS, LONGEST_STAY_H
from features.simulated.hours import KST_OFFSET_H, LocalHours, local_hours
from features.simulated.lots import LotKind, links_near, lots
from features.simulated.memory import remembered
from features.simulated.traffic import volume_veh_h
from features.simulated.weather import rain_mm

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# Monday 2023-05-15 to Friday in Seoul, a week like another: the height of its days is what a lot's shares are of.
_USUAL_WEEK = range(467_808 - KST_OFFSET_H, 467_808 - KST_OFFSET_H + 5 * 24)


def occupied_spaces(seed: int, hours: range) -> IntArray:
    """Bays that are taken at the instant at which each hour starts.

    Args:
        seed: of the city.
        hours: hours since 1970-01-01T00Z, not empty.

    Returns:
        (hour, lot), bays, from 0 to the lot's capacity.
    """
    before = range(hours.start - LONGEST_STAY_H, hours.stop)
    local, rain = local_hours(before), rain_mm(seed, before)
    driving_by = _driving_by(volume_veh_h(seed, before)[0].astype(np.float64))
    mood = 0.09 * smooth_normals(seed, Stream.PARKING_WEEK, before, len(lots()), block_h=168)
    mood += 0.06 * smooth_normals(seed, Stream.PARKING_DAY, before, len(lots()), block_h=24)
    chance = hourly_normals(seed, Stream.PARKING_HOUR, before, 2 * len(lots())).reshape(len(before), 2, len(lots()))
    capacity = np.array([lot.capacity for lot in lots()], dtype=np.float64)
    settled, *shares = (np.array([getattr(lot, name) for lot in lots()]) for name in ("settled", "daily", "passing"))
    cars = np.zeros((len(hours), len(lots())))
    for number, share in enumerate(shares):
        wanted = share * capacity * _usual_scale()[number] * _wish(number, local, rain) * driving_by * np.exp(mood)
        # Who comes, comes at random: n of them scatter by about the root of n.
        came = (wanted + np.sqrt(wanted) * chance[:, number]).clip(0)
        cars += _present(number, came, len(hours))
    own = slice(LONGEST_STAY_H, None)
    # A few come and go at any hour: no lot stands still for a whole night.
    cars += np.sqrt(0.04 * capacity) * fading_normals(seed, Stream.PARKING_RESTLESS, hours, len(lots()), kept=0.7)
    taken = settled * capacity + cars + gathered_cars(seed, hours)
    at_home = settled * capacity * (1 + 0.5 * mood[own]) - cars
    # Who finds it full waits until somebody leaves.
    filled = np.where(_of(LotKind.RESIDENT), at_home, taken).round().clip(0, capacity)
    return np.asarray(filled, dtype=np.int64)


def _driving_by(volume_veh_h: FloatArray) -> FloatArray:
    """Who passes each lot, (hour, link) to (hour, lot), against the year's mean."""
    usual = np.array([link.busy * link.capacity_veh_h for link in links()])
    near = links_near()
    total = np.zeros((len(volume_veh_h), len(near)))
    # Summed link by link, always in this order: the same hour rounds the same way in every range.
    for link in near.T:
        total += volume_veh_h[:, link]
    return np.asarray(total / usual[near].sum(axis=1), dtype=np.float64)


def _wish(number: int, local: LocalHours, rain_mm: FloatArray) -> FloatArray:
    """Which share of those who drive by want to park for one of two reasons, (hour, lot), 1 = a usual day's height."""
    wish = np.zeros((len(rain_mm), len(lots())))
    wet = 1 - np.exp(-rain_mm / 2)
    for kind, habits in HABITS.items():
        habit = habits[number]
        wish[:, _of(kind)] = (habit.wish[day_kind(local), local.hour] * (1 - habit.rain * wet))[:, None]
    return wish


def _present(number: int, came: FloatArray, count: int) -> FloatArray:
    """Who is still there of those who came in the hours before, the last ``count`` instants: (hour, lot)."""
    present = np.zeros((count, len(lots())))
    for kind, habits in HABITS.items():
        present[:, _of(kind)] = remembered(habits[number].stay, came[:, _of(kind)], count)
    return present


@cache
def _usual_scale() -> FloatArray:
    """By reason and lot, what makes the height of a usual dry workday 1: (2, lot)."""
    hours = range(_USUAL_WEEK.start - LONGEST_STAY_H, _USUAL_WEEK.stop)
    local, dry = local_hours(hours), np.zeros(len(hours))
    driving_by = _driving_by(demand_veh_h(local, dry, dry + 15))
    present = [_present(number, _wish(number, local, dry) * driving_by, len(_USUAL_WEEK)) for number in range(2)]
    return np.asarray(1 / np.stack(present).max(axis=1), dtype=np.float64)


@cache
def _of(kind: LotKind) -> npt.NDArray[np.bool_]:
    return np.array([lot.kind is kind for lot in lots()])
