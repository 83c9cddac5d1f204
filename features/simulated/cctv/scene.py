"""What a film is of: the road, the camera's pose, hour and weather, how much drives there, and what goes wrong."""

from dataclasses import dataclass
from enum import StrEnum

from features.cctv.kinds import IncidentKind
from features.simulated.cctv.pose import Pose
from features.simulated.cctv.road import Road


class Light(StrEnum):
    """Of the hour."""

    DAY = "day"
    DUSK = "dusk"
    NIGHT = "night"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that tells one film from another.

    Attributes:
        camera_id: e.g. ``CAM-001``.
        seed: of all chance in it.
        road: what the camera looks at.
        pose: how it looks.
        volume_veh_h: away from the camera and towards it.
        speed_ms: at which drivers would like to drive.
        light: of the hour.
        rain_mm_h: in that hour.
        shake_px: standard deviation of the camera's sway.
        noise: standard deviation of the sensor's noise, grey levels.
        jpeg_quality: of the stream's compression, 1 to 100.
        length_s: of the film.
        fps: pictures a second.
        incident: what goes wrong, or None.
        incident_s: when it is set in motion; the truth tells when it began.
    """

    camera_id: str
    seed: int
    road: Road
    pose: Pose
    volume_veh_h: tuple[float, float]
    speed_ms: float
    light: Light
    rain_mm_h: float
    shake_px: float
    noise: float
    jpeg_quality: int
    length_s: float
    fps: int
    incident: IncidentKind | None = None
    incident_s: float = 0.0

    @property
    def frames(self) -> int:
        """How many pictures."""
        return round(self.length_s * self.fps)
