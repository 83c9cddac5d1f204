"""One process that serves models: binds, answers, says how healthy it is, and drains before it stops."""

import errno
import logging
import socket
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

import grpc
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2

from features import DOMAINS
from features.errors import BadInput
from features.settings import Settings
from serving import hearing, inference
from serving.address import is_loopback
from serving.alerts.service import AlertService
from serving.cores import cores
from serving.door import Door, Metadata
from serving.guard import Guard
from serving.health import Health
from serving.intake import Intake
from serving.lanes import Lanes
from serving.probes import Probes
from serving.proto.pool import POOL
from serving.repository import Repository
from serving.rpc import Behaviour, Method, Wrap, add_service
from serving.runtime import Runtime
from serving.seen.reading import Reading
from serving.seen.watch import Watch

if TYPE_CHECKING:
    from serving.http.server import HttpServer

DRAIN_S = 10.0
"""How long calls that are under way may take to finish once the server is told to stop."""

_LOG = logging.getLogger("haechi.serving")

for _described in (health_pb2, reflection_pb2):
    POOL.AddSerializedFile(_described.DESCRIPTOR.serialized_pb)


class Hosted(Protocol):
    """A service that is served beside the models'."""

    def register(self, server: grpc.Server, wrap: Wrap) -> str:
        """Let ``server`` answer; returns the service's full name."""
        ...

    def stop_watches(self) -> None:
        """Let whoever waits for news go, before the server drains."""
        ...


