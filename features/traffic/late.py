"""When each value of a panel became known, and those that did after their interval's end."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from features.clock import EPOCH, step_number
from features.series import FloatArray, Panel

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LateRow:
    """Values of the interval ``number`` that became known at one instant after its end."""

    number: int
    columns: IntArray
    values: FloatArray


def arrival(panel: Panel) -> IntArray | None:
    """(time, entity): the step number by whose start each value is known; None where that is its interval's end."""
    if panel.available_at is None:
        return None
    # NaT stands only where nothing was measured: whatever it comes to is not looked at.
    phase_s = (panel.start - EPOCH) % panel.step // timedelta(seconds=1)
    seconds = panel.available_at.astype("datetime64[s]").astype(np.int64) - phase_s
    return -(-seconds // (panel.step_min * 60))


def late_rows(panel: Panel, known_by: IntArray, since: int) -> dict[int, list[LateRow]]:
    """Late values that were not known at ``since``, by the step number at whose start they are; oldest first."""
    first = step_number(panel.start, panel.step_min)
    own = first + 1 + np.arange(len(panel))[:, None]
    rows, columns = np.nonzero((known_by > np.maximum(own, since)) & ~np.isnan(panel.values))
    known_at = known_by[rows, columns]
    order = np.lexsort((rows, known_at))
    rows, columns, known_at = rows[order], columns[order], known_at[order]
    ends = np.flatnonzero(np.diff(rows, append=-1) | np.diff(known_at, append=-1)) + 1
    found: dict[int, list[LateRow]] = {}
    for begin, end in pairwise((0, *ends.tolist())):
        row, cells = int(rows[begin]), columns[begin:end]
        late = LateRow(number=first + row, columns=cells, values=panel.values[row, cells])
        found.setdefault(int(known_at[begin]), []).append(late)
    return found
