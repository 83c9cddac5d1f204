"""What stands still in a camera's picture: road, paint, pavements, houses, sky."""

import cv2
import numpy as np
import numpy.typing as npt

from features.simulated.cctv.pose import FloatArray, Pose
from features.simulated.cctv.road import BEHIND_M, LANE_M, LENGTH_M, PAVEMENT_M, Road
from features.simulated.cctv.scene import Light, Scene

Picture = npt.NDArray[np.uint8]

_TEXELS_M = 14
"""Points of the painted ground a metre."""
_ACROSS_M, _FAR_M = 32.0, LENGTH_M - BEHIND_M
_ASPHALT, _WORN, _PAVEMENT, _VERGE, _PAINT = (92, 92, 94), (80, 80, 83), (138, 140, 142), (74, 104, 86), (214, 218, 220)
_MIDDLE = (70, 170, 214)
"""Of the line between the directions, yellow in Korea; blue, green, red as OpenCV has it."""
_SKY = {Light.DAY: (226, 210, 190), Light.DUSK: (150, 130, 140), Light.NIGHT: (38, 30, 28)}
_WALLS = ((150, 160, 170), (120, 128, 140), (170, 165, 158), (110, 118, 120), (140, 150, 178))
LAMPS_EVERY_M = 30.0


def still(scene: Scene, pose: Pose) -> Picture:
    """The empty road by daylight, (height, width, 3) in blue, green, red."""
    chance = np.random.default_rng([scene.seed, 1])
    size = (pose.width_px, pose.height_px)
    painted = _painted(scene.road, chance)
    picture = np.empty((pose.height_px, pose.width_px, 3), dtype=np.uint8)
    picture[:] = _SKY[scene.light if scene.light is not Light.NIGHT else Light.DAY]
    mask = np.zeros(picture.shape[:2], dtype=np.uint8)
    onto = _onto_picture(pose)
    ground = cv2.warpPerspective(painted, onto, size, flags=cv2.INTER_AREA)
    cv2.warpPerspective(np.full(painted.shape[:2], 255, dtype=np.uint8), onto, size, dst=mask, flags=cv2.INTER_NEAREST)
    below = _below_horizon(pose)
    picture[below] = _VERGE
    shown = (mask > 0) & below
    picture[shown] = ground[shown]
    _houses(picture, scene.road, pose, chance)
    return picture


def polygon(points_px: FloatArray) -> npt.NDArray[np.int32]:
    """Corners as OpenCV takes them, in sixteenths of a pixel (``shift=4``)."""
    return np.round(points_px * 16).astype(np.int32)


