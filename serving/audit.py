"""Who changed what is served: one line of JSON for every administrative call, also for those that were refused.

Lines are appended and synced to the disk before the caller hears. Nothing here shortens the file: moving it away is
the platform's work (logrotate, without ``copytruncate``), and the next line begins a new one.
"""

import errno
import json
import logging
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import grpc

from features.errors import StorageFailure
from serving.call import Call
from serving.guard import Ended

# Strangers could fill a disk with refusals: more than these a second are counted and not written.
_MOST_STRANGERS_PER_S = 10
_LOG = logging.getLogger("haechi.serving")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Audit:
    """Appends to an audit log; safe to use from many threads, and by several processes at once.

    Args:
        path: of the log; it and its folder are made when they are first needed.
        now: the time of day.
    """

    def __init__(self, path: Path, now: Callable[[], datetime] = _utc_now) -> None:
        self._path = path
        self._now = now
        self._lock = threading.Lock()
        self._second, self._strangers, self._left_out = 0, 0, 0

    def heard(self, ended: Ended) -> None:
        """For a guard's listeners of administrative calls: records the call."""
        try:
            self.record(ended.call, ended.code)
        except OSError as error:
            # The deed is done, and its caller must hear of it. The next one is refused before it is begun.
            _LOG.critical(
                "the audit log cannot be written (%s): %s", error.strerror, self._line(ended.call, ended.code)
            )

    def record(self, call: Call, code: grpc.StatusCode) -> None:
        """Write how an administrative call ended.

        Raises:
            OSError: the log cannot be written.
        """
        with self._lock:
            if code is not grpc.StatusCode.OK and not call.caller.shown and self._too_many():
                self._left_out += 1
                return
            self._append(self._line(call, code))
            self._left_out = 0

    def refuse_unless_writable(self) -> None:
        """Nothing is changed that could not be recorded: to be asked before an administrative call is begun.

        Raises:
            StorageFailure: the log cannot be written.
        """
        try:
            with self._lock:
                self._append("")
        except OSError as error:
            raise StorageFailure(
                cause=f"The audit log {self._path} cannot be written: {error.strerror}",
                mend="Make room or give the server the right, or point HAECHI_AUDIT elsewhere",
            ) from None

    def _too_many(self) -> bool:
        second = int(self._now().timestamp())
        if second != self._second:
            self._second, self._strangers = second, 0
        self._strangers += 1
        return self._strangers > _MOST_STRANGERS_PER_S

    def _line(self, call: Call, code: grpc.StatusCode) -> str:
        line = {
            "at": self._now().isoformat(timespec="milliseconds"),
            "who": call.caller.name,
            "shown": call.caller.shown,
            "peer": call.peer,
            "what": call.method,
            "request": call.request,
            "outcome": code.name,
        }
        if self._left_out:
            line["left_out"] = str(self._left_out)
        return json.dumps(line, ensure_ascii=False) + "\n"

    def _append(self, text: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Opened each time: what was moved away is begun anew.
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            if text:
                line = text.encode("utf-8", "backslashreplace")
                if os.write(file, line) < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
                os.fsync(file)
        finally:
            os.close(file)
