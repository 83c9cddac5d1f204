"""Reads MLflow's registry, and writes nothing there: which version an alias points at, and what its run keeps."""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from features.errors import ArtifactMismatch, StorageFailure, UnknownName
from features.followed import Followed
from training.track import own_store, told_store

_KEPT = "artifact"
"""What ``Tracker.attach`` keeps a version under."""

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MOST_FILES = 64
_SQLITE = "sqlite:///"
_SAID_CHARACTERS = 300
_QUIET = {
    # Its own patience, hours where a host swallows what it is sent, would outlast every poll.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A version that MLflow knows.

    Attributes:
        version: its number.
        run_id: of the run that made it, which keeps its artifact.
    """

    version: int
    run_id: str


class MlflowSource:
    """The store that ``MLFLOW_TRACKING_URI`` names, or the one in ``home``, which has to be there already.

    Raises:
        StorageFailure: it does not answer, is gone or is damaged; any method may.
    """

    def __init__(self, home: Path) -> None:
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        self._uri = told_store() or own_store(home)
        with self._in_words():
            import mlflow

            for name in ("mlflow", "alembic"):
                logging.getLogger(name).setLevel(logging.CRITICAL)
            self._client = mlflow.MlflowClient(self._uri)

    def aliased(self, followed: Followed) -> Registered:
        """The version that the alias points at now.

        Raises:
            UnknownName: there is no such model, or it has no such alias.
            ArtifactMismatch: the version was made by no run.
        """
        with self._in_words():
            models = self._client.search_registered_models(f"name = '{followed.name}'")
            aliases = dict(models[0].aliases) if models else {}
            if followed.alias not in aliases:
                kind = "version with the alias" if models else "model in MLflow that has the alias"
                raise UnknownName(
                    cause=f"There is no {kind} '{followed.alias}' named {followed.name}",
                    mend=f"Set it: haechi models promote {followed.name}/VERSION"
                    + (f"; it has: {', '.join(sorted(aliases))[:_SAID_CHARACTERS]}" if aliases else ""),
                )
            version = int(aliases[followed.alias])
            run_id = self._client.get_model_version(followed.name, str(version)).run_id
        if not run_id:
            raise _keeps_nothing(followed, version)
        return Registered(version=version, run_id=run_id)

    def download(self, followed: Followed, one: Registered, folder: Path) -> None:
        """Copy the artifact's files into ``folder``, and nothing outside it, unchecked.

        Raises:
            ArtifactMismatch: the run keeps none, or one with other than plain files.
        """
        label = f"{followed.name}/{one.version}"
        with self._in_words():
            listed = self._client.list_artifacts(one.run_id, _KEPT)
        if not listed:
            raise _keeps_nothing(followed, one.version)
        if len(listed) > _MOST_FILES:
            raise _not_ours(f"The artifact of {label} has {len(listed)} files; {_MOST_FILES} are the most")
        for entry in listed:
            # A path is never taken from a listing unless it is what was expected: '../' would lead out of the folder.
            parent, _, name = entry.path.rpartition("/")
            if entry.is_dir or parent != _KEPT or _PLAIN.fullmatch(name) is None:
                raise _not_ours(f"The artifact of {label} lists {entry.path[:100]!r}, which is no plain file of it")
        for entry in listed:
            name = entry.path.rpartition("/")[2]
            with self._in_words():
                came = Path(self._client.download_artifacts(one.run_id, entry.path, str(folder)))
            if came.absolute() != (folder / name).absolute() or came.is_symlink() or not came.is_file():
                raise _not_ours(f"The artifact of {label} gave something else for {entry.path[:100]!r}")

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        path = Path(self._uri.removeprefix(_SQLITE))
        # SQLite would make an empty one in its place.
        if self._uri.startswith(_SQLITE) and not path.is_file():
            raise StorageFailure(
                cause=f"There is no MLflow store {path}",
                mend="Point MLFLOW_TRACKING_URI at your MLflow, or HAECHI_HOME at the home that trains",
            )
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (MlflowException, SQLAlchemyError, OSError) as error:
            raise StorageFailure(
                cause=f"MLflow's registry cannot be read: {_said(error)}",
                mend="See that it runs and that MLFLOW_TRACKING_URI leads there",
            ) from None


def _said(error: Exception) -> str:
    """The line that matters, without passwords and without what differs each time that it is said.

    >>> _said(OSError("<object at 0x7f1> http://me:secret@host refused"))
    '<object at 0x> http://host refused'
    """
    lines = str(error).splitlines() or [type(error).__name__]
    line = next((line for line in lines if "Error)" in line), lines[0])
    line = re.sub(r"//[^/@\s]*@", "//", line)
    return re.sub(r"0x[0-9a-f]+", "0x", line)[:_SAID_CHARACTERS]


def _keeps_nothing(followed: Followed, version: int) -> ArtifactMismatch:
    return ArtifactMismatch(
        cause=f"MLflow keeps no artifact of {followed.name}/{version} with its run",
        mend="Set the alias to a version that `haechi train` registered",
    )


def _not_ours(cause: str) -> ArtifactMismatch:
    return ArtifactMismatch(cause=cause, mend="Do not serve it: register it again with `haechi train`")
