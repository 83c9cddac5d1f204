"""The free spaces of a lot as people read them: tables in the terminal, or one lot as a PNG."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from rich import box
from rich.table import Table
from rich.text import Text

from features.figure import save_png, tidy
from features.quantiles import column
from serving.parking.replies import Parking, ParkingLot, ParkingPrediction
from serving.values import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LIKELY = 0.5
_FAN_WIDTH = 32
_TITLE_CHARACTERS = 80
_BLUE, _RED, _INK, _GREY = "#0b6e99", "#b3372f", "#1b2733", "#6b7883"


def terminal(parking: Parking, lot: ParkingLot) -> Table:
    """One row a step: how many spaces are free, and how likely the lot is full."""
    table = Table(title=Text(_title(parking, lot)), caption=Text(_caption(parking, lot)), box=box.SIMPLE_HEAD)
    table.add_column("at", no_wrap=True)
    for name in (*(column(level) for level in _shown(parking)), "full"):
        table.add_column(name, justify="right", no_wrap=True)
    top = max([lot.capacity or 0.0, *(one.values[-1] for one in _of(parking, lot) if one.values)]) or 1.0
    table.add_column(f"0 {'─' * (_FAN_WIDTH - 3 - len(f'{top:.0f}'))} {top:.0f}", no_wrap=True)
    middle = len(parking.levels) // 2
    for one in _of(parking, lot):
        shown = [one.values[at] for at in (0, middle, -1)] if one.values else []
        cells = [f"{value:.0f}" for value in shown] or ["-"] * 3
        fan = _fan([value / top for value in shown]) if shown else Text("nothing is known")
        table.add_row(_hour(one.target_time, parking), *cells, _chance(one.full), fan)
    return table


def _fan(shares: Sequence[float]) -> Text:
    """From the lowest quantile to the highest, the median marked."""
    start, at, end = (round(min(max(share, 0.0), 1.0) * (_FAN_WIDTH - 1)) for share in shares)
    fan = Text(" " * start)
    fan.append("░" * (at - start), style="cyan")
    fan.append("█", style="bold cyan")
    fan.append("░" * (end - at), style="cyan")
    return fan


def overview(parking: Parking) -> Table:
    """One row a lot: what is free, what will be, and when it is most likely full."""
    label = "SIMULATED  " if parking.simulated else ""
    caption = f"{parking.model}/{parking.version}; free: the median. One lot step by step: --entity ID"
    title = f"{label}Free spaces, issued {_issued(parking)}"
    table = Table(title=Text(title), caption=Text(caption), box=box.SIMPLE_HEAD)
    table.add_column("lot", overflow="fold")
    steps = sorted({one.step for one in parking.predictions})
    shown = [steps[at] for at in sorted({0, len(steps) // 2, len(steps) - 1})]
    times = {one.step: one.target_time for one in parking.predictions}
    for name in ("now", "of", *(_hour(times[step], parking) for step in shown), "full at most", "at"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("quality")
    for lot in parking.lots:
        own = {one.step: one for one in _of(parking, lot)}
        worst = max(own.values(), key=lambda one: -1.0 if one.full is None else one.full)
        medians = (own[step].values for step in shown)
        table.add_row(
            Text(_named(lot)),
            _spaces(lot.free),
            _spaces(lot.capacity),
            *(f"{values[len(values) // 2]:.0f}" if values else "-" for values in medians),
            _chance(worst.full),
            "-" if worst.full is None else _hour(worst.target_time, parking),
            Text(lot.quality),
        )
    return table


def png(parking: Parking, lot: ParkingLot, path: Path) -> None:
    """Write the lot's picture: a fan of free spaces up to its capacity above, how likely it is full below."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    _draw_spaces(above, parking, lot)
    _draw_full(below, parking, lot)
    for axes in (above, below):
        tidy(axes)
    span = _local([parking.issued_at, max(one.target_time for one in parking.predictions)], parking)
    edge = (span[1] - span[0]) // 90
    below.set_xlim(span[0] - edge, span[1] + edge)
    locator = AutoDateLocator(minticks=5, maxticks=13)  # type: ignore[no-untyped-call]
    below.xaxis.set_major_locator(locator)
    below.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))  # type: ignore[no-untyped-call]
    below.set_xlabel(f"local time, {parking.timezone}")
    # "A$1$" is a name, not a formula.
    # A long name must not run out of the picture.
    figure.suptitle(fill(_title(parking, lot), _TITLE_CHARACTERS), parse_math=False)
    figure.supxlabel(_caption(parking, lot), fontsize="small", color=_GREY)
    save_png(figure, path)


