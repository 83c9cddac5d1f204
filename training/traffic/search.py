"""What ``haechi search traffic`` makes small: the error by rolling origin through everything before the test."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from rich.progress import Progress

from features.errors import BadInput
from features.series import unit_of
from features.traffic.state import fresh
from training.baselines import PROFILE
from training.options import TrainOptions
from training.provenance import data_sha256
from training.search.problem import Problem, Report, Settings
from training.traffic.job import SETTINGS, read_job, with_settings
from training.traffic.run import TrainingJob
from training.traffic.select import FIRST_JUDGED, Fold, choose_gains, each_fold, fold_error, warmup_rows

_THREADS = 2
DEFAULTS = "without a search"

_NOT_SEARCHED = {
    "horizon_steps": "it is what is asked of the model, and errors over different horizons cannot be compared",
    "step_min": "it is read from the measurements",
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
    # No trial can look at the test interval, whatever it does: it is not there.
    job = replace(job, panel=job.panel.window(0, job.split.test), positions=None)
    origin = RollingOrigin(job=job, options=options)
    return Problem(
        objective=origin,
        baselines=origin.baselines,
        check=origin.check,
        known=SETTINGS | job.config.to_json(),
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
    """Mean absolute error of a training: each later fold is forecast by a fit on those before it.

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
        job.split.check(warmup_steps=warmup_rows(job.split, job.config), horizon_steps=job.config.horizon_steps)

    def __call__(self, settings: Settings, report: Report) -> float:
        """The error under ``settings``; what they leave open is chosen as a training chooses it."""
        return self._judge(self._with(settings), report)[DEFAULTS]

    def baselines(self, report: Report) -> dict[str, float]:
        """The error of what is not searched, and of its adaptive profile alone."""
        return self._judge(self._with({}), report)

    def _with(self, settings: Settings) -> TrainingJob:
        return with_settings(self.job, self.options, {**self.options.config, **settings})

    def _judge(self, job: TrainingJob, report: Report) -> dict[str, float]:
        torch.set_num_threads(_THREADS)
        torch.manual_seed(job.seed)
        panel, split, bar = job.panel, job.split, Progress(disable=True)
        config = choose_gains(panel, split, job.config, job.gains, bar)[0] if job.gains else job.config
        start, before = fresh(panel.entities, panel.start, config), list[Fold]()
        errors, profile, count = np.zeros(len(job.ridges)), 0.0, 0
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
        return {DEFAULTS: float(errors.min()) / count, PROFILE: profile / count}


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
        "split": f"{job.panel.time(job.split.validation).isoformat()},{job.panel.time(job.split.test).isoformat()}",
        "seed": str(options.seed),
        "country": options.country,
        "timezone": options.timezone,
        "quick": str(options.quick),
        "set": str(sorted(options.config.items())),
    }
