"""``haechi.v1.AlertService``: the queue of alerts to watch, and what operators do with it."""

import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import grpc

from features.errors import BadInput, UnknownName
from features.settings import Settings
from serving.alerts.alert import Alert
from serving.alerts.alerting import Alerting
from serving.alerts.encode import encode, encode_step
from serving.alerts.news import News
from serving.alerts.steps import Step
from serving.alerts.words import Action, Severity
from serving.call import Call
from serving.proto import haechi_v1_pb2 as v1
from serving.rpc import Method, Wrap, add_service
from serving.streams import Pause

if TYPE_CHECKING:
    from serving.alerts.store import Store

# Of steps read at a time: a watcher that is far behind leaves the others their turn.
_MOST_STEPS = 100
# Who acts on a server that asks nobody who they are.
_LOCAL = "local"
_AFRESH = "List the alerts again and watch from the cursor that comes with them"


class AlertService:
    """Answers from the store of the settings, which is opened when it is first asked for.

    Args:
        settings: which store, how often it is looked at, the profile of CAP.
        now: the time of day.
    """

    def __init__(self, settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._settings, self._now = settings, now
        self._lock = threading.Lock()
        self._opened: _Opened | None = None
        self._closed = False

    def register(self, server: grpc.Server, wrap: Wrap) -> str:
        """Let ``server`` answer; returns the service's full name."""
        acts = {
            "Acknowledge": Action.ACKNOWLEDGED,
            "Escalate": Action.ESCALATED,
            "Close": Action.CLOSED,
            "MarkFalseAlarm": Action.FALSE_ALARM,
        }
        methods = {name: Method(answer=self._acts(action), scope="operate") for name, action in acts.items()}
        methods["Watch"] = Method(answer=self._watch, scope="read")
        methods["List"] = Method(answer=self._list, scope="read")
        methods["Get"] = Method(answer=self._get, scope="read")
        methods["History"] = Method(answer=self._history, scope="read")
        methods["Cap"] = Method(answer=self._cap, scope="read")
        return add_service(server, v1.DESCRIPTOR.services_by_name["AlertService"], methods, wrap)

    def stop_watches(self) -> None:
        """Let every watcher go, before the server drains."""
        with self._lock:
            opened, self._closed = self._opened, True
        if opened is not None:
            opened.news.close()

    def close(self) -> None:
        """Give the store back, once nothing is answered any more."""
        if self._opened is not None:
            self._opened.alerting.store.close()

    def _open(self) -> "_Opened":
        with self._lock:
            if self._opened is None:
                # Only here: a server whose alerts nobody asks for does not load a database.
                from serving.alerts.store import Store, default_place

                alerting = Alerting(Store(default_place(self._settings)))
                self._opened = _Opened(alerting, News(alerting, self._settings.alert_poll_s, self._now))
                if self._closed:
                    self._opened.news.close()
            return self._opened

    def _fresh(self) -> Alerting:
        """The core, and nothing in it that is older than it looks."""
        alerting = self._open().alerting
        alerting.expire(self._now())
        return alerting

    def _list(self, request: v1.ListAlertsRequest, call: Call) -> v1.ListAlertsReply:
        store, wanted = self._fresh().store, _wanted(request.filter, call)
        # The cursor first: what happens in between is told again, never missed.
        cursor = f"{store.id}:{store.head()}"
        found = store.alerts(only_open=request.filter.only_open)
        return v1.ListAlertsReply(alerts=[encode(one) for one in found if wanted(one)], cursor=cursor)

    def _get(self, request: v1.AlertRequest, call: Call) -> v1.Alert:
        return encode(self._one(request.id, call))

    def _cap(self, request: v1.AlertRequest, call: Call) -> v1.CapReply:
        from serving.alerts import cap

        alert = self._one(request.id, call)
        return v1.CapReply(xml=cap.write(alert, cap.read_profile(self._settings.cap)).decode())

    def _history(self, request: v1.AlertRequest, call: Call) -> v1.AlertHistoryReply:
        alert, store = self._one(request.id, call), self._open().alerting.store
        told = [encode_step(step, f"{store.id}:{step.seq}") for step in store.history(alert.id)]
        return v1.AlertHistoryReply(steps=told)

    def _one(self, id: str, call: Call) -> Alert:
        alert = self._fresh().store.alert(id)
        call.refuse_other(alert.domain)
        return alert

    def _acts(self, action: Action) -> Callable[[v1.ActOnAlertRequest, Call], v1.Alert]:
        def act(request: v1.ActOnAlertRequest, call: Call) -> v1.Alert:
            alerting = self._fresh()
            call.refuse_other(alerting.store.alert(request.id).domain)
            actor = call.caller.name or _LOCAL
            return encode(alerting.act(request.id, action, actor=actor, reason=request.reason, at=self._now()))

        return act

    def _watch(self, requests: Iterator[v1.WatchAlertsRequest], call: Call) -> Iterator[v1.AlertStep | Pause]:
        request = next(requests, None)
        if request is None:
            raise BadInput(cause="The watch has no request", mend="Send one: a cursor, or an empty one")
        (alerting, news), wanted = self._open(), _wanted(request.filter, call)
        store = alerting.store
        seq = _read_cursor(request.cursor, store)
        # Who begins anew with the queue is not told of what has left it already.
        anew = request.filter.only_open and not request.cursor
        head, queue = (store.head(), {one.id for one in store.alerts()}) if anew else (0, set())
        while True:
            steps = store.steps(after=seq, most=_MOST_STEPS)
            for step in steps:
                seq, alert = step.seq, step.entry.alert
                if (seq > head or alert.id in queue) and _is_told(step, store, wanted):
                    yield encode_step(step, f"{store.id}:{seq}")
            if steps:
                continue
            if news.over:
                return
            with news.after(seq) as pause:
                yield pause
            # Raises where the caller left meanwhile.
            next(requests, None)


class _Opened(NamedTuple):
    alerting: Alerting
    news: News


def _is_told(step: Step, store: "Store", wanted: Callable[[Alert], bool]) -> bool:
    """Whether a watcher hears of a step: also of one after which the alert is no more what they asked for."""
    if wanted(step.entry.alert):
        return True
    before = (one.entry.alert for one in store.history(step.entry.alert.id) if one.seq < step.seq)
    return any(map(wanted, before))


def _wanted(asked: v1.AlertFilter, call: Call) -> Callable[[Alert], bool]:
    """Whether an alert is among those that are asked for, and its domain one that the caller may read."""
    if asked.min_severity and asked.min_severity not in list(Severity):
        raise UnknownName.among("severity", asked.min_severity, [one.value for one in Severity])
    least = Severity(asked.min_severity or Severity.UNKNOWN).rank
    domains = set(asked.domains)

    def wanted(alert: Alert) -> bool:
        named = not domains or alert.domain in domains
        return named and alert.content.severity.rank >= least and call.may(alert.domain)

    return wanted


def _read_cursor(cursor: str, store: "Store") -> int:
    """The step that a cursor stands after."""
    if not cursor:
        return 0
    id, _, number = cursor.partition(":")
    if not re.fullmatch(r"[0-9]{1,18}", number):
        raise BadInput(cause=f"'{cursor[:60]}' is no cursor", mend=_AFRESH)
    if id != store.id:
        raise BadInput(cause=f"The cursor '{cursor[:60]}' is of another store than {store.id}", mend=_AFRESH)
    if int(number) > store.head():
        raise BadInput(cause=f"The cursor '{cursor[:60]}' lies ahead of the store: it lost steps", mend=_AFRESH)
    return int(number)
