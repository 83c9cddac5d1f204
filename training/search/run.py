"""The search itself: asks for settings, tries them apart, tells the study, until trials or minutes are spent."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from statistics import median
from time import monotonic

import optuna
from optuna.trial import FrozenTrial, TrialState
from rich.progress import Progress

from features.errors import BadInput
from training.search.apart import OutOfTime, TrialFailed, TrialPruned, run_apart
from training.search.problem import Problem, Settings
from training.search.space import Space, raw_of, settings_of, size
from training.search.store import requeue

BASELINES, BASELINES_S = "baselines", "baselines_s"
_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
# A trial takes about as long as those before it.
_MARGIN = 1.1
_RANDOM_FIRST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How long to search.

    Attributes:
        trials: finished ones in the study, earlier searches' among them.
        deadline_s: on the monotonic clock.
        memory_bytes: that one trial may hold.
    """

    trials: int
    deadline_s: float
    memory_bytes: int


@dataclass(slots=True, kw_only=True)
class Search:
    """One search of one study.

    Attributes:
        study: opened, held by this process alone.
        problem: what is searched.
        space: the axes.
        budget: how long.
        seed: of the sampler.
        on_finished: is handed each trial that this search finished.
        stopped: why the search ended, in words.
    """

    study: optuna.Study
    problem: Problem
    space: Space
    budget: Budget
    seed: int
    on_finished: Callable[[FrozenTrial], None]
    stopped: str = field(default="", init=False)

    def run(self, bar: Progress) -> None:
        """Search until the budget is spent; Ctrl-C stops it and leaves the running trial queued.

        Raises:
            BadInput: the settings that are not searched do not train, or not one trial fits into the minutes.
        """
        try:
            self._measure_baselines()
            task = bar.add_task("searching", total=self.budget.trials, completed=len(finished(self.study)))
            while not self._is_over():
                self._trial(bar)
                bar.update(task, completed=len(finished(self.study)), description=self._standing())
        except KeyboardInterrupt:
            self.stopped = "interrupted"
            # It may have come amid a transaction.
            self.study._storage.remove_session()
            requeue(self.study, killed=False)
        except OutOfTime:
            self.stopped = "the minutes are over"
            requeue(self.study, killed=False)

    def _measure_baselines(self) -> None:
        if BASELINES in self.study.user_attrs:
            return
        began_s = monotonic()
        try:
            found = run_apart(
                partial(self.problem.baselines, frozenset(self.space)),
                go_on=lambda _fold, _mae: True,
                memory_bytes=self.budget.memory_bytes,
                deadline_s=self.budget.deadline_s,
            )
            for mae in found.values():
                _refuse_diverged(mae)
        except TrialFailed as failed:
            raise BadInput(
                cause=f"The settings that are not searched cannot be trained: {failed.reason}",
                mend=failed.mend or "Give the trial more with --memory-gib, or set something smaller with --set",
            ) from None
        if not self.study.get_trials(deepcopy=False):
            # What is known to be good is where the sampler starts from.
            self.study.enqueue_trial(raw_of(self.space, self.problem.known))
        self.study.set_user_attr(BASELINES_S, monotonic() - began_s)
        self.study.set_user_attr(BASELINES, found)

    def _is_over(self) -> bool:
        done = finished(self.study)
        if len(done) >= self.budget.trials:
            self.stopped = f"{len(done)} trials are finished"
        elif len({str(sorted(trial.params.items())) for trial in done}) == size(self.space):
            self.stopped = f"all {size(self.space)} points of the space are tried"
        elif monotonic() + _MARGIN * self._trial_s() > self.budget.deadline_s:
            self.stopped = f"another trial, of about {self._trial_s():.0f} s, would outlast the minutes"
        return bool(self.stopped)

    def _trial_s(self) -> float:
        """What a trial takes, as those that went all the way took."""
        whole = self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        took = [trial.duration for trial in whole if "as_trial" not in trial.user_attrs]
        if took:
            return median((each or timedelta()).total_seconds() for each in took)
        return float(self.study.user_attrs[BASELINES_S])

    def _trial(self, bar: Progress) -> None:
        done = finished(self.study)
        # By how many are finished, so that a search that was killed asks for what it would have asked for anyway.
        self.study.sampler = optuna.samplers.TPESampler(
            seed=self.seed * 10_000 + len(done), multivariate=True, n_startup_trials=_RANDOM_FIRST
        )
        trial = self.study.ask({key: one.distribution() for key, one in self.space.items()})
        twin = next((other for other in done if other.params == trial.params), None)
        told = self._copy(trial, twin) if twin is not None else self._try(trial)
        self.on_finished(told)
        reason = told.user_attrs.get("reason")
        if reason and twin is None:
            bar.console.print(f"Trial {told.number}: {reason}", style="yellow", markup=False, soft_wrap=True)

    def _copy(self, trial: optuna.Trial, twin: FrozenTrial) -> FrozenTrial:
        """The same settings come to the same figure."""
        trial.set_user_attr("as_trial", twin.number)
        for fold, mae in twin.intermediate_values.items():
            trial.report(mae, fold)
        if twin.state is TrialState.COMPLETE:
            return self.study.tell(trial, twin.value)
        trial.set_user_attr("reason", twin.user_attrs.get("reason", ""))
        return self.study.tell(trial, state=TrialState.PRUNED)

    def _try(self, trial: optuna.Trial) -> FrozenTrial:
        settings = settings_of(self.space, trial.params)
        try:
            # Not in a process of its own: a refusal takes no time.
            self.problem.check(settings)
            mae = run_apart(
                partial(self.problem.objective, settings),
                go_on=partial(_go_on, trial),
                memory_bytes=self.budget.memory_bytes,
                deadline_s=self.budget.deadline_s,
            )
            _refuse_diverged(mae)
        except TrialPruned:
            trial.set_user_attr("reason", "")
        except BadInput as refused:
            trial.set_user_attr("reason", refused.cause)
        except TrialFailed as failed:
            trial.set_user_attr("reason", failed.reason)
        else:
            return self.study.tell(trial, mae)
        return self.study.tell(trial, state=TrialState.PRUNED)

    def _standing(self) -> str:
        best = ranked(self.study)
        return f"best {best[0].value:.2f}" if best else "searching"


def finished(study: optuna.Study) -> list[FrozenTrial]:
    """Trials that came to an end of their own: whole, pruned or failed for a reason, but not killed with the search."""
    return study.get_trials(deepcopy=False, states=_FINISHED)


def ranked(study: optuna.Study) -> list[FrozenTrial]:
    """Trials that went all the way, the best first; one of each settings."""
    whole = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    own = [trial for trial in whole if "as_trial" not in trial.user_attrs]
    return sorted(own, key=lambda trial: (trial.value, trial.number))


def settings_in(trial: FrozenTrial, space: Space) -> Settings:
    """The settings of a trial."""
    return settings_of(space, trial.params)


def _go_on(trial: optuna.Trial, fold: int, mae: float) -> bool:
    _refuse_diverged(mae)
    trial.report(mae, fold)
    return not trial.should_prune()


def _refuse_diverged(mae: float) -> None:
    if not math.isfinite(mae):
        raise TrialFailed(f"it diverged: its error is {mae}")
