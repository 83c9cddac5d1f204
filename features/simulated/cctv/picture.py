"""Draws a frame: who is on the road upon what stands still, then light, weather, and what the camera does to it."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from features.cctv.kinds import UserKind
from features.simulated.cctv.ground import LAMPS_EVERY_M, Picture, polygon, still
from features.simulated.cctv.pose import FloatArray
from features.simulated.cctv.scene import Light, Scene
from features.simulated.cctv.users import SIZE_M, User

_TIMES = 2
"""Drawn on so many times as many pixels, and made smaller: edges are soft as a lens makes them."""
_FACES = ((0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7), (4, 5, 6, 7))
"""Of a block: rear, right, front, left, above; by its corners."""
_SHADES = (0.72, 0.86, 0.78, 0.66, 1.0)
_REAR, _FRONT, _ABOVE = 0, 2, 4
_PAINTS = ((235, 235, 235), (60, 58, 56), (150, 150, 152), (40, 40, 170), (150, 80, 40), (205, 205, 200), (90, 120, 60))
_BUSES = ((190, 110, 40), (60, 150, 60), (50, 60, 200))
_CLOTHES = ((60, 60, 60), (130, 80, 50), (60, 70, 160), (180, 180, 180), (90, 140, 150))
_GLASS, _SKIN, _CARDBOARD = (58, 50, 44), (150, 175, 205), (90, 130, 170)
_SUN_M = (0.55, 0.35)
"""A shadow's length to the right and ahead for a metre of height."""
_DARKNESS = {Light.DAY: 1.0, Light.DUSK: 0.55, Light.NIGHT: 0.2}
_HAZE_MM_H = 30.0
"""Rain in which the far end of the road is half grey."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Somebody in a picture.

    Attributes:
        user: as they truly are.
        left_px: of the smallest upright rectangle around them in the picture.
        top_px: likewise.
        right_px: likewise.
        bottom_px: likewise.
        visible_share: of their outline in the picture, what nobody hides.
    """

    user: User
    left_px: float
    top_px: float
    right_px: float
    bottom_px: float
    visible_share: float


