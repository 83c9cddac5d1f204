"""The pictures of a run: what was forecast and measured, where, when and how far ahead it errs, how well it covers."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateFormatter, AutoDateLocator
from matplotlib.figure import Figure

from features.series import FloatArray
from training.scores import Scoreboard

_INK, _MODEL, _BAND, _GREY = "#1b2733", "#0b6e99", "#9cc9dc", "#8a949e"


def fan_chart(
    times: list[np.ndarray],
    forecasts: list[FloatArray],
    measured: list[FloatArray],
    *,
    interval: float,
    title: str,
    unit: str,
) -> Figure:
    """Forecasts issued a day apart, with their interval, over what was then measured.

    Args:
        times: of each forecast's targets, (step,), datetime64, local.
        forecasts: (step, quantile) each, the median in the middle.
        measured: (step,) each, NaN where missing.
        interval: share that the outermost quantiles are meant to hold.
        title: what is shown.
        unit: of the values.
    """
    figure, axes = _figure(title)
    for number, (when, quantiles, truth) in enumerate(zip(times, forecasts, measured, strict=True)):
        first = number == 0
        band = f"{100 * interval:g} % interval" if first else None
        axes.fill_between(when, quantiles[:, 0], quantiles[:, -1], color=_BAND, lw=0, label=band)
        axes.plot(
            when,
            quantiles[:, quantiles.shape[1] // 2],
            color=_MODEL,
            lw=1.6,
            label="forecast at midnight" if first else None,
        )
        axes.plot(when, truth, ".", color=_INK, ms=4, label="measured" if first else None)
        axes.axvline(when[0], color=_GREY, lw=0.5)
    axes.set_ylabel(unit)
    axes.set_ylim(bottom=0)
    _date(axes)
    axes.legend(frameon=False, ncols=3, loc="upper left", bbox_to_anchor=(0, 1.09))
    return figure


def event_chart(
    times: np.ndarray,
    forecast: FloatArray,
    measured: FloatArray,
    event: tuple[np.datetime64, np.datetime64],
    *,
    title: str,
    unit: str,
) -> Figure:
    """One link around an event: what was measured beside what was forecast one step ahead.

    Args:
        times: (step,), datetime64, local.
        forecast: (step, 3), q10, q50 and q90, each issued at its interval's start.
        measured: (step,), NaN where missing.
        event: its onset and the end of its last interval outside, local.
        title: what is shown.
        unit: of the values.
    """
    figure, axes = _figure(title)
    axes.axvspan(event[0], event[1], color="#f3d9c6", lw=0, label="event")  # type: ignore[arg-type]
    axes.fill_between(times, forecast[:, 0], forecast[:, 2], color=_BAND, lw=0, label="80 % interval")
    axes.plot(times, forecast[:, 1], color=_MODEL, lw=1.6, label="forecast one step ahead")
    axes.plot(times, measured, ".-", color=_INK, ms=4, lw=0.8, label="measured")
    axes.set_ylabel(unit)
    axes.set_ylim(bottom=0)
    _date(axes)
    axes.legend(frameon=False, ncols=4, loc="upper left", bbox_to_anchor=(0, 1.09))
    return figure


def error_by_step(scores: Scoreboard, *, title: str) -> Figure:
    """Mean absolute error by how far ahead, the model's beside each baseline's."""
    figure, axes = _figure(title)
    steps = np.arange(1, len(scores.count) + 1)
    worst = max(scores.mae(name) for name in scores.absolute if name != "last value")
    # The last value errs ten times as much by noon; the picture is about the others.
    top = 1.6 * worst or 1
    axes.set_ylim(0, top)
    others = iter(("#8a949e", "#c8743c", "#7d6ba0", "#3f8f63", "#b5485d"))
    for name in scores.absolute:
        values = [scores.mae(name, int(step)) for step in steps]
        own = name == scores.model
        label = f"{name} (leaves the scale)" if np.nanmax(values) > top else name
        axes.plot(steps, values, label=label, color=_MODEL if own else next(others), lw=2.4 if own else 1.2)
    axes.set_xlabel("steps ahead")
    axes.set_ylabel(f"mean absolute error, {scores.unit}")
    axes.legend(frameon=False)
    return figure


def error_by_hour(scores: Scoreboard, *, title: str) -> Figure:
    """Mean absolute error by the target's hour of the day and steps ahead."""
    figure, axes = _figure(title)
    axes.grid(visible=False)
    count = scores.by_hour["count"]
    mean = np.divide(scores.by_hour["error"], count, out=np.full_like(count, np.nan), where=count > 0)
    image = axes.imshow(
        mean, aspect="auto", origin="lower", cmap="magma_r", extent=(0.5, mean.shape[1] + 0.5, -0.5, 23.5)
    )
    axes.set_xlabel("steps ahead")
    axes.set_ylabel("hour of the day")
    axes.set_yticks(range(0, 24, 3))
    figure.colorbar(image, ax=axes, label=f"mean absolute error, {scores.unit}")
    return figure


def error_by_day(
    days: np.ndarray, means: Mapping[str, np.ndarray], *, origins: np.ndarray, title: str, unit: str
) -> Figure:
    """Mean absolute error as time goes on, and where a model took over.

    Args:
        days: (day,), datetime64, local.
        means: (day,) of each forecaster by name, the model's first; NaN where nothing was measured.
        origins: (origin,), datetime64, local.
        title: what is shown.
        unit: of the errors.
    """
    figure, axes = _figure(title)
    for (name, values), color, width in zip(means.items(), (_MODEL, _GREY), (1.8, 1.2), strict=False):
        axes.plot(days, values, color=color, lw=width, label=name)
    for origin in origins:
        axes.axvline(origin, color=_INK, lw=0.8, ls=":")
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"mean absolute error, {unit}")
    _date(axes)
    axes.legend(frameon=False)
    return figure


