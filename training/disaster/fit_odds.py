"""Fits what quantiles and probabilities are read off by: errors made on years that a fit had not seen."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from features.disaster.config import QUANTILES
from features.disaster.criteria import Group
from training.disaster.calibrate import fit_terms
from training.disaster.model import Odds, arguments, onto
from training.disaster.sample import Sample

FloatArray = npt.NDArray[np.float64]

_NEARBY = (0.9, 0.95, 0.98, 0.99, 0.995)
"""Shares of the value's distribution that serve as further thresholds, so that few floods are not all there is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldOut:
    """What was said of rows by fits that had not seen them, on the scale that is forecast on. All (row, target).

    Attributes:
        change: expected.
        scale: of its errors.
        errors: that it made.
    """

    change: FloatArray
    scale: FloatArray
    errors: FloatArray


def fit_odds(
    odds: Odds, said: HeldOut, inputs: dict[str, torch.Tensor], sample: Sample, chosen: npt.NDArray[np.int64]
) -> None:
    """Fill ``odds``.

    Args:
        odds: to be filled.
        said: of the rows ``chosen``.
        inputs: of the same rows.
        sample: all rows.
        chosen: (row,), those learned from.
    """
    targets = odds.targets
    own = slice(0, targets.horizons)
    standard = np.quantile(said.errors[:, own] / said.scale[:, own], QUANTILES, axis=0).T
    odds.errors.copy_(torch.from_numpy(standard.astype(np.float32)))
    for number, group in enumerate(targets.groups):
        value = np.asarray(sample.inputs["value"], dtype=np.float64)[chosen, number]
        kinds = ((targets.value(number), sample.value_at), (targets.peak(number), sample.peak))
        for kind, (columns, came) in enumerate(kinds):
            reached = came[chosen, number]
            thresholds = _thresholds(reached[:, 0], group)
            for horizon in range(targets.horizons):
                own = slice(columns.start + horizon, columns.start + horizon + 1)
                stacked = [
                    _arguments(said, own, inputs["now"], value, each, group, log=odds.log) for each in thresholds
                ]
                happened = [_reached(reached[:, horizon], each, group) for each in thresholds]
                weight = np.ones(len(thresholds) * len(chosen))
                terms = fit_terms(np.concatenate(stacked), np.concatenate(happened).astype(np.float64), weight)
                odds.terms[2 * number + kind, horizon] = torch.from_numpy(terms.astype(np.float32))


def _arguments(
    said: HeldOut, own: slice, now: torch.Tensor, value: FloatArray, threshold: float, group: Group, *, log: bool
) -> FloatArray:
    """(row, term): what the log odds of one threshold are linear in."""
    change, scale = (torch.from_numpy(each[:, own].astype(np.float32)) for each in (said.change, said.scale))
    on = torch.from_numpy(_reached(value, threshold, group).astype(np.float32)).unsqueeze(1)
    there = onto(torch.tensor(float(threshold)), log=log)
    found = arguments(change, scale, onto(now, log=log).unsqueeze(1), there, on, group.rises)
    return found[:, 0].numpy().astype(np.float64)


def _reached(values: npt.NDArray[np.floating], threshold: float, group: Group) -> npt.NDArray[np.bool_]:
    return np.asarray(values >= threshold if group.rises else values <= threshold)


def _thresholds(values: npt.NDArray[np.float32], group: Group) -> list[float]:
    """The official thresholds, and others nearby that are reached more often."""
    shares = _NEARBY if group.rises else tuple(1 - share for share in _NEARBY)
    return sorted({*group.thresholds, *(float(each) for each in np.quantile(values, shares))})
