"""A traffic forecast becomes its labelled reply."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from features.clock import step_number
from features.manifest import Manifest
from features.traffic.build import QUALITIES, target_times
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState
from serving.proto import haechi_v1_pb2 as v1
from serving.tensors import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What one call came to.

    Attributes:
        columns: of the entities that were asked for, in the state's order of entities.
        state: as it was when the forecast was issued.
        config: of the model.
        quality: (entity of the state,), index into ``QUALITIES``.
        quantiles: (column, step, 3), in the unit measured.
        issued_at: step 1 starts here.
        as_of: until when measurements were seen.
        stale: the measurements are older than the operator allows.
    """

    columns: Sequence[int]
    state: TrafficState
    config: TrafficConfig
    quality: npt.NDArray[np.int8]
    quantiles: Array
    issued_at: datetime
    as_of: datetime
    stale: bool


def encode(manifest: Manifest, answer: Answer) -> v1.ForecastReply:
    """The reply to ``Latest``."""
    return v1.ForecastReply(
        model=manifest.name,
        version=str(manifest.version),
        quantity=manifest.quantity,
        unit=manifest.unit,
        issued_at=answer.issued_at,
        as_of=answer.as_of,
        step_min=answer.config.step_min,
        simulated=manifest.simulated,
        predictions=_predictions(answer),
        observed=_observed(answer),
    )


def _predictions(answer: Answer) -> Iterator[v1.Prediction]:
    times = target_times(answer.issued_at, answer.config)
    for column, steps in zip(answer.columns, answer.quantiles.tolist(), strict=True):
        quality = QUALITIES[answer.quality[column]]
        # A worse reason is the one to read.
        if answer.stale and quality == "ok":
            quality = "degraded: stale"
        for step, (q10, q50, q90) in enumerate(steps):
            yield v1.Prediction(
                entity_id=answer.state.entities[column],
                target_time=times[step],
                step=step + 1,
                q10=q10,
                q50=q50,
                q90=q90,
                quality=quality,
            )


def _observed(answer: Answer) -> Iterator[v1.Observed]:
    """The newest measurements, which the state keeps in a ring by step number."""
    state, config = answer.state, answer.config
    now = step_number(state.as_of, config.step_min)
    for back in range(config.history_steps, 0, -1):
        time = state.as_of - back * timedelta(minutes=config.step_min)
        row = state.observed[(now - back) % config.history_steps]
        for column in answer.columns:
            if not np.isnan(row[column]):
                yield v1.Observed(time=time, entity_id=state.entities[column], value=float(row[column]))
