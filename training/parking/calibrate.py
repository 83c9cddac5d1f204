"""How far the quantiles lie from the median, lot by lot, by errors on what training had not seen."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.progress import Progress

from features.parking.config import ParkingConfig
from features.quantiles import MEDIAN, outer
from features.series import FloatArray
from training.parking.fit import Fitted
from training.parking.model import MOST_FREE, Odds, groups
from training.parking.sample import Past, spread, targets, tensors

IntArray = npt.NDArray[np.int64]

_ISSUES = 750
"""Of validation: more say little more, since neighbouring hours err alike."""
_OWN_DAYS = 20.0
"""Days of a lot's own errors that weigh as much as all the others' together."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Errors:
    """Errors of the median.

    Attributes:
        scaled: (issue, lot, step, outer quantile), how often each quantile's distance from the median would have to be
            taken to reach what came: negative on the other side; NaN where nothing came.
        days: that they span.
    """

    scaled: FloatArray
    days: float


def errors(fitted: Fitted, past: Past, rows: range, lots: npt.NDArray[np.bool_], threads: int, bar: Progress) -> Errors:
    """The errors of forecasts issued at ``rows`` whose targets all lie in them.

    Args:
        fitted: the model.
        past: the counts.
        rows: which the model has not learned from.
        lots: (lot,), whose errors count.
        threads: of the trees.
        bar: shows what is done.
    """
    config, shares = past.config, np.where(lots, past.shares()[: rows.stop], np.float32(np.nan))
    issues = spread(np.arange(rows.start, rows.stop - config.horizon_steps), _ISSUES)
    found, odds = [], Odds(config)
    for some, table in past.tables(issues, bar, "measuring errors"):
        quantiles, median = fitted.moved(tensors(table), threads)
        low, high = (each.numpy() for each in odds.distances(quantiles))
        error = (targets(shares, some, config) - np.clip(median, 0, MOST_FREE))[..., None]
        stretched = np.concatenate([-error / low, error / high], axis=2)
        found.append(stretched.reshape(len(some), -1, *stretched.shape[1:]).astype(np.float32))
    return Errors(scaled=np.concatenate(found), days=len(rows) / config.steps_per_day)


def widths(found: Errors, config: ParkingConfig) -> FloatArray:
    """(outer quantile, step, lot): by how much each quantile's distance from the median is stretched.

    A lot's own quantile of its errors, over the steps of a group, drawn to that of all lots as if these were some
    weeks of its own.

    Args:
        found: errors.
        config: of the features.
    """
    issues, lots = found.scaled.shape[:2]
    width = np.ones((len(config.quantiles) - 1, config.horizon_steps, lots), dtype=np.float32)
    for steps in groups(config):
        some = slice(steps.start, steps.stop)
        scaled = found.scaled[:, :, some]
        days = (~np.isnan(scaled[..., 0])).any(axis=2).sum(axis=0) * (found.days / max(issues, 1))
        own_share = days / (days + _OWN_DAYS)
        for number, level in enumerate(outer(config.quantiles)):
            reached = level if level > MEDIAN else 1 - level
            errors = scaled[..., number]
            known = errors[~np.isnan(errors)]
            if not len(known):
                continue
            shared = float(np.quantile(known, reached))
            own = np.array(
                [np.quantile(_known(errors[:, lot]), reached) if days[lot] else shared for lot in range(lots)]
            )
            width[number, some] = np.maximum(own_share * own + (1 - own_share) * shared, 0)
    return width


def _known(values: FloatArray) -> FloatArray:
    return values[~np.isnan(values)]
