"""What a server counts while it answers: a dictionary and a lock, so that counting costs a call next to nothing.

Every key comes from this server, never from a caller: a method that is registered, a status, the name of one of our
errors, a version that was loaded. Whoever asks for a model that is not here adds no key.
"""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from weakref import WeakKeyDictionary

import grpc
import numpy as np

from features.limits import MASK_ENDING
from serving.guard import Ended
from serving.outputs import Outputs
from serving.served import Served
from serving.tensors import Array

BUCKETS_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the histogram: the linear model answers in a fraction of the first, a long batch in the last."""

# Versions come and go on a server that follows a folder; so many of those that went are still shown.
_MOST_MODELS = 100


@dataclass(slots=True, eq=False)
class Latency:
    """How long one version's answers took.

    Attributes:
        counts: answers by bucket, each alone; the last holds what took longer than any.
        sum_s: of all together.
    """

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))
    sum_s: float = 0.0


@dataclass(slots=True, eq=False)
class Missing:
    """How many values of an input a version was asked with, and how many of them were missing."""

    values: int = 0
    missing: int = 0


_Counted = TypeVar("_Counted")


class Tally:
    """Counts calls and what they held; safe to use from many threads. Read its attributes under ``lock``."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.calls: Counter[tuple[str, grpc.StatusCode]] = Counter()
        """By method and status."""
        self.refusals: Counter[str] = Counter()
        """By the error's name."""
        self.latencies: dict[str, Latency] = {}
        """By ``NAME/VERSION``, of calls that were answered."""
        self.masks: dict[str, dict[str, Missing]] = {}
        """By ``NAME/VERSION`` and mask."""
        self.fallbacks: dict[str, Counter[str]] = {}
        """By ``NAME/VERSION``: rows that the fallback answered, by reason."""
        self._masks_of: WeakKeyDictionary[Served, dict[str, Missing]] = WeakKeyDictionary()

    def ended(self, ended: Ended) -> None:
        """Count a call that is over."""
        call, code, took_s = ended.call, ended.code, ended.took_s
        with self.lock:
            self.calls[call.method, code] += 1
            if ended.error:
                self.refusals[ended.error] += 1
            elif call.model and code is grpc.StatusCode.OK:
                latency = self.latencies.get(call.model)
                if latency is None:
                    latency = self.latencies[call.model] = Latency()
                    _forget_oldest(self.latencies)
                latency.counts[bisect_left(BUCKETS_S, took_s)] += 1
                latency.sum_s += took_s

    def ran(self, served: Served, inputs: Mapping[str, Array], outputs: Outputs) -> None:
        """Count what is missing in the inputs of a run, and the rows that the fallback answered."""
        if outputs.fallback:
            with self.lock:
                self.fallbacks.setdefault(served.label, Counter()).update(outputs.fallback.values())
                _forget_oldest(self.fallbacks)
        masks = self._masks_of.get(served)
        if masks is None:
            masks = self._masks(served)
        if not masks:
            return
        known = [(mask.size, int(np.count_nonzero(mask))) for mask in map(inputs.__getitem__, masks)]
        with self.lock:
            for seen, (size, there) in zip(masks.values(), known, strict=True):
                seen.values += size
                seen.missing += size - there

    def _masks(self, served: Served) -> dict[str, Missing]:
        """Where the masks of a version that was just loaded are counted."""
        with self.lock:
            counted = self.masks.setdefault(served.label, {})
            if _forget_oldest(self.masks):
                # Whose counts are gone begins anew.
                self._masks_of.clear()
            specs = served.manifest.inputs
            names = [spec.name for spec in specs if spec.dtype == "bool" and spec.name.endswith(MASK_ENDING)]
            # The same number may come back from the folder with other inputs: what it has is what counts.
            self._masks_of[served] = {name: counted.setdefault(name, Missing()) for name in names}
            return self._masks_of[served]


def _forget_oldest(by_model: dict[str, _Counted]) -> bool:
    """Whether any had to go."""
    too_many = len(by_model) > _MOST_MODELS
    if too_many:
        by_model.pop(next(iter(by_model)))
    return too_many
