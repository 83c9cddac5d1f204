"""How good a probability is, beside those of anyone without a model."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score

FloatArray = npt.NDArray[np.float64]

BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """One bin of a reliability diagram.

    Attributes:
        low: its lowest probability.
        high: its highest.
        count: forecasts in it.
        forecast: their mean probability; NaN where there are none.
        observed: the share of them that came true; NaN where there are none.
    """

    low: float
    high: float
    count: int
    forecast: float
    observed: float


def brier(probability: FloatArray, observed: FloatArray) -> float:
    """Mean squared difference of a probability and what came (Brier 1950); NaN without a single pair.

    Args:
        probability: any shape, NaN where nothing was said.
        observed: the same shape, 1, 0 or NaN.

    >>> brier(np.array([0.5, 1.0]), np.array([1.0, 1.0]))
    0.125
    """
    known = ~(np.isnan(probability) | np.isnan(observed))
    return float(np.mean((probability[known] - observed[known]) ** 2)) if known.any() else float("nan")


def skill(probability: FloatArray, reference: FloatArray, observed: FloatArray) -> float:
    """1 - Brier / Brier of ``reference``, over what both forecast: 1 perfect, 0 no better (Murphy 1973).

    NaN where the reference makes no error at all, e.g. where nothing ever happened.
    """
    known = ~(np.isnan(probability) | np.isnan(reference))
    masked = np.where(known, observed, np.nan)
    base = brier(reference, masked)
    return 1 - brier(probability, masked) / base if base > 0 else float("nan")


def average_precision(probability: FloatArray, observed: FloatArray) -> float:
    """Area under precision over recall (scikit-learn's); NaN where it never happened."""
    known = ~(np.isnan(probability) | np.isnan(observed))
    if not observed[known].any():
        return float("nan")
    return float(average_precision_score(observed[known], probability[known]))


def reliability(probability: FloatArray, observed: FloatArray) -> tuple[Bin, ...]:
    """Ten bins of equal width: what was said and what came, with counts (Murphy and Winkler 1977)."""
    known = ~(np.isnan(probability) | np.isnan(observed))
    said, came = probability[known], observed[known]
    number = np.minimum((said * BINS).astype(np.int64), BINS - 1)
    found = []
    for at in range(BINS):
        inside = number == at
        count = int(inside.sum())
        forecast, share = (float(each[inside].mean()) if count else float("nan") for each in (said, came))
        found.append(Bin(low=at / BINS, high=(at + 1) / BINS, count=count, forecast=forecast, observed=share))
    return tuple(found)


def calibration_error(probability: FloatArray, observed: FloatArray) -> float:
    """Expected calibration error: the bins' distance of said and come, weighted by count (Naeini et al. 2015)."""
    bins = [each for each in reliability(probability, observed) if each.count]
    total = sum(each.count for each in bins)
    return sum(each.count * abs(each.forecast - each.observed) for each in bins) / total if total else float("nan")


def skills(probability: FloatArray, references: Mapping[str, FloatArray], observed: FloatArray) -> dict[str, float]:
    """``skill`` against each reference, by its name."""
    return {name: skill(probability, reference, observed) for name, reference in references.items()}
