"""``grpc.health.v1``: whether the server, its services and its models answer; watched by as many as care to.

grpcio ships a servicer of its own, which waits for each watcher to take the news while it holds the lock that a watcher
who leaves needs too: a load balancer that goes as the server drains would hang both for good.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

import grpc
from grpc_health.v1 import health_pb2

from features.errors import UnknownName
from serving.call import Call
from serving.rpc import Method, Wrap, add_service

_MOST_WATCHERS = 100

_Status = health_pb2.HealthCheckResponse
_News = SimpleQueue["int | None"]


class Health:
    """Knows the state of each name, and tells whoever watches it; a watcher takes no thread from other calls."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[str, int] = {}
        self._watchers: dict[str, set[_News]] = {}
        self._closed = False
        self.pool = ThreadPoolExecutor(_MOST_WATCHERS, thread_name_prefix="haechi-health")

    def register(self, server: grpc.Server, wrap: Wrap) -> str:
        """Let ``server`` answer the health service, to everybody; returns its full name."""
        service = health_pb2.DESCRIPTOR.services_by_name["Health"]
        watch = grpc.unary_stream_rpc_method_handler(
            self._watch_on_own_threads(),
            health_pb2.HealthCheckRequest.FromString,
            _Status.SerializeToString,
        )
        server.add_registered_method_handlers(service.full_name, {"Watch": watch})
        return self.register_check(server, wrap)

    def register_check(self, server: grpc.Server, wrap: Wrap) -> str:
        """Let ``server`` answer checks alone; returns the service's full name."""
        service = health_pb2.DESCRIPTOR.services_by_name["Health"]
        return add_service(server, service, {"Check": Method(answer=self._check, scope="")}, wrap)

    def set(self, name: str, *, serving: bool) -> None:
        """Say whether ``name`` answers; what is said after ``close`` is not heard."""
        with self._lock:
            if not self._closed:
                self._tell(name, _Status.SERVING if serving else _Status.NOT_SERVING)

    def close(self) -> None:
        """Nothing answers any more."""
        with self._lock:
            for name in tuple(self._states):
                self._tell(name, _Status.NOT_SERVING)
            self._closed = True

    def _check(self, request: health_pb2.HealthCheckRequest, call: Call) -> health_pb2.HealthCheckResponse:
        state = self._states.get(request.service)
        if state is None:
            # Names that are there are not told: whoever may not ask for a model may still ask for its health.
            raise UnknownName(
                cause="There is no service or model of that name here",
                mend="Ask the repository index for models, reflection for services, or leave the name empty",
            )
        return _Status(status=state)

    def _watch_on_own_threads(self) -> Any:
        def watch(
            request: health_pb2.HealthCheckRequest, context: grpc.ServicerContext
        ) -> Iterator[health_pb2.HealthCheckResponse]:
            news: _News = SimpleQueue()
            with self._lock:
                watchers = self._watchers.setdefault(request.service, set())
                watchers.add(news)
                news.put(self._states.get(request.service, _Status.SERVICE_UNKNOWN))
            context.add_callback(lambda: news.put(None))
            try:
                while (state := news.get()) is not None:
                    yield _Status(status=state)
            finally:
                with self._lock:
                    watchers.discard(news)

        # gRPC looks for the threads of a method there.
        vars(watch)["experimental_thread_pool"] = self.pool
        return watch

    def _tell(self, name: str, state: int) -> None:
        self._states[name] = state
        for news in self._watchers.get(name, ()):
            news.put(state)
