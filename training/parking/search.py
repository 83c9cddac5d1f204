"""What ``haechi search parking`` makes small: the error on validation of a model fitted on what lies before."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from rich.progress import Progress

from features.parking.config import ParkingConfig
from training.options import TrainOptions
from training.parking.fit import fit
from training.parking.job import SETTINGS, Job, known_settings, read_job
from training.parking.recipe import Recipe
from training.parking.sample import spread, targets, tensors
from training.provenance import covariates_sha256, data_sha256
from training.search.problem import Problem, Report, Settings

DEFAULTS = "without a search"
_CHANGE = "last value + profile change"
_UNIT = "% of capacity"
_ISSUES = 200
_NOT_SEARCHED = {
    "horizon_steps": "it is what is asked of the model, and errors over different horizons cannot be compared",
    "full_share": "it is what counts as full",
    "tracking_gain": "the error of the median does not depend on it",
    "quantiles": "they are what is asked of the model",
    "full_trees_count": "the error of the median does not depend on it",
}
_SPACE: dict[str, Any] = {
    "network_width": {"low": 64, "high": 384, "step": 64},
    "network_learning_rate": {"low": 5e-4, "high": 4e-3, "log": True},
    "trees_count": {"low": 50, "high": 300, "step": 50},
    "trees_leaves": {"low": 15, "high": 127, "log": True},
    "trees_learning_rate": {"low": 0.03, "high": 0.15, "log": True},
}


def problem(options: TrainOptions) -> Problem:
    """The search of the settings that ``options`` leaves open; reads the counts.

    Raises:
        HaechiError: names cause and mend.
    """
    job = read_job(options)
    # No trial can look at the test part, whatever it does: it is not there.
    job = replace(job, panel=job.panel.window(0, job.split.test))
    searched = OnValidation(job=job)
    return Problem(
        objective=searched,
        baselines=searched.baselines,
        check=searched.check,
        known=SETTINGS | job.config.to_json() | job.recipe.to_json(),
        fixed=options.config,
        not_searched=_NOT_SEARCHED,
        without_effect=frozenset(),
        space=_SPACE,
        identity=_identity(job),
        unit=_UNIT,
        simulated=job.simulated,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OnValidation:
    """Mean absolute error of the median over all steps, on issue times of the validation part.

    Attributes:
        job: what is trained on, up to the test part.
    """

    job: Job

    def check(self, settings: Settings) -> None:
        """Refuse settings that no training takes.

        Raises:
            BadInput: names cause and mend.
        """
        self._with(settings)

    def __call__(self, settings: Settings, report: Report) -> float:
        """The error under ``settings``."""
        return self._judge(self._with(settings), report)[DEFAULTS]

    def baselines(self, searched: Collection[str], report: Report) -> dict[str, float]:
        """The error without a search, and of the last value moved as the profile moves."""
        return self._judge(self.job, report)

    def _with(self, settings: Mapping[str, Any]) -> Job:
        known_settings(settings)
        recipe = {key: value for key, value in settings.items() if key in self.job.recipe.to_json()}
        own = {key: value for key, value in settings.items() if key not in recipe}
        return replace(
            self.job,
            recipe=Recipe.from_json(self.job.recipe.to_json() | recipe),
            config=ParkingConfig.from_json(self.job.config.to_json() | own),
        )

    def _judge(self, job: Job, report: Report) -> dict[str, float]:
        torch.set_num_threads(1)
        torch.manual_seed(job.seed)
        bar, past, config = Progress(disable=True), job.past(), job.config
        fitted = fit(past, job.split.validation, job.learned, job.recipe, job.seed, 1, bar)
        shares = np.where(job.learned, past.shares(), np.float32(np.nan))
        issues = spread(np.arange(job.split.validation, len(job.panel) - config.horizon_steps), _ISSUES)
        error = plain = count = 0.0
        for some, table in past.tables(issues, bar, ""):
            inputs, came = tensors(table), targets(shares, some, config)
            _, median = fitted.moved(inputs, 1)
            change = inputs["profile"].numpy() + inputs["now_deviation"].numpy()[:, None]
            known = ~np.isnan(came) & inputs["profile_mask"].numpy()
            error += float(np.abs(median - came)[known].sum())
            plain += float(np.abs(change - came)[known].sum())
            count += float(known.sum())
        found = 100 * error / max(count, 1.0)
        report(1, found)
        return {DEFAULTS: found, _CHANGE: 100 * plain / max(count, 1.0)}


def _identity(job: Job) -> dict[str, str]:
    return {
        "data_sha256": data_sha256(job.panel),
        **covariates_sha256(job.panel),
        "lots": str(len(job.panel.entities)),
        "validation": str(job.split.validation),
        "seed": str(job.seed),
    }
