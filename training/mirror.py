"""Keeps a registry folder, ``INTO/NAME/VERSION/``, in step with aliases in MLflow; a server follows that folder.

A version comes whole or not at all: it is downloaded under a dot, checked, and renamed. What is there stays there,
whatever happens to MLflow; nothing is ever deleted but what a kill left half-written.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from features import registry
from features.artifact import open_artifact
from features.console import note, warn
from features.errors import ArtifactMismatch, HaechiError, StorageFailure
from features.followed import Followed
from training.mlflow_source import MlflowSource, Registered

_LOCK = ".mirror.lock"
# A version that was refused is downloaded again that rarely: it may have been mended.
_AGAIN_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one look at one alias came to.

    Attributes:
        followed: the alias.
        version: the champion of the folder afterwards; None: it has none.
        changed: whether it was another before.
        error: why it is not what the alias points at.
    """

    followed: Followed
    version: int | None
    changed: bool
    error: HaechiError | None


class Mirror:
    """Follows aliases into a folder, which nobody else writes.

    Args:
        followed: what is followed.
        into: the registry folder.
        home: whose store is read where ``MLFLOW_TRACKING_URI`` names none.
        trusted_key_pem: unsigned versions are refused where there is one.
    """

    def __init__(self, followed: tuple[Followed, ...], into: Path, home: Path, trusted_key_pem: str | None) -> None:
        self._followed = followed
        self._into = into
        self._home = home
        self._trusted_key = trusted_key_pem
        self._source: MlflowSource | None = None
        self._checked: set[tuple[str, Registered]] = set()
        self._refused: dict[str, tuple[Registered, float, HaechiError]] = {}
        self._said: dict[str, str] = {}

    def look(self) -> tuple[Step, ...]:
        """Bring the folder in step, once."""
        return tuple(self._look(one) for one in self._followed)

    def say(self, steps: tuple[Step, ...]) -> None:
        """Tell on stderr what changed since it was last told."""
        for step in steps:
            name, said = step.followed.name, "" if step.error is None else str(step.error)
            if step.changed:
                note(f"{step.followed}: {name}/{step.version} is the champion here now")
            if said and said != self._said.get(name):
                stays = "nothing is there yet" if step.version is None else f"{name}/{step.version} stays"
                warn(f"{step.followed}: {stays}. {said}")
            if not said and self._said.get(name):
                note(f"{step.followed}: in step again, at {name}/{step.version}")
            self._said[name] = said

    def _look(self, followed: Followed) -> Step:
        error: HaechiError | None = None
        before = after = None
        try:
            before = after = registry.aliases(self._into, followed.name).get(registry.CHAMPION)
            after = self._follow(followed, before)
        except HaechiError as why:
            error = why
        except OSError as why:
            error = StorageFailure(
                cause=f"{why.filename or self._into} cannot be written: {why.strerror or why}",
                mend="Make room there, or give yourself the right to write",
            )
        return Step(followed=followed, version=after, changed=after != before, error=error)

    def _follow(self, followed: Followed, before: int | None) -> int:
        if self._source is None:
            self._source = MlflowSource(self._home)
        one = self._source.aliased(followed)
        self._bring(followed, one)
        if before != one.version:
            self._set_champion(followed.name, one.version, before)
        return one.version

    def _bring(self, followed: Followed, one: Registered) -> None:
        """Have the version in the folder, whole and checked."""
        name, final = followed.name, self._into / followed.name / str(one.version)
        if final.is_dir():
            if (name, one) not in self._checked:
                self._check_there(final, one)
        else:
            self._fetch_seldom(followed, one, final)
        self._checked.add((name, one))

    def _check_there(self, folder: Path, one: Registered) -> None:
        run = open_artifact(folder, self._trusted_key).mlflow_run
        if run not in (None, one.run_id):
            raise ArtifactMismatch(
                cause=f"{folder} was made by another run ({run}) than MLflow's version {one.version} ({one.run_id})",
                mend="Mirror each MLflow into a folder of its own; or delete that folder, and it is fetched anew",
            )

    def _fetch_seldom(self, followed: Followed, one: Registered, final: Path) -> None:
        refused = self._refused.get(followed.name)
        if refused is not None and refused[0] == one and time.monotonic() < refused[1]:
            raise refused[2]
        try:
            self._fetch(followed, one, final)
        except ArtifactMismatch as error:
            self._refused[followed.name] = one, time.monotonic() + _AGAIN_S, error
            raise

    def _fetch(self, followed: Followed, one: Registered, final: Path) -> None:
        assert self._source is not None  # noqa: S101  # for mypy: `_follow` has made it
        partial = final.with_name(f".{final.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        # Under the two names that its manifest has to give.
        whole = partial / followed.name / final.name
        try:
            whole.mkdir(parents=True)
            self._source.download(followed, one, whole)
            try:
                open_artifact(whole, self._trusted_key)
            except ArtifactMismatch as error:
                cause = error.cause.replace(str(whole), f"{followed.name}/{one.version}")
                raise ArtifactMismatch(cause=cause, mend=error.mend) from None
            _put_on_disk(whole)
            os.rename(whole, final)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _set_champion(self, name: str, version: int, before: int | None) -> None:
        there = registry.versions(self._into, name)
        kept = {alias: n for alias, n in registry.aliases(self._into, name).items() if n in there}
        previous = {registry.PREVIOUS: before} if before is not None and before in there else {}
        registry.set_aliases(self._into, name, kept | previous | {registry.CHAMPION: version})


@contextmanager
def only_mirror(into: Path, followed: tuple[Followed, ...]) -> Iterator[None]:
    """Have the folder for oneself, cleared of what a killed mirror left there.

    Raises:
        StorageFailure: another mirror is at work in it.
    """
    into.mkdir(parents=True, exist_ok=True)
    with (into / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StorageFailure(
                cause=f"Another mirror is at work in {into}", mend="Stop it first, or use another folder"
            ) from None
        for one in followed:
            (into / one.name).mkdir(exist_ok=True)
            for left in (into / one.name).glob(".*.partial"):
                if left.is_dir():
                    shutil.rmtree(left)
                else:
                    left.unlink()
        yield


def _put_on_disk(folder: Path) -> None:
    """So that a version outlives a power cut once it has its name; the folder above is synced with the aliases."""
    for path in (*folder.iterdir(), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
