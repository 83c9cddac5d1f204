"""What a camera's own file says of its picture: which part of it is what, and where its pixels lie on the road.

camera = "CAM-007"

[ground]                  # optional: four or more points of the road
pixels = [[60, 280], [300, 280], [210, 90], [150, 90]]
metres = [[-6, 12], [6, 12], [6, 45], [-6, 45]]

[[zone]]
kind = "carriageway"      # or shoulder, crossing, bus stop, parking
name = "towards Mapo"     # optional
points = [[60, 280], [300, 280], [210, 90], [150, 90]]
arrow = [[180, 280], [180, 90]]  # optional: from where to where one drives; else learned from those who do
"""

import tomllib
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from features.cctv.ground import Ground
from features.cctv.zone import FloatArray, Zone, ZoneKind
from features.errors import BadInput, UnknownName

Mask = npt.NDArray[np.bool_]

_FINE = 2
"""Masks are drawn on so many times as many pixels to measure from, so that a depth is right to a quarter of a pixel."""
_EXAMPLE = "`haechi simulate --cameras 1` writes such a file beside each film"


@dataclass(frozen=True, kw_only=True)
class Zones:
    """A camera's zones.

    Attributes:
        camera: whose, or empty.
        size_wh_px: of its pictures.
        zones: as listed.
        ground: the road's plane; None: not told.
        sha256: of the file.
    """

    camera: str
    size_wh_px: tuple[int, int]
    zones: tuple[Zone, ...]
    ground: Ground | None
    sha256: str

    def at(self, foot_px: npt.ArrayLike) -> frozenset[ZoneKind]:
        """What is there, at a point of the picture."""
        return frozenset(zone.kind for zone in self.zones if zone.depth_px(foot_px) >= 0)

    def mask(self, kind: ZoneKind) -> Mask:
        """(height, width), whether a pixel's middle is in a zone of a kind."""
        found = np.zeros(self.size_wh_px[::-1], dtype=np.uint8)
        for zone in self.of(kind):
            cv2.fillPoly(found, [np.round((zone.points_px - 0.5) * 16).astype(np.int32)], 1, shift=4)
        return found.astype(np.bool_)

    def of(self, kind: ZoneKind) -> list[Zone]:
        """Those of a kind."""
        return [zone for zone in self.zones if zone.kind is kind]

    def depth_px(self, kind: ZoneKind, foot_px: npt.ArrayLike) -> float:
        """How far from the edge of all zones of a kind together; below 0 outside, minus infinity without any.

        Two strips of a carriageway that touch have no edge between them.
        """
        field = self._depths.get(kind)
        if field is None:
            return -np.inf
        width, height = self.size_wh_px
        x, y = np.asarray(foot_px, dtype=np.float64)
        column, row = (int(np.clip(at * _FINE, 0, most * _FINE - 1)) for at, most in ((x, width), (y, height)))
        return float(field[row, column])

    @cached_property
    def _depths(self) -> dict[ZoneKind, npt.NDArray[np.float32]]:
        return {kind: self._depth(kind) for kind in ZoneKind if self.of(kind)}

    def _depth(self, kind: ZoneKind) -> npt.NDArray[np.float32]:
        width, height = (side * _FINE for side in self.size_wh_px)
        inside = np.zeros((height, width), dtype=np.uint8)
        for zone in self.of(kind):
            cv2.fillPoly(inside, [np.round((zone.points_px * _FINE - 0.5) * 16).astype(np.int32)], 1, shift=4)
        return (depth_px(inside.astype(np.bool_)) / _FINE).astype(np.float32)


def depth_px(inside: Mask) -> npt.NDArray[np.float32]:
    """(height, width): distance of each pixel to the edge of a mask, above 0 inside; the picture's edge is none."""
    own, other = inside.astype(np.uint8), (~inside).astype(np.uint8)
    found = cv2.distanceTransform(own, cv2.DIST_L2, 5) - cv2.distanceTransform(other, cv2.DIST_L2, 5)
    return np.asarray(found, dtype=np.float32)


def load_zones(path: Path, size_wh_px: tuple[int, int]) -> Zones:
    """Read a camera's file.

    Args:
        path: TOML.
        size_wh_px: of the camera's pictures.

    Raises:
        BadInput: it cannot be read, is no TOML, or a zone or the ground is wrong; names which, and how to mend it.
    """
    raw, digest = _read(path)
    _refuse_unknown(raw, {"camera", "ground", "source", "zone"}, str(path))
    listed = raw.get("zone", [])
    if not isinstance(listed, list) or not all(isinstance(row, dict) for row in listed):
        raise BadInput(cause=f"{path}: zone is no list of tables", mend="Write one [[zone]] table a zone")
    try:
        zones = tuple(_zone(row, number, size_wh_px) for number, row in enumerate(listed, start=1))
        ground = _ground(raw["ground"]) if "ground" in raw else None
    except BadInput as error:
        raise BadInput(cause=f"{path}: {error.cause}", mend=error.mend) from None
    return Zones(camera=str(raw.get("camera", "")), size_wh_px=size_wh_px, zones=zones, ground=ground, sha256=digest)


def _read(path: Path) -> tuple[dict[str, Any], str]:
    try:
        content = path.read_bytes()
        return tomllib.loads(content.decode("utf-8")), sha256(content).hexdigest()
    except OSError as error:
        raise BadInput(cause=f"The zones {path} cannot be read: {error.strerror}", mend=_EXAMPLE) from None
    except UnicodeDecodeError:
        raise BadInput(cause=f"The zones {path} are not UTF-8", mend="Save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput(cause=f"{path} is not valid TOML: {error}", mend=f"Mend that line; {_EXAMPLE}") from None


def _refuse_unknown(table: dict[str, Any], known: set[str], where: str) -> None:
    for name in table:
        if name not in known:
            error = UnknownName.among("key", name, sorted(known))
            raise BadInput(cause=f"{where}: {error.cause}", mend=error.mend)


def _zone(row: dict[str, Any], number: int, size_wh_px: tuple[int, int]) -> Zone:
    where = f"zone {number}"
    _refuse_unknown(row, {"kind", "name", "points", "arrow"}, where)
    for name in ("kind", "points"):
        if name not in row:
            raise BadInput(cause=f"{where} has no {name}", mend=_EXAMPLE)
    kinds = [str(kind) for kind in ZoneKind]
    if row["kind"] not in kinds:
        error = UnknownName.among("kind of zone", str(row["kind"]), kinds)
        raise BadInput(cause=f"{where}: {error.cause}", mend=error.mend)
    kind = ZoneKind(row["kind"])
    name = row.get("name", f"{kind} {number}")
    if not isinstance(name, str) or not name.strip():
        raise BadInput(cause=f"{where}: its name is no words", mend="Name it as people know it, or leave the name out")
    return Zone.of(kind, name, row["points"], size_wh_px, f"{where} ({name})", row.get("arrow"))


def _ground(table: Any) -> Ground:
    if not isinstance(table, dict):
        raise BadInput(cause="ground is no table", mend="Write [ground] with pixels and metres")
    _refuse_unknown(table, {"pixels", "metres"}, "ground")
    for name in ("pixels", "metres"):
        if name not in table:
            raise BadInput(cause=f"ground has no {name}", mend="Give the same points of the road in pixels and metres")
    return Ground.from_points(table["pixels"], table["metres"])


__all__ = ["FloatArray", "Zone", "ZoneKind", "Zones", "depth_px", "load_zones"]
