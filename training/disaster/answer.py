"""What an exported graph says of rows, a bounded number at once."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from training.disaster.sample import Said, Sample
from training.export import Graph

_CHUNK = 20_000


def answer(graph: Graph, sample: Sample, rows: npt.NDArray[np.bool_]) -> Said:
    """What the graph says of ``rows``, NaN elsewhere and where a place has no reading of its own.

    Args:
        graph: an exported model.
        sample: what it is asked.
        rows: (row,), which are asked.
    """
    chosen = np.flatnonzero(rows & sample.inputs["now_mask"].astype(np.bool_))
    found: list[npt.NDArray[np.float32]] = []
    for start in range(0, len(chosen), _CHUNK):
        some = chosen[start : start + _CHUNK]
        outputs = graph.outputs(_taken(sample.inputs, some))
        if not found:
            found = [np.full((len(sample), *each.shape[1:]), np.nan, dtype=np.float32) for each in outputs]
        for whole, each in zip(found, outputs, strict=True):
            whole[some] = each
    level, within, met = found
    return Said(level=level, within=within, met=met)


def _taken(
    inputs: Mapping[str, npt.NDArray[np.generic]], rows: npt.NDArray[np.int64]
) -> dict[str, npt.NDArray[np.generic]]:
    return {name: np.ascontiguousarray(array[rows]) for name, array in inputs.items()}
