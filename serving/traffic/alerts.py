"""Abnormal flow on the roads as the alert core observes it: how bad it is, and what an operator can do about it."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from features.errors import BadInput
from features.traffic.happening import AbnormalFlow, Ending, Kind
from serving.alerts.alert import Area, Content, Figure
from serving.alerts.look import Criterion, Look
from serving.alerts.words import Category, Certainty, Severity, Status, Urgency, Words

DOMAIN = "traffic"
# By when the next interval must have been looked at: two late ones of an hour are forgiven.
_LASTS = timedelta(hours=3)
# Usual errors from what was expected, and intervals or links, from which on it is more than a slow hour.
_SEVERE_SIZE, _SEVERE_STEPS, _SEVERE_LINKS = 8.0, 3, 3
_NAMED_LINKS = 3
_UNITS = {"_veh_h": "veh/h", "_kmh": "km/h", "_mph": "mph"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a file of events says of where each comes from.

    Attributes:
        quantity: that was watched, e.g. ``volume_veh_h``.
        simulated: whether the measurements, or the model's, are.
        model: whose forecasts were watched.
        version: of the model.
    """

    quantity: str
    simulated: bool
    model: str
    version: int


def replay(path: Path, *, exercise: bool) -> Iterator[list[Look]]:
    """What there was to see of each event of a file: that it was raised, and how it ended.

    Args:
        path: of JSON lines, as ``haechi evaluate traffic --events`` writes them.
        exercise: mark as an exercise also what was measured.

    Yields:
        The looks at one event, forward in time.

    Raises:
        BadInput: the file cannot be read, or a line is no event.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            cause=f"{path} cannot be read: {getattr(error, 'strerror', None) or error}",
            mend="Name a file that `haechi evaluate traffic --events FILE` wrote",
        ) from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            event, source = _read(line, f"{path}, line {number}")
            evidence = hashlib.sha256(line.encode()).hexdigest()
            times = [event.raised_at] + ([] if event.cleared_at is None else [event.cleared_at])
            yield [look(event, source, at, evidence=evidence, exercise=exercise) for at in times]


def look(event: AbnormalFlow, source: Source, at: datetime, *, evidence: str, exercise: bool) -> Look:
    """One look at an event.

    Args:
        event: as it was known.
        source: where it comes from.
        at: when it was looked, aware; from the time on at which it was cleared it is over.
        evidence: SHA-256 of what was known.
        exercise: mark as an exercise also what was measured.
    """
    over = event.cleared_at is not None and at >= event.cleared_at
    if over:
        inside = event.ending is Ending.INSIDE
        criterion = Criterion.RELEASED if inside else Criterion.UNKNOWN
        reason = "Flow is back inside its band" if inside else "The link is measured no more"
    else:
        criterion, reason = Criterion.MET, f"{event.kind}: {abs(event.size):.1f} usual errors from what was expected"
    status = Status.EXERCISE if exercise or source.simulated else Status.ACTUAL
    content = None if over else _content(event, source, at, evidence, status)
    return Look(
        domain=DOMAIN, kind="abnormal_flow", place=event.id, at=at, criterion=criterion, reason=reason, content=content
    )


def _content(event: AbnormalFlow, source: Source, at: datetime, evidence: str, status: Status) -> Content:
    where, is_sensor = _named(event), event.kind is Kind.SENSOR
    unit = next((unit for end, unit in _UNITS.items() if source.quantity.endswith(end)), "")
    ruled_out = len(event.witness.ruled_out)
    return Content(
        status=status,
        category=Category.INFRA if is_sensor else Category.TRANSPORT,
        severity=_severity(event),
        urgency=Urgency.EXPECTED if is_sensor else Urgency.IMMEDIATE,
        # Both the city and the neighbours can be ruled out; of a sensor it is never more than a suspicion.
        certainty=Certainty.POSSIBLE if is_sensor or not ruled_out else Certainty.LIKELY,
        onset=event.onset,
        expires=at + _LASTS,
        area=Area(entities=event.entity_ids, name=where),
        event=_EVENTS[event.kind],
        headline=_headline(event, where, unit),
        advice=_advice(event),
        measured=_measured(event, source.quantity, unit),
        drivers=_drivers(event),
        evidence=evidence,
        model=source.model,
        version=str(source.version),
    )


_EVENTS = {
    Kind.ABNORMAL: Words(ko="교통 흐름 이상", en="Abnormal traffic flow"),
    Kind.SENSOR: Words(ko="교통 감지기 고장 의심", en="Traffic sensor fault suspected"),
}


def _severity(event: AbnormalFlow) -> Severity:
    if event.kind is Kind.SENSOR:
        return Severity.MINOR
    lasting = event.steps >= _SEVERE_STEPS or len(event.entity_ids) >= _SEVERE_LINKS
    return Severity.SEVERE if abs(event.size) >= _SEVERE_SIZE and lasting else Severity.MODERATE


def _named(event: AbnormalFlow) -> Words:
    """The first few links, and how many more."""
    shown, more = ", ".join(event.entity_ids[:_NAMED_LINKS]), len(event.entity_ids) - _NAMED_LINKS
    return Words(ko=f"{shown} 외 {more}개" if more > 0 else shown, en=f"{shown} and {more} more" if more > 0 else shown)


def _headline(event: AbnormalFlow, where: Words, unit: str) -> Words:
    measured, expected = f"{event.measured:.4g} {unit}".strip(), f"{event.expected:.4g}"
    name = _EVENTS[event.kind]
    return Words(
        ko=f"{name.ko}: {where.ko} ({measured}, 예상 {expected})",
        en=f"{name.en}: {where.en} ({measured}, expected {expected})",
    )


def _advice(event: AbnormalFlow) -> Words:
    first = event.entity_ids[0]
    if event.kind is Kind.SENSOR:
        return Words(
            ko=f"{first} 감지기에 정비반을 보내고, 그때까지 그 값을 믿지 마십시오.",
            en=f"Send maintenance to the sensor at {first}, and trust none of its values until then.",
        )
    if event.direction == "low":
        return Words(
            ko=f"{first} 구간의 CCTV를 확인하고, 막혀 있으면 상류 전광판에 우회와 서행을 안내하십시오.",
            en=f"Look at the camera of {first}; where it is blocked, warn upstream and show the way around.",
        )
    return Words(
        ko=f"{first} 구간의 CCTV를 확인하고, 몰리는 곳의 신호와 우회를 조정하십시오.",
        en=f"Look at the camera of {first}, and adjust signals and detours where traffic gathers.",
    )


def _measured(event: AbnormalFlow, quantity: str, unit: str) -> tuple[Figure, ...]:
    rows = (
        (quantity, "측정값", "Measured", event.measured),
        ("expected", "예상값", "Expected", event.expected),
        ("band_low", "예상 범위 하한", "Lower end of the band", event.band_low),
        ("band_high", "예상 범위 상한", "Upper end of the band", event.band_high),
    )
    return tuple(Figure(name=name, words=Words(ko=ko, en=en), value=value, unit=unit) for name, ko, en, value in rows)


def _drivers(event: AbnormalFlow) -> tuple[Figure, ...]:
    witness = event.witness
    size = Words(ko="평소 오차의 배수", en="Distance in usual errors")
    likewise = Words(ko="같은 방향으로 벗어난 이웃", en="Neighbours off on the same side")
    return (
        Figure(name="size", words=size, value=event.size, unit=""),
        Figure(
            name="neighbours_likewise",
            words=likewise,
            value=witness.neighbours_likewise,
            unit=f"/ {witness.neighbours}",
        ),
    )


_EVENT, _SOURCE = TypeAdapter(AbnormalFlow), TypeAdapter(Source)


def _read(line: str, where: str) -> tuple[AbnormalFlow, Source]:
    mend = "Leave the file as `haechi evaluate traffic --events FILE` wrote it"
    try:
        row = json.loads(line)
        event = _EVENT.validate_python(row)
        source = _SOURCE.validate_python({name: row.get(name) for name in Source.__dataclass_fields__})
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise BadInput(cause=f"{where}: {place}: {first['msg']}".replace(": : ", ": "), mend=mend) from None
    except ValueError as error:
        raise BadInput(cause=f"{where} is no JSON: {error}", mend=mend) from None
    if not event.entity_ids:
        raise BadInput(cause=f"{where} names no link", mend=mend)
    return event, source
