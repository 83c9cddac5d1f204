"""One look at the store for all who watch it: wakes them when there are new steps, and lets expire what is overdue."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from features.errors import StorageFailure
from serving.alerts.alerting import Alerting
from serving.streams import Pause

_LOG = logging.getLogger("haechi.serving")


class News:
    """Looks at a store from its first watcher on; a watcher that waits has no thread.

    Args:
        alerting: on the store.
        poll_s: between two looks.
        now: the time of day.
    """

    def __init__(self, alerting: Alerting, poll_s: float, now: Callable[[], datetime]) -> None:
        self._alerting, self._poll_s, self._now = alerting, poll_s, now
        self._lock = threading.Lock()
        self._waiting: dict[object, tuple[int, Callable[[], None]]] = {}
        self._over = threading.Event()
        self._poller = threading.Thread(target=self._poll, name="haechi-alerts", daemon=True)
        self._poller.start()

    @property
    def over(self) -> bool:
        """Whether nobody is woken by news any more."""
        return self._over.is_set()

    @contextmanager
    def after(self, seq: int) -> Iterator[Pause]:
        """A pause until there are steps after ``seq``, or the server stops; forgotten once the block is left."""
        watcher = object()

        def wait(wake: Callable[[], None]) -> None:
            with self._lock:
                if not self.over:
                    self._waiting[watcher] = (seq, wake)
                    return
            wake()

        try:
            yield Pause(wait)
        finally:
            with self._lock:
                self._waiting.pop(watcher, None)

    def close(self) -> None:
        """Wake everybody for the last time."""
        with self._lock:
            self._over.set()
        self._poller.join()
        self._wake(lambda _: True)

    def _poll(self) -> None:
        failing = False
        while not self._over.wait(self._poll_s):
            try:
                self._alerting.expire(self._now())
                head = self._alerting.store.head()
            except StorageFailure as error:
                # Once is enough: the store may be away for hours.
                if not failing:
                    _LOG.error("%s", error)
                failing = True
                continue
            failing = False
            self._wake(lambda seq, head=head: seq < head)  # type: ignore[misc]  # bound now, not when it is asked

    def _wake(self, wanted: Callable[[int], bool]) -> None:
        with self._lock:
            due = [watcher for watcher, (seq, _) in self._waiting.items() if wanted(seq)]
            wakes = [self._waiting.pop(watcher)[1] for watcher in due]
        for wake in wakes:
            wake()
