"""A scene to change in one point."""

from dataclasses import replace
from typing import Any

from features.simulated.cctv.pose import Pose
from features.simulated.cctv.road import Road
from features.simulated.cctv.scene import Light, Scene

POSE = Pose(width_px=352, height_px=288, focal_px=300, x_m=1, height_m=8, pitch_deg=15, yaw_deg=2)


def scene(**changes: Any) -> Scene:
    """A dry road of two lanes each way by day, nothing wrong."""
    plain = Scene(
        camera_id="CAM-007",
        seed=3,
        road=Road(lanes=2),
        pose=POSE,
        volume_veh_h=(700, 700),
        speed_ms=13,
        light=Light.DAY,
        rain_mm_h=0,
        shake_px=0.4,
        noise=3,
        jpeg_quality=70,
        length_s=6,
        fps=5,
    )
    return replace(plain, **changes)
