"""What a domain offers to the search: a figure for any settings, and what may be set."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

Settings = Mapping[str, Any]
Report = Callable[[int, float], None]
"""Takes the number of a step of the trial, the same in every trial, and the mean absolute error then; it may not return
where the trial has lost."""

Objective = Callable[[Settings, Report], float]
"""The mean absolute error, before the test interval, of a training under these settings."""

Baselines = Callable[[Collection[str], Report], dict[str, float]]
"""The same figure of what a search over these settings has to beat, by name; the first is that of their defaults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One search of a domain. What runs in a process of its own, ``objective`` and ``baselines``, must pickle.

    Attributes:
        objective: the figure to be made small; deterministic.
        baselines: what stands beside it.
        check: refuses settings that no training takes, in no time, by raising BadInput.
        known: every setting with the value that it has without a search.
        fixed: those that the user has set; they are not searched.
        not_searched: settings over which figures cannot be compared, with the reason.
        without_effect: settings that do not move the figure.
        space: what is searched where the user names nothing, as a space file would say it.
        identity: what makes two searches one study, by name: data, split and the like.
        unit: of the figure.
        simulated: whether the measurements are.
    """

    objective: Objective
    baselines: Baselines
    check: Callable[[Settings], None]
    known: Settings
    fixed: Settings
    not_searched: Mapping[str, str]
    without_effect: frozenset[str]
    space: Mapping[str, Any]
    identity: Mapping[str, str]
    unit: str
    simulated: bool
