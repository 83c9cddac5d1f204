"""Fits a hazard's model: the linear core, the trees on what it leaves, how far both err, and the odds."""

from copy import deepcopy
from dataclasses import dataclass

import lightgbm
import numpy as np
import numpy.typing as npt
import torch
from rich.progress import Progress

from features.disaster.config import QUANTILES, DisasterConfig
from features.errors import BadInput
from training.disaster import ridge
from training.disaster.fit_odds import HeldOut, fit_odds
from training.disaster.grow import Grown, grow_trees
from training.disaster.guess import first_guess
from training.disaster.model import Core, Odds, Targets, targets_of
from training.disaster.recipe import Recipe
from training.disaster.sample import Said, Sample

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_SMALLEST = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """A fitted model, and what it says of the rows that it learned from without having seen their fold.

    Attributes:
        core: the linear part.
        boosters: of each target, empty where there are none.
        shares: (target,), of the trees' answer that is added.
        odds: the last part.
        held_out: what fits without the row's fold say of it; NaN in rows not learned from.
    """

    core: Core
    boosters: list[lightgbm.Booster]
    shares: npt.NDArray[np.float32]
    odds: Odds
    held_out: Said

    def answer(self, sample: Sample, rows: BoolArray) -> Said:
        """What the model says of ``rows``, NaN elsewhere."""
        chosen = np.flatnonzero(rows)
        inputs = _tensors(sample, chosen)
        with torch.inference_mode():
            change, scale = (each.numpy().astype(np.float64) for each in self.core(inputs))
            tree_rows = self.core.design.tree_rows(inputs).numpy()
        for target, booster in enumerate(self.boosters):
            if self.shares[target]:
                change[:, target] += self.shares[target] * booster.predict(tree_rows, num_threads=1)
        return _outputs(self.odds, inputs, change, scale, chosen, len(sample))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fits:
    """A model and its baseline.

    Attributes:
        model: core and trees.
        linear: the core without trees, its scale and odds of its own errors.
    """

    model: Fitted
    linear: Fitted


def fit(
    sample: Sample,
    fold: npt.NDArray[np.int64],
    config: DisasterConfig,
    recipe: Recipe,
    seed: int,
    bar: Progress,
) -> Fits:
    """Fit on the rows whose ``fold`` is not negative.

    Args:
        sample: all rows.
        fold: (row,), number of the fold, -1 for rows that are not learned from.
        config: of the hazard.
        recipe: settings of the fit.
        seed: of the trees.
        bar: shows targets done and time left.

    Raises:
        BadInput: nothing is left to learn from.
    """
    targets = targets_of(config)
    wanted = _wanted(sample, targets, log=config.hazard.log)
    usable = (fold >= 0) & sample.inputs["now_mask"].astype(np.bool_) & ~np.isnan(wanted).any(axis=1)
    if not usable.any() or len(np.unique(fold[usable])) < 2:
        raise BadInput(
            cause="Too little was measured to learn from: no row has its past and its future whole",
            mend="Give a longer history with fewer gaps",
        )
    chosen = np.flatnonzero(usable)
    inputs = _tensors(sample, chosen)
    core = Core(config)
    _standardise(core, inputs)
    rows = core.design.rows(inputs)
    if config.hazard.log:
        core.design.most.copy_(inputs["feature"][:, core.design.now].max())
    columns = core.design(rows).numpy()
    blocks = 1 + len(config.hazard.regimes)
    guess = first_guess(core.design, config)
    linear = ridge.fit(columns, wanted[chosen] - columns @ guess, fold[chosen], blocks)
    core.weight.copy_(torch.from_numpy((guess + linear.weight).astype(np.float32)))
    answered = columns @ guess + linear.held_out
    left = wanted[chosen] - answered
    tree_rows = core.design.tree_rows(inputs).numpy()
    grown = grow_trees(tree_rows, left, fold[chosen], sample.inputs["now"][chosen], config, recipe, seed, bar)
    seen = _Rows(wanted[chosen], columns, inputs, sample, chosen, fold[chosen], config)
    model = _read_off(core, answered, grown, seen)
    if not grown.shares.any():
        return Fits(model=model, linear=model)
    bare = Grown([], np.zeros_like(grown.shares), np.zeros_like(left))
    return Fits(model=model, linear=_read_off(deepcopy(core), answered, bare, seen))


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """The rows that are learned from, from every side."""

    wanted: FloatArray
    columns: npt.NDArray[np.float32]
    inputs: dict[str, torch.Tensor]
    sample: Sample
    chosen: npt.NDArray[np.int64]
    fold: npt.NDArray[np.int64]
    config: DisasterConfig


