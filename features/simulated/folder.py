"""The simulated Seoul as files: written beside and moved into place, so that a folder never holds half a file."""

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from features.atomic import full_disk_named
from features.errors import BadInput
from features.simulated.seoul import SimulatedSeoul

if TYPE_CHECKING:
    from features.simulated.cctv.scene import Scene

_LABEL = "SIMULATED"
_SCRATCH = ".simulating-"
_CAMERAS = "cameras"
_README = """\
# SIMULATED (모의 자료): not measurements

Everything in this folder was made by `haechi simulate`. It describes no real vehicle, road, sensor or hour of Seoul.

- seed {seed}, from {start} to {end}
- `traffic.parquet`: time (UTC, start of the counted hour), entity_id, volume_veh_h; an hour not counted has no row
- `links.csv`: entity_id, name, lat, lon, district, road_class, capacity_veh_h
- `weather.parquet`: time (UTC, start of the hour), rain_mm, temperature_c; `haechi train --covariates` takes it
- `station_weather.parquet`: the same rain and temperature as a weather station reads them: time (UTC; rain is that of
  the hour that starts), entity_id, air_temperature_c, rain_mm, wind_speed_ms, humidity_pct, dew_point_c
- `air.parquet`: time (UTC, start of the hour), entity_id, pm10_ug_m3, pm25_ug_m3, o3_ppm, no2_ppm, so2_ppm, co_ppm
- `river.parquet`: time (UTC, instant, every ten minutes), entity_id and what it measures: `paldang` inflow_m3s,
  release_m3s, stage_m; `tide` tide_cm; gauges stage_cm (1018683: stage_masl_cm, 207 cm above its staff gauge) and
  discharge_m3s
- `parking.parquet`: time (UTC, instant, every hour), entity_id, free_spaces as a feed has them: hours are missing,
  stand still, or show fewer than none or more than the capacity
- `parking_lots.csv`: entity_id, name, lat, lon, capacity, kind (garage, on-street, resident), city (its district),
  ev_bays, disabled_bays, max_height_m
- `parking_truth.parquet`: time (UTC, instant, every hour), entity_id, occupied_spaces: what truly was
- `places.csv`: entity_id, name, lat, lon, kind of the instruments of weather, air and river
- `truth.jsonl`: what truly happened: rain, smog, yellow_dust, crash, roadworks (announced), outage, each with onset,
  end and entity; and each `episode`: a level of a hazard that was in force at an instrument, from the instant of the
  reading that met its criterion to that of the reading that lifted it, with its peak; `gathering` (announced) and the
  garages that it fills, though no road counts its cars; `parking_gap`, `parking_frozen` and `parking_wrong`: readings
  of a car park (no entity: of all) that are missing, the last one again, or false
- `cameras/`, where cameras were asked for: a film of each, `CAM-000.mp4`, rendered; `cameras.csv` (pose, light, rain,
  what was staged), `CAM-000.toml` (zones as polygons of pixels, four points of the road), `boxes.parquet` (camera_id,
  frame, time_s, track_id, kind, left_px, top_px, right_px, bottom_px, visible_share, x_m, y_m, speed_km_h) and
  `incidents.csv` (camera_id, kind, onset_s, cleared_s, track_id): what truly went wrong

The Parquet files say `simulated: true` in their metadata. The same seed gives the same value at the same link and hour,
whatever span is asked for.
"""


def check_out(out: Path) -> None:
    """Refuse a place that the tables cannot go to.

    Raises:
        BadInput: ``out`` is a file, or a folder that holds something other than an earlier simulation.
    """
    if out.exists() and not out.is_dir():
        raise BadInput(cause=f"{out} is a file, not a folder", mend="Give --out a folder that is new or empty")
    readme = out / "README.md"
    earlier = readme.is_file() and _LABEL in readme.read_text(encoding="utf-8", errors="replace")
    # A run that was killed leaves its scratch folder behind; the next one may still go ahead.
    others = [path for path in out.glob("*") if not path.name.startswith(_SCRATCH)]
    if others and not earlier:
        raise BadInput(
            cause=f"{out} holds files that are no simulation",
            mend="Give --out a folder that is new, empty, or an earlier simulation (which is then replaced)",
        )


