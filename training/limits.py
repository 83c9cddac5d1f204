"""What a model's inputs looked like in training, widened into the limits beyond which it does not answer."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from features.limits import MASK_ENDING, Deciles, Limits, Range
from features.manifest import TensorSpec

Inputs = Mapping[str, npt.NDArray[np.generic]]
Margin = Callable[[TensorSpec, int, float], float]
"""An input, a place of its last axis and the span of its values in training, to how far beyond it may go."""

# Half of what a model looks at may be missing in any case: a sensor that is silent for weeks still has its city. Nearly
# all may be missing in none: nothing is left then that the seasonal baseline does not know.
_LEAST_MISSING, _MOST_MISSING = 0.5, 0.95
_USUAL_SHARE = 0.999
_TENTHS = np.arange(1, 10) / 10
# Of a channel: more say nothing more of its deciles.
_DECILE_VALUES = 1_000_000


def limits_of(
    tables: Iterable[Inputs], specs: Sequence[TensorSpec], margin: Margin, apart: Collection[str] = ()
) -> Limits:
    """The range of each float input over the rows of training, wider by ``margin`` on both sides.

    A range is one for the whole input, or, where it has three axes or more or is named in ``apart``, one for each place
    of its last axis, whose values then mean different things. Rows that hold NaN are left out of what may be missing.

    Args:
        tables: inputs by name, rows first.
        specs: of the inputs.
        margin: see ``Margin``.
        apart: inputs of two axes whose last holds different things.

    Returns:
        Limits whose share of what may be missing is that of 99.9 % of the rows, between 0.5 and 0.95.
    """
    floats = [spec for spec in specs if spec.dtype.startswith("float")]
    masks = [spec.name for spec in specs if spec.dtype == "bool" and spec.name.endswith(MASK_ENDING)]
    lowest: dict[str, list[npt.NDArray[np.float64]]] = {spec.name: [] for spec in floats}
    highest: dict[str, list[npt.NDArray[np.float64]]] = {spec.name: [] for spec in floats}
    missing = []
    for inputs in tables:
        for spec in floats:
            values = _by_channel(np.asarray(inputs[spec.name], dtype=np.float64), spec, apart)
            lowest[spec.name].append(np.fmin.reduce(values))
            highest[spec.name].append(np.fmax.reduce(values))
        if masks:
            known = [inputs[name].reshape(len(inputs[name]), -1).mean(axis=1, dtype=np.float64) for name in masks]
            missing.append(1 - np.mean(known, axis=0))
    ranges = [
        _range(spec, np.fmin.reduce(lowest[spec.name]), np.fmax.reduce(highest[spec.name]), margin) for spec in floats
    ]
    usual = float(np.quantile(np.concatenate(missing), _USUAL_SHARE)) if missing else None
    most = None if usual is None else round(min(max(usual, _LEAST_MISSING), _MOST_MISSING), 4)
    return Limits(ranges=tuple(one for one in ranges if one is not None), most_missing=most)


def deciles_of(
    tables: Sequence[Inputs], specs: Sequence[TensorSpec], apart: Collection[str] = ()
) -> tuple[Deciles, ...]:
    """The deciles of each float input over the rows of training, by the same places of its last axis as its range.

    Args:
        tables: inputs by name, rows first.
        specs: of the inputs.
        apart: as in ``limits_of``.

    Returns:
        None of an input of which nothing was ever finite.
    """
    found = []
    for spec in specs:
        if spec.dtype.startswith("float"):
            count = sum(inputs[spec.name].size for inputs in tables)
            # Whole rows are left out: a row has its values in order of time.
            every = -(-count // _DECILE_VALUES)
            values = np.concatenate(
                [_by_channel(np.asarray(inputs[spec.name][::every]), spec, apart) for inputs in tables]
            )
            known = values[np.isfinite(values).all(axis=1)]
            if len(known):
                points = np.quantile(known, _TENTHS, axis=0).T
                found.append(Deciles(input=spec.name, values=tuple(_rounded(one) for one in points)))
    return tuple(found)


def _by_channel(values: npt.NDArray[Any], spec: TensorSpec, apart: Collection[str]) -> npt.NDArray[Any]:
    """(value, channel): what shares one range stands in one column."""
    return values.reshape(-1, values.shape[-1] if len(spec.shape) > 2 or spec.name in apart else 1)


def _range(
    spec: TensorSpec, low: npt.NDArray[np.float64], high: npt.NDArray[np.float64], margin: Margin
) -> Range | None:
    """None where a channel was never seen: nothing is known of its range."""
    if not np.isfinite(low).all() or not np.isfinite(high).all():
        return None
    beyond = np.array([margin(spec, channel, float(span)) for channel, span in enumerate(high - low)])
    return Range(input=spec.name, low=_rounded(low - beyond), high=_rounded(high + beyond))


def _rounded(values: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """To five digits: a range is no measurement, and a manifest is read by people."""
    return tuple(float(f"{value:.5g}") for value in values)
