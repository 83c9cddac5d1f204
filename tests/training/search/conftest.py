"""A search of an objective that costs nothing."""

from time import monotonic

import pytest
from rich.progress import Progress

from tests.training.search.doubles import Bowl, problem
from training.search.run import Budget, Search
from training.search.space import read_space
from training.search.store import opened

SEED = 7
SPACE = {"width": {"low": 1, "high": 20}, "rate": {"low": 0.0, "high": 1.0}}


@pytest.fixture
def search(tmp_path):
    """Run one search of the study in ``tmp_path``; gives the search and its trials."""

    def call(
        *, trials=6, seconds=600.0, objective=None, memory_gib=2, space=None, on_finished=lambda _: None, **changes
    ):
        print(f"seed {SEED}")  # noqa: T201
        what = problem(objective or Bowl(tmp_path / "log"), space=space or SPACE, **changes)
        axes = read_space(None, what, SEED)
        with opened(tmp_path / "study.db", what.identity) as study:
            budget = Budget(trials=trials, deadline_s=monotonic() + seconds, memory_bytes=memory_gib * 2**30)
            one = Search(study=study, problem=what, space=axes, budget=budget, seed=SEED, on_finished=on_finished)
            one.run(Progress(disable=True))
            return one, study.get_trials()

    return call
