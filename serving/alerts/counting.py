"""What one look at an event changes: its memory, its alert, and the alerts of events that turn out to be the same."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from serving.alerts import life
from serving.alerts.alert import Alert, Content
from serving.alerts.look import Criterion, Event, Hysteresis, Look
from serving.alerts.steps import SYSTEM, Entry
from serving.alerts.words import Action, Life, Phase, Words

if TYPE_CHECKING:
    from serving.alerts.store import Ledger

UNKNOWN = "degraded: state unknown"
"""The quality of what nobody knows any more."""

_ID_DIGITS = 16


def take(ledger: "Ledger", look: Look, rule: Hysteresis) -> Alert | None:
    """Let ``look`` count, within one transaction.

    Args:
        ledger: of the transaction.
        look: at one event.
        rule: how long its criterion must hold.

    Returns:
        The alert of its event, also one that is over; None: it has none.
    """
    return _Look(ledger, look, rule).take()


def step(
    ledger: "Ledger", alert: Alert, action: Action, actor: str, reason: str, at: datetime, **changes: object
) -> Alert:
    """The alert after one more step, which is then on record.

    Args:
        ledger: of the transaction.
        alert: as it is.
        action: what is done.
        actor: who does it.
        reason: why.
        at: when.
        **changes: fields of the alert.
    """
    changes |= {"revision": alert.revision + 1, "revised_at": at, "superseded_at": alert.revised_at}
    alert = replace(alert, **changes)  # type: ignore[arg-type]  # fields of Alert, each set just above
    ledger.record(Entry(action=action, actor=actor, reason=reason, at=at, alert=alert))
    return alert


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known of an event as a look at it counts.

    Attributes:
        event: after the look.
        alert: that stands in the queue for it.
        last: its newest alert, also one that is over.
    """

    event: Event
    alert: Alert | None
    last: Alert | None


