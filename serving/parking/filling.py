"""A lot that fills up as the alert core observes it: how likely, how soon, for what, and what can be done."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from features.errors import BadInput
from features.geo import distance_km, h3_cell
from serving.alerts.alert import Area, Content, Figure
from serving.alerts.look import Criterion, Look
from serving.alerts.words import Category, Certainty, Severity, Status, Urgency, Words
from serving.parking.replies import Parking, ParkingLot, ParkingPrediction
from serving.values import percent, plain, refuse_naive

KIND = "lot_filling"
AHEAD = timedelta(hours=2)
"""How far an alarm looks: time enough to put up signs and send somebody."""

_ALARM_AT = 0.5
# It is over once the probability is so far below what raised it: it must not flap.
_CALM_AT = 0.25
_NEAR_KM = 1.0
_AROUND = timedelta(hours=3)
# By when the next count must have been looked at: two late ones are forgiven, and never less than an hour.
_STEPS, _LEAST = 3, timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CityEvent:
    """A concert, a match, a market: what many drive to.

    Attributes:
        name: as people call it.
        lat: degrees, WGS84.
        lon: likewise.
        begins: aware.
        ends: likewise.
    """

    name: Words
    lat: float
    lon: float
    begins: datetime
    ends: datetime

    def __post_init__(self) -> None:
        self.name.refuse_blank("The name of an event", "Name it in Korean and English")
        for field in ("begins", "ends"):
            refuse_naive(f"{self.name.en}: {field}", getattr(self, field))
        if self.ends <= self.begins:
            raise BadInput(cause=f"{self.name.en} ends before it begins", mend="Give both, the later one as its end")
        if not (abs(self.lat) <= 90 and abs(self.lon) <= 180):
            raise BadInput(
                cause=f"{self.name.en}: lat={self.lat}, lon={self.lon} is not a place on Earth",
                mend="Give latitude first, then longitude, in degrees",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """How a lot stands.

    Attributes:
        is_full: now; False where nobody knows.
        worst: of the next two hours, the prediction most likely full; None where nothing is said.
        first: the first that is likely full; None where none is.
    """

    is_full: bool
    worst: ParkingPrediction | None
    first: ParkingPrediction | None

    @property
    def chance(self) -> float | None:
        return None if self.worst is None else self.worst.full

    @property
    def criterion(self) -> Criterion:
        if self.is_full:
            # It fills no more. An alert that it would stands on; that it is full is no news.
            return Criterion.BETWEEN
        if self.chance is None:
            return Criterion.UNKNOWN
        if self.first is not None:
            return Criterion.MET
        return Criterion.RELEASED if self.chance < _CALM_AT else Criterion.BETWEEN


def look(parking: Parking, lot: ParkingLot, events: Sequence[CityEvent], status: Status) -> Look:
    """One look at whether a lot fills up within two hours.

    Args:
        parking: what a model says.
        lot: of it.
        events: of the city, to which people drive.
        status: whether it is meant.
    """
    standing = _standing(parking, lot)
    criterion, content = standing.criterion, None
    # Also what stands between: so an alert that stands is refreshed.
    if criterion in (Criterion.MET, Criterion.BETWEEN):
        content = _content(parking, lot, standing, _event(lot, events, parking.issued_at), status)
        reason = content.headline.en
    elif criterion is Criterion.RELEASED:
        reason = f"Full within {AHEAD // timedelta(hours=1)} h with {percent(standing.chance or 0.0)} at most"
    else:
        reason = f"Nothing is known of {lot.entity_id}: {lot.quality}"
    return Look(
        domain="parking",
        kind=KIND,
        place=lot.entity_id,
        at=parking.issued_at,
        criterion=criterion,
        reason=reason,
        content=content,
        quiet_min=AHEAD / timedelta(minutes=1),
    )


def area(lot: ParkingLot) -> Area:
    """Where a lot is, with its cell where that is known."""
    cell = "" if lot.lat is None or lot.lon is None else h3_cell(lot.lat, lot.lon)
    return Area(entities=(lot.entity_id,), name=Words(ko=lot.name, en=lot.name), h3_cell=cell)


def expires(parking: Parking) -> datetime:
    """By when somebody must have looked again."""
    return parking.issued_at + max(_STEPS * timedelta(minutes=parking.step_min), _LEAST)


def evidence(parking: Parking, lot: ParkingLot) -> str:
    """SHA-256 of all that the answer says of the lot."""
    said = {
        "model": f"{parking.model}/{parking.version}",
        "issued_at": parking.issued_at,
        "as_of": parking.as_of,
        "full_share": parking.full_share,
        "lot": asdict(lot),
        "predictions": [asdict(one) for one in parking.predictions if one.entity_id == lot.entity_id],
    }
    return hashlib.sha256(json.dumps(plain(said), sort_keys=True).encode()).hexdigest()


def _standing(parking: Parking, lot: ParkingLot) -> _Standing:
    last = parking.issued_at + AHEAD
    own = [one for one in parking.predictions if one.entity_id == lot.entity_id]
    soon = [one for one in own if one.target_time <= last and one.full is not None]
    likely = [one for one in soon if (one.full or 0.0) >= _ALARM_AT]
    # Of a lot whose size nobody knows it is certain only once nothing is free.
    below = 0.0 if lot.capacity is None else parking.full_share * lot.capacity
    return _Standing(
        is_full=lot.free is not None and lot.free <= below,
        worst=max(soon, key=lambda one: one.full or 0.0, default=None),
        first=likely[0] if likely else None,
    )


def _event(lot: ParkingLot, events: Sequence[CityEvent], now: datetime) -> CityEvent | None:
    """The nearest event within a kilometre that begins in the next three hours, or began in the last and goes on."""
    if lot.lat is None or lot.lon is None:
        return None
    near: list[tuple[float, datetime, CityEvent]] = []
    for one in events:
        away_km = float(distance_km(lot.lat, lot.lon, one.lat, one.lon))
        if away_km <= _NEAR_KM and abs(one.begins - now) <= _AROUND and one.ends > now:
            near.append((away_km, one.begins, one))
    return min(near, key=lambda found: found[:2])[2] if near else None


def _content(
    parking: Parking, lot: ParkingLot, standing: _Standing, event: CityEvent | None, status: Status
) -> Content:
    chance = None if standing.is_full else standing.chance
    onset = standing.first or standing.worst
    begins = parking.issued_at if standing.is_full or onset is None else onset.target_time
    lead = begins - parking.issued_at
    return Content(
        status=status,
        category=Category.TRANSPORT,
        severity=Severity.MINOR if event is None else Severity.MODERATE,
        urgency=Urgency.IMMEDIATE if lead <= timedelta(hours=1) else Urgency.EXPECTED,
        certainty=_certainty(chance),
        onset=begins,
        expires=expires(parking),
        area=area(lot),
        event=Words(ko="주차장 만차 예상", en="Car park filling up"),
        headline=_headline(parking, lot, chance, event),
        advice=_advice(lot, event),
        probability=chance,
        lead_min=None if standing.is_full else lead / timedelta(minutes=1),
        measured=_measured(parking, lot, standing),
        evidence=evidence(parking, lot),
        model=parking.model,
        version=parking.version,
        quality=lot.quality,
    )


def _certainty(chance: float | None) -> Certainty:
    if chance is None:
        return Certainty.OBSERVED
    return Certainty.LIKELY if chance >= _ALARM_AT else Certainty.POSSIBLE


def _headline(parking: Parking, lot: ParkingLot, chance: float | None, event: CityEvent | None) -> Words:
    hours = AHEAD // timedelta(hours=1)
    if chance is None:
        ko, en = f"{lot.name}: 만차 (빈자리 {lot.free:.0f}면)", f"{lot.name} is full: {lot.free:.0f} spaces free"
    else:
        ko = f"{lot.name}: {hours}시간 이내 만차 가능성 {percent(chance)}"
        en = f"{lot.name} fills up: {percent(chance)} full within {hours} h"
    if event is not None:
        begins = f"{event.begins.astimezone(ZoneInfo(parking.timezone)):%H:%M}"
        ko, en = f"{ko} - {event.name.ko} ({begins} 시작)", f"{en}, for {event.name.en} (begins {begins})"
    return Words(ko=ko, en=en)


def _advice(lot: ParkingLot, event: CityEvent | None) -> Words:
    ko = f"전광판과 안내 앱에서 {lot.name} 대신 인근 주차장을 안내하십시오."
    en = f"Show the way to other lots nearby on signs and apps in place of {lot.name}."
    if event is None:
        return Words(ko=ko, en=en)
    return Words(
        ko=f"{ko} 입구에 유도 요원을 보내고, {event.name.ko} 주최 측에 대중교통 안내를 요청하십시오.",
        en=f"{en} Send somebody to its entrance, and have {event.name.en} point its visitors to public transport.",
    )


def _measured(parking: Parking, lot: ParkingLot, standing: _Standing) -> tuple[Figure, ...]:
    median = standing.worst.values if standing.worst is not None else ()
    rows = (
        (parking.quantity, Words(ko="현재 빈자리", en="Free now"), lot.free),
        ("capacity", Words(ko="전체 면수", en="Capacity"), lot.capacity),
        (
            f"{parking.quantity} q50",
            Words(ko="가장 찼을 때 예상 빈자리", en="Expected free spaces at the fullest"),
            median[len(median) // 2] if median else None,
        ),
    )
    return tuple(
        Figure(name=name, words=words, value=value, unit=parking.unit)
        for name, words, value in rows
        if value is not None
    )
