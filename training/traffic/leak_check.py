"""Forecasts a second time with another future: what comes out may not move by a bit."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.progress import Progress

from features.series import FloatArray, Panel
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState
from training.backtest import hidden, refuse_leak
from training.traffic.origin import Fitted, fit_before
from training.traffic.replay import Issue, replay
from training.traffic.run import TrainingJob

_SAMPLED = 5


def sample(job: TrainingJob) -> list[int]:
    """Rows of the test interval at which ``Walks`` checks, beside the first; drawn by the seed of ``job``."""
    later = np.arange(job.split.test + 1, job.split.end - job.config.horizon_steps + 1)
    chance = np.random.default_rng(job.seed)
    return sorted(chance.choice(later, min(_SAMPLED, len(later)), replace=False).tolist())


def check_origin(job: TrainingJob, fitted: Fitted, scratch: Path, bar: Progress) -> int:
    """The whole path, choices and fit among it, to the first forecast after an origin.

    Args:
        job: its test interval begins at the origin.
        fitted: from it.
        scratch: a folder for a graph.
        bar: shows steps done and time left.

    Returns:
        Issue times checked.

    Raises:
        HaechiError: a leak; names the issue time and an entity.
    """
    row = job.split.test
    another = hidden(job.panel, row, np.random.default_rng(job.seed))
    again = fit_before(replace(job, panel=another), scratch / "again.onnx", bar)
    one, other = (_forecast(one, panel, row) for one, panel in ((fitted, job.panel), (again, another)))
    refuse_leak(job.panel, row, one, other)
    return 1


def _forecast(fitted: Fitted, panel: Panel, row: int) -> FloatArray:
    [issue] = replay(fitted.predict, fitted.state, panel, range(row, row + 1), fitted.config)
    return issue.forecast


class Walks:
    """Keeps, while a segment is judged, what it takes to walk to some of its issue times once more.

    A walk begins a horizon before, so that state, interval and features are made anew from measurements and from
    forecasts whose targets the walk has seen.
    """

    def __init__(self, rows: range, sampled: list[int], config: TrafficConfig) -> None:
        self._config = config
        self._starts = {row: max(rows.start, row - config.horizon_steps) for row in sampled if row in rows}
        self._states: dict[int, TrafficState] = {}
        self._forecasts: dict[int, FloatArray] = {}

    def see(self, issue: Issue) -> None:
        """Take in an issue time of the segment."""
        if issue.row in self._starts.values():
            self._states[issue.row] = issue.state.copy()
        if issue.row in self._starts:
            self._forecasts[issue.row] = issue.forecast

    def check(self, panel: Panel, fitted: Fitted, seed: int) -> int:
        """Walk each with another future; returns the issue times checked.

        Raises:
            HaechiError: a leak; names the issue time and an entity.
        """
        chance = np.random.default_rng(seed)
        for row, start in self._starts.items():
            another = hidden(panel, row, chance)
            *_, last = replay(fitted.predict, self._states[start], another, range(start, row + 1), self._config)
            refuse_leak(panel, row, self._forecasts[row], last.forecast)
        return len(self._starts)
