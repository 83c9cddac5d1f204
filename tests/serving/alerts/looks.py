"""Looks at an event and what becomes of its alert, short to write."""

from datetime import UTC, datetime, timedelta
from typing import Any

from serving.alerts.alert import Alert, Area, Content
from serving.alerts.alerting import Alerting
from serving.alerts.look import Criterion, Hysteresis, Look
from serving.alerts.words import Action, Category, Certainty, Severity, Status, Urgency, Words

START = datetime(2026, 7, 1, tzinfo=UTC)


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def content(at_min: float = 0, **changes: Any) -> Content:
    """What an alert says that holds for half an hour from ``at_min``."""
    fields: dict[str, Any] = {
        "status": Status.ACTUAL,
        "category": Category.MET,
        "severity": Severity.MODERATE,
        "urgency": Urgency.EXPECTED,
        "certainty": Certainty.LIKELY,
        "onset": START,
        "expires": minute(at_min + 30),
        "area": Area(entities=("jamsu",), name=Words(ko="잠수교", en="Jamsu bridge")),
        "event": Words(ko="홍수", en="Flood"),
        "headline": Words(ko="잠수교 수위 상승", en="The river rises at Jamsu bridge"),
        "advice": Words(ko="잠수교를 통제하십시오", en="Close the bridge"),
        "probability": 0.8,
        "lead_min": 90.0,
    }
    return Content(**fields | changes)


def look(at_min: float, criterion: Criterion = Criterion.MET, *, place: str = "jamsu", **more: Any) -> Look:
    """A look at ``place``; what is no part of a look is said by its content."""
    own = {name: more.pop(name) for name in ("absorbs", "reason", "domain", "quiet_min") if name in more}
    said = None if criterion in (Criterion.RELEASED, Criterion.UNKNOWN) and not more else content(at_min, **more)
    fields = {"domain": "disaster", "kind": "river", "reason": "stage"} | own
    return Look(place=place, at=minute(at_min), criterion=criterion, content=said, **fields)


def actions(alerting: Alerting, alert: Alert) -> list[Action]:
    """What happened to the alert so far."""
    return [step.entry.action for step in alerting.store.history(alert.id)]


def observe(alerting: Alerting, *looks: Look, rule: Hysteresis | None = None) -> Any:
    """The alert after the last look."""
    return alerting.observe(looks, rule or Hysteresis())[-1]


def act(alerting: Alerting, alert: Alert, action: Action, at_min: float = 100) -> Alert:
    """The alert once an operator did that."""
    return alerting.act(alert.id, action, actor="kim", reason="seen on camera 3", at=minute(at_min))
