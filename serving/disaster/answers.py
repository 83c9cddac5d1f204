"""Asks a hazard's model about the places that have a reading of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.disaster.build import QUALITIES, Table
from serving.call import Call
from serving.disaster.moment import Moment
from serving.runtime import Runtime
from serving.served import Served
from serving.tensors import Array

UNREAD = QUALITIES.index("fallback: no reading of its own")
"""Of such a place nothing is said: a dead gauge is never calm."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What a model says of some places.

    Attributes:
        outputs: by the graph's names, the first axis the places that were asked for; NaN where nothing can be said.
        fallback: place among the table's to the reason for which the baseline answered for it.
    """

    outputs: Mapping[str, Array]
    fallback: Mapping[int, str]


def ask(runtime: Runtime, served: Served, table: Table, columns: Sequence[int], call: Call) -> Answer:
    """Ask about some places.

    Args:
        runtime: that holds the model.
        served: a hazard's model.
        table: features of one issue time.
        columns: of the places, among the table's.
        call: for which it is asked.
    """
    known = [at for at, place in enumerate(columns) if table.quality[0, place] != UNREAD]
    found: dict[str, Array] = {}
    for output in served.manifest.outputs:
        shape = tuple(axis for axis in output.shape[1:] if isinstance(axis, int))
        found[output.name] = np.full((len(columns), *shape), np.nan, dtype=np.float32)
    if not known:
        return Answer(outputs=found, fallback={})
    places = [columns[at] for at in known]
    outputs = runtime.infer(served, {name: array[places] for name, array in table.inputs.items()}, call)
    for name, array in found.items():
        array[known] = outputs[name]
    return Answer(outputs=found, fallback={places[row]: reason for row, reason in outputs.fallback.items()})


def quality(moment: Moment, answer: Answer, place: int) -> str:
    """How good what is said of a place of the moment's table is; the worst reason is the one to read."""
    if place in answer.fallback:
        return f"fallback: {answer.fallback[place]}"
    said = QUALITIES[moment.table.quality[0, place]]
    return "degraded: stale" if moment.is_stale and not said.startswith("fallback") else said
