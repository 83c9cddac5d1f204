"""How far what is asked now lies from what training saw: the population stability index of each float input.

A manifest holds the nine deciles of each input in training, so a tenth of what comes in should fall between any two.
The index sums (share - 0.1) ln(share / 0.1) over the ten bins (Siddiqi 2006, 'Credit Risk Scorecards'): under 0.1 it is
read as no drift, over 0.25 as one to look into.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from features.limits import Deciles
from serving.outputs import Outputs
from serving.served import Served
from serving.tensors import Array

LEAST_VALUES = 1000
"""Of a channel, before anything is said of it: the index of as many that drift nowhere is 0.009 on average."""

# What was asked a day ago counts half: a city's day has to be seen whole before its night is no drift.
_HALF_LIFE_S = 86_400.0
# Counting costs as much as a small model's run, so it is done once a second, of some rows.
_EVERY_S, _MOST_ROWS = 1.0, 64
_BINS, _SHARE = 10, 0.1
# An empty bin would make the index infinite.
_LEAST_SHARE = 1e-4


@dataclass(slots=True, eq=False)
class _Input:
    """What was seen of one input.

    Attributes:
        name: of the input.
        channels: the places of its last axis whose deciles all differ; where some are the same, nobody can say in
            which bin such a value lies.
        edges: (channel, 9), the deciles of those.
        places: how many places the last axis has for the deciles; 1 where they are of the whole input.
        counts: (channel, 10), what fell into each bin, the older the less.
    """

    name: str
    channels: tuple[int, ...]
    edges: npt.NDArray[np.float64]
    places: int
    counts: npt.NDArray[np.float64]

    def see(self, values: Array, kept: float) -> None:
        """Count rows, after what was counted before has shrunk to the share ``kept``."""
        self.counts *= kept
        columns = values.reshape(-1, self.places)
        for row, channel in enumerate(self.channels):
            column = columns[:, channel]
            bins = np.searchsorted(self.edges[row], column[np.isfinite(column)], side="right")
            self.counts[row] += np.bincount(bins, minlength=_BINS)

    @property
    def index(self) -> float | None:
        """The largest of its channels; None while too little was seen."""
        known = self.counts[self.counts.sum(axis=1) >= LEAST_VALUES]
        return float(stability_index(known).max()) if len(known) else None


def stability_index(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The population stability index of counts in ten bins that held a tenth each in training.

    Args:
        counts: (channel, 10), each row of a sum above 0.

    Returns:
        (channel,), at least 0.

    >>> stability_index(np.array([[10.0] * 10, [100.0] + [0.0] * 9])).round(2).tolist()
    [0.0, 8.28]
    """
    share = np.maximum(counts / counts.sum(axis=1, keepdims=True), _LEAST_SHARE)
    index: npt.NDArray[np.float64] = ((share - _SHARE) * np.log(share / _SHARE)).sum(axis=1)
    return index


class Drift:
    """Hears of runs and counts some of them; safe to use from many threads.

    Args:
        clock: seconds, rising.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # By version: when it was last looked at, and what was seen. Who is no longer served is forgotten with it.
        self._seen: WeakKeyDictionary[Served, tuple[float, tuple[_Input, ...]]] = WeakKeyDictionary()

    def ran(self, served: Served, inputs: Mapping[str, Array], _: Outputs) -> None:
        """Count the inputs of a run, unless the version was looked at within a second."""
        if not served.manifest.deciles:
            return
        now_s = self._clock()
        # Most calls end here, and a lock would make them wait for the one that counts.
        seen = self._seen.get(served)
        if seen is not None and now_s - seen[0] < _EVERY_S:
            return
        with self._lock:
            then_s, watched = self._seen.get(served) or (now_s, tuple(map(_watched, served.manifest.deciles)))
            self._seen[served] = now_s, watched
            kept = 0.5 ** ((now_s - then_s) / _HALF_LIFE_S)
            for one in watched:
                values = inputs[one.name]
                one.see(values[:: -(-len(values) // _MOST_ROWS) or 1], kept)

    def indices(self) -> dict[tuple[str, str], float]:
        """The index by ``NAME/VERSION`` and input, of those of which enough was seen."""
        with self._lock:
            # A number that was loaded again may still be there as it was: the newer one counts.
            found = {(served.label, one.name): one.index for served, (_, many) in self._seen.items() for one in many}
        return {key: index for key, index in found.items() if index is not None}


def _watched(deciles: Deciles) -> _Input:
    edges = np.array(deciles.values)
    channels = np.flatnonzero((np.diff(edges, axis=1) > 0).all(axis=1))
    return _Input(
        name=deciles.input,
        channels=tuple(channels.tolist()),
        edges=edges[channels],
        places=len(edges),
        counts=np.zeros((len(channels), _BINS)),
    )
