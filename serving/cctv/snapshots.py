"""Snapshots in a folder of their own: named by camera and time, and gone once they are old."""

import re
from datetime import datetime, timedelta
from pathlib import Path

from features.errors import BadInput
from serving.cctv.evidence import Evidence
from serving.cctv.told import Snapshot

DEFAULT_KEEP_DAYS = 30

# What is deleted is recognised by its name: whatever else lies in the folder is somebody's own.
_NAME = re.compile(r"[A-Za-z0-9._-]+_(\d{8}T\d{6})Z_\d+\.jpg")
_STAMP = "%Y%m%dT%H%M%S"


class Snapshots:
    """Those of one camera, or of all, in one folder.

    Args:
        folder: where they lie; made.

    Raises:
        BadInput: there is a file in the folder's place.
    """

    def __init__(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise BadInput(cause=f"{folder} is a file", mend="Name a folder for the snapshots (--snapshots)")
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def keep(self, evidence: Evidence, camera: str, number: int, at: datetime) -> Snapshot:
        """Keep a picture of an incident.

        Args:
            evidence: what it shows.
            camera: its name, fit for a file's (``serving/cctv/sight.py``).
            number: of the incident within the camera.
            at: when, UTC.

        Raises:
            StorageFailure: the disk is full.
        """
        return evidence.keep(self._folder / f"{camera}_{at:{_STAMP}}Z_{number}.jpg")

    def expire(self, now: datetime, keep_days: float) -> int:
        """Delete those of longer ago; returns how many they were.

        Args:
            now: UTC.
            keep_days: more than 0.
        """
        oldest, gone = now - timedelta(days=keep_days), 0
        for path in self._folder.iterdir():
            found = _NAME.fullmatch(path.name)
            if found is None:
                continue
            taken_at = datetime.strptime(found[1], _STAMP).replace(tzinfo=now.tzinfo)
            if taken_at < oldest:
                path.unlink(missing_ok=True)
                gone += 1
        return gone
