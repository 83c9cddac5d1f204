"""Films of the simulated cameras and their whole truth, as ``haechi simulate --cameras`` writes them."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from features.cctv.kinds import KINDS, IncidentKind
from features.errors import BadInput
from training.cctv.truth import Film, TrueEvent, TrueFrame

LISTING = "cameras.csv"
_BOXES, _INCIDENTS = "boxes.parquet", "incidents.csv"
_LEAST_VISIBLE, _LEAST_PX = 0.3, 5.0
"""Who is hidden more, or is smaller on either side, need not be found: nobody could tell what it is."""
_SIDES = ("left_px", "top_px", "right_px", "bottom_px")


def read_rendered(folder: Path) -> list[Film]:
    """All films of a folder that holds ``cameras.csv``.

    Raises:
        BadInput: a table or a film is missing, or a table is another; names the file.
    """
    try:
        cameras = pl.read_csv(folder / LISTING, schema_overrides={"camera_id": pl.String}).to_dicts()
        boxes = pl.read_parquet(folder / _BOXES)
        incidents = pl.read_csv(folder / _INCIDENTS, schema_overrides={"camera_id": pl.String}).to_dicts()
        events, frames = _events(incidents), _frames(boxes)
        return [_film(folder, camera, events, frames) for camera in cameras]
    except (OSError, pl.exceptions.PolarsError, KeyError, ValueError) as error:
        raise BadInput(
            cause=f"{folder} is not as `haechi simulate --cameras` wrote it: {error}",
            mend=f"Simulate it again; {LISTING}, {_BOXES}, {_INCIDENTS} and each camera's film belong together",
        ) from None


def _film(
    folder: Path,
    camera: dict[str, Any],
    events: dict[str, list[TrueEvent]],
    frames: dict[str, dict[int, TrueFrame]],
) -> Film:
    name = camera["camera_id"]
    path, zones = folder / f"{name}.mp4", folder / f"{name}.toml"
    if not path.is_file():
        raise ValueError(f"{path.name} is not there")
    return Film(
        camera=name,
        path=path,
        rendered=True,
        light=camera["light"],
        size_wh_px=(int(camera["width_px"]), int(camera["height_px"])),
        zones=zones if zones.is_file() else None,
        frames=frames.get(name, {}),
        has_kinds=True,
        events=tuple(events.get(name, [])),
    )


def _events(rows: list[dict[str, Any]]) -> dict[str, list[TrueEvent]]:
    found: dict[str, list[TrueEvent]] = defaultdict(list)
    for row in rows:
        found[row["camera_id"]].append(
            TrueEvent(
                camera=row["camera_id"],
                kind=IncidentKind(row["kind"]),
                onset_s=float(row["onset_s"]),
                cleared_s=None if row["cleared_s"] is None else float(row["cleared_s"]),
            )
        )
    return found


def _frames(boxes: pl.DataFrame) -> dict[str, dict[int, TrueFrame]]:
    numbers = {str(kind): at for at, kind in enumerate(KINDS)}
    kinds = pl.col("kind").replace_strict(numbers, return_dtype=pl.Int8)
    table = boxes.with_columns(kinds).sort("camera_id", "frame", maintain_order=True)
    begins = table.select(pl.struct("camera_id", "frame").is_first_distinct()).to_series()
    starts = begins.arg_true().to_list()
    xyxy = table.select(_SIDES).to_numpy().astype(np.float32)
    large = (xyxy[:, 2:] - xyxy[:, :2]).min(axis=1, initial=np.inf) >= _LEAST_PX
    counts = large & (table["visible_share"].to_numpy() >= _LEAST_VISIBLE)
    columns = [table["track_id"].to_numpy().astype(np.int64), table["kind"].to_numpy(), xyxy, counts]
    parts = zip(*(np.split(column, starts[1:]) for column in columns), strict=True)
    found: dict[str, dict[int, TrueFrame]] = defaultdict(dict)
    named = table[starts].select("camera_id", "frame").rows()
    for (camera, frame), (track_id, kind, xyxy_px, counted) in zip(named, parts, strict=False):
        found[camera][frame] = TrueFrame(track_id=track_id, kind=kind, xyxy_px=xyxy_px, counts=counted)
    return found
