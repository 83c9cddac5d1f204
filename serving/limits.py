"""Finds the rows of a call that a model should not answer: beyond what it was trained on, or with too much missing."""

import math
from collections.abc import Mapping

import numpy as np

from features.limits import MASK_ENDING
from features.manifest import Manifest, TensorSpec
from serving.outputs import MISSING, OUTSIDE
from serving.tensors import Array

# Shares are sums of fractions: one that is just at the limit is not beyond it.
_ROUNDING = 1e-9


class RowLimits:
    """The limits of one manifest, made ready once so that a call whose rows are all fine pays little.

    Args:
        manifest: of a model with limits.
    """

    def __init__(self, manifest: Manifest) -> None:
        limits = manifest.limits
        specs = {spec.name: spec for spec in manifest.inputs}
        self._ranges = [
            (one.input, _bound(one.low, specs[one.input]), _bound(one.high, specs[one.input]))
            for one in (limits.ranges if limits is not None else ())
        ]
        self._most_missing = None if limits is None else limits.most_missing
        self._masks = [n for n, spec in specs.items() if spec.dtype == "bool" and n.endswith(MASK_ENDING)]

    def faults(self, inputs: Mapping[str, Array]) -> dict[int, str]:
        """Row to reason for every row beyond the limits, by row.

        Args:
            inputs: whose dtypes and shapes are the manifest's, rows first.
        """
        faults: list[tuple[str, Array]] = []
        for name, low, high in self._ranges:
            array = inputs[name]
            # NaN is neither above one bound nor below the other, and so lies within none.
            if low.ndim:
                array = array.reshape(len(array), -1, len(low))
                fine = ((array >= low) & (array <= high)).all()
            else:
                fine = array.min() >= low and array.max() <= high
            if not fine:
                faults.append((OUTSIDE, rows_without((array >= low) & (array <= high))))
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
        rows, allowed = len(masks[0]), (self._most_missing + _ROUNDING) * len(masks)
        # If all that is missing were one row's, and even that were not too much.
        if sum((mask.size - np.count_nonzero(mask)) / mask.size for mask in masks) * rows <= allowed:
            return None
        known = np.add.reduce([mask.reshape(rows, -1).mean(axis=1) for mask in masks])
        wrong: Array = len(masks) - known > allowed
        return wrong


def rows_without(fine: Array) -> Array:
    """(row,), True where not all of a row of ``fine`` is True."""
    found: Array = np.logical_not(fine.reshape(len(fine), -1).all(axis=1))
    return found


def _bound(values: tuple[float, ...], spec: TensorSpec) -> Array:
    """In the input's own precision: one number, or a whole row, along which comparing is far faster than by twos."""
    bound: Array = np.array(values, dtype=spec.dtype)
    if len(values) == 1:
        return bound.reshape(())
    between = spec.shape[1:-1]
    times = math.prod(axis for axis in between if isinstance(axis, int))
    # An axis that the caller picks the length of cannot be written out.
    return bound if any(isinstance(axis, str) for axis in between) else np.tile(bound, times)
