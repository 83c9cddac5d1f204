"""Events as lines of JSON, each whole or not there, on stdout or in a file that grows."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from features.errors import BadInput, StorageFailure
from serving.cctv.told import HealthTold, IncidentTold
from serving.values import plain

_TAIL_BYTES = 1 << 16


def document(told: IncidentTold | HealthTold) -> dict[str, Any]:
    """What a line says of an incident, or of a camera's health."""
    return _incident(told) if isinstance(told, IncidentTold) else _health(told)


def _incident(told: IncidentTold) -> dict[str, Any]:
    one, by = told.incident, told.by
    return {
        "event": "incident",
        "change": told.change.value,
        "at": told.at.isoformat(),
        "camera": one.camera,
        "kind": one.kind.value,
        "incident_id": one.incident_id,
        "onset_s": _rounded(one.onset_s),
        "raised_s": _rounded(one.raised_s),
        "cleared_s": _rounded(one.cleared_s),
        "probability": _rounded(one.probability),
        "box": [round(float(edge), 1) for edge in one.xyxy_px],
        "severity": one.severity.value,
        "zone": one.zone,
        "learned": one.learned,
        "track_id": one.track_id,
        "length_m": _rounded(one.length_m),
        "speed_km_h": _rounded(one.speed_km_h),
        "why": one.why,
        "why_ko": one.why_ko,
        "detector": {"name": by.detector, "sha256": by.detector_sha256},
        "rules": {"version": by.rules, "sha256": by.rules_sha256},
        "zones_sha256": by.zones_sha256 or None,
        "snapshot": None if told.snapshot is None else {"file": told.snapshot.file, "sha256": told.snapshot.sha256},
        "simulated": told.simulated,
    }


def _health(told: HealthTold) -> dict[str, Any]:
    one = told.event
    return {
        "event": "health",
        "change": told.change.value,
        "at": told.at.isoformat(),
        "camera": one.camera,
        "kind": one.kind.value,
        "onset_s": _rounded(one.onset_s),
        "cleared_s": _rounded(one.cleared_s),
        "detail": one.detail,
        "simulated": told.simulated,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 3)


class Lines:
    """Where lines of JSON go: a file that grows, or stdout.

    Args:
        path: of the file; it may be there: it goes on. None: stdout.

    Raises:
        BadInput: the file cannot be written.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._descriptor = sys.stdout.fileno() if path is None else _opened(path)

    def write(self, row: dict[str, Any]) -> None:
        """One line, at once and whole.

        Raises:
            StorageFailure: the disk is full, or whoever read stdout is gone.
        """
        line = (json.dumps(plain(row), ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "replace")
        where = "stdout" if self._path is None else self._path
        try:
            # Not through a buffer: a process that is killed leaves no half of a line behind.
            while line:
                line = line[os.write(self._descriptor, line) :]
        except OSError as error:
            raise StorageFailure(
                cause=f"An event could not be written to {where}: {error.strerror}",
                mend="Free some space, or name a file on another disk with --events, and watch again",
            ) from None

    def close(self) -> None:
        """Give the file back."""
        if self._path is not None:
            os.close(self._descriptor)


def _opened(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError as error:
        raise BadInput(
            cause=f"{path} cannot be written: {error.strerror}", mend="Name a file in a folder that is there (--events)"
        ) from None
    _cut_half_line(descriptor)
    return descriptor


def _cut_half_line(descriptor: int) -> None:
    """Half a line that a power cut left behind is no event, and would spoil the next one."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - _TAIL_BYTES)
    tail = os.pread(descriptor, size - start, start)
    if tail and not tail.endswith(b"\n"):
        os.ftruncate(descriptor, start + tail.rfind(b"\n") + 1)
