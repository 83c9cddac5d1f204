"""Rows of lots as if they had never been seen: what a model answers to a new lot is learned, not hoped for."""

import numpy as np
import numpy.typing as npt

from features.parking.build import Table
from features.parking.sight import AHEAD, SEEN

_OF_OTHERS = ("deviation of the city", "mean deviation of the city", "spaces", "readings alike", "typical of the city")
_TYPICAL, _DAYS = AHEAD.index("typical of the city"), AHEAD.index("days behind the profile")
_LIKE_TYPICAL = (AHEAD.index("profile"), AHEAD.index("profile of its class of day"))


def hide_history(table: Table, rows: npt.NDArray[np.bool_]) -> None:
    """Take their own history out of some rows, as ``build`` does of a lot of which there is none.

    Args:
        table: changed in place.
        rows: (issue * lot,), which.
    """
    inputs = table.inputs
    for name, names in (("seen", SEEN), ("ahead", AHEAD)):
        own = np.array([not each.startswith(_OF_OTHERS) for each in names])
        mask = inputs[f"{name}_mask"]
        mask[rows] &= ~own
        inputs[name][rows] *= ~own
    inputs["seen"][rows, SEEN.index("readings alike")] = 0
    typical, known = inputs["ahead"][rows, :, _TYPICAL], inputs["ahead_mask"][rows, :, _TYPICAL]
    for column in _LIKE_TYPICAL:
        inputs["ahead"][rows, :, column], inputs["ahead_mask"][rows, :, column] = typical, known
    inputs["ahead_mask"][rows, :, _DAYS] = True
    inputs["profile"][rows], inputs["profile_mask"][rows] = typical, known
    for name in ("now", "now_deviation", "now_mask"):
        inputs[name][rows] = 0