def error_map(lat: FloatArray, lon: FloatArray, error: FloatArray, *, title: str, unit: str) -> Figure:
    """Mean absolute error at each place; places without a position are left out.

    Args:
        lat: (entity,), degrees, NaN where unknown.
        lon: (entity,), degrees.
        error: (entity,), in ``unit``, NaN where nothing was measured.
        title: what is shown.
        unit: of the error.
    """
    figure, axes = _figure(title)
    known = ~np.isnan(lat) & ~np.isnan(lon) & ~np.isnan(error)
    order = np.flatnonzero(known)[np.argsort(error[known])]
    points = axes.scatter(lon[order], lat[order], c=error[order], s=40, cmap="magma_r", edgecolor="white", lw=0.5)
    axes.set_aspect(1 / np.cos(np.deg2rad(np.nanmean(lat))) if known.any() else 1)
    axes.set_xlabel("longitude, degrees")
    axes.set_ylabel("latitude, degrees")
    figure.colorbar(points, ax=axes, label=f"mean absolute error, {unit}")
    return figure


def coverage(scores: Scoreboard, *, target: float, title: str) -> Figure:
    """Share of targets inside the interval, by steps ahead and by place, beside what was meant."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    figure.suptitle(title, color=_INK)
    by_step, by_place = (_dressed(axes) for axes in figure.subplots(1, 2))
    steps = np.arange(1, len(scores.count) + 1)
    by_step.plot(steps, [scores.coverage(int(step)) for step in steps], color=_MODEL, lw=2)
    by_step.axhline(target, color=_INK, lw=1, ls="--", label="meant")
    by_step.legend(frameon=False)
    least = min(0.5, target / 2)
    by_step.set(ylim=(least, 1), xlabel="steps ahead", ylabel="share inside the interval")
    count = scores.by_entity["count"]
    shares = scores.by_entity["inside"][count > 0] / count[count > 0]
    by_place.hist(shares, bins=np.linspace(least, 1, 51).tolist(), color=_BAND)
    by_place.axvline(target, color=_INK, lw=1, ls="--")
    by_place.set(xlabel="share inside the interval", ylabel="places")
    return figure


def search_history(
    numbers: list[int], values: list[float], baselines: dict[str, float], *, title: str, unit: str
) -> Figure:
    """The figure of every trial that went all the way, the best so far, and what the search has to beat.

    Args:
        numbers: of the trials, rising.
        values: theirs.
        baselines: other figures by name.
        title: what is shown.
        unit: of the figures.
    """
    figure, axes = _figure(title)
    axes.plot(numbers, values, "o", color=_BAND, ms=5, label="a trial")
    axes.step(numbers, np.minimum.accumulate(values), where="post", color=_MODEL, lw=2, label="the best so far")
    for (name, value), dashes in zip(baselines.items(), ("--", ":", "-."), strict=False):
        axes.axhline(value, color=_INK, lw=1, ls=dashes, label=name)
    # One trial that errs ten times as much must not flatten the others.
    top = max(*baselines.values(), float(np.median(values)))
    axes.set_ylim(min(*values, *baselines.values()) * 0.99, top * 1.1)
    axes.set_xlabel("trial")
    axes.set_ylabel(f"mean absolute error before the test, {unit}")
    axes.legend(frameon=False)
    return figure


def importance_bars(shares: dict[str, float], *, title: str) -> Figure:
    """How much of the trials' differences each searched setting explains."""
    figure, axes = _figure(title)
    names = sorted(shares, key=lambda name: shares[name])
    axes.barh(names, [shares[name] for name in names], color=_MODEL)
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of the differences between trials")
    return figure


def differences(bars: dict[str, tuple[float, float | None, float | None]], *, title: str, unit: str) -> Figure:
    """What lies between two models' errors, with its interval; left of zero the first errs less.

    Args:
        bars: name to difference and the ends of its interval, None where it is not known.
        title: what is shown.
        unit: of the errors.
    """
    figure, axes = _figure(title)
    for row, (value, low, high) in enumerate(bars.values()):
        if low is not None and high is not None:
            axes.plot([low, high], [row, row], color=_BAND, lw=6, solid_capstyle="butt")
        axes.plot(value, row, "o", color=_GREY if low is None else _MODEL)
    axes.axvline(0, color=_INK, lw=1)
    axes.set_yticks(range(len(bars)), list(bars))
    axes.invert_yaxis()
    axes.set_xlabel(f"difference of the mean absolute error and its 95 % interval, {unit}")
    return figure


def _figure(title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(9, 4.8), layout="constrained")
    axes = _dressed(figure.subplots())
    figure.suptitle(title, color=_INK)
    return figure, axes


def _date(axes: Axes) -> None:
    """Evenly: what matplotlib picks has the first of a month beside the last day before."""
    locator = AutoDateLocator(minticks=3, maxticks=8, interval_multiples=False)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(AutoDateFormatter(locator))  # type: ignore[no-untyped-call]


def _dressed(axes: Axes) -> Axes:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=_INK)
    axes.grid(color="#e6eaed", lw=0.6)
    axes.set_axisbelow(True)
    return axes
