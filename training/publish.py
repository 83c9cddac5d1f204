"""Makes a trained model a version: one folder, there whole or not at all, registered and never half-written."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from features import registry
from features.artifact import open_artifact, public_key, seal
from features.console import note, warn
from features.errors import BadInput, StorageFailure, UnknownName
from features.manifest import Manifest
from features.settings import Settings
from training.track import RunRecord, Tracker, check_chosen_store, tracking_is_installed

_LOCK = "registry.lock"

WriteFiles = Callable[[Path, int, str | None], None]
"""Writes everything but the checksums into a folder, for a version and an MLflow run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a version becomes the champion, for the record.

    Attributes:
        how: the first one there is, promoted over another, forced, or rolled back to.
        reason: what whoever did it said.
        comparison: with the champion before, in one sentence.
    """

    how: Literal["first", "promotion", "forced", "rollback"]
    reason: str | None = None
    comparison: str | None = None


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


def check_home(settings: Settings) -> None:
    """Refuse before a training what would stop its publication.

    Raises:
        StorageFailure: ``HAECHI_HOME`` cannot be written, or the MLflow that is named does not answer.
        BadInput: its path has a character that MLflow's store cannot take, or the signing key is none.
    """
    place = str(settings.home.resolve())
    if "%" in place or "?" in place:
        raise BadInput(
            cause=f"HAECHI_HOME {place} has a '%' or '?', under which MLflow cannot keep files",
            mend="Point HAECHI_HOME at a folder whose path has none",
        )
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        (settings.home / _LOCK).touch()
    except OSError as error:
        raise StorageFailure(
            cause=f"{settings.home} cannot be written: {error.strerror}",
            mend="Make it yours, or point HAECHI_HOME at another folder",
        ) from None
    _own_key(settings)
    check_chosen_store(settings.home)


def publish(run: RunRecord, write: WriteFiles, settings: Settings) -> Published:
    """Record a run, take a version and publish its folder by one rename; the first version becomes champion.

    Killed at any moment it leaves the registry as it was, or with the whole new version: what lies under a dot or has
    no folder is not a version, and the next training clears it away. Where MLflow is not installed nothing is
    tracked, which is said, and versions count on from the folders.

    Raises:
        HaechiError: the folder does not read back as written.
        OSError: the disk is full; nothing is published.
    """
    return _published(run.name, run, write, settings)


def publish_foreign(name: str, write: WriteFiles, settings: Settings) -> Published:
    """``publish`` for a model that no training of ours made: there is no run to track.

    Raises:
        BadInput: ``name`` is no model's name.
        HaechiError: the folder does not read back as written.
        OSError: the disk is full; nothing is published.
    """
    # Before a folder of that name is made.
    registry.versions(settings.home / "artifacts", name)
    return _published(name, None, write, settings)


def _published(name: str, run: RunRecord | None, write: WriteFiles, settings: Settings) -> Published:
    root = settings.home / "artifacts"
    (root / name).mkdir(parents=True, exist_ok=True)
    with only_one(settings.home):
        # Behind the lock: two trainings in a new home must not both set up MLflow's store.
        tracker = local_tracker(settings.home)
        finished = registry.versions(root, name)
        _clear(root / name, tracker, finished)
        version, run_id = max(finished, default=0) + 1, None
        if tracker is not None and run is not None:
            run_id = tracker.record(run)
            version = tracker.register(run, run_id, above=version - 1)

        def fill(partial: Path) -> None:
            write(partial, version, run_id)
            seal(partial, _signing_key(settings))
            if tracker is not None and run_id is not None:
                tracker.attach(run_id, partial)

        folder = _place(root / name, version, fill)
        manifest = open_artifact(folder, _own_key(settings))
        champion = registry.aliases(root, name).get(registry.CHAMPION)
        if champion not in finished:
            champion = version
        promote(root, name, champion, tracker, Why(how="first"))
    return Published(manifest=manifest, folder=folder, champion=champion)


def local_tracker(home: Path) -> Tracker | None:
    """The tracker of ``home``; None, with a warning, where MLflow is not installed."""
    if tracking_is_installed():
        return Tracker(home)
    warn("MLflow is not installed, so nothing is tracked; pip install 'haechi[training]' brings it")
    return None


def promote(root: Path, name: str, version: int, tracker: Tracker | None, why: Why) -> int | None:
    """Make a version the champion and record it; the one before is kept as ``previous``. Returns the one before.

    Raises:
        UnknownName: no such version.
    """
    # A version whose folder was deleted is no champion, neither now nor to go back to.
    there = registry.versions(root, name)
    chosen = {alias: number for alias, number in registry.aliases(root, name).items() if number in there}
    before = chosen.get(registry.CHAMPION)
    if before != version:
        if version not in there:
            raise UnknownName.among(f"version of {name}", str(version), list(map(str, there)))
        record = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "from": before, "to": version, **asdict(why)}
        # First: one that was recorded and did not come to pass is better than one that nobody knows of.
        registry.record_promotion(root, name, record)
        chosen |= {registry.CHAMPION: version} | ({} if before is None else {registry.PREVIOUS: before})
        registry.set_aliases(root, name, chosen)
        if tracker is not None:
            tracker.tag_promotion(name, version, record)
    if tracker is not None:
        # Also where nothing changed: a kill may have come between the folder's aliases and MLflow's.
        tracker.set_aliases(name, chosen)
    return before


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the registry's lock; a second training waits for the first to finish registering."""
    with (home / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note("Another process is writing to the registry; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _place(folder: Path, version: int, fill: Callable[[Path], None]) -> Path:
    partial, final = folder / f".{version}.partial", folder / str(version)
    partial.mkdir()
    try:
        fill(partial)
        os.rename(partial, final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return final


def _clear(folder: Path, tracker: Tracker | None, finished: tuple[int, ...]) -> None:
    """Remove what a killed registration left behind; the lock is held, so nobody is at work on it."""
    for partial in folder.glob(".*.partial"):
        if partial.is_dir():
            shutil.rmtree(partial)
        else:
            partial.unlink()
    for version in [] if tracker is None else tracker.forget_unfinished(folder.name, finished):
        warn(f"Version {version} of {folder.name} was never finished and has been cleared away")


def _signing_key(settings: Settings) -> str | None:
    return None if settings.signing_key is None else settings.signing_key.get_secret_value()


def _own_key(settings: Settings) -> str | None:
    key = _signing_key(settings)
    return None if key is None else public_key(key)
