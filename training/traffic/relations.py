"""Who errs alike, and the patterns that a city's errors share: fitted on training, then part of the state."""

from dataclasses import replace

import numpy as np
import torch
from rich.progress import Progress

from features.clock import step_number
from features.series import FloatArray, Panel
from features.traffic.around import typical_error
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState
from training.traffic.known import Past

# Fewer intervals in which both were measured say nothing of two places.
_FEWEST_TOGETHER = 100
# Beyond this many typical errors a residual is a fault, which must not make two places alike.
_LARGEST_ERROR = 8.0


def with_relations(
    start: TrafficState, panel: Panel, last: int, config: TrafficConfig, seed: int, bar: Progress
) -> TrafficState:
    """``start``, knowing who errs alike by the residuals of the profile up to row ``last``.

    Neighbours are the entities of the highest correlation; patterns are the leading singular vectors of all
    residuals, each in its entity's typical error (principal component analysis; missing counts as no error).
    """
    residual = _residuals(start, panel, last, config, bar)
    known = ~np.isnan(residual)
    share = torch.from_numpy(np.nan_to_num(residual))
    neighbour, weight = _most_alike(share, torch.from_numpy(known.astype(np.float32)), config.neighbours)
    torch.manual_seed(seed)
    factors = min(config.factors, *share.shape)
    _, _, vectors = torch.svd_lowrank(share, q=factors, niter=4)
    loading = np.full((config.factors, len(panel.entities)), np.nan, dtype=np.float32)
    loading[:factors] = vectors.T.numpy()
    return replace(start, neighbour=neighbour, neighbour_weight=weight, loading=loading)


def _residuals(start: TrafficState, panel: Panel, last: int, config: TrafficConfig, bar: Progress) -> FloatArray:
    """(time, entity), what the profile erred as it then was, in typical errors; NaN where missing."""
    past, state, found = Past.of(panel, config), start, []
    for first in bar.track(range(0, last, config.memory_steps), description="finding who errs alike"):
        stop = min(first + config.memory_steps, last)
        state = past.advanced(state, stop)
        numbers = np.arange(first, stop) + step_number(panel.start, config.step_min)
        found.append(state.residual[numbers % config.memory_steps])
    residual: FloatArray = np.concatenate(found) / typical_error(state)
    return residual.clip(-_LARGEST_ERROR, _LARGEST_ERROR)


def _most_alike(share: torch.Tensor, known: torch.Tensor, count: int) -> tuple[FloatArray, FloatArray]:
    """(neighbour, entity): columns of the most correlated entities and their correlation; NaN where there are none."""
    together = known.T @ known
    squares = (share**2).T @ known
    alike = (share.T @ share) / (squares * squares.T).sqrt().clamp(min=1e-6)
    alike[together < _FEWEST_TOGETHER] = 0.0
    alike.fill_diagonal_(0.0)
    best = alike.topk(min(count, len(alike)), dim=1)
    found = np.full((2, count, len(alike)), np.nan, dtype=np.float32)
    real = best.values > 0
    for at, values in enumerate((best.indices.float(), best.values)):
        found[at, : best.values.shape[1]] = torch.where(real, values, torch.nan).T.numpy()
    return found[0], found[1]