def _read_off(core: Core, answered: FloatArray, grown: Grown, rows: _Rows) -> Fitted:
    """The model whose core and trees said ``answered`` and what ``grown`` adds: its scale, its odds, itself."""
    change = answered + grown.held_out
    errors = rows.wanted - change
    scale = _fit_scale(core, rows.columns, errors, rows.fold, 1 + len(rows.config.hazard.regimes))
    odds = Odds(rows.config, len(QUANTILES))
    fit_odds(odds, HeldOut(change=change, scale=scale, errors=errors), rows.inputs, rows.sample, rows.chosen)
    return Fitted(
        core=core,
        boosters=grown.boosters,
        shares=grown.shares,
        odds=odds,
        held_out=_outputs(odds, rows.inputs, change, scale, rows.chosen, len(rows.sample)),
    )


def _rms(errors: FloatArray) -> FloatArray:
    found: FloatArray = np.sqrt(np.mean(errors**2, axis=0))
    return found


def _wanted(sample: Sample, targets: Targets, *, log: bool) -> FloatArray:
    """(row, target): by how much each target differs from now, on the scale that is forecast on."""
    parts = [sample.at]
    for number, group in enumerate(targets.groups):
        parts += [] if group.plain else [sample.value_at[:, number]]
        parts.append(sample.peak[:, number])
    values = np.concatenate(parts, axis=1).astype(np.float64)
    now = np.asarray(sample.inputs["now"], dtype=np.float64)[:, None]
    if not log:
        return values - now
    return np.log(np.maximum(values, 1.0)) - np.log(np.maximum(now, 1.0))


def _tensors(sample: Sample, chosen: npt.NDArray[np.int64]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(np.ascontiguousarray(array[chosen])) for name, array in sample.inputs.items()}


def _standardise(core: Core, inputs: dict[str, torch.Tensor]) -> None:
    values = torch.cat([inputs["feature"], inputs["calendar"]], dim=1).double()
    known = torch.cat([inputs["feature_mask"], torch.ones_like(inputs["calendar"], dtype=torch.bool)], dim=1)
    count = known.sum(0).clamp(min=1)
    mean = torch.where(known, values, 0.0).sum(0) / count
    scale = (torch.where(known, values - mean, 0.0) ** 2).sum(0).div(count).sqrt()
    core.design.mean.copy_(mean.float())
    # A column that never varied says nothing, whatever it holds later.
    core.design.scale.copy_(torch.where(scale > 1e-6, scale, 1e9).float())


def _fit_scale(
    core: Core, columns: npt.NDArray[np.float32], errors: FloatArray, fold: npt.NDArray[np.int64], blocks: int
) -> FloatArray:
    """The log of the scale is linear in the same columns, and stays within what was seen.

    Returns:
        (row, target), the scale of each row by a fit without its fold: odds that are fitted on one which has seen the
        row's own error trust it too much.
    """
    floor = np.maximum(0.05 * _rms(errors), _SMALLEST)
    logs = np.log(np.abs(errors) + floor)
    found = ridge.fit(columns, logs, fold, blocks)
    low, high = (np.exp(np.quantile(found.held_out, share, axis=0)) for share in (0.001, 0.999))
    narrowest, widest = np.maximum(low, _SMALLEST), 2 * high
    for buffer, fitted in ((core.spread, found.weight), (core.narrowest, narrowest), (core.widest, widest)):
        buffer.copy_(torch.from_numpy(fitted.astype(np.float32)))
    held_out: FloatArray = np.exp(found.held_out).clip(narrowest, widest)
    return held_out


def _outputs(
    odds: Odds,
    inputs: dict[str, torch.Tensor],
    change: FloatArray,
    scale: FloatArray,
    chosen: npt.NDArray[np.int64],
    rows: int,
) -> Said:
    with torch.inference_mode():
        found = odds(
            inputs["now"],
            inputs["value"],
            *(torch.from_numpy(each.astype(np.float32)) for each in (change, scale)),
        )
    spread = []
    for each in found:
        whole = np.full((rows, *each.shape[1:]), np.nan, dtype=np.float32)
        whole[chosen] = each.numpy()
        spread.append(whole)
    return Said(level=spread[0], within=spread[1], met=spread[2])