class Server:
    """A gRPC server over a runtime; bound when made, answering once started.

    Args:
        runtime: holds the models.
        settings: host, port, the largest message, who may ask.
        repository: where the models come from, which callers may have loaded and unloaded; None: they stay as they
            are.
        hosted: other services that answer here too.
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
        hosted: Sequence[Hosted] = (),
        shared_port: bool = False,
    ) -> None:
        self.runtime = runtime
        self._hosted = hosted
        self._door = Door(settings)
        self.guard = Guard(self._door.admit)
        self.guard.administrative.append(self._door.audit.heard)
        self._health = Health()
        lanes = Lanes()
        runtime.share(cores(), lanes.lent)
        self._lanes = lanes
        self._intake = Intake(lanes, self._strange, self.guard.brief, self.guard.overload, self.guard.public)
        self._server = grpc.server(
            self._intake,  # type: ignore[arg-type]  # any executor will do
            options=_options(settings, shared_port=shared_port),
        )
        methods = inference.answers(runtime, repository)
        self._alerts = AlertService(settings)
        self._services = self._register(runtime, settings, methods)
        # Health is told to strangers, and which models there are is not where callers are asked who they are.
        if repository is not None and not self._door.asks:
            repository.listeners.append(lambda name, answers: self._health.set(name, serving=answers))
        if not shared_port:
            # gRPC says only that it failed; the operating system says why.
            probe(settings.host, settings.port)
        self.address = _bind(self._server, settings, self._door.credentials)
        self.watch = Watch(settings, self.guard, runtime, _readings(lanes, runtime, repository))
        self._http = self._over_http(settings, methods, lanes, shared_port=shared_port)
        self.http_address = None if self._http is None else self._http.address
        self.probes = self._answer_probes(settings, shared_port=shared_port)

    def start(self) -> None:
        """Answer calls, and report every service and model as healthy."""
        models = () if self._door.asks else self.runtime.lines()
        for name in ("", *self._services, *models):
            self._health.set(name, serving=True)
        self.watch.start()
        hearing.start(self._server, self._lanes)
        if self._http is not None:
            self._http.start()
        if self.probes is not None:
            self.probes.start()

    def stop(self, drain_s: float = DRAIN_S) -> None:
        """Report unhealthy, take no new call, and give those under way ``drain_s`` seconds."""
        self._health.close()
        self._alerts.stop_watches()
        for one in self._hosted:
            one.stop_watches()
        if self._http is not None:
            self._http.stop(drain_s)
        self._server.stop(drain_s).wait()
        if self._http is not None:
            self._http.join()
        self._intake.shutdown()
        self._alerts.close()
        # Last of all: a probe learns that the server drains, not that it died.
        if self.probes is not None:
            self.probes.stop()
        self._health.pool.shutdown()
        self._door.close()
        self.watch.stop()

    def _register(self, runtime: Runtime, settings: Settings, methods: Mapping[str, Method]) -> tuple[str, ...]:
        wrap = self.guard.wrap
        names = [inference.register(self._server, methods, wrap), self._alerts.register(self._server, wrap)]
        names += [one.register(self._server, wrap) for one in self._hosted]
        for domain in DOMAINS:
            names += import_module(f"serving.{domain}.service").register(self._server, runtime, settings, wrap)
        _register_reflection(self._server, (*names, self._health.register(self._server, wrap)), wrap)
        return tuple(names)

    def _strange(self, answer: Behaviour, metadata: Metadata) -> bool:
        """Whether ``answer`` refuses a call with this metadata whatever it says."""
        return answer not in self.guard.public and self._door.strange(metadata)

    def _over_http(
        self, settings: Settings, methods: Mapping[str, Method], lanes: Lanes, *, shared_port: bool
    ) -> "HttpServer | None":
        if settings.http_port is None:
            return None
        if not (is_loopback(settings.host) or settings.plaintext):
            raise BadInput(
                cause=f"Host {settings.host} is reachable from other machines, and HTTP here has no TLS of its own",
                mend="Leave HAECHI_HTTP_PORT unset, or bind 127.0.0.1; or let a proxy in front end TLS for both ports "
                "and set HAECHI_PLAINTEXT=true",
            )
        # Only here: who does not ask for it does not wait for it.
        from serving.http.server import HttpServer

        try:
            return HttpServer(settings, methods, self.guard.wrap, self._strange, lanes, shared_port=shared_port)
        except OSError as error:
            raise _cannot_bind(settings.host, settings.http_port, error, "http_port") from None

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


def _readings(lanes: Lanes, runtime: Runtime, repository: Repository | None) -> list[Reading]:
    batches = runtime.batches
    readings = [
        Reading(name="haechi_calls_waiting", meaning="Calls that wait for a thread", read=lambda: lanes.waiting),
        Reading(
            name="haechi_batch_calls_waiting",
            meaning="Calls that wait for a run of a model whose calls are joined",
            read=lambda: batches.waiting,
        ),
        Reading(
            name="haechi_batch_runs",
            meaning="Runs of models whose calls are joined",
            read=lambda: batches.runs,
            counts=True,
        ),
        Reading(
            name="haechi_batch_calls", meaning="Calls that those runs answered", read=lambda: batches.calls, counts=True
        ),
    ]
    if repository is not None:
        meaning = "Versions that should be served, and are refused"
        readings.append(Reading(name="haechi_models_refused", meaning=meaning, read=lambda: len(repository.refused)))
    return readings


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
        faster = OSError(errno.EADDRINUSE, "another process was faster")
        raise _cannot_bind(settings.host, settings.port, faster) from None
    return f"{host}:{port}"


def probe(host: str, port: int, setting: str = "port") -> None:
    """Refuse an address that cannot be had.

    Args:
        host: to bind.
        port: to bind.
        setting: that names the port.

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
        raise _cannot_bind(host, port, error, setting) from None


def _cannot_bind(host: str, port: int, error: OSError, setting: str = "port") -> BadInput:
    why = "the port is in use" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
    flag, variable = f"--{setting.replace('_', '-')}", f"HAECHI_{setting.upper()}"
    return BadInput(
        cause=f"Cannot listen at {host}:{port}: {why}",
        mend=f"Stop what listens there, or pick another ({flag}, {variable}; 0 finds a free one)",
    )
