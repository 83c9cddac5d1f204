"""Every row that can be learned from or judged: what a model sees of it, and what came."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.progress import Progress

from features.disaster.advance import Raw
from features.disaster.build import Table, build
from features.disaster.config import DisasterConfig
from features.disaster.measured import Measured
from features.disaster.state import DisasterState
from training.disaster.labels import Labels, labels_of

_CHUNK = 20_000

FloatArray = npt.NDArray[np.float32]
Inputs = dict[str, npt.NDArray[np.generic]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """Rows of every issue time and place, issue times outermost.

    Attributes:
        inputs: what a model takes, by name, (row, ...).
        quality: (row,), index into ``QUALITIES``.
        issue: (row,), row of the clock at which it is issued.
        place: (row,), index of the place.
        labels: of the whole clock.
        at: (row, horizon), the quantity at each horizon.
        value_at: (row, group, horizon), what is compared with the thresholds then.
        peak: (row, group, horizon), the worst of it on the way there.
        met: (row, level, horizon), 1, 0 or NaN: whether a level is met then.
        within: (row, level, horizon), 1, 0 or NaN: whether it is at any time on the way there.
    """

    inputs: Inputs
    quality: npt.NDArray[np.int8]
    issue: npt.NDArray[np.int64]
    place: npt.NDArray[np.int64]
    labels: Labels
    at: npt.NDArray[np.float32]
    value_at: npt.NDArray[np.float32]
    peak: npt.NDArray[np.float32]
    met: npt.NDArray[np.float32]
    within: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.issue)

    def rows(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Inputs:
        """The inputs of some rows."""
        return {name: array[chosen] for name, array in self.inputs.items()}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Said:
    """What a model said of every row of a sample; NaN where it said nothing.

    Attributes:
        level: (row, horizon, quantile), in the quantity's unit.
        within: (row, level, horizon).
        met: (row, level, horizon).
    """

    level: FloatArray
    within: FloatArray
    met: FloatArray


def sample_of(measured: Measured, state: DisasterState, config: DisasterConfig, bar: Progress) -> Sample:
    """Build every issue time from ``state.as_of`` on at which anything was measured.

    Args:
        measured: all of it.
        state: as of the first reading or before, its fitted parts in place.
        config: of the hazard.
        bar: shows issue times done and time left.
    """
    labels = labels_of(measured, state, config)
    # Also while a gauge is stuck: who stood there then could not know it yet, and had to be told something.
    chosen = np.flatnonzero(labels.heard.any(axis=1))
    tables, raw = [], Raw(measured=measured)
    starts = range(0, len(chosen), _CHUNK)
    for start in bar.track(starts, description="building features"):
        rows = chosen[start : start + _CHUNK]
        tables.append(_built(raw, state, config, labels, rows))
    inputs = {name: np.concatenate([table.inputs[name] for table in tables]) for name in tables[0].inputs}
    places = len(state.places)

    def flat(array: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return np.ascontiguousarray(array[chosen].reshape(len(chosen) * places, *array.shape[2:]))

    return Sample(
        inputs=inputs,
        quality=np.concatenate([table.quality for table in tables]).reshape(-1),
        issue=np.repeat(chosen, places),
        place=np.tile(np.arange(places), len(chosen)),
        labels=labels,
        at=flat(labels.at()),
        value_at=flat(labels.value_at()),
        peak=flat(labels.peak()),
        met=flat(labels.met_at()),
        within=flat(labels.met_within()),
    )


def _built(
    raw: Raw, state: DisasterState, config: DisasterConfig, labels: Labels, rows: npt.NDArray[np.int64]
) -> Table:
    """The table of some rows, each as it was known then: what became known after the last is cut off first."""
    times = [labels.start + int(row) * raw.measured.step for row in rows]
    return build(Raw(measured=raw.measured.known_by(times[-1])), state, config, times)
