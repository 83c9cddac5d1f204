"""Streams of messages over one call: each message is answered like a call of its own, in its turn.

grpcio gives a stream a thread, asks for a message only when the last one was answered, and waits for each answer to
leave: several changes of threads a message. Here messages are fetched ahead and answers queue, both bounded, and each
message joins the lanes once it is here and those before it are answered; a silent stream has no thread. Neither has one
that waits for news (``Pause``): it joins the lanes when it is woken. Like ``serving/intake.py`` it reaches into
``grpc._server``.
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

from grpc import _server

# Enough to hide the way there and back; a message may be as large as the server's limit.
_MOST_AHEAD, _MOST_AHEAD_BYTES = 64, 64 << 20
_LOG = logging.getLogger("haechi.serving")
_cygrpc: Any = import_module("grpc._cython.cygrpc")


@dataclass(frozen=True, slots=True)
class Pause:
    """What an answer yields in the place of a reply while there is none.

    Attributes:
        wait: takes what is to be called once there may be one, and returns at once; a caller who leaves wakes the
            answer too, which then learns of it by asking for the next message.
    """

    wait: Callable[[Callable[[], None]], None]


class Stream:
    """One call that streams both ways, and answers each message once.

    Args:
        event: of the call, from gRPC.
        state: of the call, likewise.
        behaviour: takes an iterator over messages and the context, returns one over answers, all bytes; it may ask for
            the next message only once it has answered the last.
        run: calls a function in the context of the call.
        join: has a function called on a thread, soon; it is told what message that will answer, empty at the end.
        over: is called once the stream answers no more.
    """

    def __init__(
        self,
        event: Any,
        state: Any,
        behaviour: Callable[..., Any],
        *,
        run: Callable[[Callable[[], None]], None],
        join: Callable[[Callable[[], None], bytes], None],
        over: Callable[[], None],
    ) -> None:
        self._event, self._state, self._behaviour = event, state, behaviour
        self._run, self._join, self._tell_over = run, join, over
        # All below is under the state's lock, but for the answers, which one step at a time asks for.
        self._messages, self._replies = _Queue(), _Queue()
        self._answers: Any = None
        self._fetching = self._sending = self._stepping = self._paused = self._ended = self._over = False

    def begin(self, *, at_once: bool) -> None:
        """Ask for the first message.

        Args:
            at_once: whether the stream is refused whatever it says, so that nothing is waited for.
        """
        with self._state.condition:
            self._state.callbacks.append(self._left)
            self._fetch()
            if at_once:
                self._stepping = True
                self._join(self._step, b"")

    def __iter__(self) -> "Stream":
        return self

    def __next__(self) -> bytes:
        with self._state.condition:
            if self._state.client is _server._CANCELLED:
                _server._raise_rpc_error(self._state)
            if self._messages:
                message = self._messages.take()
                self._fetch()
                return message
            if self._ended or self._state.statused:
                raise StopIteration
        raise RuntimeError("a stream asked for a message before it had answered the last")

    def _go_on(self) -> None:
        """Have the next message answered, where there is one, and room for its answer; the state's lock is held."""
        if self._stepping or self._over:
            return
        # Who left is waited for no more: what answers them learns of it.
        left = not _server._is_rpc_state_active(self._state)
        if left or ((self._messages or self._ended) and not self._paused and not self._replies.full):
            self._stepping = True
            self._join(self._step, self._messages.first)

    def _step(self) -> None:
        then: list[Callable[[], None]] = []
        try:
            self._run(lambda: then.append(self._answer()))
            # Out of the call's context first: the next step may enter it on another thread at once.
            for go in then:
                go()
        except Exception:  # the edge: the thread goes on to the next call
            _LOG.exception("a stream ended without an answer")
            with self._state.condition:
                if not self._state.statused:
                    text = b"The stream ended without an answer. Ask again"
                    _server._abort(self._state, self._event.call, _cygrpc.StatusCode.unknown, text)
            self._end()

    def _answer(self) -> Callable[[], None]:
        """Answer one message; what is to be done once that is over."""
        event, state = self._event, self._state
        if self._answers is None:
            self._answers, going = _server._call_behavior(event, state, self._behaviour, self, None)
            if not going:
                return self._end
        reply, going = _server._take_response_from_response_iterator(event, state, self._answers)
        with state.condition:
            if isinstance(reply, Pause):
                return partial(self._wait, reply)
            if going and reply is not None and _server._is_rpc_state_active(state):
                self._replies.put(reply)
                if not self._sending:
                    self._send()
                return self._stepped
        # Whoever waits for nothing any more is told nothing: what answers them is let go.
        self._answers.close()
        return self._end

    def _stepped(self) -> None:
        with self._state.condition:
            self._stepping = False
            self._go_on()

    def _wait(self, pause: Pause) -> None:
        with self._state.condition:
            self._paused, self._stepping = True, False
        # Outside of the lock, which whoever wakes it takes.
        pause.wait(self._woken)
        self._left()

    def _woken(self) -> None:
        """There may be a reply now."""
        with self._state.condition:
            self._paused = False
            self._go_on()

    def _left(self) -> None:
        """The call is over, and gRPC has nothing more to tell of it."""
        with self._state.condition:
            self._go_on()

    def _end(self) -> None:
        with self._state.condition:
            again, self._over = self._over, True
            if not self._sending:
                self._say_goodbye()
        if not again:
            self._tell_over()

    def _say_goodbye(self) -> None:
        """Send the status, behind the last answer; the state's lock is held."""
        if _server._is_rpc_state_active(self._state):
            _server._status(self._event, self._state, None)

    def _fetch(self) -> None:
        """Ask for one more message, where there is room for it; the state's lock is held."""
        if self._fetching or self._ended or self._messages.full or not _server._is_rpc_state_active(self._state):
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
                self._messages.put(message)
            finished = _server._possibly_finish_call(state, _server._RECEIVE_MESSAGE_TOKEN)
            self._fetch()
            self._go_on()
            return finished

    def _send(self) -> None:
        """Send the first answer that waits; the state's lock is held."""
        state = self._state
        operations = [_cygrpc.SendMessageOperation(self._replies.take(), 0)]
        token = _server._SEND_MESSAGE_TOKEN
        if state.initial_metadata_allowed:
            operations.insert(0, _server._get_initial_metadata_operation(state, None))
            state.initial_metadata_allowed = False
            token = _server._SEND_INITIAL_METADATA_AND_SEND_MESSAGE_TOKEN
        self._sending = True
        self._event.call.start_server_batch(tuple(operations), lambda _: self._sent(token))
        state.due.add(token)

    def _sent(self, token: str) -> Any:
        state = self._state
        with state.condition:
            finished = _server._possibly_finish_call(state, token)
            self._sending = False
            if self._replies and _server._is_rpc_state_active(state):
                self._send()
            elif self._over:
                self._say_goodbye()
            self._go_on()
            return finished


class _Queue:
    """Messages in their order, and whether there is room for more."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def full(self) -> bool:
        return len(self._waiting) >= _MOST_AHEAD or self._bytes >= _MOST_AHEAD_BYTES

    @property
    def first(self) -> bytes:
        return self._waiting[0] if self._waiting else b""

    def put(self, message: bytes) -> None:
        self._waiting.append(message)
        self._bytes += len(message)

    def take(self) -> bytes:
        message = self._waiting.popleft()
        self._bytes -= len(message)
        return message
