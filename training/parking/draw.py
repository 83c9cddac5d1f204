"""Draws a judged run into a folder of PNG files."""

from pathlib import Path

import numpy as np

from features.clock import utc_times, wall_clock
from features.figure import save_png
from features.parking.config import ParkingConfig
from training import pictures
from training.parking.job import Job
from training.parking.judge import SPACE_UNIT, Judgement

_INTERVAL = 0.8


def draw(found: Judgement, job: Job, config: ParkingConfig, folder: Path) -> Path:
    """Write the pictures of one run and return ``folder``.

    Args:
        found: a judgement with examples.
        job: what was trained on.
        config: of the model.
        folder: made here.
    """
    folder.mkdir()
    scores, label = found.shares, " - SIMULATED" if job.simulated else ""
    save_png(pictures.error_by_step(scores, title=f"Error by steps ahead{label}"), folder / "error_by_step.png")
    title = f"Error by hour of the day and steps ahead{label}"
    save_png(pictures.error_by_hour(scores, title=title), folder / "error_by_hour.png")
    title = f"How much the interval holds{label}"
    save_png(pictures.coverage(scores, target=_INTERVAL, title=title), folder / "coverage.png")
    count = scores.by_entity["count"]
    error = np.divide(scores.by_entity["error"], count, out=np.full_like(count, np.nan), where=count > 0)
    lots = job.lots.select(found.lots)
    if lots.places().any():
        figure = pictures.error_map(
            lots.lat, lots.lon, error.astype(np.float32), title=f"Error by lot{label}", unit=scores.unit
        )
        save_png(figure, folder / "error_map.png")
    if found.examples:
        _fan(found, job, config, error, folder / "forecast.png", label)
    return folder


def _fan(found: Judgement, job: Job, config: ParkingConfig, error: np.ndarray, path: Path, label: str) -> None:
    """The last week of the lot whose error is the median one among those counted then: neither best nor worst."""
    recent = np.concatenate([one.came for one in found.examples], axis=1)
    lively = np.flatnonzero((np.isnan(recent).mean(axis=1) < 0.5) & ~np.isnan(error))
    if not len(lively):
        return
    lot = lively[np.argsort(error[lively])[len(lively) // 2]]
    times = []
    for one in found.examples:
        instants = utc_times(job.panel.time(one.row + 1), config.step_min, config.horizon_steps)
        days, minutes = wall_clock(instants, config.timezone)
        times.append(days.astype("datetime64[D]") + minutes.astype("timedelta64[m]"))
    figure = pictures.fan_chart(
        times,
        [one.free[lot] for one in found.examples],
        [one.came[lot] for one in found.examples],
        interval=_INTERVAL,
        title=f"{job.lots.select(found.lots).name[lot]}: free spaces, a typical week{label}",
        unit=SPACE_UNIT,
    )
    save_png(figure, path)
