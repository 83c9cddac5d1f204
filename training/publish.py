"""Makes a trained model a version: one folder, there whole or not at all, registered and never half-written."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from features import registry
from features.artifact import open_artifact, public_key, seal
from features.console import note, warn
from features.manifest import Manifest
from features.settings import Settings
from training.track import RunRecord, Tracker, tracking_is_installed

PREVIOUS = "previous"
"""The champion before this one: what ``rollback`` goes back to."""

WriteFiles = Callable[[Path, int, str | None], None]
"""Writes everything but the checksums into a folder, for a version and an MLflow run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A finished version.

    Attributes:
        manifest: read back from the folder.
        folder: where it lies.
        champion: the version that is served by default now.
    """

    manifest: Manifest
    folder: Path
    champion: int


def publish(run: RunRecord, write: WriteFiles, settings: Settings) -> Published:
    """Record a run, take a version and publish its folder by one rename; the first version becomes champion.

    Killed at any moment it leaves the registry as it was, or with the whole new version: what lies under a dot or has
    no folder is not a version, and the next training clears it away. Where MLflow is not installed nothing is
    tracked, which is said, and versions count on from the folders.

    Raises:
        HaechiError: the folder does not read back as written.
        OSError: the disk is full; nothing is published.
    """
    root, name = settings.home / "artifacts", run.name
    (root / name).mkdir(parents=True, exist_ok=True)
    tracker = local_tracker(settings.home)
    with only_one(settings.home):
        finished = registry.versions(root, name)
        _clear(root / name, tracker, finished)
        version, run_id = max(finished, default=0) + 1, None
        if tracker is not None:
            run_id = tracker.record(run)
            version = tracker.register(run, run_id, above=version - 1)
        folder = _place(root / name, version, lambda partial: write(partial, version, run_id), settings)
        manifest = open_artifact(folder, _own_key(settings))
        if tracker is not None and run_id is not None:
            tracker.attach(run_id, folder)
        champion = registry.aliases(root, name).get(registry.CHAMPION)
        if champion is None:
            promote(root, name, version, tracker)
    return Published(manifest=manifest, folder=folder, champion=champion or version)


def local_tracker(home: Path) -> Tracker | None:
    """The tracker of ``home``; None, with a warning, where MLflow is not installed."""
    if tracking_is_installed():
        return Tracker(home)
    warn("MLflow is not installed, so nothing is tracked; pip install 'haechi[training]' brings it")
    return None


def promote(root: Path, name: str, version: int, tracker: Tracker | None) -> int | None:
    """Make a version the champion; the one before is kept as ``previous``. Returns the one before.

    Raises:
        UnknownName: no such version.
    """
    aliases = registry.aliases(root, name)
    before = aliases.get(registry.CHAMPION)
    if before == version:
        return before
    chosen = {**aliases, registry.CHAMPION: version}
    if before is not None:
        chosen[PREVIOUS] = before
    registry.set_aliases(root, name, chosen)
    if tracker is not None:
        for alias, number in chosen.items():
            tracker.set_alias(name, alias, number)
    return before


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the registry's lock; a second training waits for the first to finish registering."""
    with (home / "registry.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note("Another process is writing to the registry; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _place(folder: Path, version: int, write: Callable[[Path], None], settings: Settings) -> Path:
    partial, final = folder / f".{version}.partial", folder / str(version)
    partial.mkdir()
    try:
        write(partial)
        seal(partial, None if settings.signing_key is None else settings.signing_key.get_secret_value())
        os.rename(partial, final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return final


def _clear(folder: Path, tracker: Tracker | None, finished: tuple[int, ...]) -> None:
    """Remove what a killed registration left behind; the lock is held, so nobody is at work on it."""
    for partial in folder.glob(".*.partial"):
        if partial.is_dir():
            shutil.rmtree(partial)
    for version in [] if tracker is None else tracker.forget_unfinished(folder.name, finished):
        warn(f"Version {version} of {folder.name} was never finished and has been cleared away")


def _own_key(settings: Settings) -> str | None:
    return None if settings.signing_key is None else public_key(settings.signing_key.get_secret_value())
