"""A stretch of road before a camera: lanes both ways, shoulders, pavements, a crossing, a bus stop."""

from dataclasses import dataclass

import numpy as np

from features.simulated.cctv.pose import FloatArray

LANE_M = 3.2
SHOULDER_M = 2.6
PAVEMENT_M = 3.5
LENGTH_M = 170.0
"""From where drivers come into being to where they are forgotten; the picture shows less."""
BEHIND_M = 12.0
"""Of it, below the camera and behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """What is painted and kerbed.

    Attributes:
        lanes: of each direction; drivers keep to the right.
        crossing_y_m: where pedestrians cross, or None.
        bus_stop_y_m: the middle of a bus stop of the direction away from the camera, or None.
    """

    lanes: int
    crossing_y_m: float | None = None
    bus_stop_y_m: float | None = None

    @property
    def edge_m(self) -> float:
        """From the middle to the edge of the carriageway."""
        return self.lanes * LANE_M

    @property
    def kerb_m(self) -> float:
        """From the middle to the kerb: the carriageway and the shoulder."""
        return self.edge_m + SHOULDER_M

    def lane_x_m(self, lane: int, heading: int) -> float:
        """The middle of a lane, counted from the road's middle; ``heading``: 1 away from the camera, -1 towards it."""
        return heading * (lane + 0.5) * LANE_M

    def zones(self) -> dict[str, list[FloatArray]]:
        """Polygons (corner, 2) on the road, metres, by what they are."""
        near, far = 0.0, LENGTH_M - BEHIND_M
        found = {
            "carriageway": [_strip(-self.edge_m, 0.0, near, far), _strip(0.0, self.edge_m, near, far)],
            "shoulder": [
                _strip(-self.kerb_m, -self.edge_m, near, far),
                _strip(self.edge_m, self.kerb_m, near, far),
            ],
        }
        if self.crossing_y_m is not None:
            y = self.crossing_y_m
            found["crossing"] = [_strip(-self.kerb_m, self.kerb_m, y - 2.0, y + 2.0)]
        if self.bus_stop_y_m is not None:
            y = self.bus_stop_y_m
            found["bus stop"] = [_strip(self.edge_m, self.kerb_m, y - 8.0, y + 8.0)]
        return found


def _strip(left_m: float, right_m: float, near_m: float, far_m: float) -> FloatArray:
    return np.array([[left_m, near_m], [right_m, near_m], [right_m, far_m], [left_m, far_m]])
