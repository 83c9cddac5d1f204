"""One entity's forecast as people read it: a fan in the terminal, or the same as a PNG."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from features.figure import save_png, tidy
from features.quantiles import column
from serving.traffic.replies import Forecast, Observed, Prediction

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FAN_WIDTHS = (12, 31)
_SHOWN_OBSERVED = 12


def terminal(forecast: Forecast, entity_id: str) -> Table:
    """A table with a fan drawn along it: what was measured, then the outermost quantiles, the median and the band."""
    observed, predictions = _of(forecast, entity_id)
    observed = observed[-_SHOWN_OBSERVED:]
    top = max([p.values[-1] for p in predictions if not isnan(p.q50)] + [o.value for o in observed], default=0) or 1
    zone = ZoneInfo(forecast.timezone)
    # Names are printed as they are: "A[1]" is no markup.
    title, caption = Text(_title(forecast, entity_id)), Text(_caption(forecast, predictions))
    table = Table(title=title, caption=caption, box=box.SIMPLE_HEAD)
    # Only the fan gives way on a narrow terminal: a shortened number is another number.
    table.add_column("time", no_wrap=True)
    for name in ("measured", _low(forecast), "q50", _high(forecast)):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column(_Fitted(partial(_scale, top)))
    for one in observed:
        table.add_row(_hour(one.time, zone), f"{one.value:.0f}", "", "", "", _Fitted(partial(_dot, one.value / top)))
    for p in predictions:
        # An entity that was never measured has no forecast, and says so in its quality.
        said = not isnan(p.q50)
        low, high = p.values[0], p.values[-1]
        cells = (f"{low:.0f}", f"{p.q50:.0f}", f"{high:.0f}") if said else ("-", "-", "-")
        fan = _Fitted(partial(_fan, low / top, p.q50 / top, high / top)) if said else Text("no forecast")
        table.add_row(_hour(p.target_time, zone), "", *cells, fan)
    return table


def png(forecast: Forecast, entity_id: str, path: Path) -> None:
    """Write the fan chart as a picture: measured values, then the median and its interval."""
    from matplotlib.figure import Figure

    observed, predictions = _of(forecast, entity_id)
    figure = Figure(figsize=(9, 4.8), layout="constrained")
    axes = figure.subplots()
    _draw(axes, forecast, observed, predictions)
    # "A$1$" is a name, not a formula.
    figure.suptitle(_title(forecast, entity_id), parse_math=False)
    figure.supxlabel(_caption(forecast, predictions), fontsize="small")
    save_png(figure, path)


def _draw(axes: "Axes", forecast: Forecast, observed: Sequence[Observed], predictions: Sequence[Prediction]) -> None:
    ahead = _local([p.target_time for p in predictions], forecast)
    low, high = [p.values[0] for p in predictions], [p.values[-1] for p in predictions]
    band = f"{_low(forecast)} to {_high(forecast)}"
    axes.fill_between(ahead, low, high, color="#9cc9dc", lw=0, label=band)
    axes.plot(ahead, [p.q50 for p in predictions], color="#0b6e99", lw=1.8, label="q50")
    if observed:
        past = _local([o.time for o in observed], forecast)
        axes.plot(past, [o.value for o in observed], "o-", color="#1b2733", ms=3, lw=0.8, label="measured")
    axes.set_ylabel(f"{forecast.quantity}, {forecast.unit}", parse_math=False)
    axes.set_ylim(bottom=0)
    tidy(axes)


def _local(times: Sequence[datetime], forecast: Forecast) -> npt.NDArray[np.datetime64]:
    """Wall clock times as matplotlib takes them: it draws what it is given."""
    zone = ZoneInfo(forecast.timezone)
    return np.array([time.astimezone(zone).replace(tzinfo=None) for time in times], dtype="datetime64[m]")


def _of(forecast: Forecast, entity_id: str) -> tuple[list[Observed], list[Prediction]]:
    observed = [one for one in forecast.observed if one.entity_id == entity_id]
    return observed, [one for one in forecast.predictions if one.entity_id == entity_id]


def _title(forecast: Forecast, entity_id: str) -> str:
    label = "SIMULATED  " if forecast.simulated else ""
    issued = forecast.issued_at.astimezone(ZoneInfo(forecast.timezone))
    return f"{label}{entity_id}  {forecast.quantity}, issued {issued:%Y-%m-%d %H:%M} {forecast.timezone}"


def _caption(forecast: Forecast, predictions: Sequence[Prediction]) -> str:
    qualities = sorted({p.quality for p in predictions})
    return f"{forecast.model}/{forecast.version}, {forecast.unit}, quality: {'; '.join(qualities)}"


def _low(forecast: Forecast) -> str:
    return column(forecast.levels[0])


def _high(forecast: Forecast) -> str:
    return column(forecast.levels[-1])


def _hour(time: datetime, zone: ZoneInfo) -> str:
    return f"{time.astimezone(zone):%a %H:%M}"


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A picture in characters, as wide as its column becomes."""

    draw: Callable[[int], Text]

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(*_FAN_WIDTHS)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.draw(min(options.max_width, _FAN_WIDTHS[1]))


def _scale(top: float, width: int) -> Text:
    end = f" {top:.0f}"
    return Text(f"0 {'─' * (width - 2 - len(end))}{end}")


def _dot(share: float, width: int) -> Text:
    return Text(" " * _cell(share, width) + "●")


def _fan(low: float, middle: float, high: float, width: int) -> Text:
    start, at, end = (_cell(share, width) for share in (low, middle, high))
    fan = Text(" " * start)
    fan.append("░" * (at - start), style="cyan")
    fan.append("█", style="bold cyan")
    fan.append("░" * (end - at), style="cyan")
    return fan


def _cell(share: float, width: int) -> int:
    return round(min(max(share, 0), 1) * (width - 1))
