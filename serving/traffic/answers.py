"""Asks a traffic model for the places that have a forecast at all."""

from collections.abc import Sequence

import numpy as np

from features.series import FloatArray
from features.traffic.build import QUALITIES, Table
from serving.call import Call
from serving.runtime import Runtime
from serving.served import Served

_NEVER_MEASURED = QUALITIES.index("fallback: never measured")


def ask(
    runtime: Runtime, served: Served, table: Table, columns: Sequence[int], call: Call
) -> tuple[FloatArray, dict[int, str]]:
    """The quantiles of some places, and which of these the model did not answer itself.

    Args:
        runtime: that holds the model.
        served: a traffic model.
        table: features of one issue time.
        columns: of the places, among the table's entities.
        call: for which it is asked.

    Returns:
        (column, step, quantile), in the unit measured, NaN for a place of which nothing was ever measured: it has no
        profile to forecast from, and its row never reaches a graph; and place to the reason for which the fallback
        answered.
    """
    quality = table.quality[0]
    known = [at for at, place in enumerate(columns) if quality[place] != _NEVER_MEASURED]
    output = served.manifest.outputs[0]
    shape = tuple(axis for axis in output.shape[1:] if isinstance(axis, int))
    quantiles = np.full((len(columns), *shape), np.nan, dtype=np.float32)
    if not known:
        return quantiles, {}
    places = [columns[at] for at in known]
    outputs = runtime.infer(served, {name: array[places] for name, array in table.inputs.items()}, call)
    quantiles[known] = outputs[output.name]
    return quantiles, {places[row]: reason for row, reason in outputs.fallback.items()}
