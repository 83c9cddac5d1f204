"""What a camera's worker tells the process that it belongs to: frozen, small, and fit to cross a pipe."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from features.cctv.events import HealthEvent, Incident


class Change(StrEnum):
    """What became of an incident, or of a camera's health."""

    RAISED = "raised"
    REVISED = "revised"
    # Told now and then of what is neither new nor over, so that nobody takes silence for calm.
    LASTS = "lasts"
    CLEARED = "cleared"
    # Nobody looks any more, or what looked began anew: whether it lasts cannot be told.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What found something, by version and content.

    Attributes:
        detector: its name.
        detector_sha256: of its file.
        rules: version of the rules.
        rules_sha256: of their content.
        zones_sha256: of the camera's zones; empty: it has none, and the carriageway was learned.
    """

    detector: str
    detector_sha256: str
    rules: str
    rules_sha256: str
    zones_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A picture that was kept, people and plates unrecognisable.

    Attributes:
        file: where it lies.
        sha256: of the file.
    """

    file: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentTold:
    """An incident as it stands now.

    Attributes:
        incident: itself; its number is the camera's own and never given twice in a run.
        change: what became of it.
        at: when, on the wall clock.
        began_at: when the camera's clock stood at 0, likewise.
        by: what found it.
        snapshot: of the moment in which it was raised; None: none is kept.
        simulated: the camera is a rendered one.
    """

    incident: Incident
    change: Change
    at: datetime
    began_at: datetime
    by: Provenance
    snapshot: Snapshot | None
    simulated: bool

    @property
    def camera(self) -> str:
        """Which."""
        return self.incident.camera


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthTold:
    """Something is wrong with a camera, or no longer; the fields are as of ``IncidentTold``."""

    event: HealthEvent
    change: Change
    at: datetime
    began_at: datetime
    simulated: bool

    @property
    def camera(self) -> str:
        """Which."""
        return self.event.camera


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What passed in one minute on one lane, as a traffic measurement.

    Attributes:
        camera: which.
        time: start of the minute.
        entity_id: the camera's and the lane's.
        volume: vehicles.
        speed_km_h: their mean; None: none was measured.
        simulated: the camera is a rendered one.
    """

    camera: str
    time: datetime
    entity_id: str
    volume: float
    speed_km_h: float | None
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture to look at: a JPEG out of ``serving/cctv/evidence.py``."""

    camera: str
    time_s: float
    jpeg: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """A camera's pictures come in.

    Attributes:
        camera: which.
        at: of the last one, on the wall clock.
        pictures: that were looked at.
        seconds: on its own clock.
    """

    camera: str
    at: datetime
    pictures: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A camera is watched no more.

    Attributes:
        camera: which.
        pictures: that were looked at.
        seconds: on its own clock.
        cause: what was wrong; empty: it came to its end, or was told to stop.
        mend: what to do about it.
        is_bad_input: whether what was given is to blame.
        note: what else is to be said, as that its film was cut off; empty: nothing.
    """

    camera: str
    pictures: int
    seconds: float
    cause: str = ""
    mend: str = ""
    is_bad_input: bool = False
    note: str = ""


Told = IncidentTold | HealthTold | Measured | Shown | Alive | Ended
