"""What was raised against what went wrong: one to one, the same camera, the same kind, at the same time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from features.cctv.events import Incident
from features.cctv.kinds import IncidentKind
from training.cctv.scores.intervals import rate_interval, share_interval
from training.cctv.truth import TrueEvent

_APART = 1e9
"""Seconds: what do not overlap are farther apart than any that do."""
_OFTEN = 0.95
_FOLLOWS = frozenset({IncidentKind.STOPPED_VEHICLE, IncidentKind.QUEUE})
"""What other incidents bring about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What went wrong, what was raised, or both where they belong together.

    Attributes:
        kind: of incident.
        truth: None: a false alarm.
        raised: None: a miss.
        in_wake: a false alarm of who stands or queues while something else truly is wrong before the same camera: they
            may stand because of it. It is false all the same, as one event is to be one alert.
    """

    kind: IncidentKind
    truth: TrueEvent | None
    raised: Incident | None
    in_wake: bool = False

    @property
    def outcome(self) -> str:
        """``hit``, ``missed`` or ``false``."""
        return "false" if self.truth is None else "missed" if self.raised is None else "hit"

    @property
    def took_s(self) -> float:
        """From its onset to when it was raised; 0 where it was raised before; NaN unless it is a hit."""
        if self.truth is None or self.raised is None:
            return math.nan
        return max(0.0, self.raised.raised_s - self.truth.onset_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventScores:
    """Of one kind, or of all.

    Attributes:
        hits: that were raised.
        misses: that were not.
        false_alarms: raised where nothing of the kind went wrong, and all but one that were raised for one event.
        in_wake: of them, who stands or queues while something else is wrong.
        camera_hours: filmed.
        median_s: from onset to raised, of hits; NaN without any.
        p95_s: likewise, that 95 % of hits take at most; one of those that were.
    """

    hits: int
    misses: int
    false_alarms: int
    in_wake: int
    camera_hours: float
    median_s: float
    p95_s: float

    @property
    def precision(self) -> float:
        """Of what was raised; NaN where nothing was."""
        return _share(self.hits, self.hits + self.false_alarms)

    @property
    def recall(self) -> float:
        """Of what went wrong; NaN where nothing did."""
        return _share(self.hits, self.hits + self.misses)

    @property
    def f1(self) -> float:
        """Harmonic mean of both; NaN where nothing went wrong and nothing was raised."""
        return _share(2 * self.hits, 2 * self.hits + self.false_alarms + self.misses)

    @property
    def recall_interval(self) -> tuple[float, float]:
        """Of 95 %, Clopper and Pearson's."""
        return share_interval(self.hits, self.hits + self.misses)

    @property
    def precision_interval(self) -> tuple[float, float]:
        """Likewise."""
        return share_interval(self.hits, self.hits + self.false_alarms)

    @property
    def false_per_hour(self) -> float:
        """False alarms in an hour of one camera."""
        return self.false_alarms / self.camera_hours

    @property
    def false_per_hour_interval(self) -> tuple[float, float]:
        """Of 95 %, Garwood's."""
        return rate_interval(self.false_alarms, self.camera_hours)


def match(truths: Sequence[TrueEvent], raised: Sequence[Incident]) -> list[Match]:
    """Pair what went wrong with what was raised.

    Two belong together where camera and kind are the same and their times, from onset to clearance, meet. As many pairs
    as can be, and among those the pairs whose onsets lie nearest.

    Args:
        truths: what went wrong.
        raised: each incident once, as it last stood.

    Returns:
        Each truth and each incident once: hits and misses in the order of truths, then false alarms.
    """
    apart = np.array([[_apart_s(truth, one) for one in raised] for truth in truths]).reshape(len(truths), len(raised))
    rows, columns = linear_sum_assignment(apart)
    found = {
        row: column for row, column in zip(rows.tolist(), columns.tolist(), strict=True) if apart[row, column] < _APART
    }
    paired = [
        Match(kind=truth.kind, truth=truth, raised=raised[found[at]] if at in found else None)
        for at, truth in enumerate(truths)
    ]
    false = [one for at, one in enumerate(raised) if at not in found.values()]
    return paired + [
        Match(kind=one.kind, truth=None, raised=one, in_wake=any(_brings_about(truth, one) for truth in truths))
        for one in false
    ]


def event_scores(matches: Sequence[Match], camera_hours: float, kind: IncidentKind | None = None) -> EventScores:
    """Of matches of one kind, or of all.

    Args:
        matches: as ``match`` has them.
        camera_hours: filmed, > 0.
        kind: of incident; None: of any.
    """
    own = [one for one in matches if kind is None or one.kind is kind]
    took = [one.took_s for one in own if one.outcome == "hit"]
    return EventScores(
        hits=len(took),
        misses=sum(one.outcome == "missed" for one in own),
        false_alarms=sum(one.outcome == "false" for one in own),
        in_wake=sum(one.in_wake for one in own),
        camera_hours=camera_hours,
        median_s=float(np.median(took)) if took else math.nan,
        p95_s=float(np.quantile(took, _OFTEN, method="inverted_cdf")) if took else math.nan,
    )


def _apart_s(truth: TrueEvent, raised: Incident) -> float:
    """Between both onsets; ``_APART`` where they do not belong together."""
    alike = truth.kind is raised.kind and _meet(truth, raised)
    return abs(truth.onset_s - raised.onset_s) if alike else _APART


def _brings_about(truth: TrueEvent, raised: Incident) -> bool:
    return raised.kind in _FOLLOWS and truth.kind is not raised.kind and _meet(truth, raised)


def _meet(truth: TrueEvent, raised: Incident) -> bool:
    """Whether they are before one camera, at one time."""
    ends = [math.inf if one is None else one for one in (truth.cleared_s, raised.cleared_s)]
    return truth.camera == raised.camera and max(truth.onset_s, raised.onset_s) <= min(ends)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
