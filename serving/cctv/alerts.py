"""Incidents and ailing cameras as the alert core observes them: one event a look at a time, in both languages."""

import logging
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from features.cctv.events import Severity as Grade
from features.errors import StorageFailure
from serving.alerts.alert import Area, Content, Figure
from serving.alerts.alerting import Alerting
from serving.alerts.look import Criterion, Look
from serving.alerts.words import Category, Certainty, Severity, Status, Urgency, Words
from serving.cctv.told import Change, HealthTold, IncidentTold, Told
from serving.cctv.wording import ADVICE, EVENTS, FAULTS

if TYPE_CHECKING:
    from serving.alerts.store import Store

DOMAIN = "cctv"
FAULT = "camera_fault"

# An incident that lasts is told once a minute: two of them may be late.
_LASTS = timedelta(minutes=3)
# What is wrong with a camera is told once, and stands until it is mended.
_FAULT_LASTS = timedelta(days=1)
# Alerts are raised once a store that was away is back; it may be away for long.
_MOST_WAITING = 10_000
_LIKELY_AT = 0.5
_LOG = logging.getLogger("haechi.cctv")

_SEVERITIES = {Grade.MINOR: Severity.MINOR, Grade.MODERATE: Severity.MODERATE, Grade.SEVERE: Severity.SEVERE}


def look(told: Told) -> Look | None:
    """What the alert core is to see of it; None: nothing."""
    if isinstance(told, IncidentTold):
        return _incident(told)
    return _fault(told) if isinstance(told, HealthTold) else None


def _incident(told: IncidentTold) -> Look:
    one = told.incident
    criterion = {Change.CLEARED: Criterion.RELEASED, Change.UNKNOWN: Criterion.UNKNOWN}.get(told.change, Criterion.MET)
    raised_at = told.began_at + timedelta(seconds=one.raised_s)
    reason = {Criterion.RELEASED: "The camera sees it no more", Criterion.UNKNOWN: "The camera is watched no more"}
    return Look(
        domain=DOMAIN,
        kind=one.kind.value.replace(" ", "_"),
        # The same film watched again with the same start tells of the same events.
        place=f"{one.camera} {raised_at.astimezone(UTC).isoformat()} #{one.incident_id}",
        at=told.at,
        criterion=criterion,
        reason=reason.get(criterion, one.why),
        content=_content(told) if criterion is Criterion.MET else None,
    )


def _content(told: IncidentTold) -> Content:
    one, by, name = told.incident, told.by, EVENTS[told.incident.kind]
    where = f" ({one.zone})" if one.zone else ""
    advice = ADVICE[one.kind]
    learned = "learned" if one.learned else "drawn"
    return Content(
        status=_status(simulated=told.simulated),
        category=Category.TRANSPORT,
        severity=_SEVERITIES[one.severity],
        urgency=Urgency.IMMEDIATE,
        certainty=Certainty.LIKELY if one.probability >= _LIKELY_AT else Certainty.POSSIBLE,
        onset=told.began_at + timedelta(seconds=one.onset_s),
        expires=told.at + _LASTS,
        area=_area(one.camera),
        event=name,
        headline=Words(
            ko=f"{name.ko}: {one.camera}{where} - {one.why_ko}", en=f"{name.en}: {one.camera}{where} - {one.why}"
        ),
        advice=Words(ko=advice.ko.format(camera=one.camera), en=advice.en.format(camera=one.camera)),
        probability=one.probability,
        measured=_measured(one.length_m, one.speed_km_h),
        evidence="" if told.snapshot is None else told.snapshot.sha256,
        model=by.detector,
        version=f"{by.detector_sha256[:12]}, rules {by.rules} {by.rules_sha256[:12]}, zones "
        + (by.zones_sha256[:12] or learned),
    )


def _measured(length_m: float | None, speed_km_h: float | None) -> tuple[Figure, ...]:
    rows = (
        ("length_m", Words(ko="정체 길이", en="Length of the queue"), length_m, "m"),
        ("speed_km_h", Words(ko="속도", en="Speed"), speed_km_h, "km/h"),
    )
    return tuple(
        Figure(name=name, words=words, value=value, unit=unit) for name, words, value, unit in rows if value is not None
    )


def _fault(told: HealthTold) -> Look:
    one, over = told.event, told.change is Change.CLEARED
    return Look(
        domain=DOMAIN,
        kind=FAULT,
        place=f"{one.camera} {one.kind.value}",
        at=told.at,
        criterion=Criterion.RELEASED if over else Criterion.MET,
        reason=one.detail or one.kind.value,
        content=None if over else _fault_content(told),
    )


def _fault_content(told: HealthTold) -> Content:
    one, name = told.event, FAULTS[told.event.kind]
    return Content(
        status=_status(simulated=told.simulated),
        category=Category.INFRA,
        severity=Severity.MINOR,
        urgency=Urgency.EXPECTED,
        certainty=Certainty.OBSERVED,
        onset=told.began_at + timedelta(seconds=one.onset_s),
        expires=told.at + _FAULT_LASTS,
        area=_area(one.camera),
        event=name,
        headline=Words(ko=f"{name.ko}: {one.camera}", en=f"{name.en}: {one.camera}"),
        advice=Words(
            ko=f"{one.camera} 카메라에 정비반을 보내고, 그때까지 인근 카메라로 살피십시오.",
            en=f"Send maintenance to {one.camera}, and watch its road by other cameras until then.",
        ),
    )


def _status(*, simulated: bool) -> Status:
    return Status.EXERCISE if simulated else Status.ACTUAL


def _area(camera: str) -> Area:
    return Area(entities=(camera,), name=Words(ko=camera, en=camera))


class Desk:
    """Raises, extends and releases alerts in a store, which may be away for a while: no alert is lost by that.

    Args:
        store: where they live; the desk's own from here on.
    """

    def __init__(self, store: "Store") -> None:
        self._store, self._alerting = store, Alerting(store)
        self._waiting: deque[Look] = deque(maxlen=_MOST_WAITING)
        self._failing = False

    def hear(self, told: Told) -> None:
        """Take in what a camera tells."""
        seen = look(told)
        if seen is not None:
            self._waiting.append(seen)
            self.flush()

    def flush(self) -> None:
        """Try again what could not be stored."""
        while self._waiting:
            try:
                self._alerting.observe([self._waiting[0]])
            except StorageFailure as error:
                # Once is enough: the store may be away for hours.
                if not self._failing:
                    _LOG.error("%s", error)
                self._failing = True
                return
            self._failing = False
            self._waiting.popleft()

    def expire(self, now: datetime) -> None:
        """End as unknown what no camera refreshed in time."""
        if not self._failing:
            self._alerting.expire(now)

    def close(self) -> None:
        """Give the store back.

        Raises:
            StorageFailure: alerts are left that could not be stored.
        """
        self.flush()
        left = len(self._waiting)
        self._store.close()
        if left:
            raise StorageFailure(
                cause=f"{left} looks at incidents could not be stored as alerts",
                mend="See to the store (HAECHI_STORE), and watch again; the events file has them all",
            )
