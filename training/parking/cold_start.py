"""How well a lot is answered of which nothing was ever counted, from its city and capacity alone."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.progress import Progress

from features.quantiles import as_80
from training.export import Graph
from training.parking.cold import hide_history
from training.parking.sample import Past, spread, targets

_ISSUES = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdStart:
    """Errors on lots whose own history was hidden, in per cent of the capacity.

    Attributes:
        mae: mean absolute error of the median, over all steps.
        mae_typical: of the mean of its city's lots at that time of the week.
        coverage: share of targets inside the 80 % interval.
        count: targets.
    """

    mae: float
    mae_typical: float
    coverage: float
    count: int


def judge_cold(graph: Graph, past: Past, rows: range, lots: npt.NDArray[np.bool_], bar: Progress) -> ColdStart:
    """Forecast every lot as if it had never been seen, its city being known.

    Args:
        graph: the exported model.
        past: the counts.
        rows: of the interval judged.
        lots: (lot,), which are judged.
        bar: shows what is done.
    """
    config, capacity = past.config, past.start.capacity
    shares = past.shares()
    issues = spread(np.arange(rows.start - 1, rows.stop - 1 - config.horizon_steps), _ISSUES)
    error = typical = inside = count = 0.0
    for some, table in past.tables(issues, bar, "judging lots never seen"):
        hide_history(table, np.ones(len(some) * len(capacity), dtype=np.bool_))
        # A lot never seen has no widths of its own either: those of all lots stand in.
        mean = past.start.width[:, :, lots].mean(axis=2).T
        table.inputs["width"][:] = np.moveaxis(mean, 0, 1)
        free = as_80(graph.outputs(table.inputs)[0], config.quantiles) / np.tile(capacity, len(some))[:, None, None]
        came = targets(shares, some, config)
        known = ~np.isnan(came) & ~np.isnan(free[..., 1]) & np.tile(lots, len(some))[:, None]
        usual = np.where(table.inputs["profile_mask"], table.inputs["profile"], np.nan)
        error += float(np.abs(free[..., 1] - came)[known].sum())
        typical += float(np.abs(usual - came)[known].sum())
        inside += float(((came >= free[..., 0]) & (came <= free[..., 2]))[known].sum())
        count += float(known.sum())
    of = max(count, 1.0)
    return ColdStart(mae=100 * error / of, mae_typical=100 * typical / of, coverage=inside / of, count=int(count))
