"""The rows that members learn from and are weighed on: every few issue times of everything before the test."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd

import numpy as np
import numpy.typing as npt
import torch
from rich.progress import Progress
from torch import Tensor

from features.series import FloatArray, Panel
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState
from training.traffic.known import Past
from training.traffic.select import chunks

# Issue times of all entities that are held in memory at once: about two kilobytes each.
_ROWS = 300_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """Features and what came of them, a row an issue time and entity.

    Attributes:
        inputs: by name, rows first.
        measured: (row, step), NaN where missing.
        ends: (row,), the panel's row at which the last target of each ends.
    """

    inputs: dict[str, Tensor]
    measured: Tensor
    ends: npt.NDArray[np.int64]

    def within(self, first: int, last: int, horizon_steps: int) -> npt.NDArray[np.int64]:
        """The rows that are issued at or after ``first`` and whose targets all end by ``last``, with any measured.

        A place of which nothing was measured yet has no profile, and no forecast to learn.
        """
        known = (~torch.isnan(self.measured - self.inputs["profile"])).any(dim=1).numpy()
        found = np.flatnonzero((self.ends - horizon_steps >= first) & (self.ends <= last) & known)
        return found.astype(np.int64)

    def rows(self, chosen: npt.NDArray[np.int64]) -> dict[str, Tensor]:
        """The inputs of those rows."""
        at = torch.from_numpy(chosen)
        return {name: tensor[at] for name, tensor in self.inputs.items()}

    def batches(self, chosen: npt.NDArray[np.int64], size: int) -> Iterator[npt.NDArray[np.int64]]:
        """``chosen`` in order, ``size`` rows at a time."""
        for first in range(0, len(chosen), size):
            yield chosen[first : first + size]


def gather(
    panel: Panel,
    start: TrafficState,
    first: int,
    last: int,
    config: TrafficConfig,
    bar: Progress,
    *,
    most_rows: int | None = None,
) -> Sample:
    """Issue times from row ``first`` on whose targets end by ``last``, as many as memory is given for.

    Args:
        panel: columns as in the state.
        start: as of a time not after the first row.
        first: row of the first issue time.
        last: no target at or after this row is looked at.
        config: of the features.
        bar: shows what is done and time left.
        most_rows: that are gathered; None as many as a training holds.
    """
    state = Past.of(panel, config).advanced(start, first)
    stride = _stride(last - first, len(panel.entities), config.steps_per_day, most_rows)
    issues = range(first, last, stride)
    tables: dict[str, list[FloatArray]] = {}
    measured = []
    for table, ahead in chunks(panel, state, issues, config, bar):
        for name, array in table.inputs.items():
            tables.setdefault(name, []).append(array)  # type: ignore[arg-type]  # bool and int64 beside float32
        measured.append(ahead)
    inputs = {name: torch.from_numpy(np.concatenate(tables.pop(name))) for name in list(tables)}
    ends = np.repeat(np.array(issues) + config.horizon_steps, len(panel.entities))
    return Sample(inputs=inputs, measured=torch.from_numpy(np.concatenate(measured)), ends=ends.astype(np.int64))


def _stride(issues: int, entities: int, steps_per_day: int, most_rows: int | None = None) -> int:
    """The smallest that keeps the rows within bounds and shares no factor with a day's steps: each hour is seen.

    >>> _stride(6336, 278, 24), _stride(1200, 207, 288)
    (7, 1)
    """
    stride = max(1, -(-issues * entities // (_ROWS if most_rows is None else most_rows)))
    while gcd(stride, steps_per_day) > 1:
        stride += 1
    return stride
