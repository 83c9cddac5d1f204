"""Rows of lots as if they had never been seen: what a model answers to a new lot is learned, not hoped for."""

import numpy as np
import numpy.typing as npt

from features.parking.build import Table
from features.parking.sight import AHEAD, SEEN

_OF_OTHERS = (
    "deviation of the city",
    "deviation of all",
    "mean deviation of the city",
    "like a Sunday in the city",
    "spaces",
    "typical of the city",
)
_NOTHING = ("readings alike", "like a Sunday")
"""What ``build`` gives as zero where there is no history."""
_TYPICAL, _PROFILE = AHEAD.index("typical of the city"), AHEAD.index("profile")
_AS_USUAL = [
    at for at, name in enumerate(AHEAD) if name.endswith("profile minus profile") or name == "days behind the profile"
]
_AS_USUAL += [AHEAD.index("profile of its class of day minus profile")]


def hide_history(table: Table, rows: npt.NDArray[np.bool_]) -> None:
    """Take their own history out of some rows, as ``build`` does of a lot of which there is none.

    Args:
        table: changed in place.
        rows: (issue * lot,), which.
    """
    inputs = table.inputs
    for name, names in (("seen", SEEN), ("ahead", AHEAD)):
        own = np.array([not each.startswith(_OF_OTHERS) for each in names])
        inputs[f"{name}_mask"][rows] = np.logical_and(inputs[f"{name}_mask"][rows], ~own)
        inputs[name][rows] = np.where(own, np.float32(0), inputs[name][rows])
    for name in _NOTHING:
        inputs["seen_mask"][rows, SEEN.index(name)] = True
    typical, known = inputs["ahead"][rows, :, _TYPICAL], inputs["ahead_mask"][rows, :, _TYPICAL]
    inputs["ahead"][rows, :, _PROFILE], inputs["ahead_mask"][rows, :, _PROFILE] = typical, known
    for column in _AS_USUAL:
        inputs["ahead_mask"][rows, :, column] = known
    inputs["profile"][rows], inputs["profile_mask"][rows] = typical, known
    for name in ("now", "now_deviation", "now_mask"):
        inputs[name][rows] = 0