class _Look:
    """One look under way."""

    def __init__(self, ledger: "Ledger", look: Look, rule: Hysteresis) -> None:
        self._ledger, self._look, self._rule = ledger, look, rule

    def take(self) -> Alert | None:
        ledger, look = self._ledger, self._look
        before = ledger.event(look.key)
        if before is None and look.criterion is not Criterion.MET:
            # Nothing happened, and nothing is to be remembered of every calm place.
            return None
        event = before or Event()
        if event.last_at is not None and look.at <= event.last_at:
            return ledger.alert(event.alert) if event.alert else None
        event = event.saw(look)
        last = ledger.alert(event.alert) if event.alert else None
        alert = self._joined(last if last is not None and self._takes_in(event, last) else None)
        known = _Known(event=event, alert=alert, last=alert or last)
        after, event = self._judged(known)
        ledger.remember(look.key, replace(event, alert=after.id if after is not None else event.alert))
        return after

    def _takes_in(self, event: Event, alert: Alert) -> bool:
        """Whether the look is one more at what ``alert`` tells of; a release ends that, seen by somebody or not."""
        return alert.is_open and (alert.phase is not Phase.RELEASED or self._look.is_same(event.released_at))

    def _judged(self, known: _Known) -> tuple[Alert | None, Event]:
        """The event's alert, and what is remembered of the event, once the look counts."""
        look, event, alert = self._look, known.event, known.alert
        if event.is_clear(look, self._rule):
            # An event that was released may raise again.
            event = replace(event, suppressed=None)
            if alert is None:
                return known.last, event
            after = self._released(alert)
            return after, event if after is alert else replace(event, released_at=look.at)
        if alert is None:
            content = self._to_raise(event)
            if content is None:
                return known.last, event
            return self._raised(content), replace(event, suppressed=None)
        if alert.phase is Phase.RELEASED and not event.is_certain(look, self._rule):
            return alert, event
        if look.criterion is Criterion.UNKNOWN:
            return self._unknown(alert), event
        return self._refreshed(alert), event

    def _to_raise(self, event: Event) -> Content | None:
        """What a new alert is to say; None: none is raised."""
        content = self._look.content
        if content is None or not event.is_certain(self._look, self._rule):
            return None
        calm = event.suppressed is not None and content.severity.rank <= event.suppressed.rank
        return None if calm else content

    def _raised(self, content: Content) -> Alert:
        look = self._look
        alert = Alert(
            id=_id(look),
            domain=look.domain,
            kind=look.kind,
            place=look.place,
            life=Life.NEW,
            phase=Phase.ONGOING,
            revision=1,
            raised_at=look.at,
            revised_at=look.at,
            superseded_at=None,
            merged_into="",
            content=content,
        )
        entry = Entry(action=Action.RAISED, actor=SYSTEM, reason=look.reason, at=look.at, alert=alert)
        self._ledger.record(entry)
        return alert

    def _refreshed(self, alert: Alert) -> Alert:
        """The alert with what the look says of it; one that was over or unknown goes on."""
        look, old = self._look, alert.content
        if look.content is None:
            return alert
        # Who looks at an event that another one took in says only that it lasts.
        leads = alert.place == look.place
        content = replace(look.content, onset=min(old.onset, look.content.onset)) if leads else old
        expires = max(old.expires, look.content.expires)
        content = replace(content, expires=expires)
        if alert.phase is Phase.ONGOING and content == old:
            return alert
        extended = alert.phase is Phase.ONGOING and replace(content, expires=old.expires) == old
        action = Action.EXTENDED if extended else Action.REVISED
        return self._step(alert, action, look.reason, phase=Phase.ONGOING, content=content)

    def _unknown(self, alert: Alert) -> Alert:
        if alert.content.quality == UNKNOWN or alert.phase is not Phase.ONGOING:
            return alert
        content = replace(alert.content, quality=UNKNOWN)
        return self._step(alert, Action.REVISED, self._look.reason, content=content)

    def _released(self, alert: Alert) -> Alert:
        """The alert once its event is over; what nobody has seen yet stays in the queue until somebody has."""
        look = self._look
        others = {key: event for key, event in self._ledger.events_of(alert.id).items() if key != look.key}
        if alert.phase is Phase.RELEASED or not all(event.clear for event in others.values()):
            return alert
        for key, event in others.items():
            self._ledger.remember(key, replace(event, released_at=look.at))
        seen = alert.life is not Life.NEW
        return self._step(
            alert,
            Action.RELEASED,
            look.reason,
            phase=Phase.RELEASED,
            life=Life.CLOSED if seen else Life.NEW,
            content=replace(alert.content, quality="ok") if alert.content.quality == UNKNOWN else alert.content,
        )

    def _joined(self, own: Alert | None) -> Alert | None:
        """The one alert of this event and those that it absorbs: the oldest goes on, the others become part of it."""
        ledger, look = self._ledger, self._look
        joining = {} if own is None else {own.id: own}
        for key in look.absorbed_keys:
            event = ledger.event(key)
            alert = ledger.alert(event.alert) if event is not None and event.alert else None
            if event is not None and alert is not None and self._takes_in(event, alert):
                joining[alert.id] = alert
        if not joining or list(joining.values()) == [own]:
            return own
        first, *rest = sorted(joining.values(), key=lambda one: (one.raised_at, one.id))
        for alert in rest:
            for key, event in ledger.events_of(alert.id).items():
                ledger.remember(key, replace(event, alert=first.id))
        for key in look.absorbed_keys:
            self._hand_over(key, first.id)
        for alert in rest:
            self._step(
                alert,
                Action.MERGED,
                f"It is one event with alert {first.id}",
                phase=Phase.MERGED,
                life=Life.CLOSED,
                merged_into=first.id,
            )
        return self._step(
            first,
            Action.REVISED,
            look.reason,
            place=look.place,
            life=life.furthest([first.life, *(alert.life for alert in rest)]),
            content=_together([first.content, *(alert.content for alert in rest)]),
        )

    def _hand_over(self, key: str, alert: str) -> None:
        """From here on the look's own event speaks for the one of ``key``, which counts as released."""
        event = self._ledger.event(key)
        if event is not None:
            over = replace(event, alert=alert, met=0, met_since=None, clear=1, clear_since=self._look.at)
            self._ledger.remember(key, over)

    def _step(self, alert: Alert, action: Action, reason: str, **changes: object) -> Alert:
        return step(self._ledger, alert, action, SYSTEM, reason, self._look.at, **changes)


def _together(contents: list[Content]) -> Content:
    """What the first says, of the places of all, as bad as the worst."""
    first = contents[0]
    entities = dict.fromkeys(entity for one in contents for entity in one.area.entities)
    names = dict.fromkeys((one.area.name.ko, one.area.name.en) for one in contents)
    name = Words(ko=", ".join(ko for ko, _ in names), en=", ".join(en for _, en in names))
    return replace(
        first,
        area=replace(first.area, entities=tuple(entities), name=name),
        severity=max((one.severity for one in contents), key=lambda one: one.rank),
        onset=min(one.onset for one in contents),
        expires=max(one.expires for one in contents),
    )


def _id(look: Look) -> str:
    """Of the alert that a look raises: the same look raises the same one, on whatever machine."""
    digest = hashlib.sha256(f"{look.key} {look.at.timestamp():.6f}".encode()).hexdigest()
    return f"{look.domain}-{digest[:_ID_DIGITS]}"