def _painted(road: Road, chance: np.random.Generator) -> Picture:
    """The ground from above, y ahead upwards."""
    rows, columns = round(_FAR_M * _TEXELS_M), round(2 * _ACROSS_M * _TEXELS_M)
    made = np.empty((rows, columns, 3), dtype=np.float32)
    made[:] = _VERGE

    def strip(
        left_m: float, right_m: float, colour: tuple[int, int, int], near_m: float = 0, far_m: float = _FAR_M
    ) -> None:
        left, right = (round((x + _ACROSS_M) * _TEXELS_M) for x in (left_m, right_m))
        top, bottom = (round((_FAR_M - y) * _TEXELS_M) for y in (far_m, near_m))
        made[max(top, 0) : bottom, left : max(right, left + 1)] = colour

    kerb, edge = road.kerb_m, road.edge_m
    for side in (-1, 1):
        inner, outer = sorted((side * kerb, side * (kerb + PAVEMENT_M)))
        strip(inner, outer, _PAVEMENT)
    strip(-kerb, kerb, _ASPHALT)
    for lane in range(road.lanes):
        for heading in (-1, 1):
            middle = road.lane_x_m(lane, heading)
            # Tyres darken where they roll.
            for wheel in (-0.75, 0.75):
                strip(middle + wheel - 0.25, middle + wheel + 0.25, _WORN)
    for lane in range(1, road.lanes):
        for side in (-1, 1):
            for start in np.arange(0, _FAR_M, 8.0).tolist():
                strip(side * lane * LANE_M - 0.08, side * lane * LANE_M + 0.08, _PAINT, start, start + 3)
    for side in (-1, 1):
        strip(side * edge - 0.08, side * edge + 0.08, _PAINT)
        strip(side * 0.16 - 0.06, side * 0.16 + 0.06, _MIDDLE)
    if road.crossing_y_m is not None:
        y = road.crossing_y_m
        for left in np.arange(-edge, edge, 0.9).tolist():
            strip(left, left + 0.45, _PAINT, y - 2, y + 2)
        strip(0.2, edge, _PAINT, y - 3.9, y - 3.5)
        strip(-edge, -0.2, _PAINT, y + 3.5, y + 3.9)
    if road.bus_stop_y_m is not None:
        y = road.bus_stop_y_m
        strip(edge + 0.2, kerb - 0.1, (96, 92, 150), y - 8, y + 8)
    coarse = cv2.resize(chance.normal(0, 5, (rows // 40 + 1, columns // 40 + 1)).astype(np.float32), (columns, rows))
    fine = chance.normal(0, 6, (rows, columns)).astype(np.float32)
    return (made + (coarse + fine)[..., None]).clip(0, 255).astype(np.uint8)


def _onto_picture(pose: Pose) -> FloatArray:
    """(3, 3): from points of the painted ground to pixels."""
    right, down, ahead = pose.axes()
    inner = np.array([[pose.focal_px, 0, pose.width_px / 2], [0, pose.focal_px, pose.height_px / 2], [0, 0, 1.0]])
    origin = np.array([pose.x_m, 0.0, pose.height_m])
    turned = np.stack([right, down, ahead])
    plane = np.column_stack([turned[:, 0], turned[:, 1], -turned @ origin])
    metres = np.array([[1 / _TEXELS_M, 0, -_ACROSS_M], [0, -1 / _TEXELS_M, _FAR_M], [0, 0, 1.0]])
    return np.asarray(inner @ plane @ metres)


def _below_horizon(pose: Pose) -> npt.NDArray[np.bool_]:
    columns, rows = np.meshgrid(np.arange(pose.width_px), np.arange(pose.height_px))
    seen = pose.on_road(np.stack([columns, rows], axis=-1).astype(np.float64))
    return np.isfinite(seen[..., 1]) & (seen[..., 1] > 0)


def _houses(picture: Picture, road: Road, pose: Pose, chance: np.random.Generator) -> None:
    """Far ones first."""
    near = road.kerb_m + PAVEMENT_M + 1.0
    for y in np.arange(_FAR_M + 40, 18, -16.0).tolist():
        for side in (-1, 1):
            depth, height = float(chance.uniform(10, 15)), float(chance.uniform(6, 26))
            wall = np.array(_WALLS[int(chance.integers(len(_WALLS)))]) * float(chance.uniform(0.75, 1.05))
            inner, outer = side * near, side * (near + 14)
            along = np.array([[inner, y, 0], [inner, y + depth, 0], [inner, y + depth, height], [inner, y, height]])
            front = np.array([[inner, y, 0], [outer, y, 0], [outer, y, height], [inner, y, height]])
            for face, shade in ((along, 0.8), (front, 1.0)):
                corners = pose.seen(face)
                if np.isfinite(corners).all():
                    cv2.fillPoly(picture, [polygon(corners)], (wall * shade).tolist(), cv2.LINE_AA, 4)
            for floor in np.arange(3, height - 1.5, 3.2).tolist():
                for at in np.arange(y + 1, y + depth - 1.5, 2.6).tolist():
                    pane = np.array(
                        [
                            [inner, at, floor],
                            [inner, at + 1.4, floor],
                            [inner, at + 1.4, floor + 1.6],
                            [inner, at, floor + 1.6],
                        ]
                    )
                    corners = pose.seen(pane)
                    if np.isfinite(corners).all():
                        cv2.fillPoly(picture, [polygon(corners)], (wall * 0.45).tolist(), cv2.LINE_AA, 4)
