"""Long runs of a graph take turns, one a core: side by side they would only make each other late.

A call whose run takes milliseconds is held against those that wait already: what would wait much longer than its own
run takes is refused at once, with the time after which it is worth asking again.
"""

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from features.errors import Overloaded
from serving.call import Call, Priority

LONG_S = 0.002
"""A run that takes longer takes turns: a thread switch costs little beside it."""

BRIEF_S = 0.0005
"""A run that takes less is not worth a thread switch."""

# In runs of its own length: with its own run an answer takes three times as long as on an idle machine, at most.
_MOST_AHEAD_RUNS = 1.5
# A tenth of a second nobody notices: the shorter the run, the more of it may be spent waiting.
_NOTICED_S, _LESS_BY_RUNS = 0.1, 3.3
# Of newer runs in the mean: a model that slows down is noticed within tens of calls.
_GAIN = 0.1


@dataclass(slots=True, eq=False)
class Length:
    """How long a model's run takes, learned from its runs.

    Attributes:
        run_s: of one row block as it comes; 0 before the first.
    """

    run_s: float = 0.0

    @property
    def is_long(self) -> bool:
        """Whether the model's runs take turns."""
        return self.run_s >= LONG_S

    @property
    def is_brief(self) -> bool:
        """Whether the model's runs are over before another thread would have begun."""
        return self.run_s < BRIEF_S

    def learn(self, since_s: float) -> None:
        """Take a run that this thread began at ``since_s`` on ``time.thread_time``'s clock into the mean.

        The thread's own time: by the wall's clock a short run on a busy core looks long.
        """
        took_s = time.thread_time() - since_s
        self.run_s = took_s if not self.run_s else self.run_s + _GAIN * (took_s - self.run_s)


class Turns:
    """Lets as many long runs at a time as there are cores.

    Args:
        cores: that this process may use.
        lent: entered while a call waits for its turn, e.g. ``Lanes.lent``.
    """

    def __init__(self, cores: int, lent: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        self._cores = cores
        self._lent = lent
        self._lock = threading.Lock()
        self._free = cores
        # Of all that run and wait, in seconds of one core.
        self._ahead_s = 0.0
        self._waiting: list[tuple[Priority, int, threading.Event]] = []
        self._number = itertools.count()

    @contextmanager
    def taken(self, expected_s: float, call: Call) -> Iterator[None]:
        """The turn of a run of a known length.

        Raises:
            Overloaded: its turn would come too late.
            TooLate: nobody waits for it any more once its turn comes.
        """
        self._enter(expected_s, call)
        try:
            call.refuse_if_over()
            yield
        finally:
            self._leave(expected_s)

    def overload(self, expected_s: float) -> Overloaded | None:
        """Why a run of a known length would be refused now; None: it would not."""
        with self._lock:
            return self._overload(expected_s)

    def _overload(self, expected_s: float) -> Overloaded | None:
        if self._free:
            return None
        # Of those that run now, half is over on average.
        wait_s = max(self._ahead_s - self._cores * expected_s / 2, 0.0) / self._cores
        if wait_s <= max(_MOST_AHEAD_RUNS * expected_s, _NOTICED_S - _LESS_BY_RUNS * expected_s):
            return None
        return Overloaded(
            cause=f"Runs that take {expected_s * 1000:.0f} ms each wait for their turn already",
            mend="Ask again later, more slowly, or ask another replica",
            # In few steps, so that one refusal is like the other and costs little (``serving/status.py``).
            retry_s=max(round(wait_s, 2), 0.01),
        )

    def _enter(self, expected_s: float, call: Call) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                self._ahead_s += expected_s
                return
            refusal = None if call.priority is Priority.HIGH else self._overload(expected_s)
            if refusal is not None:
                raise refusal
            self._ahead_s += expected_s
            turn = threading.Event()
            heapq.heappush(self._waiting, (call.priority, next(self._number), turn))
        with self._lent():
            # Whose deadline passes meanwhile learns it when the turn comes, which is soon.
            turn.wait()

    def _leave(self, expected_s: float) -> None:
        with self._lock:
            self._ahead_s -= expected_s
            if self._waiting:
                heapq.heappop(self._waiting)[-1].set()
            else:
                self._free += 1
