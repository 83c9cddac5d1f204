"""The HTTP side of a server: a socket beside gRPC's, and a thread whose event loop waits for all connections."""

import asyncio
import socket
import threading
from collections.abc import Mapping
from math import ceil

import uvicorn

from features.settings import Settings
from serving.http import protocol
from serving.http.app import App, Strange
from serving.http.routes import Routes
from serving.lanes import Lanes
from serving.rpc import Method, Wrap

_BACKLOG = 512


class HttpServer:
    """Bound when made, answering once started.

    Args:
        settings: host, port, the largest body.
        methods: of the protocol, by name, as gRPC answers them.
        wrap: stands before each.
        strange: tells whether a call is refused whatever it says, so that its body need not be read.
        lanes: where answers are computed.
        shared_port: other processes answer at this address too.

    Raises:
        OSError: the address cannot be had.
    """

    def __init__(
        self,
        settings: Settings,
        methods: Mapping[str, Method],
        wrap: Wrap,
        strange: Strange,
        lanes: Lanes,
        *,
        shared_port: bool,
    ) -> None:
        most_bytes = settings.max_message_mib << 20
        self._socket = _bound(settings.host, settings.http_port or 0, shared_port=shared_port)
        host, port = self._socket.getsockname()[:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._config = uvicorn.Config(
            App(Routes(methods, wrap, most_bytes), strange, lanes, most_bytes),
            http=protocol.Protocol,
            ws="none",
            lifespan="off",
            loop="asyncio",
            interface="asgi3",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            # A proxy's word on who calls is nobody's.
            proxy_headers=False,
            backlog=_BACKLOG,
            timeout_keep_alive=protocol.KEEP_ALIVE_S,
            h11_max_incomplete_event_size=protocol.LONGEST_HEAD_BYTES,
        )
        self._server = uvicorn.Server(self._config)
        self._thread = threading.Thread(target=self._run, name="haechi-http", daemon=True)

    def start(self) -> None:
        """Answer calls."""
        # Who comes before the thread is there waits in the socket's queue.
        self._socket.listen(_BACKLOG)
        self._thread.start()

    def stop(self, drain_s: float) -> None:
        """Take no new call, and begin to give those under way ``drain_s`` seconds; ``join`` waits for it."""
        self._config.timeout_graceful_shutdown = ceil(drain_s)
        self._server.should_exit = True

    def join(self) -> None:
        """Until every call has ended."""
        if self._thread.ident is not None:
            self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        await self._server.serve(sockets=[self._socket])
        for connection in tuple(self._server.server_state.connections):
            connection.transport.abort()
        # Connections end in the loop's next round.
        await asyncio.sleep(0)


def _bound(host: str, port: int, *, shared_port: bool) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    family, kind, protocol_number, _, place = found
    # Without the protocol's number asyncio leaves Nagle's algorithm on, which makes every answer wait 40 ms.
    bound = socket.socket(family, kind, protocol_number)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared_port:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(place)
    except OSError:
        bound.close()
        raise
    return bound
