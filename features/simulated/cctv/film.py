"""Films of the simulated cameras as files: a video each, and the truth of its boxes, incidents and zones."""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import polars as pl

from features.errors import HaechiError
from features.simulated.cctv.motion import Traffic
from features.simulated.cctv.picture import Box, Painter
from features.simulated.cctv.pose import FloatArray
from features.simulated.cctv.scene import Scene
from features.simulated.cctv.witness import Incident, Witness

_ZONE_FAR_M = 90.0
"""Ahead of the camera; farther away a zone is a few pixels."""
_ARROW_M = 2.0
"""Half the length of an arrow."""
_CORNERS_M = np.array([[-6.0, 12.0], [6.0, 12.0], [6.0, 45.0], [-6.0, 45.0]])
"""Of the road that stand in a camera's file with their pixels: enough for a homography."""


def write_films(scenes: Sequence[Scene], folder: Path, on_frame: Callable[[], None], label: dict[str, str]) -> None:
    """Write the films of several cameras and the truth of all: ``boxes.parquet``, ``incidents.csv``, ``cameras.csv``.

    Args:
        scenes: what is filmed, a film each.
        folder: where to; made.
        on_frame: called after each frame.
        label: the Parquet file's metadata.

    Raises:
        HaechiError: this OpenCV writes no MPEG-4.
    """
    folder.mkdir()
    boxes, incidents = [], []
    for scene in scenes:
        own, found = write_film(scene, folder, on_frame)
        boxes.append(own)
        incidents += [(scene.camera_id, one) for one in found]
    pl.concat(boxes).write_parquet(folder / "boxes.parquet", metadata=label)
    write_incidents(incidents, folder / "incidents.csv")
    pl.DataFrame([_told(scene) for scene in scenes]).write_csv(folder / "cameras.csv")


def write_film(scene: Scene, folder: Path, on_frame: Callable[[], None]) -> tuple[pl.DataFrame, list[Incident]]:
    """Write ``CAMERA.mp4`` and ``CAMERA.toml`` into a folder that is there.

    Args:
        scene: what is filmed.
        folder: where to.
        on_frame: called after each frame.

    Returns:
        The boxes, a row for each road user in each frame, and what went wrong.

    Raises:
        HaechiError: this OpenCV writes no MPEG-4.
    """
    path = folder / f"{scene.camera_id}.mp4"
    size = (scene.pose.width_px, scene.pose.height_px)
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), scene.fps, size)
    if not video.isOpened():
        raise HaechiError(cause="This OpenCV cannot write MPEG-4", mend="Install opencv-python-headless from PyPI")
    traffic, witness, painter, rows = Traffic(scene=scene), Witness(scene=scene), Painter(scene), []
    try:
        for number, users in enumerate(traffic.frames()):
            witness.see(number / scene.fps, users, traffic.staged)
            picture, boxes = painter.draw(users)
            video.write(picture)
            rows += [_row(scene, number, box) for box in boxes]
            on_frame()
    finally:
        video.release()
    (folder / f"{scene.camera_id}.toml").write_text(zones_toml(scene), encoding="utf-8")
    return pl.DataFrame(rows, schema=_BOXES, orient="row"), witness.incidents


_BOXES = {
    "camera_id": pl.String,
    "frame": pl.Int32,
    "time_s": pl.Float64,
    "track_id": pl.Int32,
    "kind": pl.String,
    "left_px": pl.Float32,
    "top_px": pl.Float32,
    "right_px": pl.Float32,
    "bottom_px": pl.Float32,
    "visible_share": pl.Float32,
    "x_m": pl.Float32,
    "y_m": pl.Float32,
    "speed_km_h": pl.Float32,
}


def _told(scene: Scene) -> dict[str, Any]:
    pose = asdict(scene.pose)
    return {
        "camera_id": scene.camera_id,
        "fps": scene.fps,
        "light": str(scene.light),
        "rain_mm_h": round(scene.rain_mm_h, 1),
        "staged": "" if scene.incident is None else str(scene.incident),
        **{name: round(value, 2) for name, value in pose.items()},
    }


