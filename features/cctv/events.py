"""What a camera tells the world: incidents, and its own health."""

from dataclasses import dataclass
from enum import StrEnum

from features.cctv.kinds import IncidentKind


class Severity(StrEnum):
    """How bad an incident is; CAP 1.2's words."""

    MINOR = "minor"
    MODERATE = "moderate"
    SEVERE = "severe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One incident before one camera, as it stands now; revised for as long as it lasts.

    Attributes:
        incident_id: its own within the camera, from 1.
        camera: which.
        kind: of incident.
        onset_s: when it began, on the camera's clock.
        raised_s: when it was first told.
        cleared_s: when it was over; None while it lasts.
        probability: that it is one.
        xyxy_px: its box, pixels of the picture.
        severity: of it.
        zone: name of the zone that it is in.
        learned: whether the carriageway and its directions were learned rather than drawn.
        track_id: of who; None of a queue.
        length_m: of a queue; None of anything else, or without a ground plane.
        speed_km_h: of a queue, or of who drives the wrong way; None likewise.
        why: one sentence for the operator, in English.
        why_ko: likewise in Korean.
    """

    incident_id: int
    camera: str
    kind: IncidentKind
    onset_s: float
    raised_s: float
    cleared_s: float | None
    probability: float
    xyxy_px: tuple[float, float, float, float]
    severity: Severity
    zone: str
    learned: bool
    track_id: int | None
    length_m: float | None
    speed_km_h: float | None
    why: str
    why_ko: str


class HealthKind(StrEnum):
    """What is wrong with a camera."""

    FROZEN = "frozen picture"
    BLACK = "black picture"
    BLURRED = "blurred picture"
    SHIFTED = "camera moved"
    LOST = "feed lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthEvent:
    """Something is wrong with a camera, or no longer.

    Attributes:
        camera: which.
        kind: what.
        onset_s: when it began, on the camera's clock.
        cleared_s: when it was over; None while it lasts.
        detail: one sentence, without any secret.
    """

    camera: str
    kind: HealthKind
    onset_s: float
    cleared_s: float | None
    detail: str
