"""Plays a stretch of the past as live would have lived it: state, forecast, measurement, one step after the other."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from features.series import FloatArray, Panel
from features.traffic.advance import IssuedInterval, Raw, Walk
from features.traffic.build import Table, build
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState
from training.traffic.fit import targets
from training.traffic.known import Past

Predict = Callable[[Mapping[str, npt.NDArray[np.generic]]], FloatArray]
"""Model inputs to quantiles (entity, step, quantile)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Issue:
    """One forecast of all entities, and what came of it.

    Attributes:
        row: of the panel, where the interval of step 1 is.
        issued_at: aware.
        table: what the model was given.
        forecast: (entity, step, quantile).
        measured: (entity, step), NaN where missing or past the panel's end.
        state: as it was when the forecast was issued, the forecast itself not yet in it. It moves on with the next
            issue: whoever keeps it keeps a copy.
    """

    row: int
    issued_at: datetime
    table: Table
    forecast: FloatArray
    measured: FloatArray
    state: TrafficState


def replay(predict: Predict, state: TrafficState, panel: Panel, rows: range, config: TrafficConfig) -> Iterator[Issue]:
    """Issue a forecast at the start of each of ``rows``, the state advanced from one to the next.

    Args:
        predict: the model.
        state: left untouched; as of a time not after the first row; what was measured between is taken in.
        panel: columns as in the state.
        rows: rising; ``len(panel)`` itself may be the last, issued when all is measured.
        config: of the same training as the state.
    """
    past = Past.of(panel, config)
    # One copy moves along: a copy an issue, as ``advance`` makes it, takes a quarter of all the time.
    state = state.copy()
    issued: tuple[IssuedInterval, ...] = ()
    for row in rows:
        now = panel.time(row)
        Walk(state, Raw(measured=past.known(state.as_of, row), issued=issued), config, now).to(now)
        table = build(None, state, config, [now])
        forecast = predict(table.inputs)
        bounds = np.delete(forecast, forecast.shape[-1] // 2, axis=-1).transpose(2, 1, 0)
        issued = (IssuedInterval(issued_at=now, bounds=bounds),)
        measured = targets(panel.values, row, config)
        yield Issue(row=row, issued_at=now, table=table, forecast=forecast, measured=measured, state=state)
