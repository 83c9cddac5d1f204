"""What a hazard's model says becomes its labelled reply."""

from collections.abc import Iterable, Sequence
from itertools import product
from math import isnan
from typing import Protocol

import numpy as np

from features.disaster.build import target_times
from features.disaster.config import DisasterConfig
from features.disaster.wording import criterion, release
from features.manifest import Manifest
from serving.disaster.answers import Answer, quality
from serving.disaster.moment import Moment
from serving.disaster.replies import Reason
from serving.disaster.wording import site
from serving.proto import haechi_v1_pb2 as v1


def encode(
    manifest: Manifest, config: DisasterConfig, moment: Moment, answer: Answer, columns: Sequence[int]
) -> v1.RiskReply:
    """The reply to ``Latest``.

    Args:
        manifest: of the model.
        config: of the model.
        moment: that was asked about.
        answer: of the places.
        columns: of the places that were asked for, among the table's.
    """
    hazard = config.hazard
    reply = v1.RiskReply(
        model=manifest.name,
        version=str(manifest.version),
        hazard=hazard.name,
        words=_words(hazard.words),
        category=hazard.category,
        quantity=manifest.quantity,
        unit=manifest.unit,
        issued_at=moment.issued_at,
        as_of=moment.as_of,
        step_min=config.step_min,
        alarm_h=hazard.alarm_h,
        simulated=manifest.simulated,
        timezone=manifest.timezone,
        levels=levels(config),
        places=[_place(config, moment, answer, place) for place in columns],
    )
    names, times = [level.name for level in hazard.levels], target_times(moment.issued_at, config)
    # Copied for every place: a time is five times dearer to convert than to copy.
    cells = [
        v1.RiskPrediction(target_time=time, step=step, level=name)
        for (time, step), name in product(zip(times, config.horizons_steps, strict=True), names)
    ]
    for row, place in enumerate(reply.places):
        _add_predictions(reply, cells, place, _numbers(answer, row))
    return reply


def encode_reason(reason: Reason) -> v1.Reason:
    """One reason of the reply to ``Why``."""
    return v1.Reason(
        quantity=reason.quantity,
        entity_id=reason.entity_id,
        value=reason.value,
        unit=reason.unit,
        without=reason.without,
        effect=reason.effect,
        words=_words(reason.words),
    )


def _numbers(answer: Answer, row: int) -> list[tuple[float, ...]]:
    """Of one place, by horizon and level: what ``_NUMBERS`` names."""
    within, met = (answer.outputs[name][row].T for name in ("within", "met"))
    quantiles = np.broadcast_to(answer.outputs["level"][row][:, None], (*within.shape, 3))
    whole = np.concatenate([within[..., None], met[..., None], quantiles], axis=-1)
    return [tuple(cell) for cell in whole.reshape(-1, whole.shape[-1]).tolist()]


_NUMBERS = ("probability", "met", "q10", "q50", "q90")


def _add_predictions(
    reply: v1.RiskReply, cells: Iterable[v1.RiskPrediction], place: v1.RiskPlace, numbers: Iterable[tuple[float, ...]]
) -> None:
    for cell, values in zip(cells, numbers, strict=True):
        prediction = reply.predictions.add()
        prediction.CopyFrom(cell)
        prediction.entity_id, prediction.quality = place.entity_id, place.quality
        for name, value in zip(_NUMBERS, values, strict=True):
            if not isnan(value):
                setattr(prediction, name, value)


def levels(config: DisasterConfig) -> list[v1.HazardLevel]:
    """The levels of a model's hazard, with what its alarms stand at."""
    hazard = config.hazard
    thresholds = config.alarm_at or (None,) * len(hazard.levels)
    return [
        v1.HazardLevel(
            name=level.name,
            words=_words(level.words),
            severity=level.severity,
            criterion=_words(criterion(hazard, level)),
            release=_words(release(hazard, level)),
            advice=_words(level.advice),
            alarm_at=threshold,
        )
        for level, threshold in zip(hazard.levels, thresholds, strict=True)
    ]


def _place(config: DisasterConfig, moment: Moment, answer: Answer, place: int) -> v1.RiskPlace:
    table = moment.table
    entity_id = table.entities[place]
    where = site(config.hazard, entity_id)
    now = float(table.inputs["now"][place]) if table.inputs["now_mask"][place] else None
    return v1.RiskPlace(
        entity_id=entity_id,
        name=_words(where.name),
        lat=where.lat,
        lon=where.lon,
        now=now,
        standings=[
            v1.Standing(level=level.name, in_force=None if isnan(force) else bool(force))
            for level, force in zip(config.hazard.levels, table.in_force[0, place].tolist(), strict=True)
        ],
        quality=quality(moment, answer, place),
    )


class _Said(Protocol):
    """Words of the hazard table or of an alert."""

    @property
    def ko(self) -> str: ...

    @property
    def en(self) -> str: ...


def _words(said: _Said) -> v1.Words:
    return v1.Words(ko=said.ko, en=said.en)
