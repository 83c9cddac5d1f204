"""Finds the rows of a call that a model should not answer: beyond what it was trained on, or with too much missing."""

from collections.abc import Mapping

import numpy as np

from features.limits import MASK_ENDING
from features.manifest import Manifest
from serving.outputs import MISSING, OUTSIDE
from serving.tensors import Array


class RowLimits:
    """The limits of one manifest, made ready once so that a call whose rows are all fine pays little.

    Args:
        manifest: of a model with limits.
    """

    def __init__(self, manifest: Manifest) -> None:
        limits = manifest.limits
        dtypes = {spec.name: spec.dtype for spec in manifest.inputs}
        self._ranges = [
            (one.input, _bound(one.low, dtypes[one.input]), _bound(one.high, dtypes[one.input]))
            for one in (limits.ranges if limits is not None else ())
        ]
        self._most_missing = None if limits is None else limits.most_missing
        self._masks = [name for name, dtype in dtypes.items() if dtype == "bool" and name.endswith(MASK_ENDING)]

    def faults(self, inputs: Mapping[str, Array]) -> dict[int, str]:
        """Row to reason for every row beyond the limits, by row.

        Args:
            inputs: whose dtypes and shapes are the manifest's, rows first.
        """
        faults: list[tuple[str, Array]] = []
        for name, low, high in self._ranges:
            array = inputs[name]
            # NaN is neither above one bound nor below the other, and so lies within none.
            inside = (array >= low) & (array <= high)
            if not inside.all():
                faults.append((OUTSIDE, rows_without(inside)))
        missing = self._missing(inputs)
        if missing is not None:
            faults.insert(0, (MISSING, missing))
        found: dict[int, str] = {}
        for reason, rows in faults:
            found |= dict.fromkeys(np.flatnonzero(rows).tolist(), reason)
        return dict(sorted(found.items()))

    def _missing(self, inputs: Mapping[str, Array]) -> Array | None:
        """(row,), True where more of the masks is False than may be; None where no row is."""
        if self._most_missing is None or not self._masks:
            return None
        masks = [inputs[name] for name in self._masks]
        rows = len(masks[0])
        allowed = self._most_missing * sum(mask.size for mask in masks) / rows
        if sum(mask.size - np.count_nonzero(mask) for mask in masks) <= allowed:
            return None
        known = sum(mask.reshape(rows, -1).sum(axis=1) for mask in masks)
        wrong: Array = sum(mask.size for mask in masks) / rows - known > allowed
        return wrong


def rows_without(fine: Array) -> Array:
    """(row,), True where not all of a row of ``fine`` is True."""
    found: Array = np.logical_not(fine.reshape(len(fine), -1).all(axis=1))
    return found


def _bound(values: tuple[float, ...], dtype: str) -> Array:
    """In the input's own precision; one number alone is compared faster than a row of one."""
    bound = np.array(values, dtype=dtype)
    return bound if len(values) > 1 else bound.reshape(())
