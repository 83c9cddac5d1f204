"""One HTTP connection, bounded: uvicorn's own, and a limit on everything that a peer may leave undone.

Who is slow to send a head or a body, who takes no answer and who only stays is hung up on; who comes when all places
are taken gets that of the one that has been idle longest, one that never asked anything first.
"""

import asyncio
import time
from http import HTTPStatus

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from serving.http.reply import JSON, written

# Of open connections, each a file: a process may often have no more than 1024 of those.
_MOST_CONNECTIONS = 500
# As gRPC's: long enough over a bad line.
_HEAD_S, _WHOLE_S = 10.0, 30.0
KEEP_ALIVE_S = 75
"""How long a connection stays without a call."""
LONGEST_HEAD_BYTES = 16 << 10
"""Of a request line and its headers."""


class Protocol(H11Protocol):
    """A connection; whatever its peer owes has a time to come in."""

    _timer: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None
    _began = _reading_body = False
    _since_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Take a place, or somebody's who is idle."""
        super().connection_made(transport)
        self._since_s = time.monotonic()
        self._wait(_HEAD_S, "No request came")
        if len(self.connections) > _MOST_CONNECTIONS:
            idle = [one for one in self.connections if isinstance(one, Protocol) and one is not self and one.idle]
            if idle:
                # Aborted: it leaves the table at once, and its peer has said nothing that would be lost.
                oldest = min(idle, key=lambda one: (one.cycle is not None, one._since_s))
                self.connections.discard(oldest)
                oldest.transport.abort()
            else:
                self._hang_up(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    f"{_MOST_CONNECTIONS} calls are under way. Ask again later, or ask another replica",
                )

    @property
    def idle(self) -> bool:
        """Whether no call is under way."""
        return self.cycle is None or self.cycle.response_complete

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers."""
        self._stop_waiting()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, and see whether the peer still owes something."""
        if not self._began:
            self._began = True
            self._wait(_HEAD_S, "The head of the request did not come")
        super().data_received(data)
        if self.conn.their_state is h11.SEND_BODY and self._timer is not None and not self._reading_body:
            self._reading_body = True
            self._wait(_WHOLE_S, "The body did not come")
        elif self.conn.their_state is not h11.SEND_BODY:
            self._reading_body = False
        if self.conn.their_state in (h11.DONE, h11.MUST_CLOSE, h11.CLOSED):
            self._stop_waiting()
        elif self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]:
            self._rest()

    def on_response_complete(self) -> None:
        """The next request may come, or what is left of this one."""
        self._since_s = time.monotonic()
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]:
            self._rest()

    def pause_writing(self) -> None:
        """The peer takes nothing more for now."""
        super().pause_writing()
        self._taking = self.loop.call_later(_HEAD_S, self.transport.abort)

    def resume_writing(self) -> None:
        """The peer takes the answer."""
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, as everything is refused here."""
        text = f"{msg.removesuffix('.')}. Send HTTP/1.1 with a head of at most {LONGEST_HEAD_BYTES} bytes"
        self._hang_up(HTTPStatus.BAD_REQUEST, text)

    def _rest(self) -> None:
        self._began = False
        self._wait(KEEP_ALIVE_S, "")

    def _wait(self, longest_s: float, why: str) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(longest_s, self._late, why)

    def _late(self, why: str) -> None:
        if why:
            self._hang_up(HTTPStatus.REQUEST_TIMEOUT, f"{why} in time. Send it at once")
        else:
            self.transport.close()

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _hang_up(self, status: int, text: str) -> None:
        """Say why, if nothing was said yet, and close."""
        if not self.transport.is_closing() and self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = written({"error": text})
            headers = [("content-type", JSON), ("content-length", str(len(body))), ("connection", "close")]
            for event in (h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
