"""What ``haechi search disaster`` makes small: the error of the quantity on years that a fit had not seen."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from rich.progress import Progress

from features.disaster.state import quantities
from training.disaster.hashing import data_sha256
from training.disaster.job import Job, known_settings, read_job
from training.disaster.learn import learn
from training.disaster.recipe import Recipe
from training.options import TrainOptions
from training.search.problem import Problem, Report, Settings

DEFAULTS = "without a search"
_PERSISTENCE = "no change"
_NOT_SEARCHED = {"miss_cost": "it is what a city pays, and the error does not depend on it"}
_SPACE: dict[str, Any] = {
    "trees_count": {"low": 50, "high": 400, "step": 50},
    "trees_leaves": {"low": 4, "high": 63, "log": True},
    "trees_min_rows": {"low": 50, "high": 800, "log": True},
    "trees_learning_rate": {"low": 0.02, "high": 0.2, "log": True},
}


def problem(options: TrainOptions) -> Problem:
    """The search of the settings that ``options`` leaves open; reads the readings.

    Raises:
        HaechiError: names cause and mend.
    """
    job = read_job(options)
    searched = HeldOutYears(job=job)
    return Problem(
        objective=searched,
        baselines=searched.baselines,
        check=searched.check,
        known=Recipe().to_json(),
        fixed=options.config,
        not_searched=_NOT_SEARCHED,
        without_effect=frozenset(),
        space=_SPACE,
        identity=_identity(job),
        unit=job.config.hazard.unit,
        simulated=job.simulated,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutYears:
    """Mean absolute error of the quantity's median over all horizons, each year forecast by a fit without it.

    Attributes:
        job: what is trained on; its test part is never looked at.
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
        """The error without a search, and of no change at all."""
        return self._judge(self.job, report)

    def _with(self, settings: Mapping[str, Any]) -> Job:
        chosen = self.job.recipe.to_json() | known_settings(settings)
        return replace(self.job, recipe=Recipe.from_json(chosen))

    def _judge(self, job: Job, report: Report) -> dict[str, float]:
        torch.set_num_threads(1)
        torch.manual_seed(job.seed)
        learned = learn(job, Progress(disable=True))
        sample, median = learned.sample, learned.fitted.held_out.level[:, :, 1]
        now = np.asarray(sample.inputs["now"], dtype=np.float32)[:, None]
        known = ~np.isnan(median) & ~np.isnan(sample.at)
        error = float(np.abs(median - sample.at)[known].mean())
        report(1, error)
        return {DEFAULTS: error, _PERSISTENCE: float(np.abs(now - sample.at)[known].mean())}


def _identity(job: Job) -> dict[str, str]:
    return {
        "hazard": job.config.hazard.name,
        "data_sha256": data_sha256(job.measured, quantities(job.config)),
        "places": ", ".join(job.places),
        "test_from": str(job.test_from),
        "seed": str(job.seed),
    }