def _draw_spaces(axes: "Axes", parking: Parking, lot: ParkingLot) -> None:
    rows = [one for one in _of(parking, lot) if one.values]
    if not rows:
        axes.text(0.5, 0.5, "nothing is known", transform=axes.transAxes, ha="center", va="center", color=_GREY)
    ahead, values = _local([one.target_time for one in rows], parking), np.array([one.values for one in rows])
    levels, middle = parking.levels, len(parking.levels) // 2
    if rows:
        # Each pair of quantiles lies over the wider ones: the likelier, the darker.
        for pair in range(middle):
            low, high = column(levels[pair]), column(levels[-1 - pair])
            shade = 0.16 + 0.16 * pair
            axes.fill_between(
                ahead, values[:, pair], values[:, -1 - pair], color=_BLUE, alpha=shade, lw=0, label=f"{low} to {high}"
            )
        axes.plot(ahead, values[:, middle], color=_BLUE, lw=2, label="median")
    now = _local([parking.issued_at], parking)
    axes.axvline(now[0], color=_GREY, lw=0.8, ls=":", label="now: no count" if lot.free is None else None)
    if lot.free is not None:
        if rows:
            axes.plot([*now, ahead[0]], [lot.free, values[0, middle]], color=_BLUE, lw=1, ls="--")
        axes.plot(now, [lot.free], "o", color=_INK, ms=7, label=f"now: {lot.free:.0f}", zorder=5, clip_on=False)
    if lot.capacity is not None:
        axes.axhline(lot.capacity, color=_INK, lw=1.2, label=f"capacity: {lot.capacity:.0f}")
        below = parking.full_share * lot.capacity
        axes.axhline(below, color=_RED, lw=0.9, ls=":", label=f"full: at most {below:.0f}")
        axes.set_ylim(0, 1.05 * max(lot.capacity, lot.free or 0))
    axes.set_ylabel("free spaces")


def _draw_full(axes: "Axes", parking: Parking, lot: ParkingLot) -> None:
    rows = [one for one in _of(parking, lot) if one.full is not None]
    ahead, full = _local([one.target_time for one in rows], parking), [100 * (one.full or 0.0) for one in rows]
    name = f"chance of being full (at most {100 * parking.full_share:g} % free)"
    axes.fill_between(ahead, 0, full, color=_RED, alpha=0.18, lw=0)
    axes.plot(ahead, full, "o-", color=_RED, lw=1.6, ms=3, label=name, clip_on=False)
    axes.axhline(100 * _LIKELY, color=_GREY, lw=0.8, ls=":")
    axes.axvline(_local([parking.issued_at], parking)[0], color=_GREY, lw=0.8, ls=":")
    axes.set_ylim(0, 100)
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.set_ylabel("%")


def _of(parking: Parking, lot: ParkingLot) -> list[ParkingPrediction]:
    return [one for one in parking.predictions if one.entity_id == lot.entity_id]


def _shown(parking: Parking) -> tuple[float, float, float]:
    levels = parking.levels
    return levels[0], levels[len(levels) // 2], levels[-1]


def _local(times: Sequence[datetime], parking: Parking) -> npt.NDArray[np.datetime64]:
    """Wall clock times as matplotlib takes them: it draws what it is given."""
    zone = ZoneInfo(parking.timezone)
    return np.array([time.astimezone(zone).replace(tzinfo=None) for time in times], dtype="datetime64[m]")


def _title(parking: Parking, lot: ParkingLot) -> str:
    label = "SIMULATED  " if parking.simulated else ""
    return f"{label}Free spaces of {_named(lot)}, issued {_issued(parking)}"


def _issued(parking: Parking) -> str:
    return f"{parking.issued_at.astimezone(ZoneInfo(parking.timezone)):%Y-%m-%d %H:%M} {parking.timezone}"


def _named(lot: ParkingLot) -> str:
    return lot.entity_id if lot.name == lot.entity_id else f"{lot.name} ({lot.entity_id})"


def _caption(parking: Parking, lot: ParkingLot) -> str:
    now = "no count" if lot.free is None else f"now {lot.free:.0f} free"
    size = "capacity not known" if lot.capacity is None else f"of {lot.capacity:.0f}"
    return f"{parking.model}/{parking.version}, {now}, {size}, quality: {lot.quality}"


def _chance(full: float | None) -> Text:
    """A probability; bold where it is likelier than not."""
    if full is None:
        return Text("-")
    return Text(percent(full), style="bold red" if full >= _LIKELY else "")


def _spaces(number: float | None) -> str:
    return "-" if number is None else f"{number:.0f}"


def _hour(time: datetime, parking: Parking) -> str:
    return f"{time.astimezone(ZoneInfo(parking.timezone)):%a %H:%M}"
