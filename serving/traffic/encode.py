"""A traffic forecast becomes its labelled reply."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isnan

import numpy as np
import numpy.typing as npt

from features.clock import step_number
from features.manifest import Manifest
from features.quantiles import column
from features.traffic.build import QUALITIES, target_times
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState
from serving.proto import haechi_v1_pb2 as v1
from serving.tensors import Array

_BETTER_THAN_STALE = ("ok", "degraded: no covariate")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What one call came to.

    Attributes:
        columns: of the entities that were asked for, in the state's order of entities.
        state: as it was when the forecast was issued.
        config: of the model.
        quality: (entity of the state,), index into ``QUALITIES``.
        fallback: place among the entities of the state to the reason for which the seasonal baseline answers for it.
        quantiles: (column, step, quantile), in the unit measured.
        issued_at: step 1 starts here.
        as_of: until when measurements were seen.
        stale: the measurements are older than the operator allows.
    """

    columns: Sequence[int]
    state: TrafficState
    config: TrafficConfig
    quality: npt.NDArray[np.int8]
    fallback: Mapping[int, str]
    quantiles: Array
    issued_at: datetime
    as_of: datetime
    stale: bool


def encode(manifest: Manifest, answer: Answer) -> v1.ForecastReply:
    """The reply to ``Latest``."""
    reply = v1.ForecastReply(
        model=manifest.name,
        version=str(manifest.version),
        quantity=manifest.quantity,
        unit=manifest.unit,
        issued_at=answer.issued_at,
        as_of=answer.as_of,
        step_min=answer.config.step_min,
        simulated=manifest.simulated,
        timezone=manifest.timezone,
        levels=answer.config.quantiles,
    )
    _add_predictions(reply, answer)
    _add_observed(reply, answer)
    return reply


def _add_predictions(reply: v1.ForecastReply, answer: Answer) -> None:
    times = target_times(answer.issued_at, answer.config)[: answer.quantiles.shape[1]]
    # Copied for every entity: a time is five times dearer to convert than to copy.
    fields, levels = v1.Prediction.DESCRIPTOR.fields_by_name, answer.config.quantiles
    named = {column(level): at for at, level in enumerate(levels) if column(level) in fields}
    steps = [v1.Prediction(target_time=time, step=step) for step, time in enumerate(times, start=1)]
    for place, quantiles in zip(answer.columns, answer.quantiles.tolist(), strict=True):
        entity, quality = answer.state.entities[place], QUALITIES[answer.quality[place]]
        # Who answered comes before what the answer rests on.
        if place in answer.fallback:
            quality = f"fallback: {answer.fallback[place]}"
        # A worse reason is the one to read.
        if answer.stale and quality in _BETTER_THAN_STALE:
            quality = "degraded: stale"
        for step, values in zip(steps, quantiles, strict=True):
            prediction = reply.predictions.add()
            prediction.CopyFrom(step)
            prediction.entity_id, prediction.quality = entity, quality
            prediction.values.extend(values)
            for name, at in named.items():
                setattr(prediction, name, values[at])


def _add_observed(reply: v1.ForecastReply, answer: Answer) -> None:
    """The measurements that the model looks back on, which the state keeps in a ring by step number."""
    state, config = answer.state, answer.config
    known, issued = (step_number(time, config.step_min) for time in (state.as_of, answer.issued_at))
    for number in range(max(known, issued) - config.history_steps, known):
        moment = v1.Observed(time=state.as_of + (number - known) * timedelta(minutes=config.step_min))
        row = state.observed[number % config.history_steps]
        for place, value in zip(answer.columns, row[answer.columns].tolist(), strict=True):
            if not isnan(value):
                observed = reply.observed.add()
                observed.CopyFrom(moment)
                observed.entity_id, observed.value = state.entities[place], value
