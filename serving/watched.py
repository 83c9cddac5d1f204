"""Files that are read again when they change: a token revoked, a certificate renewed, and nothing restarted."""

import logging
import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from features.errors import BadInput

_LOOK_EVERY_S = 1.0
_LOG = logging.getLogger("haechi.serving")
T = TypeVar("T")
_Seen = tuple[tuple[int, int, int] | None, ...]


class Watched(Generic[T]):
    """What ``read`` makes of some files, made anew at most a second after one of them changed.

    A change that cannot be read is warned of once, and what was read before it stays.

    Args:
        paths: of the files.
        read: makes the value; what it raises the first time is raised here.
        clock: monotonic, s.
    """

    def __init__(
        self, paths: tuple[Path, ...], read: Callable[[], T], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._paths = paths
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        # Looked at before they are read: what changes meanwhile is read once more.
        self._seen = self._look()
        self._value = read()
        self._next_s = clock() + _LOOK_EVERY_S

    def value(self) -> T:
        """The newest that could be read."""
        # One thread looks; the others go on with what there is.
        if self._clock() >= self._next_s and self._lock.acquire(blocking=False):
            try:
                self._refresh()
                self._next_s = self._clock() + _LOOK_EVERY_S
            finally:
                self._lock.release()
        return self._value

    def _refresh(self) -> None:
        seen = self._look()
        if seen == self._seen:
            return
        self._seen = seen
        names = ", ".join(map(str, self._paths))
        try:
            self._value = self._read()
        except Exception as error:  # whatever is wrong with the new file, no caller is to feel it
            _LOG.warning("%s changed and cannot be used, what was read before it stays: %s", names, error)
        else:
            _LOG.info("read again: %s", names)

    def _look(self) -> _Seen:
        return tuple(_state(path) for path in self._paths)


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def read_bytes(path: Path, what: str, setting: str) -> bytes:
    """The content of a file that a setting names.

    Args:
        path: of the file.
        what: it holds, for people.
        setting: that names it.

    Raises:
        BadInput: it cannot be read, or everybody on this machine may write it.
    """
    try:
        mode = path.stat().st_mode
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(
            cause=f"{path}, which should hold {what}, cannot be read: {error.strerror}",
            mend=f"Mend HAECHI_{setting.upper()}, or the rights to that file",
        ) from None
    if os.name == "posix" and mode & stat.S_IWOTH:
        raise BadInput(
            cause=f"{path} holds {what}, and everybody on this machine may change it", mend=f"Run: chmod 600 {path}"
        )
    return content


def warn_if_public(path: Path, what: str) -> None:
    """Say in the log where everybody on this machine may read ``path``."""
    if os.name == "posix" and path.stat().st_mode & stat.S_IROTH:
        _LOG.warning("everybody on this machine may read %s, which holds %s: run chmod 600 %s", path, what, path)