class Painter:
    """Draws the frames of one scene, one after the other."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.pose = scene, scene.pose
        self._large = scene.pose.scaled(_TIMES)
        self._still = still(scene, self._large)
        self._chance = np.random.default_rng([scene.seed, 2])
        self._sway = np.zeros(2)
        self._lamps = self._lamp_light()
        rows = np.linspace(1, 0, self.pose.height_px, dtype=np.float32)[:, None, None]
        self._haze = 0.5 * min(scene.rain_mm_h / _HAZE_MM_H, 1.5) * rows

    def draw(self, users: list[User]) -> tuple[Picture, list[Box]]:
        """(height, width, 3), blue, green, red; and the boxes of all who are in it, the nearest last."""
        order = sorted(users, key=self._distance, reverse=True)
        canvas = self._still.copy()
        if self.scene.light is Light.DAY and self.scene.rain_mm_h == 0:
            self._shadows(canvas, order)
        for user in order:
            self._user(canvas, user)
        size = (self.pose.width_px, self.pose.height_px)
        picture = cv2.resize(canvas, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        picture = self._weathered(self._lit(picture, order))
        self._sway = 0.9 * self._sway + self._chance.normal(0, self.scene.shake_px * np.sqrt(1 - 0.81), 2)
        return self._through_the_camera(picture), self._boxes(order)

    def _distance(self, user: User) -> float:
        return float(np.hypot(user.x_m - self.pose.x_m, user.y_m))

    def _user(self, canvas: Picture, user: User) -> None:
        match user.kind:
            case UserKind.CAR:
                paint = _PAINTS[int(user.tint * len(_PAINTS))]
                self._block(canvas, user, (0, 1, 0.12, 0.6), 1.0, paint)
                self._block(canvas, user, (0.12, 0.72, 0.6, 1.0), 0.84, _GLASS, above=paint)
            case UserKind.BUS:
                paint = _BUSES[int(user.tint * len(_BUSES))]
                self._block(canvas, user, (0, 1, 0.08, 0.5), 1.0, paint)
                self._block(canvas, user, (0, 1, 0.5, 0.84), 0.99, _GLASS)
                self._block(canvas, user, (0, 1, 0.84, 1.0), 1.0, paint)
            case UserKind.TRUCK:
                paint = _PAINTS[int(user.tint * len(_PAINTS))]
                parts = [((0, 0.74, 0.2, 1.0), 1.0, (196, 200, 204)), ((0.76, 1, 0.12, 0.75), 0.95, paint)]
                # Whichever lies farther away is drawn first.
                for share, narrower, colour in parts if np.cos(user.direction_rad) < 0 else reversed(parts):
                    self._block(canvas, user, share, narrower, colour)
            case UserKind.MOTORBIKE:
                self._block(canvas, user, (0, 1, 0.1, 0.5), 0.45, (48, 46, 46))
                self._block(canvas, user, (0.3, 0.65, 0.4, 0.85), 1.0, _CLOTHES[int(user.tint * len(_CLOTHES))])
                self._block(canvas, user, (0.4, 0.6, 0.85, 1.0), 0.35, (40, 40, 44))
            case UserKind.PERSON:
                clothes = _CLOTHES[int(user.tint * len(_CLOTHES))]
                self._block(canvas, user, (0.2, 0.8, 0, 0.48), 0.6, (70, 60, 50))
                self._block(canvas, user, (0.1, 0.9, 0.48, 0.86), 1.0, clothes)
                self._block(canvas, user, (0.3, 0.75, 0.86, 1.0), 0.4, _SKIN)
            case _:
                self._block(canvas, user, (0, 1, 0, 1), 1.0, _CARDBOARD)
        if user.kind in (UserKind.CAR, UserKind.BUS, UserKind.TRUCK):
            self._wheels(canvas, user)
            self._lights(canvas, user)

    def _block(
        self,
        canvas: Picture,
        user: User,
        share: tuple[float, float, float, float],
        narrower: float,
        colour: tuple[int, int, int],
        above: tuple[int, int, int] | None = None,
    ) -> None:
        corners = user.corners(share, narrower)
        seen = self._large.seen(corners)
        if not np.isfinite(seen).all():
            return
        for number, face in enumerate(_FACES):
            points = seen[list(face)]
            if _faces_the_camera(points):
                paint = np.array(above if above is not None and number == _ABOVE else colour) * _SHADES[number]
                cv2.fillPoly(canvas, [polygon(points)], paint.tolist(), cv2.LINE_AA, 4)

    def _wheels(self, canvas: Picture, user: User) -> None:
        for share in ((0.14, 0.28, 0.0, 0.3), (0.72, 0.86, 0.0, 0.3)):
            seen = self._large.seen(user.corners(share, 1.01))
            for face in (_FACES[1], _FACES[3]):
                points = seen[list(face)]
                if np.isfinite(points).all() and _faces_the_camera(points):
                    cv2.fillPoly(canvas, [polygon(points)], (30, 30, 30), cv2.LINE_AA, 4)

    def _lights(self, canvas: Picture, user: User) -> None:
        for front, colour in ((True, (210, 225, 235)), (False, (40, 40, 190))):
            for left in (True, False):
                points = self._large.seen(_lamp(user, front=front, left=left))
                if np.isfinite(points).all() and _faces_the_camera(points):
                    cv2.fillPoly(canvas, [polygon(points)], colour, cv2.LINE_AA, 4)

    def _shadows(self, canvas: Picture, users: list[User]) -> None:
        mask = np.zeros(canvas.shape[:2], dtype=np.uint8)
        for user in users:
            corners = user.corners()
            cast = corners[4:].copy()
            cast[:, :2] += np.array(_SUN_M) * cast[:, 2:]
            cast[:, 2] = 0
            seen = self._large.seen(np.concatenate([corners[:4], cast]))
            if np.isfinite(seen).all():
                cv2.fillConvexPoly(mask, cv2.convexHull(polygon(seen)), 255, cv2.LINE_AA, 4)
        dark = 1 - 0.5 * (mask[..., None] / np.float32(255))
        canvas[:] = (canvas * dark).astype(np.uint8)

    def _lamp_light(self) -> FloatArray:
        """(height, width, 1): what street lamps add by night, 0 to 1."""
        light = np.zeros((self.pose.height_px, self.pose.width_px), dtype=np.float32)
        road = self.scene.road
        for y in np.arange(6.0, 150.0, LAMPS_EVERY_M).tolist():
            for side in (-1, 1):
                angle = np.linspace(0, 2 * np.pi, 24)
                circle = np.stack([side * road.kerb_m + 7 * np.cos(angle), y + 7 * np.sin(angle), 0 * angle], axis=-1)
                seen = self.pose.seen(circle)
                if np.isfinite(seen).all():
                    cv2.fillConvexPoly(light, polygon(seen), 1.0, cv2.LINE_AA, 4)
        return np.asarray(cv2.GaussianBlur(light, (0, 0), 9)[..., None], dtype=np.float64)

    def _lit(self, picture: npt.NDArray[np.float32], users: list[User]) -> npt.NDArray[np.float32]:
        """Darkened to the hour, and lit by lamps."""
        light = self.scene.light
        if light is Light.DAY:
            return picture
        dark = _DARKNESS[light]
        glow = np.zeros_like(picture)
        beams = np.zeros(picture.shape[:2], dtype=np.float32)
        for user in users:
            if user.kind in (UserKind.PERSON, UserKind.OBJECT):
                continue
            size = SIZE_M[user.kind]
            nose, sin, cos = size[0] / 2, np.sin(user.direction_rad), np.cos(user.direction_rad)
            ahead, across = np.array([sin, cos]), np.array([cos, -sin])
            middle = np.array([user.x_m, user.y_m])
            flat = [
                middle + ahead * (nose + far) + across * side
                for far, side in ((0.5, 0.7), (14, 2.4), (14, -2.4), (0.5, -0.7))
            ]
            seen = self.pose.seen(np.column_stack([np.array(flat), np.zeros(4)]))
            if np.isfinite(seen).all():
                cv2.fillConvexPoly(beams, polygon(seen), 1.0, cv2.LINE_AA, 4)
            for front, colour, reach in ((True, (235, 250, 255), 0.5), (False, (30, 30, 255), 0.28)):
                for left in (True, False):
                    points = self.pose.seen(_lamp(user, front=front, left=left))
                    if np.isfinite(points).all() and _faces_the_camera(points):
                        depth = max(self._distance(user), 4.0)
                        radius = max(1, round(self.pose.focal_px * reach / depth))
                        centre = tuple(np.round(points.mean(axis=0)).astype(int).tolist())
                        cv2.circle(glow, centre, radius, colour, -1, cv2.LINE_AA)
        cones = cv2.GaussianBlur(beams, (0, 0), 4)[..., None]
        share = dark + (0.8 - dark) * np.clip(0.55 * self._lamps + 0.5 * cones, 0, 1)
        shown = picture * share + cv2.GaussianBlur(glow, (0, 0), 2.2) * 0.9 + glow * 0.7
        return np.asarray(shown, dtype=np.float32)

    def _weathered(self, picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        scene = self.scene
        if scene.rain_mm_h <= 0:
            return picture
        grey = float(picture.mean())
        picture = (picture * (1 - self._haze) + np.float32(grey) * self._haze).astype(np.float32)
        streaks = np.zeros(picture.shape[:2], dtype=np.float32)
        for _ in range(round(60 * min(scene.rain_mm_h / 10, 3.0))):
            x, y = self._chance.uniform(0, [self.pose.width_px, self.pose.height_px]).astype(int).tolist()
            long = int(self._chance.integers(5, 14))
            cv2.line(streaks, (x, y), (x - 1, y + long), 1.0, 1, cv2.LINE_AA)
        return np.asarray(picture * 0.92 + streaks[..., None] * 26, dtype=np.float32)

    def _through_the_camera(self, picture: npt.NDArray[np.float32]) -> Picture:
        """Sway, noise, compression."""
        scene, size = self.scene, (self.pose.width_px, self.pose.height_px)
        shift = np.array([[1, 0, self._sway[0]], [0, 1, self._sway[1]]], dtype=np.float64)
        swayed = cv2.warpAffine(picture, shift, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        noise = scene.noise * (1.8 if scene.light is Light.NIGHT else 1.0)
        noisy = swayed + self._chance.standard_normal(picture.shape, dtype=np.float32) * np.float32(noise)
        taken = noisy.clip(0, 255).astype(np.uint8)
        _, packed = cv2.imencode(".jpg", taken, [cv2.IMWRITE_JPEG_QUALITY, scene.jpeg_quality])
        return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), dtype=np.uint8)

    def _boxes(self, order: list[User]) -> list[Box]:
        """Of all whose outline lies in the picture, as the camera swayed."""
        width, height = self.pose.width_px, self.pose.height_px
        owner = np.zeros((height, width), dtype=np.int32)
        outlines: list[tuple[User, FloatArray, int]] = []
        for number, user in enumerate(order, start=1):
            seen = self.pose.seen(user.corners()) + self._sway
            if not np.isfinite(seen).all():
                continue
            hull = cv2.convexHull(np.round(seen).astype(np.int32))
            mine = np.zeros((height, width), dtype=np.uint8)
            cv2.fillConvexPoly(mine, hull, 1)
            if mine.any():
                owner[mine > 0] = number
                outlines.append((user, seen, number))
        return [box for user, seen, number in outlines if (box := self._box(user, seen, number, owner)) is not None]

    def _box(self, user: User, seen: FloatArray, number: int, owner: npt.NDArray[np.int32]) -> Box | None:
        (left, top), (right, bottom) = seen.min(axis=0), seen.max(axis=0)
        left, right = (float(np.clip(x, 0, self.pose.width_px)) for x in (left, right))
        top, bottom = (float(np.clip(y, 0, self.pose.height_px)) for y in (top, bottom))
        if right - left < 1 or bottom - top < 1:
            return None
        mine = np.zeros(owner.shape, dtype=np.uint8)
        cv2.fillConvexPoly(mine, cv2.convexHull(np.round(seen).astype(np.int32)), 1)
        share = float((owner[mine > 0] == number).mean())
        return Box(user=user, left_px=left, top_px=top, right_px=right, bottom_px=bottom, visible_share=share)


def _faces_the_camera(points_px: FloatArray) -> bool:
    """Whether a face whose corners run round it as ``_FACES`` has them shows its outside."""
    x, y = points_px[:, 0], points_px[:, 1]
    return bool(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) < 0)


def _lamp(user: User, *, front: bool, left: bool) -> FloatArray:
    """(4, 3): corners of a head or tail lamp."""
    corners = user.corners((-0.01, 1.01, 0.28, 0.45))
    a, b, c, d = (corners[at] for at in _FACES[_FRONT if front else _REAR])
    near, far = (0.05, 0.27) if left else (0.73, 0.95)
    return np.array([a + (b - a) * near, a + (b - a) * far, d + (c - d) * far, d + (c - d) * near])
