"""What a search came to: the best trials, what mattered, a run file for the training that follows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console
from rich.table import Table

from features.atomic import writing
from features.figure import save_png
from training.pictures import importance_bars, search_history
from training.search.problem import Problem
from training.search.run import BASELINES, Search, finished, ranked, settings_in

_SHOWN = 5
# Of fewer, what mattered would be chance.
_IMPORTANCE_FROM = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A study as it stands.

    Attributes:
        top: the best trials, the best first.
        importance: share of the trials' differences that each setting explains; empty where too few are whole.
        baselines: figures of what has to be beaten, by name.
        failed: trials that came to no figure, with the reason.
        pruned: how many were stopped because others did better.
        whole: how many went all the way.
    """

    top: list[FrozenTrial]
    importance: dict[str, float]
    baselines: dict[str, float]
    failed: list[FrozenTrial]
    pruned: int
    whole: int

    @property
    def is_better(self) -> bool:
        """Whether the best trial errs less than the settings that were there before."""
        return bool(self.top) and (self.top[0].value or 0.0) < next(iter(self.baselines.values()))


def found_in(study: optuna.Study, seed: int) -> Found:
    """What a study holds."""
    done = finished(study)
    failed = [trial for trial in done if trial.user_attrs.get("reason")]
    whole = sum(trial.state is TrialState.COMPLETE for trial in done)
    return Found(
        top=ranked(study)[:_SHOWN],
        importance=_importance(study, seed),
        baselines=study.user_attrs.get(BASELINES, {}),
        failed=failed,
        pruned=len(done) - whole - len(failed),
        whole=whole,
    )


def document(search: Search, found: Found) -> dict[str, Any]:
    """All of it, for --json."""
    return {
        "stopped": search.stopped,
        "trials": {
            "finished": found.whole + found.pruned + len(found.failed),
            "complete": found.whole,
            "pruned": found.pruned,
            "failed": len(found.failed),
        },
        "unit": search.problem.unit,
        "simulated": search.problem.simulated,
        "better_than_baseline": found.is_better,
        "baselines": found.baselines,
        "best": [
            {"trial": trial.number, "mae": trial.value, "settings": settings_in(trial, search.space)}
            for trial in found.top
        ],
        "importance": found.importance,
        "reasons": [{"trial": trial.number, "reason": trial.user_attrs["reason"]} for trial in found.failed],
    }


def render(console: Console, search: Search, found: Found, title: str) -> None:
    """The best trials beside what had to be beaten, and what mattered."""
    label = " [SIMULATED]" if search.problem.simulated else ""
    table = Table(title=f"{title}{label}", title_justify="left")
    table.add_column("trial")
    table.add_column(f"MAE, {search.problem.unit}", justify="right")
    for key in search.space:
        table.add_column(key, overflow="fold")
    for trial in found.top:
        settings = settings_in(trial, search.space)
        table.add_row(str(trial.number), f"{trial.value:.2f}", *(_short(settings[key]) for key in search.space))
    for name, value in found.baselines.items():
        table.add_row(name, f"{value:.2f}")
    console.print(table)
    if found.importance:
        shares = ", ".join(f"{key} {share:.0%}" for key, share in found.importance.items())
        console.print(f"What mattered: {shares}", markup=False)
    counts = f"{found.whole} trials went all the way, {found.pruned} were pruned, {len(found.failed)} failed"
    console.print(f"{counts}; stopped: {search.stopped}", markup=False)


def draw(search: Search, found: Found, folder: Path, title: str) -> list[Path]:
    """The pictures of a study, as PNG files in ``folder``; none before a trial went all the way."""
    if not found.top:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    title = f"{title} [SIMULATED]" if search.problem.simulated else title
    whole = search.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    values = [float(trial.value or 0.0) for trial in whole]
    numbers = [trial.number for trial in whole]
    history = search_history(numbers, values, found.baselines, title=title, unit=search.problem.unit)
    figures = {"history.png": history}
    if found.importance:
        figures["importance.png"] = importance_bars(found.importance, title=title)
    for name, figure in figures.items():
        with writing(folder / name) as partial:
            save_png(figure, partial)
    return [folder / name for name in figures]


def write_run_file(path: Path, given: Mapping[str, Any], problem: Problem, best: Mapping[str, Any], says: str) -> None:
    """A file for ``haechi train --run``: the options of the search, and its best settings in the table ``set``."""
    lines = [f"# {says}", *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in given.items())]
    settings = {**problem.fixed, **best}
    if settings:
        lines += ["", "[set]"]
    lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in settings.items()]
    with writing(path) as partial:
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _importance(study: optuna.Study, seed: int) -> dict[str, float]:
    whole = [trial for trial in finished(study) if trial.state is TrialState.COMPLETE]
    if len(whole) < _IMPORTANCE_FROM or len({trial.value for trial in whole}) < 2:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
