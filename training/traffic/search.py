"""What ``haechi search traffic`` makes small: an error before the test of the members whose settings are searched.

The linear model's, by rolling origin through everything before the test; where the search touches another member's
settings, that of their blend on validation, fitted before it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from rich.progress import Progress

from features.errors import BadInput
from features.series import unit_of
from features.traffic.state import TrafficState, fresh
from training.baselines import PROFILE
from training.options import TrainOptions
from training.provenance import covariates_sha256, data_sha256
from training.search.problem import Problem, Report, Settings
from training.traffic.fit import Ridge, fit
from training.traffic.job import SETTINGS, read_job, with_settings
from training.traffic.known import Past
from training.traffic.relations import with_relations
from training.traffic.run import TrainingJob
from training.traffic.search_members import check_members, judge_members, judged_members
from training.traffic.select import FIRST_JUDGED, Fold, choose_gains, each_fold, fold_error, train_sums, warmup_rows

_THREADS = 2
DEFAULTS = "without a search"

_NOT_SEARCHED = {
    "horizon_steps": "it is what is asked of the model, and errors over different horizons cannot be compared",
    "step_min": "it is read from the measurements",
    "network_seeds": "a trial trains one network, and more of them err less in any case",
}
_WITHOUT_EFFECT = frozenset({"calibration_gain", "dispersion_gain"})
_GAINS: dict[str, Any] = {
    "same_type_gain": {"low": 0.05, "high": 0.4},
    "same_class_gain": {"low": 0.0, "high": 0.25},
    "other_gain": {"low": 0.0, "high": 0.15},
}
_RIDGES: dict[str, Any] = {
    "ridge_errors": {"low": 1e-4, "high": 10.0, "log": True},
    "ridge_older": {"low": 1e-3, "high": 100.0, "log": True},
    "ridge_slow": {"low": 1e-2, "high": 1e3, "log": True},
}


def problem(options: TrainOptions) -> Problem:
    """The search of the settings that ``options`` leaves open; reads the measurements.

    Raises:
        HaechiError: names cause and mend.
    """
    job = read_job(options)
    job.split.check(warmup_steps=warmup_rows(job.split, job.config), horizon_steps=job.config.horizon_steps)
    # No trial can look at the test interval, whatever it does: it is not there, nor is news of older hours that came
    # in it.
    panel = Past.of(job.panel, job.config).known(job.panel.start, job.split.test)
    job = replace(job, panel=panel, positions=None)
    origin = RollingOrigin(job=job, options=options)
    return Problem(
        objective=origin,
        baselines=origin.baselines,
        check=origin.check,
        known={key: job.config.to_json().get(key, value) for key, value in SETTINGS.items()},
        fixed=options.config,
        not_searched=_NOT_SEARCHED,
        without_effect=_WITHOUT_EFFECT,
        space=_space(job),
        identity=_identity(job, options),
        unit=unit_of(job.panel.quantity),
        simulated=job.simulated,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingOrigin:
    """Mean absolute error of a training: each later fold is forecast by a linear fit on those before it.

    Where the settings of other members are searched or set, these are fitted on train, and the figure is that of
    their blend with the linear one on validation: as the shares are chosen in a training.

    Attributes:
        job: its panel ends where the test begins.
        options: what the user asked for.
    """

    job: TrainingJob
    options: TrainOptions

    def check(self, settings: Settings) -> None:
        """Refuse settings that no training takes.

        Raises:
            BadInput: names cause and mend.
        """
        job = self._with(settings)
        check_members(job.recipe, settings)
        job.split.check(warmup_steps=warmup_rows(job.split, job.config), horizon_steps=job.config.horizon_steps)

    def __call__(self, settings: Settings, report: Report) -> float:
        """The error under ``settings``; what they leave open is chosen as a training chooses it."""
        return self._judge(self._with(settings), settings, report)[DEFAULTS]

    def baselines(self, searched: Collection[str], report: Report) -> dict[str, float]:
        """The error without a search, judged as one over ``searched`` judges, and of its adaptive profile alone."""
        return self._judge(self._with({}), searched, report)

    def _with(self, settings: Settings) -> TrainingJob:
        return with_settings(self.job, self.options, {**self.options.config, **settings})

    def _judge(self, job: TrainingJob, searched: Collection[str], report: Report) -> dict[str, float]:
        torch.set_num_threads(_THREADS)
        torch.manual_seed(job.seed)
        panel, split, bar = job.panel, job.split, Progress(disable=True)
        config = choose_gains(panel, split, job.config, job.gains, bar)[0] if job.gains else job.config
        job = replace(job, config=config)
        start = with_relations(
            fresh(panel.entities, panel.start, config), panel, split.validation, config, job.seed, bar
        )
        linear = _by_rolling_origin(job, start, report)
        members = judged_members(job.recipe, searched, self.options.config)
        if not members:
            return linear.figures
        found = judge_members(
            job,
            start,
            fit(train_sums(linear.folds), config, linear.ridge),
            members,
            lambda number, mae: report(len(linear.folds) - FIRST_JUDGED + number, mae),
        )
        return {DEFAULTS: found.pop("blend"), **found}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Linear:
    """The linear model's figures, the shrinkage they are of, and the folds that it was fitted and judged on."""

    figures: dict[str, float]
    ridge: Ridge
    folds: list[Fold]


