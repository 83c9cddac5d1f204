"""Asks a parking model about the lots of which anything can be said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.errors import UnknownName
from features.parking.build import QUALITIES
from features.quantiles import as_80
from features.series import FloatArray
from serving.call import Call
from serving.parking.moment import Moment
from serving.runtime import Runtime
from serving.served import Served

_SIZELESS = QUALITIES.index("fallback: its capacity is not known")
_FROZEN = QUALITIES.index("degraded: the feed froze")
_LEFT_OUT = "impossible count left out"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What a model says of some lots; NaN where nothing can be said.

    Attributes:
        columns: of the lots, among the moment's.
        free: (column, step, quantile), spaces.
        full: (column, step), probability of being full.
        quality: (column,), ``ok``, ``degraded: reason`` or ``fallback: reason``.
        froze: (column,), whether its feed stands still: what is said of it is of the feed, and nobody should rely on
            a space there.
    """

    columns: Sequence[int]
    free: FloatArray
    full: FloatArray
    quality: Sequence[str]
    froze: np.typing.NDArray[np.bool_]

    @property
    def is_known(self) -> np.typing.NDArray[np.bool_]:
        """(column, step): whether anything is said."""
        found: np.typing.NDArray[np.bool_] = ~(np.isnan(self.free).any(axis=2) | np.isnan(self.full))
        return found


def interval(answer: Answer, levels: tuple[float, ...]) -> FloatArray:
    """(column, step, 3): about q10, the median and about q90 of the free spaces, whatever the levels; none below 0."""
    found: FloatArray = np.maximum(as_80(answer.free, levels), np.float32(0))
    return found


def columns_of(entity_ids: Sequence[str], moment: Moment) -> list[int]:
    """Where the lots that were asked for stand, each once; all where none is named.

    Raises:
        UnknownName: one that is neither the model's nor new; offers the nearest.
    """
    names = moment.lots.ids
    if not entity_ids:
        return list(range(len(names)))
    column = {name: at for at, name in enumerate(names)}
    for name in entity_ids:
        if name not in column:
            raise UnknownName.among("lot", name, list(names))
    return [column[name] for name in dict.fromkeys(entity_ids)]


def ask(runtime: Runtime, served: Served, moment: Moment, columns: Sequence[int], call: Call) -> Answer:
    """Ask about some lots.

    Args:
        runtime: that holds the model.
        served: a parking model.
        moment: of the lots.
        columns: of those that were asked for, among the moment's.
        call: for which it is asked.
    """
    config = moment.config
    free = np.full((len(columns), config.horizon_steps, len(config.quantiles)), np.nan, dtype=np.float32)
    full = np.full(free.shape[:2], np.nan, dtype=np.float32)
    known = [at for at, lot in enumerate(columns) if moment.quality[lot] != _SIZELESS]
    fallback: Mapping[int, str] = {}
    if known:
        lots = [columns[at] for at in known]
        outputs = runtime.infer(served, {name: array[lots] for name, array in moment.inputs.items()}, call)
        free[known], full[known] = outputs["free"], outputs["full"][..., 0]
        fallback = {lots[row]: reason for row, reason in outputs.fallback.items()}
    quality = [_quality(moment, lot, fallback.get(lot)) for lot in columns]
    froze = np.array([moment.quality[lot] == _FROZEN for lot in columns], dtype=np.bool_)
    return Answer(columns=columns, free=free, full=full, quality=quality, froze=froze)


def _quality(moment: Moment, lot: int, fallback: str | None) -> str:
    """How good what is said of a lot is; the worst reason is the one to read."""
    if fallback is not None:
        return f"fallback: {fallback}; stale" if moment.is_stale else f"fallback: {fallback}"
    said = QUALITIES[moment.quality[lot]]
    if said.startswith("fallback"):
        return said
    said = "degraded: stale" if moment.is_stale else said
    if moment.lots.ids[lot] not in moment.impossible:
        return said
    return f"degraded: {_LEFT_OUT}" if said == "ok" else f"{said}; {_LEFT_OUT}"
