"""Streams of messages over one call: what comes in is fetched ahead, what goes out is not waited for.

grpcio asks for a message only when the last one was answered, and waits for each answer to leave: two changes of
threads a message. Here messages are fetched ahead and answers queue, both bounded, so that a full stream costs neither.
Like ``serving/intake.py`` it reaches into ``grpc._server``.
"""

from collections import deque
from collections.abc import Callable
from importlib import import_module
from typing import Any

from grpc import _server

# Enough to hide the way there and back; a message may be as large as the server's limit.
_MOST_AHEAD, _MOST_AHEAD_BYTES = 64, 64 << 20
_cygrpc: Any = import_module("grpc._cython.cygrpc")


def run_stream(event: Any, state: Any, behaviour: Callable[..., Any]) -> None:
    """Answer a stream on this thread until it ends.

    Args:
        event: of the call, from gRPC.
        state: of the call, likewise.
        behaviour: takes an iterator over messages and the context, returns one over answers, all bytes.
    """
    _cygrpc.install_context_from_request_call_event(event)
    try:
        outbox = _Outbox(event, state)
        answers: Any
        answers, proceed = _server._call_behavior(event, state, behaviour, _Inbox(event, state), None)
        while proceed:
            answer, proceed = _server._take_response_from_response_iterator(event, state, answers)
            if not proceed:
                break
            if answer is None:
                outbox.flush()
                _server._status(event, state, None)
                break
            if not outbox.put(answer):
                break
    finally:
        _cygrpc.uninstall_context()


class _Inbox:
    """The messages of a call, in their order."""

    def __init__(self, event: Any, state: Any) -> None:
        self._event, self._state = event, state
        self._messages: deque[bytes] = deque()
        self._bytes = 0
        self._fetching = self._ended = False
        with state.condition:
            self._fetch()

    def __iter__(self) -> "_Inbox":
        return self

    def __next__(self) -> bytes:
        state = self._state
        with state.condition:
            while not self._messages:
                if state.client is _server._CANCELLED:
                    _server._raise_rpc_error(state)
                if self._ended or state.statused:
                    raise StopIteration
                state.condition.wait()
            message = self._messages.popleft()
            self._bytes -= len(message)
            self._fetch()
        return message

    def _fetch(self) -> None:
        """Ask for one more, where there is room for it; the state's lock is held."""
        full = len(self._messages) >= _MOST_AHEAD or self._bytes >= _MOST_AHEAD_BYTES
        if self._fetching or self._ended or full or not _server._is_rpc_state_active(self._state):
            return
        self._fetching = True
        self._event.call.start_server_batch((_cygrpc.ReceiveMessageOperation(0),), self._received)
        self._state.due.add(_server._RECEIVE_MESSAGE_TOKEN)

    def _received(self, event: Any) -> Any:
        message, state = event.batch_operations[0].message(), self._state
        with state.condition:
            self._fetching = False
            if message is None:
                self._ended = True
                if state.client is _server._OPEN:
                    state.client = _server._CLOSED
            else:
                self._messages.append(message)
                self._bytes += len(message)
            finished = _server._possibly_finish_call(state, _server._RECEIVE_MESSAGE_TOKEN)
            self._fetch()
            state.condition.notify_all()
            return finished


class _Outbox:
    """The answers to a call, in their order."""

    def __init__(self, event: Any, state: Any) -> None:
        self._event, self._state = event, state
        self._answers: deque[bytes] = deque()
        self._bytes = 0
        self._sending = False

    def put(self, answer: bytes) -> bool:
        """Send one more, as soon as those before it have left; False where nobody listens any more."""
        state = self._state
        with state.condition:
            while len(self._answers) >= _MOST_AHEAD or self._bytes >= _MOST_AHEAD_BYTES:
                if not _server._is_rpc_state_active(state):
                    return False
                state.condition.wait()
            if not _server._is_rpc_state_active(state):
                return False
            self._answers.append(answer)
            self._bytes += len(answer)
            if not self._sending:
                self._send()
        return True

    def flush(self) -> None:
        """Until all have left, or nobody listens any more."""
        state = self._state
        with state.condition:
            while (self._answers or self._sending) and _server._is_rpc_state_active(state):
                state.condition.wait()

    def _send(self) -> None:
        answer, state = self._answers.popleft(), self._state
        self._bytes -= len(answer)
        operations = [_cygrpc.SendMessageOperation(answer, 0)]
        token = _server._SEND_MESSAGE_TOKEN
        if state.initial_metadata_allowed:
            operations.insert(0, _server._get_initial_metadata_operation(state, None))
            state.initial_metadata_allowed = False
            token = _server._SEND_INITIAL_METADATA_AND_SEND_MESSAGE_TOKEN
        self._sending = True
        self._event.call.start_server_batch(tuple(operations), self._sent(token))
        state.due.add(token)

    def _sent(self, token: str) -> Callable[[Any], Any]:
        def sent(_: Any) -> Any:
            state = self._state
            with state.condition:
                finished = _server._possibly_finish_call(state, token)
                self._sending = False
                if self._answers and _server._is_rpc_state_active(state):
                    self._send()
                # Who waits for room, or for the end.
                if len(self._answers) < _MOST_AHEAD // 2:
                    state.condition.notify_all()
                return finished

        return sent
