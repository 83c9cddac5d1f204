"""Draws a judged run into a folder of PNG files."""

from datetime import datetime
from pathlib import Path

import numpy as np

from features.clock import utc_times, wall_clock
from features.figure import save_png
from features.series import FloatArray, Panel
from features.traffic.config import TrafficConfig
from training import pictures
from training.scores import Scoreboard
from training.traffic.judge import Judged


def draw(
    judged: Judged,
    panel: Panel,
    config: TrafficConfig,
    positions: tuple[FloatArray, FloatArray] | None,
    folder: Path,
    *,
    simulated: bool,
) -> Path:
    """Write the pictures of one run and return ``folder``.

    Args:
        judged: a replay with examples.
        panel: what it was replayed on.
        config: of the model.
        positions: (entity,) latitude and longitude in degrees; None leaves the map out.
        folder: made here.
        simulated: whether every title says so.
    """
    folder.mkdir()
    scores, label = judged.scores, " - SIMULATED" if simulated else ""
    save_png(pictures.error_by_step(scores, title=f"Error by steps ahead{label}"), folder / "error_by_step.png")
    title = f"Error by hour of the day and steps ahead{label}"
    save_png(pictures.error_by_hour(scores, title=title), folder / "error_by_hour.png")
    title = f"How much the interval holds{label}"
    save_png(pictures.coverage(scores, target=config.interval, title=title), folder / "coverage.png")
    error = _entity_error(scores)
    if positions is not None:
        figure = pictures.error_map(*positions, error, title=f"Error by place{label}", unit=scores.unit)
        save_png(figure, folder / "error_map.png")
    if judged.examples:
        _fan(judged, panel, config, error, folder / "forecast.png", label)
    return folder


def _fan(judged: Judged, panel: Panel, config: TrafficConfig, error: FloatArray, path: Path, label: str) -> None:
    """The last week of the place whose error is the median one among those measured then: neither best nor worst."""
    recent = np.concatenate([issue.measured for issue in judged.examples], axis=1)
    lively = np.flatnonzero((np.isnan(recent).mean(axis=1) < 0.5) & ~np.isnan(error))
    if not len(lively):
        return
    place = lively[np.argsort(error[lively])[len(lively) // 2]]
    times = [_local_times(issue.issued_at, config) for issue in judged.examples]
    figure = pictures.fan_chart(
        times,
        [issue.forecast[place] for issue in judged.examples],
        [issue.measured[place] for issue in judged.examples],
        interval=config.interval,
        title=f"{panel.entities[place]}: a typical week{label}",
        unit=judged.scores.unit,
    )
    save_png(figure, path)


def _local_times(issued_at: datetime, config: TrafficConfig) -> np.ndarray:
    times = utc_times(issued_at, config.step_min, config.horizon_steps)
    days, minutes = wall_clock(times, config.timezone)
    local: np.ndarray = days.astype("datetime64[D]") + minutes.astype("timedelta64[m]")
    return local


def _entity_error(scores: Scoreboard) -> FloatArray:
    count = scores.by_entity["count"]
    mean = np.divide(scores.by_entity["error"], count, out=np.full_like(count, np.nan), where=count > 0)
    return mean.astype(np.float32)
