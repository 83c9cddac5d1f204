"""What gRPC hands calls to, in the place of a thread pool: a call takes a thread only once its message is here.

grpcio gives a call a thread as soon as its headers arrive, which then waits for the message; four callers who send
nothing would stop a server of four threads. Here the message is asked for at once, on the thread that hears from the
network, and the call joins the lanes with its message in hand; who sends none is hung up on. That also saves a change
of threads a call. It reaches into ``grpc._server``, whose shape ``tests/serving/test_intake.py`` holds, and grpcio is
pinned to.
"""

import logging
import threading
import time
from collections.abc import Callable, Container, Iterable
from concurrent.futures import Executor, Future
from functools import partial
from importlib import import_module
from typing import Any

from grpc import _server

from features.errors import Overloaded
from serving.call import Priority, priority
from serving.lanes import Lanes
from serving.streams import Stream

PRIORITY = "haechi-priority"
"""The metadata in which a caller says ``high`` (alerts), ``normal`` or ``batch``."""

# Long enough for a full message over a bad line, short enough that a flood of silent calls drains.
_PATIENCE_S = 10.0
# Each may hold as much as fits into the memory of its queues.
_MOST_STREAMS = 64
_refusing = threading.local()
_LOG = logging.getLogger("haechi.serving")
_cygrpc: Any = import_module("grpc._cython.cygrpc")


def refusal_of_this_call() -> Overloaded | None:
    """Why the call that this thread answers is not to be answered; None: it is."""
    return getattr(_refusing, "error", None)


def overload_of_this_call() -> Overloaded | None:
    """Why the call that this thread answers is refused if its caller may ask what it asks; None: it is not."""
    return getattr(_refusing, "overload", None)


