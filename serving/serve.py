"""One process that serves a registry folder: ready once its models are, in step with the folder, gone when told."""

import logging
import resource
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from features.errors import ArtifactMismatch, BadInput
from features.settings import Settings
from serving.repository import Repository
from serving.runtime import Runtime
from serving.server import Server

_LOOK_UP_S = 0.2
_LOG = logging.getLogger("haechi.serving")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """One version that answers; ``entity`` is one of those that it forecasts, None where it knows none."""

    name: str
    version: int
    domain: str
    simulated: bool
    entity: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What a server says of itself once it answers.

    Attributes:
        address: ``host:port``.
        http_address: the same of HTTP; None: it is off.
        models: that answer.
        refused: why others do not.
        metrics: where they are had, one address a process; empty where nobody asked for them.
    """

    address: str
    http_address: str | None
    models: tuple[ServedModel, ...]
    refused: tuple[str, ...]
    metrics: tuple[str, ...] = ()


def serve(
    root: Path,
    settings: Settings,
    on_ready: Callable[[Started], None],
    *,
    unloaded: Path | None = None,
) -> None:
    """Serve a registry folder and follow it until the process is told to stop (SIGTERM or SIGINT), then drain.

    Call it from the main thread.

    Args:
        root: of the registry.
        settings: host, port, the largest message, how often the folder is looked at.
        on_ready: called once, when calls are answered.
        unloaded: of one worker among several at the address: the file in which they tell each other what callers took
            out of service; None: it is alone.

    Raises:
        BadInput: as ``Server``; or there is no model in the folder.
        ArtifactMismatch: none of them can be served.
    """
    told_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_stop.set())
    _allow_connections()
    runtime = Runtime(threads=settings.threads, trusted_key=settings.trusted_key)
    repository = Repository(root, runtime, unloaded)
    server = Server(runtime, settings, repository, shared_port=unloaded is not None)
    repository.sync()
    _refuse_nothing(root, runtime, repository)
    server.start()
    repository.follow(settings.poll_s)
    _LOG.info("serving at %s: %s", server.address, ", ".join(served.label for served in runtime.models()))
    if server.watch.metrics_url is not None:
        _LOG.info("metrics at %s", server.watch.metrics_url)
    if server.probes is not None:
        _LOG.info("health checks at %s", server.probes.address)
    on_ready(_started(server, repository))
    wait_for(told_to_stop)
    _LOG.info("draining")
    repository.stop()
    server.stop()
    refused = ", ".join(f"{count} {code}" for code, count in sorted(server.guard.refused.items()))
    _LOG.info("stopped; refused calls: %s", refused or "none")
    for pair, compared in runtime.shadows.compared.items():
        _LOG.info("shadow, %s: %s", pair, compared)


def _allow_connections() -> None:
    """Have as many files open as this process may: a connection is one, and shells allow 1,024 by default."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def wait_for(event: threading.Event) -> None:
    """Until a signal's handler sets ``event``."""
    # Not event.wait: it holds the lock that `set` needs, and a handler that runs in between would wait for itself. Nor
    # for ever: a signal may reach another thread, and this one would sleep on.
    while not event.is_set():
        time.sleep(_LOOK_UP_S)


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


def _started(server: Server, repository: Repository) -> Started:
    manifests = [served.manifest for served in server.runtime.models()]
    return Started(
        address=server.address,
        http_address=server.http_address,
        models=tuple(
            ServedModel(
                name=m.name,
                version=m.version,
                domain=m.domain,
                simulated=m.simulated,
                entity=next(iter(m.entities), None),
            )
            for m in manifests
        ),
        refused=tuple(one.why for one in repository.refused),
        metrics=() if server.watch.metrics_url is None else (server.watch.metrics_url,),
    )
