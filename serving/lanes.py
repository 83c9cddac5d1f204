"""Calls that wait for a thread: alerts before the rest, batches last, and none longer than an answer is worth.

A few threads compute: a graph runs on the thread that calls it, and more threads only wait for each other. A thread
that waits for something else lends its place to another (``lent``). When calls come faster than they are answered,
those that have waited too long are refused, which costs a small part of answering them, so that what is answered is
answered soon.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from features.errors import Overloaded
from serving.call import Priority

THREADS = 4
"""That compute at a time; measured best for models of under a millisecond on one core."""

# A burst may wait as long as a person does not notice. A queue that has not been empty for longer is no burst: waiting
# in it buys no one anything (Nichols and Jacobson 2012, 'Controlling Queue Delay').
_BURST_WAIT_S, _STANDING_WAIT_S, _BURST_S = 0.5, 0.25, 0.5
# What is urgent is refused only where its answer would come too late for anything.
_HIGH_WAIT_S = 2.0
# Requests that wait lie in memory.
_MOST_WAITING, _MOST_WAITING_BYTES = 10_000, 256 << 20
# Threads that lent their place included.
_MOST_THREADS = 64

Run = Callable[[Overloaded | None], None]
"""Answers a call, or tells it that it is refused."""

_Waiting = tuple[float, int, Run, bool]
"""Since when it waits, the bytes that it holds, what answers it, and whether that is brief."""


class Lanes:
    """Threads, and three queues before them.

    Args:
        threads: that compute at a time.
        clock: seconds, rising.
    """

    def __init__(self, threads: int = THREADS, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = threads
        self._clock = clock
        self._changed = threading.Condition(threading.Lock())
        self._queues: tuple[deque[_Waiting], ...] = tuple(deque() for _ in Priority)
        self._count = self._briefly = self._waiting_bytes = 0
        self._empty_s = clock()
        self._idle = self._lent = 0
        self._threads: set[threading.Thread] = set()
        self._closed = False

    @property
    def waiting(self) -> int:
        """Calls that wait for a thread."""
        return self._count

    @property
    def waiting_briefly(self) -> int:
        """Those of them whose answer is brief."""
        return self._briefly

    def submit(self, run: Run, priority: Priority = Priority.NORMAL, size: int = 0, *, brief: bool = False) -> None:
        """Have ``run`` called on a thread: with None when its turn comes, with the refusal where that is too late.

        Args:
            run: must not raise.
            priority: of the call.
            size: bytes that it holds while it waits.
            brief: no thread is woken for it: whoever submits it calls ``answer_brief`` soon.
        """
        with self._changed:
            if self._closed:
                return
            now_s = self._clock()
            if not self._count:
                self._empty_s = now_s
            self._queues[priority].append((now_s, size, run, brief))
            self._count += 1
            self._briefly += brief
            self._waiting_bytes += size
            if brief:
                return
            if self._idle:
                self._changed.notify()
            elif self._may_start:
                self._start_thread()

    def answer_brief(self) -> bool:
        """Answer or refuse, on this thread, the call whose turn it is, if that is brief; False: a thread's, or none.

        A call before it that is not brief has a thread, which takes what waits behind it too. Where every thread has
        its hands full, such calls hold up no brief one of a lower priority.
        """
        with self._changed:
            full = not self._idle and not self._may_start
            queue = next((queue for queue in self._queues if queue and (queue[0][-1] or not full)), None)
            if queue is None or not queue[0][-1]:
                return False
            run = self._next(queue)
        run()
        return True

    @contextmanager
    def lent(self) -> Iterator[None]:
        """While a thread of ours waits for something else, another may take its place."""
        if threading.current_thread() not in self._threads:
            yield
            return
        with self._changed:
            self._lent += 1
            if self._count and not self._idle and len(self._threads) < _MOST_THREADS:
                self._start_thread()
        try:
            yield
        finally:
            with self._changed:
                self._lent -= 1

    def close(self) -> None:
        """Answer what waits, take nothing more, and end every thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            threads = tuple(self._threads)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join()

    @property
    def _may_start(self) -> bool:
        return len(self._threads) - self._lent < self._most and len(self._threads) < _MOST_THREADS

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._work, name="haechi-serving", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._count:
                    # After a wait that was lent out there may be more of us than are needed.
                    if self._closed or len(self._threads) - self._lent > self._most:
                        self._threads.discard(threading.current_thread())
                        return
                    self._idle += 1
                    self._changed.wait()
                    self._idle -= 1
                run = self._next(next(filter(None, self._queues)))
            run()

    def _next(self, queue: deque[_Waiting]) -> Callable[[], None]:
        since_s, size, run, brief = queue.popleft()
        self._count -= 1
        self._briefly -= brief
        now_s, full = self._clock(), self._count >= _MOST_WAITING or self._waiting_bytes > _MOST_WAITING_BYTES
        self._waiting_bytes -= size
        if not self._count:
            self._empty_s = now_s
        standing = now_s - self._empty_s > _BURST_S
        longest_s = (
            _HIGH_WAIT_S if queue is self._queues[Priority.HIGH] else _STANDING_WAIT_S if standing else _BURST_WAIT_S
        )
        if now_s - since_s <= longest_s and not full:
            return partial(run, None)
        refusal = Overloaded(
            cause="More calls wait here than can be answered in time",
            mend="Ask again later, more slowly, or ask another replica",
            retry_s=_BURST_S if standing else _BURST_WAIT_S,
        )
        return partial(run, refusal)
