"""One process that serves models: binds, answers, says how healthy it is, and drains before it stops."""

import errno
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2

from features import DOMAINS
from features.errors import ArtifactMismatch, BadInput
from features.settings import Settings
from serving import inference
from serving.door import Door
from serving.guard import Guard
from serving.health import Health
from serving.intake import Intake
from serving.lanes import Lanes
from serving.proto.pool import POOL
from serving.repository import Repository
from serving.rpc import Method, Wrap, add_service
from serving.runtime import Runtime
from serving.turns import Turns

DRAIN_S = 10.0
"""How long calls that are under way may take to finish once the server is told to stop."""

_LOOK_UP_S = 0.2
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

    Raises:
        BadInput: the address cannot be had, or as ``Door``.
    """

    def __init__(self, runtime: Runtime, settings: Settings, repository: Repository | None = None) -> None:
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
            options=_options(settings),
        )
        self._services = self._register(runtime, settings, repository)
        # Health is told to strangers, and which models there are is not where callers are asked who they are.
        if repository is not None and not self._door.asks:
            repository.listeners.append(lambda name, answers: self._health.set(name, serving=answers))
        self.address = _bind(self._server, settings, self._door.credentials)

    def start(self) -> None:
        """Answer calls, and report every service and model as healthy."""
        models = () if self._door.asks else self.runtime.lines()
        for name in ("", *self._services, *models):
            self._health.set(name, serving=True)
        self._server.start()

    def stop(self, drain_s: float = DRAIN_S) -> None:
        """Report unhealthy, take no new call, and give those under way ``drain_s`` seconds."""
        self._health.close()
        self._server.stop(drain_s).wait()
        self._intake.shutdown()
        self._health.pool.shutdown()
        self._door.close()

    def _register(self, runtime: Runtime, settings: Settings, repository: Repository | None) -> tuple[str, ...]:
        wrap = self.guard.wrap
        names = [inference.register(self._server, runtime, repository, wrap)]
        for domain in DOMAINS:
            names += import_module(f"serving.{domain}.service").register(self._server, runtime, settings, wrap)
        _register_reflection(self._server, (*names, self._health.register(self._server, wrap)), wrap)
        return tuple(names)


def serve(root: Path, settings: Settings, on_ready: Callable[[Server, Repository], None]) -> None:
    """Serve a registry folder and follow it until the process is told to stop (SIGTERM or SIGINT), then drain.

    Call it from the main thread.

    Args:
        root: of the registry.
        settings: host, port, the largest message, how often the folder is looked at.
        on_ready: called once, when calls are answered.

    Raises:
        BadInput: as ``Server``; or there is no model in the folder.
        ArtifactMismatch: none of them can be served.
    """
    runtime = Runtime(threads=settings.threads, trusted_key=settings.trusted_key)
    repository = Repository(root, runtime)
    server = Server(runtime, settings, repository)
    repository.sync()
    _refuse_nothing(root, runtime, repository)
    told_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_stop.set())
    server.start()
    repository.follow(settings.poll_s)
    models = ", ".join(served.label for served in runtime.models())
    _LOG.info("serving at %s: %s", server.address, models)
    on_ready(server, repository)
    # A signal may reach another thread than this, which would sleep on: it looks up now and then.
    while not told_to_stop.wait(_LOOK_UP_S):
        pass
    _LOG.info("draining")
    repository.stop()
    server.stop()
    refused = ", ".join(f"{count} {code}" for code, count in sorted(server.guard.refused.items()))
    _LOG.info("stopped; refused calls: %s", refused or "none")


def _refuse_nothing(root: Path, runtime: Runtime, repository: Repository) -> None:
    if runtime.lines():
        return
    refused = repository.refused
    if refused:
        raise ArtifactMismatch(cause=refused[0].why, mend="Nothing else is left to serve")
    raise BadInput(
        cause=f"There is no model in {root}",
        mend="Train one: haechi train traffic --data FILE; or name the folder of your artifacts with --models",
    )


def _register_reflection(server: grpc.Server, names: tuple[str, ...], wrap: Wrap) -> None:
    servicer = reflection.ReflectionServicer((*names, reflection.SERVICE_NAME), pool=POOL)
    service = reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"]
    # It looks at no call's context.
    method = Method(answer=lambda requests, _: servicer.ServerReflectionInfo(requests, None), scope="read")
    add_service(server, service, {"ServerReflectionInfo": method}, wrap)


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _options(settings: Settings) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", settings.max_message_mib << 20),
        # A reply is as large as its request made it, so only requests are limited.
        ("grpc.max_send_message_length", -1),
        # Else a second server would bind the same port and take half of the calls.
        ("grpc.so_reuseport", 0),
        # One connection may not hold all that there is.
        ("grpc.max_concurrent_streams", 1000),
        # Nobody pings a server into work, and who went without a word is noticed.
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
    ]


def _bind(server: grpc.Server, settings: Settings, credentials: grpc.ServerCredentials | None) -> str:
    """Bind and return ``host:port`` with the port that it became."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    # gRPC says only that it failed; the operating system says why.
    _probe(settings.host, settings.port)
    try:
        address = f"{host}:{settings.port}"
        port = (
            server.add_insecure_port(address) if credentials is None else server.add_secure_port(address, credentials)
        )
    except RuntimeError:
        raise _cannot_bind(settings.host, settings.port, "another process was faster") from None
    return f"{host}:{port}"


def _probe(host: str, port: int) -> None:
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
