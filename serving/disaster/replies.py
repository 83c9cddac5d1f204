"""What the disaster service is asked and answers, as Python values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from serving.alerts.words import Words
from serving.proto import haechi_v1_pb2 as v1
from serving.values import Times, refuse_naive, refuse_no_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reading; what is missing is left out.

    Attributes:
        time: its instant, aware; of a day's extreme the day's end.
        entity_id: as in training.
        quantity: ends in the unit of ``value``, e.g. ``stage_cm``.
        value: finite.
        available_at: when it became known; None: at its time.
    """

    time: datetime
    entity_id: str
    quantity: str
    value: float
    available_at: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("time", "available_at"):
            refuse_naive(f"{self.quantity} of {self.entity_id}: {name}", getattr(self, name))
        refuse_no_number(f"{self.quantity} of {self.entity_id}: value", self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskLevel:
    """One level of a hazard.

    Attributes:
        name: e.g. ``advisory``.
        words: as operators call it.
        severity: CAP's.
        criterion: what meets it.
        release: what lifts it again.
        advice: what an operator does about it.
        alarm_at: probability within the hazard's ``alarm_h`` from which an alarm stands; None: none was chosen.
    """

    name: str
    words: Words
    severity: str
    criterion: Words
    release: Words
    advice: Words
    alarm_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPlace:
    """Where things stand at one place.

    Attributes:
        entity_id: as in training.
        name: as operators call it.
        lat: degrees; None: nobody knows.
        lon: likewise.
        now: the latest reading, in the reply's unit; None: there is none, or it is too old.
        in_force: of each level, in their order; None: nobody knows.
        quality: ``ok``, ``degraded: reason`` or ``fallback: reason``.
    """

    entity_id: str
    name: Words
    lat: float | None
    lon: float | None
    now: float | None
    in_force: tuple[bool | None, ...]
    quality: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPrediction:
    """One level at one place and horizon; None is what cannot be said, which is not calm.

    Attributes:
        entity_id: the place.
        target_time: the instant that is forecast.
        step: readings ahead.
        level: its name.
        probability: that it is met at any time up to ``target_time``.
        met: that it is met then.
        q10: of the quantity then.
        q50: the median.
        q90: of the quantity then.
        quality: ``ok``, ``degraded: reason`` or ``fallback: reason``.
    """

    entity_id: str
    target_time: datetime
    step: int
    level: str
    probability: float | None
    met: float | None
    q10: float | None
    q50: float | None
    q90: float | None
    quality: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """The answer of one model version.

    Attributes:
        hazard: its name in the table.
        words: as operators call it.
        category: CAP's.
        issued_at: the latest reading that counts is of then.
        as_of: until when readings were seen.
        alarm_h: hours ahead of which the probability raises an alarm.
        simulated: the model learned from the simulated Seoul; label every number that comes from it.
        timezone: IANA name of the wall clock to show times on.
        levels: rising.
        places: in the order of the model, or of the question.
        predictions: by place, horizon, level.
    """

    model: str
    version: str
    hazard: str
    words: Words
    category: str
    quantity: str
    unit: str
    issued_at: datetime
    as_of: datetime
    step_min: int
    alarm_h: int
    simulated: bool
    timezone: str
    levels: tuple[RiskLevel, ...]
    places: tuple[RiskPlace, ...]
    predictions: tuple[RiskPrediction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What one measurement does to a probability.

    Attributes:
        quantity: that was measured.
        entity_id: where; ``everywhere``: the mean over all places.
        value: the newest reading that the model saw, else the mean that it saw, in ``unit``.
        unit: of it.
        without: the probability without it.
        effect: what it added to the probability; negative: it took away.
        words: the same for people.
    """

    quantity: str
    entity_id: str
    value: float
    unit: str
    without: float
    effect: float
    words: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why one probability is what it is.

    Attributes:
        entity_id: the place.
        level: its name.
        target_time: up to then.
        probability: None: it cannot be said, and there are no reasons.
        reasons: the strongest first; those that move it by half a percentage point at least.
        method: how they were found, and what they are not.
    """

    model: str
    version: str
    hazard: str
    entity_id: str
    level: str
    issued_at: datetime
    as_of: datetime
    target_time: datetime
    simulated: bool
    timezone: str
    probability: float | None
    quality: str
    reasons: tuple[Reason, ...]
    method: Words


def request(
    model: str, version: str, entity_ids: Sequence[str], readings: Sequence[Reading], issued_at: datetime | None
) -> v1.RiskRequest:
    """The message that asks for ``Latest``.

    Raises:
        BadInput: ``issued_at`` has no zone.
    """
    refuse_naive("issued_at", issued_at)
    return v1.RiskRequest(
        model=model, version=version, entity_ids=entity_ids, readings=_readings(readings), issued_at=issued_at
    )


def why_request(
    model: str,
    version: str,
    entity_id: str,
    readings: Sequence[Reading],
    issued_at: datetime | None,
    level: str,
    horizon_h: int | None,
    most: int | None,
) -> v1.WhyRequest:
    """The message that asks for ``Why``; raises as ``request``."""
    refuse_naive("issued_at", issued_at)
    return v1.WhyRequest(
        model=model,
        version=version,
        entity_id=entity_id,
        readings=_readings(readings),
        issued_at=issued_at,
        level=level,
        horizon_h=horizon_h,
        most=most,
    )


def level(message: v1.HazardLevel) -> RiskLevel:
    """The level that ``message`` describes."""
    return RiskLevel(
        name=message.name,
        severity=message.severity,
        alarm_at=_maybe(message, "alarm_at"),
        **{name: _words(getattr(message, name)) for name in ("words", "criterion", "release", "advice")},
    )


def risk(reply: v1.RiskReply) -> Risk:
    """The answer that ``reply`` carries."""
    time = Times()
    return Risk(
        **{name: getattr(reply, name) for name in _SAID},
        words=_words(reply.words),
        category=reply.category,
        quantity=reply.quantity,
        unit=reply.unit,
        issued_at=time[reply.issued_at],
        as_of=time[reply.as_of],
        step_min=reply.step_min,
        alarm_h=reply.alarm_h,
        levels=tuple(level(one) for one in reply.levels),
        places=tuple(_place(one) for one in reply.places),
        predictions=tuple(
            RiskPrediction(
                entity_id=one.entity_id,
                target_time=time[one.target_time],
                step=one.step,
                level=one.level,
                quality=one.quality,
                **{name: _maybe(one, name) for name in ("probability", "met", "q10", "q50", "q90")},
            )
            for one in reply.predictions
        ),
    )


def why(reply: v1.WhyReply) -> Why:
    """The answer that ``reply`` carries."""
    time = Times()
    return Why(
        **{name: getattr(reply, name) for name in (*_SAID, "entity_id", "level", "quality")},
        issued_at=time[reply.issued_at],
        as_of=time[reply.as_of],
        target_time=time[reply.target_time],
        probability=_maybe(reply, "probability"),
        reasons=tuple(
            Reason(
                **{
                    name: getattr(one, name) for name in ("quantity", "entity_id", "value", "unit", "without", "effect")
                },
                words=_words(one.words),
            )
            for one in reply.reasons
        ),
        method=_words(reply.method),
    )


_MEASURED = ("quantity", "entity_id", "value", "unit", "without", "effect")
_SAID = ("model", "version", "hazard", "simulated", "timezone")


def _readings(readings: Sequence[Reading]) -> list[v1.Reading]:
    return [
        v1.Reading(
            time=one.time,
            entity_id=one.entity_id,
            quantity=one.quantity,
            value=one.value,
            available_at=one.available_at,
        )
        for one in readings
    ]


def _place(place: v1.RiskPlace) -> RiskPlace:
    return RiskPlace(
        entity_id=place.entity_id,
        name=_words(place.name),
        in_force=tuple(_maybe(one, "in_force") for one in place.standings),
        quality=place.quality,
        **{name: _maybe(place, name) for name in ("lat", "lon", "now")},
    )


def _words(words: v1.Words) -> Words:
    return Words(ko=words.ko, en=words.en)


def _maybe(message: Any, field: str) -> Any:
    """The field's value, None where it is absent."""
    return getattr(message, field) if message.HasField(field) else None
