"""One process that serves models: binds, answers, says how healthy it is, and drains before it stops."""

import errno
import logging
import os
import socket
from importlib import import_module

import grpc
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2

from features import DOMAINS
from features.errors import BadInput
from features.settings import Settings
from serving import inference
from serving.door import Door
from serving.guard import Guard
from serving.health import Health
from serving.intake import Intake
from serving.lanes import Lanes
from serving.probes import Probes
from serving.proto.pool import POOL
from serving.repository import Repository
from serving.rpc import Method, Wrap, add_service
from serving.runtime import Runtime
from serving.turns import Turns

DRAIN_S = 10.0
"""How long calls that are under way may take to finish once the server is told to stop."""

_LOG = logging.getLogger("haechi.serving")

for _described in (health_pb2, reflection_pb2):
    POOL.AddSerializedFile(_described.DESCRIPTOR.serialized_pb)


class Server:
    """A gRPC server over a runtime; bound when made, answering once started.

    Args:
        runtime: holds the models.
        settings: host, port, the largest message, who may ask.
        repository: where the models come from, which callers may have loaded and unloaded; None: they stay as they
            are.
        shared_port: other processes answer at this address too.

    Raises:
        BadInput: the address cannot be had, or as ``Door``.
    """

    def __init__(
        self,
        runtime: Runtime,
        settings: Settings,
        repository: Repository | None = None,
        *,
        shared_port: bool = False,
    ) -> None:
        self.runtime = runtime
        self._door = Door(settings)
        self.guard = Guard(self._door.admit)
        self.guard.listeners.append(self._door.audit.heard)
        self._health = Health()
        lanes = Lanes()
        runtime.turns = Turns(_cores(), lanes.lent)
        public, strange = self.guard.public, self._door.strange
        self._intake = Intake(lanes, lambda answer, metadata: answer not in public and strange(metadata))
        self._server = grpc.server(
            self._intake,  # type: ignore[arg-type]  # any executor will do
            options=_options(settings, shared_port=shared_port),
        )
        self._services = self._register(runtime, settings, repository)
        # Health is told to strangers, and which models there are is not where callers are asked who they are.
        if repository is not None and not self._door.asks:
            repository.listeners.append(lambda name, answers: self._health.set(name, serving=answers))
        if not shared_port:
            # gRPC says only that it failed; the operating system says why.
            probe(settings.host, settings.port)
        self.address = _bind(self._server, settings, self._door.credentials)
        self.probes = self._answer_probes(settings, shared_port=shared_port)

    def start(self) -> None:
        """Answer calls, and report every service and model as healthy."""
        models = () if self._door.asks else self.runtime.lines()
        for name in ("", *self._services, *models):
            self._health.set(name, serving=True)
        self._server.start()
        if self.probes is not None:
            self.probes.start()

    def stop(self, drain_s: float = DRAIN_S) -> None:
        """Report unhealthy, take no new call, and give those under way ``drain_s`` seconds."""
        self._health.close()
        self._server.stop(drain_s).wait()
        self._intake.shutdown()
        # Last of all: a probe learns that the server drains, not that it died.
        if self.probes is not None:
            self.probes.stop()
        self._health.pool.shutdown()
        self._door.close()

    def _register(self, runtime: Runtime, settings: Settings, repository: Repository | None) -> tuple[str, ...]:
        wrap = self.guard.wrap
        names = [inference.register(self._server, runtime, repository, wrap)]
        for domain in DOMAINS:
            names += import_module(f"serving.{domain}.service").register(self._server, runtime, settings, wrap)
        _register_reflection(self._server, (*names, self._health.register(self._server, wrap)), wrap)
        return tuple(names)

    def _answer_probes(self, settings: Settings, *, shared_port: bool) -> Probes | None:
        if settings.health_port is None:
            return None
        return Probes(settings.host, settings.health_port, self._health, self.guard.wrap, shared_port=shared_port)


def _register_reflection(server: grpc.Server, names: tuple[str, ...], wrap: Wrap) -> None:
    servicer = reflection.ReflectionServicer((*names, reflection.SERVICE_NAME), pool=POOL)
    service = reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"]
    # It looks at no call's context.
    method = Method(answer=lambda requests, _: servicer.ServerReflectionInfo(requests, None), scope="read")
    add_service(server, service, {"ServerReflectionInfo": method}, wrap)


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _options(settings: Settings, *, shared_port: bool) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", settings.max_message_mib << 20),
        # A reply is as large as its request made it, so only requests are limited.
        ("grpc.max_send_message_length", -1),
        # Unasked, a second server would bind the same port and take half of the calls.
        ("grpc.so_reuseport", int(shared_port)),
        # One connection may not hold all that there is.
        ("grpc.max_concurrent_streams", 1000),
        # Nobody pings a server into work, and who went without a word is noticed.
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
    ]


def _bind(server: grpc.Server, settings: Settings, credentials: grpc.ServerCredentials | None) -> str:
    """Bind and return ``host:port`` with the port that it became."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    try:
        address = f"{host}:{settings.port}"
        port = (
            server.add_insecure_port(address) if credentials is None else server.add_secure_port(address, credentials)
        )
    except RuntimeError:
        raise _cannot_bind(settings.host, settings.port, "another process was faster") from None
    return f"{host}:{port}"


def probe(host: str, port: int) -> None:
    """Refuse an address that cannot be had.

    Raises:
        BadInput: says why.
    """
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, kind) as probe:
            # As gRPC binds: connections of a server that just stopped do not hold the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        why = "the port is in use" if error.errno == errno.EADDRINUSE else error.strerror
        raise _cannot_bind(host, port, why or str(error)) from None


def _cannot_bind(host: str, port: int, why: str) -> BadInput:
    return BadInput(
        cause=f"Cannot listen at {host}:{port}: {why}",
        mend="Stop what listens there, or pick another (--port, HAECHI_PORT; 0 finds a free one)",
    )
