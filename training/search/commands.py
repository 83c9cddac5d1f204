"""``haechi search``, from options to what is printed."""

import os
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Any

import typer
from rich.console import Console

from features.console import emit, note, progress, warn
from features.errors import BadInput
from features.settings import load
from training.options import TrainOptions
from training.publish import check_home, local_tracker, only_one
from training.search.problem import Problem
from training.search.report import Found, document, draw, found_in, render, write_run_file
from training.search.run import Budget, Search, finished, settings_in
from training.search.space import read_space
from training.search.store import opened, study_file
from training.search.tracking import StudyTracker

_INTERRUPTED = 130
_GIB = 2**30
# The rest is the search's own, and the system's.
_SHARE_OF_MEMORY = 0.8


def search(
    domain: str,
    options: TrainOptions,
    *,
    space: Path | None,
    trials: int,
    minutes: float,
    study: str | None,
    memory_gib: float | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Search, report, and write the run file of the best settings.

    Raises:
        HaechiError: names cause and mend.
        Exit: with 130, after the report, where it was interrupted.
    """
    deadline_s, settings = monotonic() + 60 * minutes, load()
    path = study_file(settings.home, study or domain)
    check_home(settings)
    problem: Problem = import_module(f"training.{domain}.search").problem(options)
    axes = read_space(space, problem, options.seed)
    for key in sorted(problem.without_effect & axes.keys()):
        warn(f"{key} does not move the error that is searched; its best value will be chance")
    identity = {**problem.identity, "space": str(sorted(axes.items()))}
    with opened(path, identity) as opened_study:
        if done := len(finished(opened_study)):
            note(f"Going on with {path}: {done} trials are finished")
        with only_one(settings.home):
            tracker = local_tracker(settings.home)
        tracked = StudyTracker(
            tracker=tracker, study=opened_study, space=axes, name=path.stem, experiment=f"haechi-{options.name}-search"
        )
        tracked.begin({key: str(value) for key, value in identity.items()})
        budget = Budget(trials=trials, deadline_s=deadline_s, memory_bytes=_memory_bytes(memory_gib))
        one = Search(
            study=opened_study, problem=problem, space=axes, budget=budget, seed=options.seed, on_finished=tracked.add
        )
        with progress() as bar:
            one.run(bar)
        _report(one, tracked, options, path, out, domain, as_json=as_json)
    if one.stopped == "interrupted":
        raise typer.Exit(_INTERRUPTED)


def _report(
    one: Search,
    tracked: StudyTracker,
    options: TrainOptions,
    path: Path,
    out: Path | None,
    domain: str,
    *,
    as_json: bool,
) -> None:
    found = found_in(one.study, options.seed)
    if not found.top and one.stopped != "interrupted":
        raise _nothing_found(one, found)
    title = f"Search {path.stem} of {domain}: mean absolute error before the test"
    pictures = draw(one, found, out or path.with_suffix(""), title)
    run_file = path.with_suffix(".toml")
    if found.top:
        best = settings_in(found.top[0], one.space) if found.is_better else {}
        says = f"haechi search {domain}: " + (
            f"trial {found.top[0].number}" if found.is_better else "no trial errs less than a training without a search"
        )
        write_run_file(run_file, options.given, one.problem, best, says)
        if not found.is_better:
            warn("No trial errs less than a training without a search; the run file leaves it at that")
    tracked.end(_metrics(found), {"stopped": one.stopped}, pictures[0].parent if pictures else None)
    answer: dict[str, Any] = {"study": path.stem, "storage": str(path), **document(one, found)}
    answer |= {"run_file": str(run_file) if found.top else None, "pictures": [str(each) for each in pictures]}
    answer |= {"mlflow_run": tracked.run_id}

    def show(console: Console) -> None:
        render(console, one, found, title)
        for each in pictures:
            console.print(f"Picture: {each}", markup=False, soft_wrap=True)
        if found.top:
            console.print(
                f"To train with the best and judge it on the test, which no trial has seen: "
                f"haechi train {domain} --run {run_file}",
                markup=False,
                soft_wrap=True,
            )

    emit(answer, as_json=as_json, render=show)


def _nothing_found(one: Search, found: Found) -> BadInput:
    reasons = [trial.user_attrs["reason"] for trial in found.failed]
    if not reasons:
        return BadInput(cause=f"Not one trial was finished: {one.stopped}", mend="Give more --minutes; it resumes")
    commonest = max(set(reasons), key=lambda reason: (reasons.count(reason), reason))
    return BadInput(
        cause=f"All {len(reasons)} trials failed, {reasons.count(commonest)} of them because: {commonest}",
        mend="Narrow the --space, or give a trial more with --memory-gib, and begin another --study",
    )


def _metrics(found: Found) -> dict[str, float]:
    figures = {f"baseline/{name.replace(' ', '_')}": value for name, value in found.baselines.items()}
    figures |= {f"importance/{name}": share for name, share in found.importance.items()}
    return figures | ({"best_mae": found.top[0].value or 0.0} if found.top else {})


def _memory_bytes(asked_gib: float | None) -> int:
    if asked_gib is not None:
        return int(asked_gib * _GIB)
    return int(_SHARE_OF_MEMORY * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
