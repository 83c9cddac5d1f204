"""Fits one global model of all lots on the rows of training: base, network, trees, each on what the last one leaves."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from rich.progress import Progress
from torch import Tensor

from features.parking.config import ParkingConfig
from training.parking.grow import Grown, Lessons, grow_group
from training.parking.lessons import Drawn, draw
from training.parking.model import Base, Inputs, groups, rising, tree_rows
from training.parking.network import Networks, fit_network
from training.parking.recipe import Recipe
from training.parking.sample import Past, spread, targets
from training.parking.traits import fit_traits

IntArray = npt.NDArray[np.int64]

_RHO_ISSUES = 200
"""Issue times that tell how fast a deviation fades."""
_BLOCK = 8192
"""Rows that the network answers at once."""
_YEAR_MIN = 365 * 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """A model that can be exported.

    Attributes:
        base: its base.
        network: what is added to it.
        grown: trees by group of steps.
        steps: of each group, counted from 0.
        config: of the features.
    """

    base: Base
    network: Networks
    grown: tuple[Grown, ...]
    steps: tuple[range, ...]
    config: ParkingConfig

    def quantiles(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Base (entity, step) and the network's quantiles with it (entity, step, quantile), rising."""
        base = self.base(inputs)
        return base, rising(self.network(inputs) + base.unsqueeze(2), len(self.config.quantiles) // 2)

    def moved(self, inputs: Inputs, threads: int) -> tuple[Tensor, npt.NDArray[np.float64]]:
        """The network's quantiles as above, and the median as the trees move it, (entity, step); shares.

        Args:
            inputs: of the model.
            threads: of the trees.
        """
        with torch.inference_mode():
            base, quantiles = self.quantiles(inputs)
            rows = [tree_rows(inputs, base, quantiles, steps).numpy() for steps in self.steps]
        answers = [
            np.asarray(grown.moved.predict(own, num_threads=threads)).reshape(-1, len(steps))
            for own, grown, steps in zip(rows, self.grown, self.steps, strict=True)
        ]
        return quantiles, quantiles[..., quantiles.shape[2] // 2].numpy() + np.concatenate(answers, axis=1)


def fit(
    past: Past,
    learned: int,
    lots: npt.NDArray[np.bool_],
    recipe: Recipe,
    seed: int,
    threads: int,
    bar: Progress,
    on_step: Callable[[object], None] = lambda _: None,
) -> Fitted:
    """Fit on issue times all of whose targets lie before the row ``learned``.

    Args:
        past: the counts; the traits of its state are fitted here, on the same rows.
        learned: where validation begins.
        lots: (lot,), which may be learned from.
        recipe: settings of the fit.
        seed: of every random choice.
        threads: of the trees.
        bar: shows what is done and time left.
        on_step: is called after each step and tree; what it raises ends the fit.

    Raises:
        BadInput: nothing was counted, or for too short a time.
    """
    config, shares = past.config, past.shares()
    fit_traits(past.start, past.panel, np.where(lots, shares, np.float32(np.nan)), learned, config)
    issues = issue_rows(config, learned, recipe.issues)
    base = Base(config)
    base.rho = torch.from_numpy(_rho(past, shares, spread(issues, _RHO_ISSUES), bar))
    parts = _Parts(past, np.where(lots, shares, np.float32(np.nan)), issues, lots, learned, recipe, seed, bar)
    network = fit_network(parts, parts.count, base, config, recipe, seed, bar, on_step)
    # What the network learned from it errs on less than it will: the trees correct it on what it has not seen.
    drawn = parts.held_out()
    steps = groups(config)
    untrained = Fitted(base=base, network=network, grown=(), steps=tuple(steps), config=config)
    answers = _answers(untrained, drawn)
    chance, grown = np.random.default_rng(seed + 1), []
    for group in bar.track(steps, description="growing trees"):
        grown.append(
            grow_group(_lessons(drawn, answers, group, recipe, chance), config, recipe, seed, threads, on_step)
        )
    return Fitted(base=base, network=network, grown=tuple(grown), steps=tuple(steps), config=config)


class _Parts:
    """The rows that the networks learn from, part by part, and those held out for the trees; none is kept."""

    def __init__(
        self,
        past: Past,
        shares: npt.NDArray[np.float32],
        issues: IntArray,
        lots: npt.NDArray[np.bool_],
        learned: int,
        recipe: Recipe,
        seed: int,
        bar: Progress,
    ) -> None:
        self._past, self._shares, self._recipe, self._bar = past, shares, recipe, bar
        # Each part holds hours of all kinds: a stride that shares a factor with the day would not.
        order = np.random.default_rng(seed).permutation(len(issues))
        at_once = max(1, recipe.rows // max(int(lots.sum()), 1))
        held_out = min(at_once, len(issues) // 2)
        self.count = -(-(len(issues) - held_out) // at_once)
        self._held_out = np.sort(issues[order[:held_out]])
        self._parts = [np.sort(issues[some]) for some in np.array_split(order[held_out:], self.count)]
        self._is_short = learned * past.config.step_min < _YEAR_MIN
        self._chance = np.random.default_rng(seed)

    def __iter__(self) -> Iterator[Drawn]:
        for some in self._parts:
            yield self._draw(some)

    def held_out(self) -> Drawn:
        """Rows that no network has seen."""
        return self._draw(self._held_out)

    def _draw(self, issues: IntArray) -> Drawn:
        recipe, chance = self._recipe, self._chance
        drawn = draw(self._past, self._shares, issues, recipe, chance, self._bar)
        # What only ever went by once would be taken for the time of year.
        return drawn.without_season() if self._is_short else drawn


def issue_rows(config: ParkingConfig, learned: int, most: int) -> IntArray:
    """Rows of issue times to learn from: evenly over all from the first week on, all targets before ``learned``."""
    first = min(5 * 7 * config.steps_per_day, max(learned // 4, 1))
    return spread(np.arange(first, max(learned - config.horizon_steps, first)), most)


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


def _answers(fitted: Fitted, drawn: Drawn) -> tuple[Tensor, Tensor]:
    """Base and quantiles of every row."""
    bases, quantiles = [], []
    with torch.inference_mode():
        for batch in _blocks(drawn):
            base, one = fitted.quantiles(batch)
            bases.append(base)
            quantiles.append(one.half())
    return torch.cat(bases), torch.cat(quantiles)


def _blocks(drawn: Drawn) -> Iterator[Inputs]:
    for first in range(0, len(drawn), _BLOCK):
        yield drawn.some(slice(first, first + _BLOCK))


def _lessons(
    drawn: Drawn, answers: tuple[Tensor, Tensor], group: range, recipe: Recipe, chance: np.random.Generator
) -> Lessons:
    """Targets of a group drawn at random from all rows."""
    bases, quantiles = answers
    share = min(1.0, recipe.trees_rows / max(len(drawn) * len(group), 1))
    rows, middle, free = [], [], []
    for first in range(0, len(drawn), _BLOCK):
        some = slice(first, first + _BLOCK)
        inputs, own = drawn.some(some), quantiles[some].float()
        came = drawn.free[some, group.start : group.stop].numpy().astype(np.float32)
        chosen = (~np.isnan(came) & (chance.random(came.shape) < share)).ravel()
        rows.append(tree_rows(inputs, bases[some], own, group).numpy()[chosen])
        middle.append(own[:, group.start : group.stop, own.shape[2] // 2].numpy().ravel()[chosen])
        free.append(came.ravel()[chosen])
    return Lessons(rows=np.concatenate(rows), middle=np.concatenate(middle), free=np.concatenate(free))
