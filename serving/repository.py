"""A folder of models that is followed: what changes in it is checked, warmed and swapped in, or refused with a reason.

Champions, the champions before them (so that a rollback needs no loading), canaries and shadows are kept at hand. What
is served stays until what replaces it is ready: a version that is refused, a folder that vanishes or a disk that fails
changes nothing but what ``refused`` says.
"""

import json
import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from features import registry
from features.artifact import SUMS
from features.errors import HaechiError, UnknownName
from features.routing import CHAMPION_ALONE, read_routing
from serving.runtime import Line, Runtime
from serving.served import Served

_LOG = logging.getLogger("haechi.serving")
Tell = Callable[[str, bool], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A version that is not served though it should be.

    Attributes:
        name: of the model.
        version: None where the model's folder itself cannot be read.
        why: cause and mend, without a path of this machine.
        seen: when its checksums were written, in nanoseconds; it is tried again only after they change.
    """

    name: str
    version: int | None
    why: str
    seen: int | None


class Repository:
    """Keeps a runtime in step with a registry folder.

    Args:
        root: of the registry.
        runtime: what answers.
        unloaded: a file in which the workers at one address tell each other what callers took out of service; None:
            this process is alone.
    """

    def __init__(self, root: Path, runtime: Runtime, unloaded: Path | None = None) -> None:
        self._root = root
        self._runtime = runtime
        self._lock = threading.Lock()
        self._refused: dict[tuple[str, int | None], Refused] = {}
        self._unloaded: frozenset[str] = frozenset()
        self._told = unloaded
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.listeners: list[Tell] = []
        """Each hears which model answers from now on, or does not any more."""

    @property
    def refused(self) -> tuple[Refused, ...]:
        """What is not served though it should be, and why."""
        return tuple(sorted(self._refused.values(), key=lambda one: (one.name, one.version or 0)))

    @property
    def unloaded(self) -> tuple[str, ...]:
        """Models that somebody took out of service by hand."""
        return tuple(sorted(self._unloaded))

    def sync(self) -> None:
        """Bring what is served in step with the folder, once."""
        with self._lock:
            self._hear()
            for name in self._unloaded & self._runtime.lines().keys():
                self._take_out(name)
            for name in registry.names(self._root):
                if name not in self._unloaded:
                    self._sync(name)

    def load(self, name: str) -> None:
        """Serve the champion of ``name`` as it lies in the folder now, also where it was unloaded or refused before.

        Raises:
            UnknownName: there is no such model.
            ArtifactMismatch: the champion is refused; what was served before still is.
        """
        with self._lock:
            if name not in registry.names(self._root):
                raise UnknownName.among("model", name, list(registry.names(self._root)))
            self._hear()
            self._say(self._unloaded - {name})
            self._refused = {key: one for key, one in self._refused.items() if key[0] != name}
            error = self._sync(name)
            if error is not None:
                raise error

    def unload(self, name: str) -> None:
        """Serve ``name`` no more, until it is loaded again; calls that are under way end as they began.

        Raises:
            UnknownName: no such model is served.
        """
        with self._lock:
            if name not in self._runtime.lines():
                raise UnknownName.among("model", name, list(self._runtime.lines()))
            self._hear()
            self._say(self._unloaded | {name})
            self._take_out(name)

    def follow(self, every_s: float) -> None:
        """``sync`` again and again on a thread of its own, until ``stop``."""

        def run() -> None:
            while not self._stop.wait(every_s):
                try:
                    self.sync()
                except OSError as error:
                    # A share that is away for a while: what is served stays.
                    _LOG.warning("the model folder cannot be read: %s", error.strerror)

        self._thread = threading.Thread(target=run, name="haechi-repository", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Follow no more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _take_out(self, name: str) -> None:
        self._runtime.not_served[name] = "it was taken out of service"
        self._runtime.swap(name, None)
        self._tell(name, answers=False)

    def _hear(self) -> None:
        """What another worker was told to take out of service, or to take back."""
        if self._told is not None:
            with suppress(FileNotFoundError):
                self._unloaded = frozenset(json.loads(self._told.read_bytes()))

    def _say(self, unloaded: frozenset[str]) -> None:
        self._unloaded = unloaded
        if self._told is not None:
            partial = self._told.with_name(f"{self._told.name}.{os.getpid()}")
            partial.write_text(json.dumps(sorted(unloaded)), encoding="utf-8")
            partial.replace(self._told)

    def _sync(self, name: str) -> HaechiError | None:
        """One model; returns why its champion is refused."""
        try:
            champion = int(registry.resolve(self._root, name).name)
            aliases = registry.aliases(self._root, name)
            routing = read_routing(self._root, name)
        except HaechiError as error:
            self._refuse(name, None, error)
            return error
        self._refused.pop((name, None), None)
        line = self._runtime.lines().get(name)
        at_hand = dict(line.versions) if line is not None else {}
        why_not = self._at_hand(name, champion, at_hand)
        previous = aliases.get(registry.PREVIOUS, champion)
        for version in {*routing.versions, previous} - {champion}:
            self._at_hand(name, version, at_hand)
        # Where the champion cannot answer, the last one that could does.
        candidates = (champion, line.current if line is not None else previous)
        current = next((version for version in candidates if version in at_hand), None)
        if current is not None:
            wanted = {current, previous, *routing.versions}
            versions = {number: served for number, served in at_hand.items() if number in wanted}
            self._swap(name, Line(versions=versions, current=current, routing=routing), line)
            self._runtime.not_served.pop(name, None)
        elif (name, champion) in self._refused:
            self._runtime.not_served[name] = self._refused[name, champion].why
        return why_not

    def _at_hand(self, name: str, version: int, at_hand: dict[int, Served]) -> HaechiError | None:
        """Add a version to those at hand unless it is refused; returns why."""
        if version in at_hand:
            self._refused.pop((name, version), None)
            return None
        folder = self._root / name / str(version)
        before = self._refused.get((name, version))
        if before is not None and before.seen == _seen(folder):
            return None
        try:
            at_hand[version] = self._runtime.open(folder)
        except HaechiError as error:
            told = type(error)(cause=error.cause.replace(str(folder), f"{name}/{version}"), mend=error.mend)
            self._refuse(name, version, told)
            return told
        self._refused.pop((name, version), None)
        return None

    def _swap(self, name: str, line: Line, before: Line | None) -> None:
        if before is not None and (before.current, before.routing, before.versions) == (
            line.current,
            line.routing,
            line.versions,
        ):
            return
        self._runtime.swap(name, line)
        if before is None or before.current != line.current:
            _LOG.info("%s/%s answers now (before: %s)", name, line.current, before.current if before else "none")
        if before is None:
            self._tell(name, answers=True)
        if line.routing != (before.routing if before else CHAMPION_ALONE):
            _LOG.info("%s is routed anew: %s", name, line.routing)

    def _refuse(self, name: str, version: int | None, error: HaechiError) -> None:
        one = Refused(
            name=name,
            version=version,
            why=str(error),
            seen=None if version is None else _seen(self._root / name / str(version)),
        )
        if self._refused.get((name, version)) != one:
            _LOG.warning("NOT SERVED: %s%s: %s", name, "" if version is None else f"/{version}", error)
        self._refused[name, version] = one

    def _tell(self, name: str, *, answers: bool) -> None:
        for listen in self.listeners:
            listen(name, answers)


def _seen(folder: Path) -> int | None:
    try:
        return (folder / SUMS).stat().st_mtime_ns
    except OSError:
        return None
