"""Fits one global model of all lots on the rows of training, then its intervals on those of validation."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from rich.progress import Progress

from features.parking.config import ParkingConfig
from training.parking.cold import hide_history
from training.parking.grow import Grown, Lessons, grow_group
from training.parking.model import Rows, groups
from training.parking.recipe import Recipe
from training.parking.sample import Past, targets, tensors
from training.parking.traits import fit_traits

IntArray = npt.NDArray[np.int64]

_RHO_ISSUES = 200
"""Issue times that tell how fast a deviation fades."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """A model that can be exported.

    Attributes:
        rows: what its trees split on.
        grown: by group of steps.
        steps: of each group, counted from 0.
        config: of the features.
    """

    rows: Rows
    grown: tuple[Grown, ...]
    steps: tuple[range, ...]
    config: ParkingConfig


def fit(
    past: Past,
    learned: int,
    recipe: Recipe,
    seed: int,
    threads: int,
    bar: Progress,
    on_tree: Callable[[object], None] = lambda _: None,
) -> Fitted:
    """Fit on issue times all of whose targets lie before the row ``learned``.

    Args:
        past: the counts; the traits of its state are fitted here, on the same rows.
        learned: where validation begins.
        recipe: settings of the fit.
        seed: of every random choice.
        threads: of the trees.
        bar: shows what is done and time left.
        on_tree: is called after each tree; what it raises ends the fit.

    Raises:
        BadInput: nothing was counted, or for too short a time.
    """
    config, shares = past.config, past.shares()
    fit_traits(past.start, past.panel, shares, learned, config)
    chance = np.random.default_rng(seed)
    issues = issue_rows(config, learned, recipe.issues)
    rows = Rows(config)
    rows.rho = torch.from_numpy(_rho(past, shares, spread(issues, _RHO_ISSUES), bar))
    steps = groups(config)
    lessons = _lessons(past, shares, issues, rows, steps, recipe, chance, bar)
    grown = [
        grow_group(own, config, recipe, seed, threads, on_tree) for own in bar.track(lessons, description="growing trees")
    ]
    return Fitted(rows=rows, grown=tuple(grown), steps=tuple(steps), config=config)


def issue_rows(config: ParkingConfig, learned: int, most: int) -> IntArray:
    """Rows of issue times to learn from: evenly over all, from the first week on whose targets lie before ``learned``."""
    first = min(7 * config.steps_per_day, max(learned // 4, 1))
    every = np.arange(first, learned - config.horizon_steps)
    # A step that shares no factor with the day sees each hour as often as any other.
    return spread(every, most)


def spread(rows: IntArray, most: int) -> IntArray:
    """At most so many of some rows, evenly over all.

    >>> spread(np.arange(100), 4).tolist()
    [0, 33, 66, 99]
    """
    if len(rows) <= most:
        return rows
    return rows[np.unique(np.linspace(0, len(rows) - 1, most).astype(np.int64))]


def _rho(past: Past, shares: npt.NDArray[np.float32], issues: IntArray, bar: Progress) -> npt.NDArray[np.float32]:
    """(step,): what is left of a deviation, by least squares through the origin."""
    top = np.zeros(past.config.horizon_steps)
    bottom = top.copy()
    for some, table in past.tables(issues, bar, "seeing how deviations fade"):
        inputs = table.inputs
        now, mask = inputs["now_deviation"].astype(np.float64)[:, None], inputs["now_mask"].astype(np.bool_)[:, None]
        off = targets(shares, some, past.config) - inputs["profile"].astype(np.float64)
        known = mask & inputs["profile_mask"].astype(np.bool_) & ~np.isnan(off)
        top += np.where(known, now * off, 0).sum(axis=0)
        bottom += np.where(known, now * now, 0).sum(axis=0)
    return np.where(bottom > 0, np.clip(top / np.maximum(bottom, 1e-12), 0, 1), 0).astype(np.float32)


def _lessons(
    past: Past,
    shares: npt.NDArray[np.float32],
    issues: IntArray,
    rows: Rows,
    steps: list[range],
    recipe: Recipe,
    chance: np.random.Generator,
    bar: Progress,
) -> list[Lessons]:
    """What each group learns from: targets drawn at random from every table."""
    found: list[list[tuple[npt.NDArray[np.float32], ...]]] = [[] for _ in steps]
    lots = len(past.panel.entities)
    shares_of = [min(1.0, recipe.trees_rows / (len(issues) * lots * len(some))) for some in steps]
    for some, table in past.tables(issues, bar, "building features"):
        hide_history(table, chance.random(len(some) * lots) < recipe.cold_share)
        free = targets(shares, some, past.config)
        inputs = tensors(table)
        with torch.inference_mode():
            base = rows.base(inputs).numpy()
            for own, group, share in zip(found, steps, shares_of, strict=True):
                at = slice(group.start, group.stop)
                known = ~np.isnan(free[:, at]) & table.inputs["profile_mask"][:, at].astype(np.bool_)
                chosen = (known & (chance.random(known.shape) < share)).ravel()
                own.append((rows(inputs, group).numpy()[chosen], base[:, at].ravel()[chosen], free[:, at].ravel()[chosen]))
    return [
        Lessons(rows=np.concatenate(one), base=np.concatenate(two), free=np.concatenate(three))
        for one, two, three in (zip(*own, strict=True) for own in found)
    ]
