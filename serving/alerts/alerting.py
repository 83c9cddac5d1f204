"""The core that every domain raises its alerts by: one event one alert, however often and by whom it is looked at.

A look that counts, or an operator's act, is one transaction: what is remembered of the event, the alert and its step
in the audit change together or not at all. A look at or before the last one of its event changes nothing, so whoever
was killed reports the same looks again.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from features.errors import BadInput
from serving.alerts import life
from serving.alerts.alert import Alert, refuse_naive
from serving.alerts.counting import UNKNOWN, step, take
from serving.alerts.look import Hysteresis, Look
from serving.alerts.steps import SYSTEM
from serving.alerts.words import Action, Life, Phase

if TYPE_CHECKING:
    from serving.alerts.store import Ledger, Store

_AT_ONCE = Hysteresis()


class Alerting:
    """Raises, revises, merges, releases and expires alerts in a store, and lets operators act on them.

    Args:
        store: where they live.
    """

    def __init__(self, store: "Store") -> None:
        self.store = store

    def observe(self, looks: Iterable[Look], rule: Hysteresis = _AT_ONCE) -> list[Alert | None]:
        """Take looks at events, each of which may change one alert; all of them or, where one is refused, none.

        Args:
            looks: forward in time for each event.
            rule: how long a criterion must hold.

        Returns:
            For each look the alert of its event, also one that is over; None: it has none.

        Raises:
            StorageFailure: the store cannot be had.
        """
        with self.store.writing() as ledger:
            return [take(ledger, look, rule) for look in looks]

    def act(self, id: str, action: Action, *, actor: str, reason: str, at: datetime) -> Alert:
        """Let an operator acknowledge, escalate or close an alert, or call it a false alarm.

        What is closed while its event lasts stays silent until the event was released once, unless it gets worse.

        Args:
            id: of the alert.
            action: what is done.
            actor: who does it.
            reason: why.
            at: when, aware.

        Returns:
            The alert as it is then.

        Raises:
            UnknownName: there is no such alert.
            BadInput: it cannot be done now, or actor or reason is blank.
            StorageFailure: the store cannot be had.
        """
        for name, text in (("actor", actor), ("reason", reason)):
            if not text.strip():
                raise BadInput(cause=f"The {name} is blank", mend="The audit wants to know who did it, and why")
        refuse_naive("The time of an act", at)
        with self.store.writing() as ledger:
            alert = ledger.alert(id)
            was_open = alert.is_open
            alert = step(ledger, alert, action, actor, reason, at, life=life.after(alert, action))
            if alert.life is Life.ACKNOWLEDGED and alert.phase is Phase.RELEASED:
                alert = step(ledger, alert, Action.CLOSED, SYSTEM, "The event is over", at, life=Life.CLOSED)
            elif was_open and not alert.is_open and alert.phase is Phase.ONGOING:
                for key, event in ledger.events_of(id).items():
                    ledger.remember(key, replace(event, suppressed=alert.content.severity))
            return alert

    def expire(self, at: datetime) -> list[Alert]:
        """End as unknown what nobody refreshed in time: it stays in the queue, for a dead feed is never calm.

        Args:
            at: now, aware.

        Returns:
            The alerts that expired.

        Raises:
            StorageFailure: the store cannot be had.
        """
        refuse_naive("The time of expiry", at)
        # Most often nothing is due, and a reader holds up nobody.
        if not self.store.is_due(at):
            return []
        with self.store.writing() as ledger:
            return [_expired(ledger, alert, at) for alert in ledger.due(at)]


def _expired(ledger: "Ledger", alert: Alert, at: datetime) -> Alert:
    reason = f"Nobody looked again by {alert.content.expires.isoformat()}; how it stands is unknown"
    content = replace(alert.content, quality=UNKNOWN)
    return step(ledger, alert, Action.EXPIRED, SYSTEM, reason, at, phase=Phase.EXPIRED, content=content)