def write_folder(seoul: SimulatedSeoul, out: Path, on_block: Callable[[], None], scenes: "Sequence[Scene]" = ()) -> int:
    """Write the tables of traffic, weather, air, river and parking, places, truth.jsonl and README.md into a folder.

    Args:
        seoul: what to write.
        out: the folder; made where it is missing.
        on_block: called after every piece of the traffic table, and after every frame of a film.
        scenes: that cameras film.

    Returns:
        Rows of traffic written.

    Raises:
        BadInput: as ``check_out``.
    """
    check_out(out)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=out) as scratch, full_disk_named():
        made = Path(scratch)
        label = {"simulated": "true", "simulated_seed": str(seoul.config.seed)}
        rows = _write_blocks(_told(seoul.traffic_blocks(), on_block), made / "traffic.parquet", label)
        _write_blocks(seoul.air_blocks(), made / "air.parquet", label)
        _write_blocks(seoul.river_blocks(), made / "river.parquet", label)
        _write_blocks(seoul.parking_blocks(), made / "parking.parquet", label)
        _write_blocks(seoul.occupancy_blocks(), made / "parking_truth.parquet", label)
        seoul.station_weather.write_parquet(made / "station_weather.parquet", metadata=label)
        seoul.weather.write_parquet(made / "weather.parquet", metadata=label)
        seoul.links.write_csv(made / "links.csv")
        seoul.lots.write_csv(made / "parking_lots.csv")
        seoul.places.write_csv(made / "places.csv")
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in seoul.truth()]
        (made / "truth.jsonl").write_text("".join(lines), encoding="utf-8")
        (made / "README.md").write_text(_readme(seoul), encoding="utf-8")
        if scenes:
            from features.simulated.cctv.film import write_films

            write_films(scenes, made / _CAMERAS, on_block, label)
        # A folder does not take another's place as a file does; and films of an earlier simulation are not of this one.
        shutil.rmtree(out / _CAMERAS, ignore_errors=True)
        # The README first: whoever finds the rest finds the label.
        for name in ("README.md", *sorted(path.name for path in made.iterdir() if path.name != "README.md")):
            os.replace(made / name, out / name)
    return rows


def summary(seoul: SimulatedSeoul, out: Path, rows: int, cameras: int = 0) -> dict[str, Any]:
    """What ``haechi simulate`` answers: the span, the size of the tables, how many events of each kind."""
    kinds = Counter(str(row["kind"]) for row in seoul.truth())
    cells = len(seoul.hours) * len(seoul.links)
    return {
        "simulated": True,
        "seed": seoul.config.seed,
        "from": seoul.config.start.isoformat(),
        "to": seoul.config.end.isoformat(),
        "out": str(out),
        "entities": len(seoul.links),
        "hours": len(seoul.hours),
        "rows": rows,
        "missing_share": round(1 - rows / cells, 4),
        "cameras": cameras,
        "events": dict(sorted(kinds.items())),
    }


def _told(blocks: Iterable[pl.DataFrame], on_block: Callable[[], None]) -> Iterator[pl.DataFrame]:
    for block in blocks:
        yield block
        on_block()


def _write_blocks(blocks: Iterable[pl.DataFrame], path: Path, label: dict[str, str]) -> int:
    rows = 0
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        parts = Path(folder)
        for number, block in enumerate(blocks):
            block.write_parquet(parts / f"{number:06d}.parquet")
            rows += len(block)
        # Streamed from the pieces: memory does not grow with the span.
        pl.scan_parquet(parts / "*.parquet").sink_parquet(path, metadata=label)
    return rows


def _readme(seoul: SimulatedSeoul) -> str:
    config = seoul.config
    return _README.format(seed=config.seed, start=config.start.isoformat(), end=config.end.isoformat())
