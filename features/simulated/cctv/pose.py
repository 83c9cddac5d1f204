"""Where a camera hangs and looks: metres on the road to pixels of its picture, and back.

The road's own axes: x to the right and y ahead of whoever drives away from the camera, z up; the camera hangs above
y = 0. A pinhole without distortion (Hartley and Zisserman 2004, chapter 6).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

NEAREST_M = 1.0
"""In front of the lens; what lies nearer is not seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """A camera on its pole.

    Attributes:
        width_px: of the picture.
        height_px: likewise.
        focal_px: distance of lens and picture.
        x_m: of the pole, to the right of the road's middle.
        height_m: of the lens above the road.
        pitch_deg: by which it looks down.
        yaw_deg: by which it looks to the right.
    """

    width_px: int
    height_px: int
    focal_px: float
    x_m: float
    height_m: float
    pitch_deg: float
    yaw_deg: float

    def axes(self) -> FloatArray:
        """(3, 3): unit vectors to the right, down and ahead of the picture, in the road's axes."""
        pitch, yaw = np.radians(self.pitch_deg), np.radians(self.yaw_deg)
        ahead = np.array([np.sin(yaw) * np.cos(pitch), np.cos(yaw) * np.cos(pitch), -np.sin(pitch)])
        right = np.array([np.cos(yaw), -np.sin(yaw), 0.0])
        return np.stack([right, np.cross(ahead, right), ahead])

    def seen(self, points_m: FloatArray) -> FloatArray:
        """Pixels (..., 2) of points (..., 3) in metres; NaN of those that are not in front of the lens.

        >>> pose = Pose(width_px=352, height_px=288, focal_px=300, x_m=0, height_m=8, pitch_deg=90, yaw_deg=0)
        >>> pose.seen(np.array([0.0, 0.0, 0.0])).round(6).tolist()
        [176.0, 144.0]
        """
        offset = np.asarray(points_m, dtype=np.float64) - np.array([self.x_m, 0.0, self.height_m])
        right, down, ahead = np.moveaxis(offset @ self.axes().T, -1, 0)
        depth = np.where(ahead >= NEAREST_M, ahead, np.nan)
        return np.stack(
            [self.width_px / 2 + self.focal_px * right / depth, self.height_px / 2 + self.focal_px * down / depth],
            axis=-1,
        )

    def on_road(self, pixels: FloatArray) -> FloatArray:
        """Points (..., 2) of the road's plane, metres, that pixels (..., 2) show; NaN from the horizon up."""
        pixels = np.asarray(pixels, dtype=np.float64)
        off = pixels - np.array([self.width_px / 2, self.height_px / 2])
        ray = np.concatenate([off, np.full((*off.shape[:-1], 1), self.focal_px)], axis=-1) @ self.axes()
        falls = np.where(ray[..., 2] < 0, -ray[..., 2], np.nan)
        found: FloatArray = np.array([self.x_m, 0.0]) + ray[..., :2] * (self.height_m / falls)[..., None]
        return found

    def scaled(self, times: float) -> "Pose":
        """The same view on so many times as many pixels."""
        return Pose(
            width_px=round(self.width_px * times),
            height_px=round(self.height_px * times),
            focal_px=self.focal_px * times,
            x_m=self.x_m,
            height_m=self.height_m,
            pitch_deg=self.pitch_deg,
            yaw_deg=self.yaw_deg,
        )
