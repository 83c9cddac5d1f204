"""Risks as the alert core observes them: one event a hazard and place, as bad as the highest level that stands."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from features.disaster.quantity import called
from features.geo import h3_cell
from serving.alerts.alert import Area, Content, Figure
from serving.alerts.look import Criterion, Look
from serving.alerts.words import Category, Certainty, Severity, Status, Urgency, Words
from serving.disaster.recorded import recorded
from serving.disaster.replies import Reason, Risk, RiskLevel, RiskPlace, RiskPrediction
from serving.values import plain

DOMAIN = "disaster"
# A level is over once its probability is so far below what raised it: it must not flap.
_CALM_SHARE = 0.5
_LIKELY = 0.5
# By when the next reading must have been looked at: two late ones are forgiven, and never less than an hour.
_STEPS, _LEAST = 3, timedelta(hours=1)


def replay(path: Path, *, exercise: bool) -> Iterator[list[Look]]:
    """What there was to see at each place of a file of predictions; of calm or silent hours only the first.

    Args:
        path: Parquet, as ``haechi evaluate disaster --out`` writes it.
        exercise: mark as an exercise also what was measured.

    Yields:
        The looks at one place, forward in time.

    Raises:
        BadInput: the file cannot be read, or is no file of a hazard's predictions.
    """
    for risks in recorded(path):
        seen = [one for risk in risks for one in looks(risk, {}, exercise=exercise)]
        quiet = (Criterion.RELEASED, Criterion.UNKNOWN)
        yield seen[:1] + [b for a, b in pairwise(seen) if b.criterion not in quiet or b.criterion != a.criterion]


def looks(risk: Risk, drivers: Mapping[str, Sequence[Reason]], *, exercise: bool) -> list[Look]:
    """One look at each place of an answer.

    Args:
        risk: what a hazard's model says.
        drivers: place to the reasons of its probability, as far as they were asked for.
        exercise: mark as an exercise also what was measured.
    """
    return [_look(risk, place, drivers.get(place.entity_id, ()), exercise=exercise) for place in risk.places]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """How one level stands at one place.

    Attributes:
        in_force: None where nobody knows.
        alarm: its prediction at the horizon of alarms.
        first: its first prediction from which an alarm stands; None where none does.
    """

    level: RiskLevel
    in_force: bool | None
    alarm: RiskPrediction
    first: RiskPrediction | None

    @property
    def criterion(self) -> Criterion:
        probability, alarm_at = self.alarm.probability, self.level.alarm_at
        if self.in_force or self.first is not None:
            return Criterion.MET
        if probability is None:
            return Criterion.UNKNOWN
        # Nobody saw that it is not in force: a dead gauge is never calm.
        if self.in_force is None:
            return Criterion.BETWEEN
        return Criterion.RELEASED if alarm_at is None or probability < _CALM_SHARE * alarm_at else Criterion.BETWEEN


def _look(risk: Risk, place: RiskPlace, drivers: Sequence[Reason], *, exercise: bool) -> Look:
    standings = _standings(risk, place)
    standing = next((one for one in reversed(standings) if one.criterion is Criterion.MET), None)
    if standing is not None:
        status = Status.EXERCISE if exercise or risk.simulated else Status.ACTUAL
        content = _content(risk, place, standing, drivers, status)
        criterion, reason = Criterion.MET, content.headline.en
    else:
        content, criterion = None, _together([one.criterion for one in standings])
        reason = {
            Criterion.UNKNOWN: f"Nothing is known of {place.entity_id}: {place.quality}",
            Criterion.RELEASED: "No level is in force, and none is likely",
            Criterion.BETWEEN: "No level stands, and not all are released",
        }[criterion]
    return Look(
        domain=DOMAIN,
        kind=risk.hazard,
        place=place.entity_id,
        at=risk.issued_at,
        criterion=criterion,
        reason=reason,
        content=content,
        quiet_min=60 * risk.alarm_h,
    )


def _together(criteria: Sequence[Criterion]) -> Criterion:
    """Of levels none of which is met: what is unknown of one is unknown of all, and all must be released."""
    if Criterion.UNKNOWN in criteria:
        return Criterion.UNKNOWN
    return Criterion.BETWEEN if Criterion.BETWEEN in criteria else Criterion.RELEASED


def _standings(risk: Risk, place: RiskPlace) -> list[_Standing]:
    last = risk.issued_at + timedelta(hours=risk.alarm_h)
    found = []
    for level, in_force in zip(risk.levels, place.in_force, strict=True):
        ahead = [
            one
            for one in risk.predictions
            if one.entity_id == place.entity_id and one.level == level.name and one.target_time <= last
        ]
        alarm_at = level.alarm_at
        stands = [one for one in ahead if alarm_at is not None and (one.probability or 0.0) >= alarm_at]
        found.append(_Standing(level=level, in_force=in_force, alarm=ahead[-1], first=stands[0] if stands else None))
    return found


def _content(risk: Risk, place: RiskPlace, standing: _Standing, drivers: Sequence[Reason], status: Status) -> Content:
    level, first = standing.level, standing.first
    begun = bool(standing.in_force) or first is None
    onset = risk.issued_at if begun or first is None else first.target_time
    probability = None if begun else standing.alarm.probability
    return Content(
        status=status,
        category=Category(risk.category),
        severity=Severity(level.severity),
        urgency=_urgency(onset - risk.issued_at),
        certainty=_certainty(probability),
        onset=onset,
        expires=risk.issued_at + max(_STEPS * timedelta(minutes=risk.step_min), _LEAST),
        area=_area(place),
        event=Words(ko=f"{risk.words.ko} {level.words.ko}", en=f"{risk.words.en}: {level.words.en}"),
        headline=_headline(risk, place, level, probability),
        advice=level.advice,
        probability=probability,
        lead_min=None if begun else (onset - risk.issued_at) / timedelta(minutes=1),
        measured=_measured(risk, place, standing),
        drivers=tuple(
            Figure(name=one.quantity, words=one.words, value=one.value, unit=one.unit)
            for one in drivers
            if one.effect > 0
        ),
        evidence=_evidence(risk, place),
        model=risk.model,
        version=risk.version,
        quality=place.quality,
    )


def _urgency(lead: timedelta) -> Urgency:
    if lead <= timedelta(hours=1):
        return Urgency.IMMEDIATE
    return Urgency.EXPECTED if lead <= timedelta(hours=6) else Urgency.FUTURE


def _certainty(probability: float | None) -> Certainty:
    if probability is None:
        return Certainty.OBSERVED
    return Certainty.LIKELY if probability >= _LIKELY else Certainty.POSSIBLE


def _area(place: RiskPlace) -> Area:
    cell = "" if place.lat is None or place.lon is None else h3_cell(place.lat, place.lon)
    return Area(entities=(place.entity_id,), name=place.name, h3_cell=cell)


def _headline(risk: Risk, place: RiskPlace, level: RiskLevel, probability: float | None) -> Words:
    ko, en = f"{place.name.ko}: {risk.words.ko} {level.words.ko}", f"{place.name.en}: {risk.words.en}, {level.words.en}"
    if probability is None:
        return Words(ko=f"{ko} 기준에 해당", en=f"{en}: in force")
    percent = f"{100 * probability:.0f} %"
    return Words(ko=f"{ko} 가능성 {percent} ({risk.alarm_h}시간 이내)", en=f"{en}: {percent} within {risk.alarm_h} h")


def _measured(risk: Risk, place: RiskPlace, standing: _Standing) -> tuple[Figure, ...]:
    """The latest reading, and what the quantity is forecast to be."""
    name, found = called(risk.quantity), []
    rows = (
        (risk.quantity, Words(ko=f"현재 {name.ko}", en=f"Latest {name.en}"), place.now),
        (
            f"{risk.quantity} q50",
            Words(ko=f"{risk.alarm_h}시간 뒤 예상 {name.ko}", en=f"Expected {name.en} in {risk.alarm_h} h"),
            standing.alarm.q50,
        ),
    )
    for key, words, value in rows:
        if value is not None:
            found.append(Figure(name=key, words=words, value=value, unit=risk.unit))
    return tuple(found)


def _evidence(risk: Risk, place: RiskPlace) -> str:
    """SHA-256 of all that the answer says of the place."""
    said = {
        "model": f"{risk.model}/{risk.version}",
        "issued_at": risk.issued_at,
        "as_of": risk.as_of,
        "levels": [asdict(one) for one in risk.levels],
        "place": asdict(place),
        "predictions": [asdict(one) for one in risk.predictions if one.entity_id == place.entity_id],
    }
    return hashlib.sha256(json.dumps(plain(said), sort_keys=True).encode()).hexdigest()
