"""Six car parks of two cities, three weeks of counts: one is dead, one without a size, one nobody knows where."""

from datetime import UTC, datetime, timedelta

import numpy as np

from features.parking.advance import Raw, advance
from features.parking.config import ParkingConfig
from features.parking.lots import Lots
from features.parking.state import ParkingState, fresh
from features.series import Panel

CONFIG = ParkingConfig(weeks=2, neighbours=1)
GARAGE, STREET, FAR, DEAD, SIZELESS, NOWHERE = LOTS = ("G-1", "S-1", "F-1", "D-1", "X-1", "N-1")
START = datetime(2026, 3, 1, 15, tzinfo=UTC)
"""A Monday's midnight in Seoul."""
HOUR = timedelta(hours=1)
HOURS = 21 * 24
AS_OF = START + (HOURS - 1) * HOUR
"""23:00 of a Sunday in Seoul."""
CITY_HALL = (37.5663, 126.9779)
NAN = np.nan


def _numbers(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


TOWN = Lots(
    ids=LOTS,
    name=("시청 주차장", "S-1", "Far garage", "D-1", "X-1", "N-1"),
    city=("Seoul", "Seoul", "Seoul", "Seoul", "Busan", "Busan"),
    kind=("garage", "on-street", "garage", "", "", ""),
    capacity=_numbers(200, 50, 400, 80, NAN, 100),
    lat=_numbers(37.5670, 37.5685, 37.5900, 37.5660, 37.5663, NAN),
    lon=_numbers(126.9785, 126.9779, 126.9779, 126.9800, 126.9779, NAN),
    ev_bays=_numbers(4, NAN, 0, 2, NAN, NAN),
    disabled_bays=_numbers(6, NAN, 8, 0, NAN, NAN),
    max_height_m=_numbers(2.1, NAN, 2.3, 0, NAN, NAN),
)


def free_spaces(hours: int) -> np.ndarray:
    """(time, lot): most at midnight, hardly any at noon in Seoul; never still; the dead one ends two days early."""
    hour = np.arange(hours)[:, None]
    capacity = np.nan_to_num(TOWN.capacity, nan=60)
    share = 0.5 + 0.42 * np.cos(2 * np.pi * hour / 24)
    found = np.floor(share * capacity) + hour % 3
    found[HOURS - 48 :, LOTS.index(DEAD)] = np.nan
    return found.astype(np.float32)


def state() -> ParkingState:
    """What three weeks left, and what training would have fitted."""
    panel = Panel(start=START, step_min=60, entities=LOTS, values=free_spaces(HOURS), quantity="free_spaces")
    born = fresh(LOTS, START - HOUR, CONFIG)
    born.capacity = TOWN.capacity.copy()
    born.city = _numbers(0, 0, 0, 0, 1, 1)
    slots = np.arange(24)[:, None]
    born.typical[:] = np.repeat((0.5 + 0.4 * np.cos(2 * np.pi * slots / 24))[:, :, None], len(LOTS), axis=2)
    # The two cities are told apart by it.
    born.typical[..., 4:] /= 2
    return advance(born, Raw(measured=panel), CONFIG, AS_OF)
