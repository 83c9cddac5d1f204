"""A version that listens in: asked whatever the answering one is asked, on a thread of its own, and compared."""

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from serving.tensors import Array

# Calls that wait for the shadow; more are left out of the comparison, for nobody waits for a shadow.
_MOST_WAITING = 64
_LOG = logging.getLogger("haechi.serving")

Ask = Callable[[Mapping[str, Array]], Mapping[str, Array]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """How a shadow's answers differ from those that were returned.

    Attributes:
        calls: compared.
        failed: which the shadow could not answer.
        left_out: because it was still busy.
        mean_share: mean absolute difference over all numbers and calls, as a share of their mean size.
        largest_share: of one call.
    """

    calls: int = 0
    failed: int = 0
    left_out: int = 0
    mean_share: float = 0.0
    largest_share: float = 0.0


class Shadows:
    """Compares shadows with who answers, one call after the other, as far as there is time."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[str, Ask, Mapping[str, Array], Mapping[str, Array]]] = queue.Queue(
            _MOST_WAITING
        )
        self._lock = threading.Lock()
        self._compared: dict[str, Compared] = {}
        self._thread: threading.Thread | None = None

    @property
    def compared(self) -> Mapping[str, Compared]:
        """What is known so far, by ``ANSWERING against SHADOW``."""
        return dict(self._compared)

    def ask(self, pair: str, shadow: Ask, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> None:
        """Have ``shadow`` asked ``inputs`` and its answer held against ``outputs``; returns at once."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="haechi-shadow", daemon=True)
                self._thread.start()
        try:
            self._waiting.put_nowait((pair, shadow, inputs, outputs))
        except queue.Full:
            self._note(pair, lambda so_far: replace(so_far, left_out=so_far.left_out + 1))

    def wait(self) -> None:
        """Until everything that waits is compared."""
        self._waiting.join()

    def _run(self) -> None:
        while True:
            pair, shadow, inputs, outputs = self._waiting.get()
            try:
                share = difference_share(shadow(inputs), outputs)
            except Exception as error:  # whatever ails a shadow is its own news alone
                _LOG.warning("shadow, %s: it cannot answer: %s", pair, error)
                self._note(pair, lambda so_far: replace(so_far, failed=so_far.failed + 1))
            else:
                self._note(pair, partial(_with, share=share))
            finally:
                self._waiting.task_done()

    def _note(self, pair: str, change: Callable[[Compared], Compared]) -> None:
        with self._lock:
            now = self._compared[pair] = change(self._compared.get(pair, Compared()))
        # Rarer the more is known: after 1, 2, 4, 8, ... calls.
        if now.calls & (now.calls - 1) == 0 and now.calls:
            _LOG.info("shadow, %s: %s", pair, now)


def _with(so_far: Compared, *, share: float) -> Compared:
    calls = so_far.calls + 1
    mean = so_far.mean_share + (share - so_far.mean_share) / calls
    return replace(so_far, calls=calls, mean_share=mean, largest_share=max(so_far.largest_share, share))


def difference_share(one: Mapping[str, Array], other: Mapping[str, Array]) -> float:
    """Mean absolute difference of the outputs that both have, as a share of the mean size; text: share that differs."""
    shares = []
    for name in one.keys() & other.keys():
        a, b = one[name], other[name]
        if a.shape != b.shape:
            return float("inf")
        if a.dtype.kind not in "fiub":
            shares.append(float(np.mean(a != b)))
            continue
        size = float(np.abs(b.astype(np.float64)).mean())
        gap = float(np.abs(a.astype(np.float64) - b).mean())
        shares.append(gap / size if size else gap)
    return max(shares, default=float("inf"))
