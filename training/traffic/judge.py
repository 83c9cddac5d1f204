"""Judges an exported graph by replaying an interval, each forecast beside every baseline's."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from rich.progress import Progress

from features.clock import utc_times, wall_clock
from features.series import FloatArray, Panel
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState
from training.baselines import Baselines
from training.ledger import Bookkeeper, Ledger
from training.scores import Scoreboard
from training.traffic.replay import Issue, Predict, replay

_EXAMPLE_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Example:
    """One forecast for a picture.

    Attributes:
        issued_at: aware.
        forecast: (entity, step, quantile).
        measured: (entity, step), NaN where missing.
    """

    issued_at: datetime
    forecast: FloatArray
    measured: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """What a replay came to.

    Attributes:
        scores: of the model and the baselines, over issue times whose targets all lie in the interval.
        ledger: of the same forecasts.
        state: as of the end of the rows.
        examples: the last week's forecasts issued at local midnight, for pictures.
    """

    scores: Scoreboard
    ledger: Ledger
    state: TrafficState
    examples: list[Example]


def judge(
    predict: Predict,
    state: TrafficState,
    panel: Panel,
    rows: range,
    config: TrafficConfig,
    scores: Scoreboard,
    bar: Progress,
    sink: Callable[[Issue], None] | None = None,
    until: int | None = None,
) -> Judged:
    """Replay ``rows`` and score every issue time whose targets all end by ``until``.

    Args:
        predict: the exported graph.
        state: as of a time not after the first row.
        panel: columns as in the state; rows before the first feed the baselines.
        rows: of the interval judged.
        config: of the model.
        scores: empty, to be filled.
        bar: shows issue times done and time left.
        sink: is handed every issue that was scored.
        until: row; ``rows.stop`` where another model does not take over there.
    """
    until = rows.stop if until is None else until
    baselines = Baselines.of(panel.values, steps_per_day=config.steps_per_day, horizon_steps=config.horizon_steps)
    times = utc_times(panel.start, panel.step_min, len(panel) + config.horizon_steps)
    minutes = wall_clock(times, config.timezone)[1]
    judged = range(rows.start, min(until, rows.stop + config.horizon_steps - 1))
    books = Bookkeeper(
        panel, judged, scores, horizon_steps=config.horizon_steps, country=config.country, timezone=config.timezone
    )
    examples: list[Example] = []
    # One more than the rows: the last state has seen the last measurement.
    steps = range(rows.start, rows.stop + 1)
    for issue in bar.track(replay(predict, state, panel, steps, config), total=len(steps), description="judging"):
        state, ahead = issue.state, slice(issue.row, issue.row + config.horizon_steps)
        if issue.row == rows.stop or ahead.stop > until:
            continue
        profile: FloatArray = np.asarray(issue.table.inputs["profile"], dtype=np.float32)
        others = baselines.forecast(issue.row, profile)
        scores.add(issue.forecast, issue.measured, others, minutes[ahead] // 60)
        books.add(issue.row, issue.forecast, issue.measured)
        if sink is not None:
            sink(issue)
        if minutes[issue.row] < panel.step_min:
            shown = Example(issued_at=issue.issued_at, forecast=issue.forecast, measured=issue.measured)
            examples = [*examples, shown][-_EXAMPLE_DAYS:]
    return Judged(scores=scores, ledger=books.ledger(), state=state, examples=examples)
