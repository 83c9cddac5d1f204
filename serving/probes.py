"""A port that answers health checks and nothing else, unencrypted: probes know neither TLS nor certificates."""

from concurrent.futures import ThreadPoolExecutor

import grpc

from features.errors import BadInput
from serving.health import Health
from serving.rpc import Wrap

_MOST_CHECKS = 2
_LARGEST_MESSAGE = 4096


class Probes:
    """Bound when made, answering once started.

    Args:
        host: as callers', so that probes come from wherever callers may.
        port: 0 picks a free one.
        health: what is told.
        wrap: stands before each check.
        shared_port: other processes answer at this address too, each for itself.

    Raises:
        BadInput: the address cannot be had.
    """

    def __init__(self, host: str, port: int, health: Health, wrap: Wrap, *, shared_port: bool) -> None:
        self._pool = ThreadPoolExecutor(_MOST_CHECKS, thread_name_prefix="haechi-probes")
        options = [
            ("grpc.so_reuseport", int(shared_port)),
            ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
            ("grpc.max_concurrent_streams", _MOST_CHECKS),
        ]
        self._server = grpc.server(self._pool, options=options)
        health.register_check(self._server, wrap)
        bracketed = f"[{host}]" if ":" in host else host
        try:
            bound = self._server.add_insecure_port(f"{bracketed}:{port}")
        except RuntimeError:
            raise BadInput(
                cause=f"Cannot listen at {host}:{port} for health checks",
                mend="Stop what listens there, or pick another (--health-port, HAECHI_HEALTH_PORT; 0 finds a free one)",
            ) from None
        self.address = f"{bracketed}:{bound}"

    def start(self) -> None:
        """Answer."""
        self._server.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.stop(None).wait()
        self._pool.shutdown()
