"""The thread that hears from the network: it answers brief calls itself, and leaves the others to the lanes.

Handing a call to another thread costs as much as a small model's run. So between two looks at the network this thread
answers a few calls whose answers are brief; what has come in meanwhile is queued first, so that who waits, and for how
long, is known as of any other call. Like ``serving/intake.py`` it reaches into ``grpc._server``.
"""

import threading
import time
from importlib import import_module
from typing import Any

import grpc
from grpc import _server

from serving.lanes import Lanes

_cygrpc: Any = import_module("grpc._cython.cygrpc")
# A flood of what comes in must not keep answers from being made, nor answers what is urgent from being heard of. A look
# at the network that finds nothing costs a tenth of a small model's run.
_MOST_EVENTS, _MOST_ANSWERS = 16, 8
# After so long gRPC looks whether its server was forgotten without having been stopped.
_LOOK_UP_S = 1.0


def start(server: grpc.Server, lanes: Lanes) -> None:
    """Begin to answer, as ``server.start()`` would.

    Args:
        server: with all of its services.
        lanes: where calls wait.
    """
    state: Any = server._state  # type: ignore[attr-defined]
    with state.lock:
        state.server.start()
        state.stage = _server._ServerStage.STARTED
        for method in state.registered_method_handlers:
            _server._request_registered_call(state, method)
        _server._request_call(state)
    threading.Thread(target=_hear, args=(state, lanes), name="haechi-hearing", daemon=True).start()


def _hear(state: Any, lanes: Lanes) -> None:
    answers = False
    while _heard(state, lanes, answers):
        answers = _answered(lanes)


def _answered(lanes: Lanes) -> bool:
    """Answer brief calls that wait; False where there was none."""
    for answered in range(_MOST_ANSWERS):
        # Whose turn it is may be a thread's, which then takes what is behind it too.
        if not lanes.answer_brief():
            return answered > 0
    return True


def _heard(state: Any, lanes: Lanes, answers: bool) -> bool:
    """Take in what has come; False once gRPC is done for good."""
    for _ in range(_MOST_EVENTS):
        # While calls wait for this thread it looks for news, and does not wait for any.
        until_s = 0.0 if answers and lanes.waiting_briefly else time.time() + _LOOK_UP_S
        event = state.completion_queue.poll(until_s)
        if state.server_deallocated:
            _server._begin_shutdown_once(state)
        if event.completion_type == _cygrpc.CompletionType.queue_timeout:
            break
        if not _server._process_event_and_continue(state, event):
            return False
        # It may hold the last reference to a call, which gRPC wants gone before it is asked again.
        event = None
        answers = True
    return True
