"""Odds from distances: a logistic function whose slopes cannot fall, fitted on forecasts of years not seen."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from training.disaster.model import SLOPES

FloatArray = npt.NDArray[np.float64]

_SHRINK = 1e-7


def fit_terms(arguments: FloatArray, came: FloatArray, weight: FloatArray) -> FloatArray:
    """The terms of the log odds, (term,), the first ``SLOPES`` of them never negative (Platt 1999, bounded).

    Args:
        arguments: (row, term), as ``training.disaster.model.arguments`` makes them.
        came: (row,), 1 or 0.
        weight: (row,).
    """
    total = weight.sum()
    scale = np.maximum(np.sqrt((weight[:, None] * arguments**2).sum(axis=0) / total), 1e-6)
    scaled = arguments / scale

    def loss(terms: FloatArray) -> tuple[float, FloatArray]:
        odds = scaled @ terms
        # log(1 + exp) without overflow; the slope is the residual.
        value = np.sum(weight * (np.logaddexp(0, odds) - came * odds)) / total + _SHRINK * np.sum(terms**2)
        residual = weight * (1 / (1 + np.exp(-np.clip(odds, -500, 500))) - came)
        return float(value), scaled.T @ residual / total + 2 * _SHRINK * terms

    first = np.zeros(arguments.shape[1])
    first[0] = 1.0
    bounds = [(0.0, None)] * SLOPES + [(None, None)] * (arguments.shape[1] - SLOPES)
    found = minimize(loss, first, jac=True, method="L-BFGS-B", bounds=bounds)
    terms: FloatArray = found.x / scale
    return terms
