"""A search in MLflow: a run for the study, and below it one for each trial."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState

from features.console import warn
from features.errors import StorageFailure
from training.search.run import finished, settings_in
from training.search.space import Space
from training.track import Tracker

_PARENT, _TRACKED = "mlflow_run", "tracked"


@dataclass(slots=True, kw_only=True)
class StudyTracker:
    """Writes what the study holds; the study says what of it has been written.

    Attributes:
        tracker: MLflow's store; None where it is not installed, or once it failed.
        study: whose trials are written.
        space: what their parameters stand for.
        name: of the study.
        experiment: of MLflow.
    """

    tracker: Tracker | None
    study: optuna.Study
    space: Space
    name: str
    experiment: str

    @property
    def run_id(self) -> str | None:
        """The study's run, or None where nothing is tracked."""
        found: str | None = self.study.user_attrs.get(_PARENT)
        return found

    def begin(self, parameters: Mapping[str, str]) -> None:
        """Open the study's run, or go on with the one that an earlier search opened; write what it did not."""
        if self.tracker is None:
            return
        try:
            if self.run_id is None or not self.tracker.has_run(self.run_id):
                run_id = self.tracker.open_run(self.experiment, self.name, datetime.now(UTC), parameters)
                self.study.set_user_attr(_TRACKED, [])
                self.study.set_user_attr(_PARENT, run_id)
        except StorageFailure as failure:
            self._give_up(failure)
        for trial in finished(self.study):
            self.add(trial)

    def add(self, trial: FrozenTrial) -> None:
        """Write a finished trial, once."""
        done = self.study.user_attrs.get(_TRACKED, [])
        if self.tracker is None or trial.number in done:
            return
        try:
            self._write(self.tracker, trial)
        except StorageFailure as failure:
            self._give_up(failure)
            return
        self.study.set_user_attr(_TRACKED, [*done, trial.number])

    def end(self, metrics: Mapping[str, float], tags: Mapping[str, str], pictures: Path | None) -> None:
        """Write what the study came to."""
        if self.tracker is None or self.run_id is None:
            return
        try:
            self.tracker.log(self.run_id, [(key, value, 0) for key, value in metrics.items()], tags, pictures)
            self.tracker.close_run(self.run_id, "FINISHED", datetime.now(UTC))
        except StorageFailure as failure:
            self._give_up(failure)

    def _write(self, tracker: Tracker, trial: FrozenTrial) -> None:
        parameters = {key: str(value) for key, value in settings_in(trial, self.space).items()}
        began = (trial.datetime_start or datetime.now()).astimezone(UTC)  # noqa: DTZ005 - Optuna's own are local
        ended = (trial.datetime_complete or datetime.now()).astimezone(UTC)  # noqa: DTZ005
        run_id = tracker.open_run(self.experiment, f"trial {trial.number}", began, parameters, self.run_id)
        metrics = [("mae_so_far", mae, fold) for fold, mae in trial.intermediate_values.items()]
        whole = trial.state is TrialState.COMPLETE
        reason = trial.user_attrs.get("reason", "")
        tags = {"state": "complete" if whole else "failed" if reason else "pruned"} | (
            {"reason": reason} if reason else {}
        )
        tracker.log(run_id, [*metrics, *([("mae", trial.value, 0)] if whole and trial.value is not None else [])], tags)
        tracker.close_run(run_id, "FINISHED" if whole else "FAILED" if reason else "KILLED", ended)

    def _give_up(self, failure: StorageFailure) -> None:
        """Trials are kept by the study: an hour of them is not thrown away for a tracker that fell over."""
        warn(f"The search goes on untracked, and is tracked once it is resumed: {failure.cause}")
        self.tracker = None
