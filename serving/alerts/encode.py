"""An alert, and a step of one, as messages."""

from collections.abc import Iterable

from serving.alerts.alert import Alert, Figure
from serving.alerts.steps import Step
from serving.alerts.words import Words
from serving.proto import haechi_v1_pb2 as v1


def encode(alert: Alert) -> v1.Alert:
    """The alert's message."""
    content = alert.content
    return v1.Alert(
        id=alert.id,
        domain=alert.domain,
        kind=alert.kind,
        place=alert.place,
        life=alert.life.value,
        phase=alert.phase.value,
        revision=alert.revision,
        raised_at=alert.raised_at,
        revised_at=alert.revised_at,
        merged_into=alert.merged_into,
        status=content.status.value,
        category=content.category.value,
        severity=content.severity.value,
        urgency=content.urgency.value,
        certainty=content.certainty.value,
        onset=content.onset,
        expires=content.expires,
        area=_area(alert),
        event=_words(content.event),
        headline=_words(content.headline),
        advice=_words(content.advice),
        probability=content.probability,
        lead_min=content.lead_min,
        measured=_figures(content.measured),
        drivers=_figures(content.drivers),
        evidence=content.evidence,
        model=content.model,
        version=content.version,
        quality=content.quality,
    )


def encode_step(step: Step, cursor: str) -> v1.AlertStep:
    """The step's message; ``cursor`` says where to go on after it."""
    entry = step.entry
    return v1.AlertStep(
        cursor=cursor,
        action=entry.action.value,
        actor=entry.actor,
        reason=entry.reason,
        time=entry.at,
        alert=encode(entry.alert),
        hash=step.hash,
    )


def _area(alert: Alert) -> v1.AlertArea:
    area = alert.content.area
    return v1.AlertArea(
        entities=area.entities,
        name=_words(area.name),
        h3_cell=area.h3_cell,
        polygon=[v1.Corner(lat=lat, lon=lon) for lat, lon in area.polygon],
        is_estimate=area.is_estimate,
    )


def _words(words: Words) -> v1.Words:
    return v1.Words(ko=words.ko, en=words.en)


def _figures(figures: Iterable[Figure]) -> list[v1.Figure]:
    return [v1.Figure(name=one.name, words=_words(one.words), value=one.value, unit=one.unit) for one in figures]
