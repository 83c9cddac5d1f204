"""What a search judges beside the linear model: the members whose settings it touches, fitted as a training does."""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import torch
from rich.progress import Progress

from features.errors import BadInput
from features.series import FloatArray
from features.traffic.state import TrafficState
from training.baselines import PROFILE
from training.search.problem import Report
from training.traffic.blend import choose_weights
from training.traffic.members import fit_members
from training.traffic.model import LinearCorrection
from training.traffic.recipe import MEMBERS, Recipe
from training.traffic.run import TrainingJob
from training.traffic.sample import gather
from training.traffic.select import warmup_rows

# A fifth of a training's, so that many trials fit into an hour.
_ROWS = 60_000
# They touch the network and the trees alike.
_OF_ALL = frozenset({"members", "factors"})


def judged_members(recipe: Recipe, searched: Collection[str], fixed: Collection[str]) -> tuple[str, ...]:
    """The members that a search over settings has to fit, in the order of ``MEMBERS``.

    Args:
        recipe: whose members they are.
        searched: names of settings.
        fixed: names of settings that the user has set for every trial.

    Returns:
        The linear member and those that a name belongs to; none where the linear model alone tells settings apart.
    """
    touched = {*searched, *fixed}
    found = tuple(
        name
        for name in MEMBERS
        if name in recipe.members
        and (name == "linear" or touched & _OF_ALL or any(key.startswith(f"{name}_") for key in touched))
    )
    return found if "members" in searched or set(found) - {"linear"} else ()


def check_members(recipe: Recipe, searched: Collection[str]) -> None:
    """Refuse the search of a setting whose member is not fitted.

    Raises:
        BadInput: names the setting.
    """
    if "members" in searched:
        return
    for key in searched:
        for name in MEMBERS:
            if key.startswith(f"{name}_") and name not in recipe.members:
                raise BadInput(
                    cause=f"{key} moves nothing: '{name}' is not among members={list(recipe.members)}",
                    mend=f"Leave --quick out, or name '{name}' in --set members=[...]",
                )


def judge_members(
    job: TrainingJob, start: TrafficState, linear: LinearCorrection, members: tuple[str, ...], report: Report
) -> dict[str, float]:
    """Mean absolute error on validation of the best blend of ``members``, each fitted on rows before validation.

    As in a training, but on fewer rows and with one network.

    Args:
        job: its panel ends where the test begins, its config is chosen.
        start: of the profile, knowing who errs alike.
        linear: fitted on the training part.
        members: in the order of ``MEMBERS``.
        report: is told the error each time a member joins, by the member's number.

    Returns:
        The error of the blend, as ``blend``, and of the adaptive profile on the same targets.

    Raises:
        BadInput: nothing was measured in a part.
        HaechiError: a network diverged.
    """
    split, config, bar = job.split, job.config, Progress(disable=True)
    sample = gather(job.panel, start, warmup_rows(split, config), split.test, config, bar, most_rows=_ROWS)
    parts = ((0, split.validation), (split.validation, split.test))
    seen, judged = (sample.within(*rows, config.horizon_steps) for rows in parts)
    if not len(judged):
        raise BadInput(
            cause="No target in the validation interval was measured",
            mend="Choose another --split, or entities with measurements there",
        )
    measured = sample.measured[torch.from_numpy(judged)].numpy()
    medians: dict[str, FloatArray] = {}
    mae = float("nan")
    for name in members:
        recipe = replace(job.recipe, members=(name,), network_seeds=1)
        fitted = fit_members(linear, sample, seen, config, recipe, job.seed, bar)
        medians[name] = fitted.medians(sample, judged)[name]
        mae = choose_weights(medians, measured).validation_mae
        report(MEMBERS.index(name), mae)
    profile = sample.inputs["profile"][torch.from_numpy(judged)].numpy()
    return {"blend": mae, PROFILE: float(np.nanmean(np.abs(profile - measured)))}