class Intake(Executor):
    """Takes calls from gRPC.

    Args:
        lanes: where calls wait once their message is here.
        strange: tells, by what answers a call and by its metadata, whether it is refused whatever its message says:
            that is not waited for then, and nobody is overtaken.
        brief: tells, by what answers a call and by its message, whether the answer costs less than another thread.
        overload: tells, by those and the priority, why the call would be refused now for what waits already.
        public: what answers everybody, and costs next to nothing: it waits for nobody, so that a server that has its
            hands full is not taken for one that is dead.
    """

    def __init__(
        self,
        lanes: Lanes,
        strange: Callable[[Any, Any], bool],
        brief: Callable[[Any, bytes], bool],
        overload: Callable[[Any, bytes, Priority], Overloaded | None],
        public: Container[Any],
    ) -> None:
        self._lanes = lanes
        self._overload = overload
        self._public = public
        self._strange = strange
        self._brief = brief
        self._open_streams = 0
        self._lock = threading.Lock()
        self._silent: dict[Any, tuple[float, Any]] = {}
        self._over = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="haechi-intake", daemon=True)
        self._sweeper.start()

    def submit(  # type: ignore[override]  # gRPC takes None for a call of which it need not hear the end
        self, run: Callable[..., Any], /, *args: Any, **_: Any
    ) -> "Future[Any] | None":
        """Take a call that gRPC has heard of; None: it asks for nothing but to be answered."""
        work, event, state, behaviour = args[:4]
        if work is not _server._unary_response_in_pool:
            # gRPC's own services of one direction bring threads of their own, so what is left streams in both.
            self._stream(run, *args)
        elif self._strange(behaviour, event.invocation_metadata or ()):
            self._lanes.submit(partial(answer, _reply, (event, state, behaviour, b"")), Priority.BATCH)
        else:
            self._receive(event, state, behaviour)
        return None

    def shutdown(self, wait: bool = True, **_: Any) -> None:
        """Take no more calls; those that were taken are answered."""
        self._over.set()
        self._sweeper.join()
        self._lanes.close()

    def _receive(self, event: Any, state: Any, behaviour: Any) -> None:
        def received(message: Any) -> Any:
            request = message.batch_operations[0].message()
            self._silent.pop(state, None)
            with state.condition:
                if request is None and state.client is _server._OPEN:
                    state.client = _server._CLOSED
                    _hang_up(event, state, _cygrpc.StatusCode.invalid_argument, b"The call has no message. Send one")
                finished = _server._possibly_finish_call(state, _server._RECEIVE_MESSAGE_TOKEN)
            if request is not None and behaviour in self._public:
                answer(_reply, (event, state, behaviour, request), None)
            elif request is not None:
                first = _priority(event)
                # To refuse it costs less than another thread too.
                overload = self._overload(behaviour, request, first)
                brief = overload is not None or self._brief(behaviour, request)
                run = partial(answer, _reply, (event, state, behaviour, request), overload=overload)
                self._lanes.submit(run, first, len(request), brief=brief)
            return finished

        with state.condition:
            self._silent[state] = (time.monotonic(), event)
            event.call.start_server_batch((_cygrpc.ReceiveMessageOperation(0),), received)
            state.due.add(_server._RECEIVE_MESSAGE_TOKEN)

    def _stream(self, run: Callable[..., Any], *args: Any) -> None:
        _, event, state, behaviour = args[:4]
        first = _priority(event)
        with self._lock:
            full = self._open_streams >= _MOST_STREAMS
            self._open_streams += not full
        if full:
            refusal = Overloaded(
                cause=f"{_MOST_STREAMS} streams are open here already",
                mend="Send more over a stream that is open, or ask another replica",
                retry_s=_PATIENCE_S,
            )
            self._lanes.submit(lambda _: answer(run, args, refusal), first)
            return

        def join(step: Callable[[], None], message: bytes) -> None:
            # The first step alone asks whether the call is refused: a message that came waits for its turn.
            brief = self._brief(behaviour, message)
            self._lanes.submit(partial(answer, step, ()), first, len(message), brief=brief)

        stream = Stream(event, state, behaviour, run=run, join=join, over=self._stream_ended)
        stream.begin(at_once=self._strange(behaviour, event.invocation_metadata or ()))

    def _stream_ended(self) -> None:
        with self._lock:
            self._open_streams -= 1

    def _sweep(self) -> None:
        while not self._over.wait(1.0):
            now_s = time.monotonic()
            for state, (since_s, event) in tuple(self._silent.items()):
                if now_s - since_s > _PATIENCE_S:
                    with state.condition:
                        if state in self._silent:
                            text = f"No message came within {_PATIENCE_S:.0f} s. Send it at once".encode()
                            _hang_up(event, state, _cygrpc.StatusCode.deadline_exceeded, text)
                    self._silent.pop(state, None)


def _hang_up(event: Any, state: Any, code: Any, details: bytes) -> None:
    if not state.statused:
        _server._abort(state, event.call, code, details)


def _reply(event: Any, state: Any, behaviour: Any, request: bytes) -> None:
    """What ``grpc._server._unary_response_in_pool`` does, without what only other servers need."""
    try:
        _server._status(event, state, behaviour(request, _server._Context(event, state, None)))
    except Exception:  # the edge: the thread goes on to the next call
        # How the guard says no is in the state; anything else is a fault of ours.
        if not state.aborted:
            _LOG.exception("a call ended without an answer")
        with state.condition:
            _hang_up(event, state, _cygrpc.StatusCode.unknown, b"The call ended without an answer. Ask again")


def answer(
    run: Callable[..., Any], args: Iterable[Any], refusal: Overloaded | None, *, overload: Overloaded | None = None
) -> None:
    """Run a call on this thread, which knows meanwhile why it is not to be answered; None: it is.

    Args:
        run: answers.
        args: to it.
        refusal: of the call, whoever makes it.
        overload: refusal of what it asks, where its caller may ask that.
    """
    _refusing.error, _refusing.overload = refusal, overload
    try:
        run(*args)
    finally:
        _refusing.error = _refusing.overload = None


def _priority(event: Any) -> Priority:
    return priority(next((value for key, value in event.invocation_metadata or () if key == PRIORITY), None))
