"""How often each caller may ask: a bucket of tokens each, filled at its rate, one second's worth deep."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from features.errors import Overloaded

# Callers who come and go: the one that was quiet longest is forgotten, and starts full when it comes back.
_MOST_CALLERS = 10_000


class Rates:
    """Counts calls by caller; safe to use from many threads.

    Args:
        clock: monotonic, s.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # By caller: how many calls are left, and when that was so.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, rate_per_s: float) -> None:
        """Count one call.

        Args:
            caller: what tells callers apart.
            rate_per_s: how many calls a second it may make; as many may come at once.

        Raises:
            Overloaded: it made more; says when the next is free.
        """
        deepest = max(rate_per_s, 1.0)
        with self._lock:
            now_s = self._clock()
            left, since_s = self._left.pop(caller, (deepest, now_s))
            left = min(deepest, left + (now_s - since_s) * rate_per_s)
            enough = left >= 1
            self._left[caller] = (left - 1 if enough else left, now_s)
            if len(self._left) > _MOST_CALLERS:
                self._left.popitem(last=False)
        if not enough:
            raise Overloaded(
                cause=f"More than {rate_per_s:g} calls a second came from this caller",
                mend="Ask more seldom or for more at once, or have rate_per_s raised",
                retry_s=(1 - left) / rate_per_s,
            )
