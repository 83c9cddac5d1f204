"""The astronomical tide: a sum of constituents whose speeds are known for all time, fitted to one gauge.

Speeds and nodal corrections are those of Schureman (1958), 'Manual of Harmonic Analysis and Prediction of Tides'; the
factors of the moon's node to first order, as in Pugh (1987), 'Tides, Surges and Mean Sea-Level', table 4:3.
"""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# Speed in degrees an hour, and how often the node's factors of M2, O1, K1 and K2 enter.
_CONSTITUENTS: dict[str, tuple[float, int, int, int, int]] = {
    "M2": (28.9841042, 1, 0, 0, 0), "S2": (30.0, 0, 0, 0, 0), "N2": (28.4397295, 1, 0, 0, 0),
    "K2": (30.0821373, 0, 0, 0, 1), "L2": (29.5284789, 1, 0, 0, 0), "T2": (29.9589333, 0, 0, 0, 0),
    "MU2": (27.9682084, 2, 0, 0, 0), "NU2": (28.5125831, 1, 0, 0, 0), "2N2": (27.8953548, 1, 0, 0, 0),
    "K1": (15.0410686, 0, 0, 1, 0), "O1": (13.9430356, 0, 1, 0, 0), "P1": (14.9589314, 0, 0, 0, 0),
    "Q1": (13.3986609, 0, 1, 0, 0), "J1": (15.5854433, 0, 0, 1, 0), "M4": (57.9682084, 2, 0, 0, 0),
    "MS4": (58.9841042, 1, 0, 0, 0), "MN4": (57.4238337, 2, 0, 0, 0), "MK3": (44.0251729, 1, 0, 1, 0),
    "MO3": (42.9271398, 1, 1, 0, 0), "M6": (86.9523127, 3, 0, 0, 0), "2MS6": (87.9682084, 2, 0, 0, 0),
    "MSf": (1.0158958, 1, 0, 0, 0), "Mf": (1.0980331, 0, 0, 0, 0), "Sa": (0.0410686, 0, 0, 0, 0),
}  # fmt: skip
_J2000 = np.datetime64("2000-01-01T12:00", "m")

COLUMNS = 1 + 2 * len(_CONSTITUENTS)
"""Of ``design``: a constant, and cosine and sine of each constituent."""


def design(times: npt.NDArray[np.datetime64]) -> FloatArray:
    """What the tide is linear in: (time, ``COLUMNS``).

    Args:
        times: (time,), UTC.

    >>> design(np.array(["2020-06-01T00:00"], dtype="datetime64[s]")).shape == (1, COLUMNS)
    True
    """
    hours = (times.astype("datetime64[m]") - _J2000).astype(np.int64) / 60.0
    node = np.deg2rad(125.0445 - 0.05295377 * hours / 24)
    cosine, sine, double = np.cos(node), np.sin(node), np.cos(2 * node)
    factor = (
        1 - 0.037 * cosine,
        1.009 + 0.187 * cosine - 0.015 * double,
        1.006 + 0.115 * cosine - 0.009 * double,
        1.024 + 0.286 * cosine + 0.008 * double,
    )
    turn = np.deg2rad([-2.1, 10.8, -8.9, -17.7])
    columns = [np.ones_like(hours)]
    for speed, *powers in _CONSTITUENTS.values():
        size, phase = np.ones_like(hours), np.deg2rad(speed * hours % 360)
        for power, each, angle in zip(powers, factor, turn, strict=True):
            size, phase = size * each**power, phase + power * angle * sine
        columns += [size * np.cos(phase), size * np.sin(phase)]
    return np.stack(columns, axis=1)
