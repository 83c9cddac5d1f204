"""Judges what a watch for abnormal flow found by incidents of known truth, beside a plain detector."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from features.series import Panel
from features.traffic.happening import AbnormalFlow, Kind
from training.traffic.incidents import Incident

# An event may be told up to so many steps after its incident and still be of it.
_LATE_STEPS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a detector says: links that were abnormal together from one row on.

    Attributes:
        links: columns of the panel.
        onset: row of the first interval outside.
        raised: row of the interval at whose end it was told.
        last: row after the last interval outside.
        direction: ``low`` or ``high``.
    """

    links: frozenset[int]
    onset: int
    raised: int
    last: int
    direction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A detector's figures on measurements with incidents put in.

    Attributes:
        incidents: put in.
        found: of them, told within their time.
        whole: of those on two links, told as one event.
        pairs: incidents on two links.
        told: events told, beside those told without the incidents too.
        false: of them, of no incident.
        background: events told on the same measurements without incidents: real odd hours, or false alarms.
        delays: steps from each found incident's first interval to the end of the one at which it was told.
        link_days: links measured times days.
    """

    incidents: int
    found: int
    whole: int
    pairs: int
    told: int
    false: int
    background: int
    delays: tuple[int, ...]
    link_days: float

    @property
    def recall(self) -> float:
        """Share of the incidents that were told."""
        return self.found / max(self.incidents, 1)

    @property
    def precision(self) -> float:
        """Share of the events, beside those of the measurements as they are, that are of an incident."""
        return 1 - self.false / max(self.told, 1)

    @property
    def strict_precision(self) -> float:
        """The same with every event of the measurements as they are counted as false."""
        return (self.told - self.false) / max(self.told + self.background, 1)

    @property
    def f1(self) -> float:
        """Harmonic mean of recall and strict precision."""
        both = self.recall + self.strict_precision
        return 2 * self.recall * self.strict_precision / both if both else 0.0

    @property
    def delay_steps(self) -> float:
        """Median delay; 2 is the least that two steps outside allow."""
        return float(np.median(self.delays)) if self.delays else float("nan")

    @property
    def background_per_100_link_days(self) -> float:
        """Events told without any incident, for 100 links in a day."""
        return 100 * self.background / self.link_days


def as_found(events: Iterable[AbnormalFlow], panel: Panel) -> list[Found]:
    """Events of traffic, sensors left out, by rows and columns of the panel."""
    column = {name: at for at, name in enumerate(panel.entities)}
    return [
        Found(
            links=frozenset(column[name] for name in event.entity_ids),
            onset=panel.index(event.onset),
            raised=panel.index(event.raised_at) - 1,
            last=panel.index(event.onset) + event.steps,
            direction=event.direction,
        )
        for event in events
        if event.kind is Kind.ABNORMAL
    ]


def plain_detector(panel: Panel, rows: range, learned: int, *, steps: int = 2, deviations: float = 3.0) -> list[Found]:
    """The baseline: so many standard deviations from the mean of the hour of the week, so many steps long.

    Args:
        panel: measurements.
        rows: to be searched.
        learned: rows from the first on, of which means and deviations are taken.
        steps: one after the other and on one side.
        deviations: from the mean.
    """
    week = 7 * 1440 // panel.step_min
    slots = np.arange(len(panel)) % week
    mean, usual = np.full((2, week, len(panel.entities)), np.nan)
    for slot in range(week):
        past = panel.values[:learned][slots[:learned] == slot]
        known = (~np.isnan(past)).sum(axis=0)
        enough = known >= 3
        mean[slot, enough] = np.nanmean(past[:, enough], axis=0)
        usual[slot, enough] = np.nanstd(past[:, enough], axis=0)
    off = (panel.values[rows.start : rows.stop] - mean[slots[rows.start : rows.stop]]) / np.maximum(
        usual[slots[rows.start : rows.stop]], 1
    )
    side = np.where(np.abs(np.nan_to_num(off)) > deviations, np.sign(np.nan_to_num(off)), 0).astype(int)
    found = []
    for link in range(side.shape[1]):
        edges = np.flatnonzero(np.diff(side[:, link], prepend=0, append=0))
        for first, last in pairwise(edges.tolist()):
            if side[first, link] and last - first >= steps:
                onset = rows.start + first
                found.append(
                    Found(
                        links=frozenset({link}),
                        onset=onset,
                        raised=onset + steps - 1,
                        last=rows.start + last,
                        direction="low" if side[first, link] < 0 else "high",
                    )
                )
    return found


def judged(
    with_incidents: Sequence[Found], without: Sequence[Found], incidents: Sequence[Incident], link_days: float
) -> Judgement:
    """Match events to incidents: a link in common, one direction, told between its first step and shortly after.

    Args:
        with_incidents: found where the incidents were put in.
        without: found on the measurements as they are.
        incidents: the truth.
        link_days: links measured times days.
    """
    known = {(link, event.direction, event.onset) for event in without for link in event.links}
    own = [
        event
        for event in with_incidents
        if not any((link, event.direction, event.onset) in known for link in event.links)
    ]
    told_of: dict[int, list[Found]] = {}
    false = 0
    for event in own:
        of = [number for number, incident in enumerate(incidents) if _matches(event, incident)]
        for number in of:
            told_of.setdefault(number, []).append(event)
        false += not of
    pairs = [number for number, incident in enumerate(incidents) if len(incident.links) > 1]
    return Judgement(
        incidents=len(incidents),
        found=len(told_of),
        pairs=sum(number in told_of for number in pairs),
        whole=sum(any(set(incidents[n].links) <= event.links for event in told_of.get(n, [])) for n in pairs),
        told=len(own),
        false=false,
        background=len(without),
        delays=tuple(min(e.raised for e in events) + 1 - incidents[n].first for n, events in sorted(told_of.items())),
        link_days=link_days,
    )


def _matches(event: Found, incident: Incident) -> bool:
    return (
        bool(event.links & set(incident.links))
        and event.direction == incident.direction
        and incident.first <= event.raised < incident.last + _LATE_STEPS
        and event.last > incident.first
    )
