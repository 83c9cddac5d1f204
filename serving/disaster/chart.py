"""The risk at one place as people read it: a table in the terminal, or the same as a PNG."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from rich import box
from rich.table import Table
from rich.text import Text

from features.disaster.quantity import called
from features.figure import save_png, tidy
from serving.alerts.words import Words
from serving.disaster.replies import Risk, RiskPlace, RiskPrediction, Why

# From the mildest level on.
_COLOURS = ("#d9a521", "#d9622b", "#a3195b", "#5b1a5e")


def terminal(risk: Risk, place: RiskPlace) -> Table:
    """One row a horizon: the quantity, and how likely each level is met by then."""
    table = Table(title=Text(_title(risk, place)), caption=Text(_caption(risk, place)), box=box.SIMPLE_HEAD)
    table.add_column("by", no_wrap=True)
    for name in ("q10", "q50", "q90", *(level.words.en for level in risk.levels)):
        table.add_column(Text(name), justify="right")
    for row in _by_horizon(risk, place):
        quantiles = [_number(value) for value in (row[0].q10, row[0].q50, row[0].q90)]
        chances = [_alarm(risk, number, one) for number, one in enumerate(row)]
        table.add_row(_hour(row[0].target_time, risk), *quantiles, *chances)
    return table


def reasons(why: Why) -> Table | Text:
    """One row a reason, the strongest first; where there is none, one sentence that says so."""
    said = "not known" if why.probability is None else f"{100 * why.probability:.0f} %"
    zone = ZoneInfo(why.timezone)
    title = f"Why {why.level} at {why.entity_id} by {why.target_time.astimezone(zone):%a %H:%M} is {said}"
    if not why.reasons:
        return Text(f"{title}: {_unexplained(why).en}.\n{_unexplained(why).ko}.")
    table = Table(title=Text(title), caption=Text(why.method.en), box=box.SIMPLE_HEAD)
    table.add_column("effect, points", justify="right", no_wrap=True)
    table.add_column("because")
    for one in why.reasons:
        table.add_row(f"{100 * one.effect:+.1f}", Text(f"{one.words.en}\n{one.words.ko}"))
    return table


def _unexplained(why: Why) -> Words:
    """Why there are no reasons."""
    if why.probability is None or why.quality.startswith("fallback"):
        return Words(
            ko=f"모델이 직접 답한 것이 아니므로 이유도 없습니다({why.quality})",
            en=f"the model itself did not answer, so there are no reasons ({why.quality})",
        )
    return Words(
        ko="어느 한 측정값을 빼도 확률은 0.5%p 이상 달라지지 않습니다",
        en="no measurement alone moves it by half a percentage point",
    )


def png(risk: Risk, place: RiskPlace, path: Path) -> None:
    """Write the place's picture: the quantity with its interval above, the probability of each level below."""
    from matplotlib.figure import Figure

    rows = _by_horizon(risk, place)
    figure = Figure(figsize=(9, 6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    ahead = _local([row[0].target_time for row in rows], risk)
    low, middle, high = ([_drawn(getattr(row[0], name)) for row in rows] for name in ("q10", "q50", "q90"))
    above.fill_between(ahead, low, high, color="#9cc9dc", lw=0, label="q10 to q90")
    above.plot(ahead, middle, "o-", color="#0b6e99", lw=1.8, ms=3, label="q50")
    if place.now is not None:
        above.plot(_local([risk.issued_at], risk), [place.now], "o", color="#1b2733", ms=5, label="now")
    above.set_ylabel(f"{called(risk.quantity).en}, {risk.unit}", parse_math=False)
    for number, level in enumerate(risk.levels):
        colour = _COLOURS[min(number, len(_COLOURS) - 1)]
        below.plot(
            ahead,
            [_drawn(row[number].probability) for row in rows],
            "o-",
            color=colour,
            label=level.words.en,
            clip_on=False,
        )
        if level.alarm_at is not None:
            below.axhline(level.alarm_at, color=colour, lw=0.8, ls=":")
    below.set_ylim(0, 1)
    below.set_ylabel("met by then (dotted: alarm)")
    for axes in (above, below):
        tidy(axes)
    # "A$1$" is a name, not a formula.
    figure.suptitle(_title(risk, place), parse_math=False)
    figure.supxlabel(_caption(risk, place), fontsize="small")
    save_png(figure, path)


def _by_horizon(risk: Risk, place: RiskPlace) -> list[list[RiskPrediction]]:
    """The predictions of a place, one row a horizon, in it one a level."""
    own, levels = [one for one in risk.predictions if one.entity_id == place.entity_id], len(risk.levels)
    return [own[start : start + levels] for start in range(0, len(own), levels)]


def _local(times: Sequence[datetime], risk: Risk) -> npt.NDArray[np.datetime64]:
    """Wall clock times as matplotlib takes them: it draws what it is given."""
    zone = ZoneInfo(risk.timezone)
    return np.array([time.astimezone(zone).replace(tzinfo=None) for time in times], dtype="datetime64[m]")


def _title(risk: Risk, place: RiskPlace) -> str:
    label = "SIMULATED  " if risk.simulated else ""
    issued = risk.issued_at.astimezone(ZoneInfo(risk.timezone))
    name = place.entity_id if place.name.en == place.entity_id else f"{place.name.en} ({place.entity_id})"
    return f"{label}{risk.words.en} at {name}, issued {issued:%Y-%m-%d %H:%M} {risk.timezone}"


def _caption(risk: Risk, place: RiskPlace) -> str:
    now = "no reading" if place.now is None else f"now {place.now:.4g} {risk.unit}"
    forces = [level.words.en for level, force in zip(risk.levels, place.in_force, strict=True) if force]
    unknown = "not known" if None in place.in_force else "nothing"
    in_force = ", ".join(forces) or unknown
    return f"{risk.model}/{risk.version}, {now}, in force: {in_force}, quality: {place.quality}"


def _alarm(risk: Risk, number: int, prediction: RiskPrediction) -> Text:
    """A probability; bold from where an alarm stands."""
    if prediction.probability is None:
        return Text("-")
    alarm_at = risk.levels[number].alarm_at
    stands = alarm_at is not None and prediction.probability >= alarm_at
    return Text(f"{100 * prediction.probability:.0f} %", style="bold red" if stands else "")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _drawn(value: float | None) -> float:
    """A gap in the line where nothing is known."""
    return np.nan if value is None else value


def _hour(time: datetime, risk: Risk) -> str:
    return f"{time.astimezone(ZoneInfo(risk.timezone)):%a %d %H:%M}"
