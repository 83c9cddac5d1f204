"""How far the quantiles lie from the median, lot by lot, by errors on what training had not seen."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from rich.progress import Progress

from features.parking.config import ParkingConfig
from features.quantiles import MEDIAN, outer
from features.series import FloatArray
from training.parking.fit import Fitted, spread
from training.parking.model import MOST_FREE, SMALLEST_SCALE
from training.parking.sample import Past, targets, tensors

IntArray = npt.NDArray[np.int64]

_ISSUES = 750
"""Of validation: more say little more, since neighbouring hours err alike."""
_OWN_DAYS = 20.0
"""Days of a lot's own errors that weigh as much as all the others' together."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Errors:
    """Errors of the median in scales, (issue, lot, step); NaN where nothing came."""

    scaled: FloatArray


def errors(fitted: Fitted, past: Past, rows: range, bar: Progress) -> Errors:
    """The errors of forecasts issued at ``rows`` whose targets all lie in them.

    Args:
        fitted: the model.
        past: the counts.
        rows: which the model has not learned from.
        bar: shows what is done.
    """
    config, shares = past.config, past.shares()[: rows.stop]
    issues = spread(np.arange(rows.start, rows.stop - config.horizon_steps), _ISSUES)
    found = []
    for some, table in past.tables(issues, bar, "measuring errors"):
        inputs = tensors(table)
        with torch.inference_mode():
            base = fitted.rows.base(inputs).numpy()
            parts = [fitted.rows(inputs, steps).numpy() for steps in fitted.steps]
        median, log_scale = (
            np.concatenate(
                [
                    np.asarray(booster(grown).predict(own, num_threads=1)).reshape(-1, len(steps))
                    for own, grown, steps in zip(parts, fitted.grown, fitted.steps, strict=True)
                ],
                axis=1,
            )
            for booster in (lambda grown: grown.median, lambda grown: grown.log_scale)
        )
        middle = np.clip(base + median, 0, MOST_FREE)
        error = (targets(shares, some, config) - middle) / np.maximum(np.exp(log_scale), SMALLEST_SCALE)
        found.append(error.reshape(len(some), -1, config.horizon_steps).astype(np.float32))
    return Errors(scaled=np.concatenate(found))


def widths(found: Errors, config: ParkingConfig) -> FloatArray:
    """(outer quantile, step, lot): distance of each quantile from the median, in scales.

    A lot's own quantile of its errors, over the steps of a group, drawn to that of all lots as if these were some
    weeks of its own.

    Args:
        found: errors.
        config: of the features.
    """
    from training.parking.model import groups

    lots = found.scaled.shape[1]
    width = np.ones((len(config.quantiles) - 1, config.horizon_steps, lots), dtype=np.float32)
    for steps in groups(config):
        scaled = found.scaled[:, :, steps.start : steps.stop]
        for number, level in enumerate(outer(config.quantiles)):
            sign = -1 if level < MEDIAN else 1
            known = scaled[~np.isnan(scaled)]
            if not len(known):
                continue
            shared = sign * float(np.quantile(known, level))
            for lot in range(lots):
                own = scaled[:, lot]
                counted = own[~np.isnan(own)]
                days = (~np.isnan(own)).any(axis=1).mean() * _days(found, config)
                mine = sign * float(np.quantile(counted, level)) if len(counted) else shared
                weight = days / (days + _OWN_DAYS)
                width[number, steps.start : steps.stop, lot] = max(weight * mine + (1 - weight) * shared, 0)
    return width


def _days(found: Errors, config: ParkingConfig) -> float:
    return len(found.scaled) / config.steps_per_day
