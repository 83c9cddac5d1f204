"""Quantities that follow from a measured one: how much it changed since the reading before, how far it is from normal.

``air_temperature_min_change_c`` is the change of ``air_temperature_min_c``, and ``air_temperature_min_anomaly_c`` its
distance from what is normal on that day of the year.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from features.clock import wall_clock

FloatArray = npt.NDArray[np.float32]
_CHANGE, _ANOMALY = "_change_", "_anomaly_"


def base_of(quantity: str) -> str:
    """The measured quantity that ``quantity`` follows from; itself where it is measured.

    >>> base_of("air_temperature_min_anomaly_c"), base_of("rain_mm")
    ('air_temperature_min_c', 'rain_mm')
    """
    for infix in (_CHANGE, _ANOMALY):
        if infix in quantity:
            return quantity.replace(infix, "_")
    return quantity


def needs_normal(quantities: Iterable[str]) -> bool:
    """Whether one of them is a distance from normal."""
    return any(_ANOMALY in each for each in quantities)


def derive(name: str, values: FloatArray, day_of_year: npt.NDArray[np.int64], normal: FloatArray) -> FloatArray:
    """What follows from a measured quantity.

    Args:
        name: of a quantity for which ``base_of`` names another.
        values: (time, source), of that other.
        day_of_year: (time,), from 0.
        normal: (day of the year, source).
    """
    if _CHANGE in name:
        before = np.vstack([np.full((1, values.shape[1]), np.nan, dtype=np.float32), values[:-1]])
        return values - before
    return values - normal[day_of_year]


def days_of_year(times: npt.NDArray[np.datetime64], timezone: str, step_min: int) -> npt.NDArray[np.int64]:
    """The local day of the year, from 0, that each reading is of; a day's extreme is of the day that ends then."""
    back = np.timedelta64(1 if step_min == 1440 else 0, "m")
    days = wall_clock(times - back, timezone)[0].astype("datetime64[D]")
    found: npt.NDArray[np.int64] = (days - days.astype("datetime64[Y]")).astype(np.int64)
    return found
