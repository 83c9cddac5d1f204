"""The pictures of a judged hazard model: reliability, and the largest event as it was forecast."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from features.clock import wall_clock
from features.disaster.config import DisasterConfig
from features.figure import save_png
from training.disaster.sample import Said, Sample
from training.disaster.scores import Judgement

_INK, _MODEL, _BAND, _GREY, _LINE = "#1b2733", "#0b6e99", "#9cc9dc", "#8a949e", "#b3261e"
_AROUND_STEPS = 240


def draw(
    found: Judgement,
    said: Said,
    sample: Sample,
    rows: np.ndarray,
    config: DisasterConfig,
    folder: Path,
    *,
    simulated: bool,
) -> Path:
    """Write the pictures of one judged stretch and return ``folder``.

    Args:
        found: the judgement.
        said: of every row.
        sample: of the same rows.
        rows: (row,), which were judged.
        config: of the hazard.
        folder: made here.
        simulated: whether every title says so.
    """
    folder.mkdir()
    label = " - SIMULATED" if simulated else ""
    save_png(_reliability(found, config, label), folder / "reliability.png")
    save_png(_event(said, sample, rows, config, label), folder / "largest_event.png")
    return folder


def _reliability(found: Judgement, config: DisasterConfig, label: str) -> Figure:
    """Said against came, one line a horizon, with the counts below: of the first level, within the time ahead."""
    figure = Figure(figsize=(7, 7), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=[3, 1], sharex=True)
    above.plot([0, 1], [0, 1], color=_GREY, lw=0.8, label="as often as said")
    level = config.hazard.levels[0]
    chosen = [one for one in found.levels if one.level == level.name and one.kind == "within"]
    for number, one in enumerate(chosen):
        bins = [each for each in one.bins if each.count]
        shade = 0.25 + 0.75 * (number + 1) / len(chosen)
        said = [each.forecast for each in bins]
        came = [each.observed for each in bins]
        above.plot(said, came, "o-", ms=4, color=_MODEL, alpha=shade, label=f"within {one.horizon_h} h")
        below.plot(said, [each.count for each in bins], "o-", ms=3, color=_MODEL, alpha=shade)
    above.set_ylabel("share that came")
    above.set_title(f"{config.hazard.words.en}, {level.words.en}: said and came{label}", loc="left")
    above.legend(frameon=False, loc="upper left")
    below.set_yscale("log")
    below.set_ylabel("forecasts")
    below.set_xlabel("probability that was forecast")
    return figure


def _event(said: Said, sample: Sample, rows: np.ndarray, config: DisasterConfig, label: str) -> Figure:
    """The quantity around its largest reading, the forecast of it, and the probability of each level."""
    hazard = config.hazard
    at = hazard.horizons_h.index(hazard.alarm_h)
    sign = 1 if hazard.levels[0].met[0][0].rises else -1
    judged = np.flatnonzero(rows & ~np.isnan(sample.at[:, at]))
    worst = judged[int(np.argmax(sign * sample.at[judged, at]))]
    near = rows & (sample.place == sample.place[worst])
    near &= np.abs(sample.issue - sample.issue[worst]) <= _AROUND_STEPS
    chosen = np.flatnonzero(near)
    times = sample.labels.times[sample.issue[chosen]]
    ahead = times + np.timedelta64(hazard.alarm_h * 60, "m")
    issued, target = (_local(each, config) for each in (times, ahead))
    figure = Figure(figsize=(10, 7), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    above.fill_between(target, said.level[chosen, at, 0], said.level[chosen, at, -1], color=_BAND, lw=0)
    above.plot(target, said.level[chosen, at, 1], color=_MODEL, lw=1.4, label=f"forecast {hazard.alarm_h} h before")
    above.plot(target, sample.at[chosen, at], ".", ms=3, color=_INK, label="measured")
    for level in hazard.levels:
        condition = level.met[0][0]
        if condition.sum_h is None and condition.quantity == hazard.quantity:
            above.axhline(condition.threshold, color=_LINE, lw=0.8, ls="--")
            above.annotate(level.words.en, (target[0], condition.threshold), fontsize=8, color=_LINE, va="bottom")
    # Room for the name of the highest line.
    above.margins(y=0.12)
    above.set_ylabel(hazard.unit)
    above.set_title(f"{hazard.words.en}: the largest event of the test part{label}", loc="left")
    above.legend(frameon=False, ncols=2)
    for number, level in enumerate(hazard.levels):
        shade = 1 - 0.3 * number
        below.plot(issued, said.within[chosen, number, at], color=_MODEL, alpha=shade, lw=1.4, label=level.words.en)
    below.set_ylim(-0.02, 1.02)
    below.set_ylabel(f"P(within {hazard.alarm_h} h), when issued")
    below.legend(frameon=False)
    _dates(below)
    return figure


def _dates(axes: Axes) -> None:
    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def _local(times: np.ndarray, config: DisasterConfig) -> np.ndarray:
    days, minutes = wall_clock(times, config.timezone)
    local: np.ndarray = days.astype("datetime64[D]") + minutes.astype("timedelta64[m]")
    return local
