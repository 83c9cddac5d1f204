"""Calls of one model that wait at the same time run as one, where that was measured to pay, each on its own rows.

A graph of a fraction of a millisecond is never batched: joining costs more than it saves. A long one
(``serving/turns.py``) is tried when it is loaded, one row against eight; where eight cost little more than one, as on
most detectors, calls that wait for their turn are joined: whoever's turn it is takes along those behind.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np

from features.errors import HaechiError, Overloaded
from serving.call import Call, Priority
from serving.outputs import Outputs
from serving.served import Served, compute
from serving.tensors import Array
from serving.turns import LONG_S, Turns

MOST_ROWS = 8
"""Of one run: more make each caller wait for all the others."""

# It pays where the rows of a full batch cost at most that share of what they cost one by one.
_PAYS_SHARE = 0.6
_TRIES = 3
# Rows that wait for the next run and the one after it.
_MOST_WAITING = 2 * MOST_ROWS


def pays(served: Served, rows: Mapping[str, Array]) -> bool:
    """Whether joining calls of a model pays: measured, on this machine.

    Args:
        served: the model.
        rows: inputs that it takes, of at least one row.
    """
    if not served.by_rows:
        return False
    one = {name: array[:1] for name, array in rows.items()}
    alone_s = _fastest_s(served, one)
    if alone_s < LONG_S:
        return False
    full = {name: np.repeat(array, MOST_ROWS, axis=0) for name, array in one.items()}
    return _fastest_s(served, full) <= _PAYS_SHARE * MOST_ROWS * alone_s


def _fastest_s(served: Served, rows: Mapping[str, Array]) -> float:
    took = []
    for _ in range(_TRIES):
        since_s = time.thread_time()
        served.session.run(served.output_names, dict(rows))
        took.append(time.thread_time() - since_s)
    return min(took)


@dataclass(slots=True, kw_only=True, eq=False)
class _Job:
    """One call that waits.

    Attributes:
        inputs: of the call.
        rows: of its inputs.
        call: itself.
        news: set once there is an answer, an error, or the lead is its own.
        answer: to it.
        error: in the place of an answer.
        leads: whether it is to run the next batch.
    """

    inputs: Mapping[str, Array]
    rows: int
    call: Call
    news: threading.Event = field(default_factory=threading.Event)
    answer: Outputs | None = None
    error: Exception | None = None
    leads: bool = False


class Batches:
    """Joins calls; one for all the models of a process.

    Args:
        turns: in which the runs take turns.
        lent: entered while a call waits for others, e.g. ``Lanes.lent``.
    """

    def __init__(self, turns: Turns, lent: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        self._turns = turns
        self._lent = lent
        self._lock = threading.Lock()
        self.runs = self.calls = 0
        """Of models whose calls are joined: runs, and the calls that they answered."""
        # A model is in it while somebody leads.
        self._waiting: WeakKeyDictionary[Served, deque[_Job]] = WeakKeyDictionary()

    def run(self, served: Served, inputs: Mapping[str, Array], call: Call) -> Outputs:
        """The answer to one call, computed with those that wait beside it.

        Raises:
            Overloaded: too many wait already.
            TooLate: nobody waits for it any more once its turn comes.
            HaechiError: as ``served.compute``, of this call's own rows.
        """
        job = _Job(inputs=inputs, rows=len(next(iter(inputs.values()))), call=call)
        with self._lock:
            waiting = self._waiting.get(served)
            if waiting is None:
                self._waiting[served] = deque()
                job.leads = True
            else:
                refusal = None if call.priority is Priority.HIGH else self._overload(served)
                if refusal is not None:
                    raise refusal
                waiting.append(job)
        if not job.leads:
            with self._lent():
                job.news.wait()
        if job.leads:
            self._lead(served, job)
        if job.error is not None:
            raise job.error
        if job.answer is None:
            raise RuntimeError("a batch left a call without an answer")
        return job.answer

    @property
    def waiting(self) -> int:
        """Calls that wait for a run."""
        with self._lock:
            return sum(map(len, self._waiting.values()))

    def overload(self, served: Served) -> Overloaded | None:
        """Why a call would be refused now; None: it would not."""
        with self._lock:
            return self._overload(served)

    def _overload(self, served: Served) -> Overloaded | None:
        if sum(one.rows for one in self._waiting.get(served, ())) < _MOST_WAITING:
            return None
        return Overloaded(
            cause=f"Calls of {served.label} wait for their turn already",
            mend="Ask again later, more slowly, or ask another replica",
            # In few steps, as in ``serving/turns.py``.
            retry_s=max(round(2 * served.length.run_s, 2), 0.01),
        )

    def _lead(self, served: Served, own: _Job) -> None:
        """Run ``own`` and those that wait, then give the lead to the first of those who came meanwhile."""
        joined = [own]
        try:
            with self._turns.taken(served.length.run_s, own.call):
                joined += self._behind(served, MOST_ROWS - own.rows)
                self._answer(served, joined)
        except Exception as error:  # of whoever leads: their own call is refused, or all of them failed alike
            for job in joined:
                job.error = job.error or error
        finally:
            self._hand_over(served)
            for job in joined[1:]:
                job.news.set()

    def _behind(self, served: Served, room: int) -> list[_Job]:
        """Those who wait, in their order, as many as there is room for."""
        joined: list[_Job] = []
        with self._lock:
            waiting = self._waiting[served]
            while waiting and waiting[0].rows <= room:
                joined.append(waiting.popleft())
                room -= joined[-1].rows
        return joined

    def _hand_over(self, served: Served) -> None:
        with self._lock:
            waiting = self._waiting[served]
            if not waiting:
                del self._waiting[served]
                return
            following = waiting.popleft()
            following.leads = True
        following.news.set()

    def _answer(self, served: Served, jobs: Sequence[_Job]) -> None:
        alive = [job for job in jobs if _wanted(job)]
        together = len(alive) > 1 and _together(served, alive)
        with self._lock:
            self.runs += 1 if together else len(alive)
            self.calls += len(alive)
        for job in () if together else alive:
            try:
                job.answer = _computed(served, job.inputs)
            except Exception as error:  # this call's own news
                job.error = error


def _together(served: Served, jobs: Sequence[_Job]) -> bool:
    """Answer all of them in one run; False where some row is at fault, and whose is to be found out one by one."""
    inputs = {name: np.concatenate([job.inputs[name] for job in jobs]) for name in jobs[0].inputs}
    try:
        _share_out(_computed(served, inputs), jobs)
    except HaechiError:
        return False
    return True


def _wanted(job: _Job) -> bool:
    try:
        job.call.refuse_if_over()
    except Exception as error:  # this call's own news
        job.error = error
        return False
    return True


def _computed(served: Served, inputs: Mapping[str, Array]) -> Outputs:
    (axis,) = {axis for spec in served.manifest.inputs for axis in spec.shape if isinstance(axis, str)}
    return compute(served, inputs, {axis: len(next(iter(inputs.values())))})


def _share_out(outputs: Outputs, jobs: Sequence[_Job]) -> None:
    """Each call's own rows of what was computed for all of them."""
    first = 0
    for job in jobs:
        last = first + job.rows
        fallback = {row - first: why for row, why in outputs.fallback.items() if first <= row < last}
        # A copy: nobody holds the memory of another caller's rows.
        job.answer = Outputs({name: array[first:last].copy() for name, array in outputs.items()}, fallback)
        first = last
