"""Who is on the road: their sizes, and one of them as it stands in a frame."""

from dataclasses import dataclass

import numpy as np

from features.cctv.kinds import UserKind
from features.simulated.cctv.pose import FloatArray

SIZE_M = {
    UserKind.CAR: (4.4, 1.8, 1.5),
    UserKind.BUS: (11.0, 2.5, 3.2),
    UserKind.TRUCK: (7.5, 2.4, 3.0),
    UserKind.MOTORBIKE: (2.1, 0.8, 1.5),
    UserKind.PERSON: (0.5, 0.55, 1.7),
    UserKind.OBJECT: (0.9, 0.8, 0.7),
}
"""Length, width and height."""

SHARE = {UserKind.CAR: 0.78, UserKind.BUS: 0.07, UserKind.TRUCK: 0.09, UserKind.MOTORBIKE: 0.06}
"""Of vehicles."""


@dataclass(slots=True, kw_only=True)
class User:
    """A road user, or a thing left behind.

    Attributes:
        track_id: its own for as long as it is there.
        kind: what it is.
        x_m: of its middle, to the right of the road's.
        y_m: likewise, ahead of the camera.
        direction_rad: it faces: 0 away from the camera, to the right rising.
        speed_ms: along that.
        tint: 0 to 1, draws its colour.
    """

    track_id: int
    kind: UserKind
    x_m: float
    y_m: float
    direction_rad: float
    speed_ms: float
    tint: float

    def corners(
        self, share: tuple[float, float, float, float] = (0.0, 1.0, 0.0, 1.0), narrower: float = 1.0
    ) -> FloatArray:
        """(8, 3): corners of a block in it, metres: rear left, rear right, front right, front left, below and above.

        Args:
            share: where the block begins and ends along its length, from the rear, and in height, from the ground.
            narrower: its width as a share of the user's.
        """
        length, width, height = SIZE_M[self.kind]
        rear, front = (share[0] - 0.5) * length, (share[1] - 0.5) * length
        half = width * narrower / 2
        flat = np.array([[-half, rear], [half, rear], [half, front], [-half, front]])
        cos, sin = np.cos(self.direction_rad), np.sin(self.direction_rad)
        turned = flat @ np.array([[cos, -sin], [sin, cos]]) + [self.x_m, self.y_m]
        low, high = (np.full((4, 1), part * height) for part in share[2:])
        return np.concatenate([np.hstack([turned, low]), np.hstack([turned, high])])
