"""Chooses on validation, refits on train and validation, and hands over the state as it was before the test."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from rich.progress import Progress

from features.errors import BadInput
from features.limits import Deciles, Limits
from features.series import Panel, unit_of
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState, fresh
from training.split import Split
from training.traffic import guard
from training.traffic.blend import Blend, choose_weights
from training.traffic.fit import Ridge, fit
from training.traffic.known import Past
from training.traffic.members import Members, fit_members, one_thread
from training.traffic.model import LinearCorrection
from training.traffic.recipe import Recipe
from training.traffic.relations import with_relations
from training.traffic.replay import replay
from training.traffic.sample import gather
from training.traffic.select import (
    Choice,
    Gains,
    all_sums,
    choose_gains,
    choose_ridge,
    folds,
    train_sums,
    warmup_rows,
)

# Quantile tracking forgets where it started within about four weeks of hourly forecasts.
_BURN_IN_DAYS = 28


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trained:
    """A fitted model and how it came about.

    Attributes:
        name: what kind of model it is: ``linear``, ``blend`` or ``fast blend``, which has no trees.
        blend: the model, fitted on train and validation.
        config: its features.
        shares: of its members.
        ridge: the linear member's shrinkage.
        choices: everything tried on validation.
        state: as of the start of the test interval; the interval's widths come from forecasts of members that had
            not seen their targets.
        validation_coverage: share of validation targets, of the last four weeks at most, inside that interval.
        limits: of rows that it answers itself, from those of train and validation.
        deciles: of the values of the same rows.
    """

    name: str
    blend: Blend
    config: TrafficConfig
    shares: dict[str, float]
    ridge: Ridge
    choices: list[Choice]
    state: TrafficState
    validation_coverage: float
    limits: Limits
    deciles: tuple[Deciles, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """What is tried on validation.

    Attributes:
        gains: of the profile; with none the config's stay.
        ridges: shrinkages, at least one.
    """

    gains: Sequence[Gains]
    ridges: Sequence[Ridge]


def train(
    panel: Panel, split: Split, config: TrafficConfig, recipe: Recipe, seed: int, bar: Progress, tried: Candidates
) -> tuple[Trained, ...]:
    """Fit on everything before the test interval: the most accurate model first, then, if it has trees, one without.

    Args:
        panel: measurements; entities never measured before ``split.validation`` must be left out.
        split: by time.
        config: the features.
        recipe: the members and their settings.
        seed: of every random choice.
        bar: shows steps done and time left.
        tried: what to choose from on validation.

    Raises:
        BadInput: a part without measurements or too short.
        HaechiError: a network diverged.
    """
    warmup = warmup_rows(split, config)
    split.check(warmup_steps=warmup, horizon_steps=config.horizon_steps)
    # What follows cannot look at the test interval, whatever it does, nor at news of older hours that came in it.
    panel = Past.of(panel, config).known(panel.start, split.test)
    config, choices = choose_gains(panel, split, config, tried.gains, bar) if tried.gains else (config, [])
    start = with_relations(fresh(panel.entities, panel.start, config), panel, split.validation, config, seed, bar)
    parts = folds(panel, start, warmup, split, config, bar)
    ridge, ridges = choose_ridge(parts, config, tried.ridges)
    seen = [table.inputs for part in parts for table, _ in part.sample]
    unit = unit_of(panel.quantity)
    limits, deciles = guard.limits(seen, config, unit), guard.deciles(seen, config, unit)
    early, late = (fit(sums(parts), config, ridge) for sums in (train_sums, all_sums))
    found = []
    for one in _weighed(_Stretch(panel, start, warmup, split, config), early, late, recipe, seed, bar):
        with one_thread():
            state, coverage = _calibrated(one.early, start, panel, split, bar, config)
        found.append(
            Trained(
                name=one.name,
                blend=one.late,
                config=config,
                shares=one.shares,
                ridge=ridge,
                choices=choices + ridges + one.choices,
                state=state,
                validation_coverage=coverage,
                limits=limits,
                deciles=deciles,
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Stretch:
    panel: Panel
    start: TrafficState
    warmup: int
    split: Split
    config: TrafficConfig


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Weighed:
    """A blend under chosen shares: fitted on train alone, and on train and validation."""

    name: str
    early: Blend
    late: Blend
    shares: dict[str, float]
    choices: list[Choice]


def _weighed(
    what: _Stretch, early: LinearCorrection, late: LinearCorrection, recipe: Recipe, seed: int, bar: Progress
) -> list[_Weighed]:
    if recipe.members == ("linear",):
        shares = {"linear": 1.0}
        first, last = (Members(linear=one, networks=[], trees=None).blend(shares) for one in (early, late))
        return [_Weighed(name="linear", early=first, late=last, shares=shares, choices=[])]
    split, config = what.split, what.config
    sample = gather(what.panel, what.start, what.warmup, split.test, config, bar)
    steps = config.horizon_steps
    seen, judged = (sample.within(*rows, steps) for rows in ((0, split.validation), (split.validation, split.test)))
    if not len(judged):
        raise BadInput(
            cause="No target in the validation interval was measured",
            mend="Choose another --split, or entities with measurements there",
        )
    before = fit_members(early, sample, seen, config, recipe, seed, bar)
    measured = sample.measured[torch.from_numpy(judged)].numpy()
    medians = {name: found for name, found in before.medians(sample, judged).items() if name in recipe.members}
    chosen = {"blend": choose_weights(medians, measured)}
    if "trees" in medians and len(medians) > 1:
        fast = {name: found for name, found in medians.items() if name != "trees"}
        chosen["fast blend"] = choose_weights(fast, measured)
    alone = [
        Choice(what="member", setting=name, validation_mae=float(np.nanmean(np.abs(median - measured))))
        for name, median in medians.items()
    ]
    after = fit_members(late, sample, sample.within(0, split.test, steps), config, recipe, seed, bar)
    return [
        _Weighed(
            name=name,
            early=before.blend(found.shares),
            late=after.blend(found.shares),
            shares=found.shares,
            choices=[*alone, Choice(what=name, setting=_said(found.shares), validation_mae=found.validation_mae)],
        )
        for name, found in chosen.items()
    ]


def _said(shares: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:.0%}" for name, share in shares.items())


def _calibrated(
    predict: Blend, start: TrafficState, panel: Panel, split: Split, bar: Progress, config: TrafficConfig
) -> tuple[TrafficState, float]:
    """The state at the start of the test, its interval learned by replaying validation with a train-only model."""
    burn_in = min(_BURN_IN_DAYS * config.steps_per_day, split.validation // 4)
    # A long validation is not replayed whole: what the interval learned more than two such spans ago is forgotten.
    first = max(split.validation, split.test - burn_in) - burn_in
    state = Past.of(panel, config).advanced(start, first)
    rows = range(first, split.test + 1)
    inside, count = 0, 0
    for issue in bar.track(replay(predict, state, panel, rows, config), total=len(rows), description="calibrating"):
        state = issue.state
        if issue.row >= first + burn_in:
            low, high = issue.forecast[..., 0], issue.forecast[..., -1]
            inside += int(((issue.measured >= low) & (issue.measured <= high)).sum())
            count += int((~np.isnan(issue.measured)).sum())
    return state, inside / max(count, 1)