def _by_rolling_origin(job: TrainingJob, start: TrafficState, report: Report) -> _Linear:
    panel, split, config, bar = job.panel, job.split, job.config, Progress(disable=True)
    before, errors, profile, count = list[Fold](), np.zeros(len(job.ridges)), 0.0, 0
    for number, fold in enumerate(each_fold(panel, start, warmup_rows(split, config), split, config, bar)):
        if number >= FIRST_JUDGED:
            judged = [fold_error(before, fold, config, ridge) for ridge in job.ridges]
            errors, count = errors + [error for error, _ in judged], count + judged[0][1]
            profile += _profile_error(fold)
            if count:
                report(number - FIRST_JUDGED, float(errors.min()) / count)
        before.append(fold)
    if not count:
        raise BadInput(
            cause="No target in the validation interval was measured",
            mend="Choose another --split, or entities with measurements there",
        )
    figures = {DEFAULTS: float(errors.min()) / count, PROFILE: profile / count}
    return _Linear(figures=figures, ridge=job.ridges[int(errors.argmin())], folds=before)


def _profile_error(fold: Fold) -> float:
    profiles = [np.asarray(table.inputs["profile"], dtype=np.float32) for table, _ in fold.sample]
    offs = [np.abs(profile - measured) for profile, (_, measured) in zip(profiles, fold.sample, strict=True)]
    return float(sum(np.nansum(off) for off in offs))


def _space(job: TrainingJob) -> Mapping[str, Any]:
    """Around what fits these measurements."""
    config = job.config
    longest = 14 * config.steps_per_day
    history = sorted({max(1, config.history_steps // 2), config.history_steps, min(2 * config.history_steps, longest)})
    space: dict[str, Any] = {"history_steps": history}
    if config.seasonal_lags_days == (1, 7):
        space["seasonal_lags_days"] = [[1, 7], [1, 2, 7], [7]]
    return space | _GAINS | _RIDGES


def _identity(job: TrainingJob, options: TrainOptions) -> dict[str, str]:
    return {
        "data": data_sha256(job.panel),
        **covariates_sha256(job.panel),
        "split": f"{job.panel.time(job.split.validation).isoformat()},{job.panel.time(job.split.test).isoformat()}",
        "seed": str(options.seed),
        "country": options.country,
        "timezone": options.timezone,
        "quick": str(options.quick),
        "set": str(sorted(options.config.items())),
    }