def _row(scene: Scene, number: int, box: Box) -> tuple[Any, ...]:
    user = box.user
    where = (box.left_px, box.top_px, box.right_px, box.bottom_px, box.visible_share)
    told = (user.track_id, str(user.kind), *where, user.x_m, user.y_m, user.speed_ms * 3.6)
    return (scene.camera_id, number, number / scene.fps, *told)


def write_incidents(found: list[tuple[str, Incident]], path: Path) -> None:
    """What went wrong before each camera, as CSV: camera_id, kind, onset_s, cleared_s, track_id."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("camera_id", "kind", "onset_s", "cleared_s", "track_id"))
        for camera_id, one in found:
            cleared = "" if one.cleared_s is None else f"{one.cleared_s:.1f}"
            table.writerow(
                (camera_id, one.kind, f"{one.onset_s:.1f}", cleared, "" if one.track_id is None else one.track_id)
            )


def zones_toml(scene: Scene) -> str:
    """What a camera's file says: four points of the road with their pixels, and its zones as polygons of pixels."""
    lines = ["# SIMULATED (모의 자료): zones of a rendered camera", f'camera = "{scene.camera_id}"', ""]
    seen = scene.pose.seen(np.column_stack([_CORNERS_M, np.zeros(len(_CORNERS_M))]))
    lines += ["[ground]", f"pixels = {_listed(seen)}", f"metres = {_listed(_CORNERS_M)}"]
    for kind, polygons in scene.road.zones().items():
        for corners in polygons:
            shown = _in_picture(corners, scene)
            if shown is not None:
                lines += ["", "[[zone]]", f"kind = {json.dumps(kind)}", f"points = {_listed(shown)}"]
                if kind == "carriageway":
                    lines.append(f"arrow = {_listed(_arrow(corners, shown, scene))}")
    return "\n".join(lines) + "\n"


def _arrow(corners_m: FloatArray, shown_px: FloatArray, scene: Scene) -> FloatArray:
    """From where to where one drives on a carriageway, through the middle of what is seen of it; drivers keep right."""
    middle_m = scene.pose.on_road(shown_px.mean(axis=0))
    heading = 1.0 if corners_m[:, 0].mean() > 0 else -1.0
    ends_m = np.tile([*middle_m, 0.0], (2, 1))
    ends_m[:, 1] += np.array([-1.0, 1.0]) * heading * _ARROW_M
    return scene.pose.seen(ends_m)


def _in_picture(corners_m: FloatArray, scene: Scene) -> FloatArray | None:
    """A strip of road as a polygon of pixels within the picture; None where it is not seen."""
    pose = scene.pose
    near = max(_nearest_seen_m(scene), float(corners_m[:, 1].min()))
    far = min(_ZONE_FAR_M, float(corners_m[:, 1].max()))
    if far <= near:
        return None
    clipped = corners_m.copy()
    clipped[:, 1] = np.clip(clipped[:, 1], near, far)
    seen = pose.seen(np.column_stack([clipped, np.zeros(len(clipped))])).astype(np.float32)
    picture = np.array([[0, 0], [pose.width_px, 0], [pose.width_px, pose.height_px], [0, pose.height_px]])
    area, found = cv2.intersectConvexConvex(seen, picture.astype(np.float32))
    return found.reshape(-1, 2).astype(np.float64) if area > 1 else None


def _nearest_seen_m(scene: Scene) -> float:
    """Ahead of the camera, where the bottom of its picture lies."""
    pose = scene.pose
    return float(pose.on_road(np.array([pose.width_px / 2, float(pose.height_px)]))[1])


def _listed(points: FloatArray) -> str:
    return json.dumps([[round(x, 1), round(y, 1)] for x, y in points.tolist()])
