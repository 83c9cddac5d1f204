"""What an alert says, and where it stands; refused at birth where an operator could not act on it."""

import re
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from pydantic import TypeAdapter

from features.errors import BadInput
from serving.alerts.words import Category, Certainty, Life, Phase, Severity, Status, Urgency, Words

_QUALITY = re.compile(r"ok|(degraded|fallback): \S.*", re.DOTALL)
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Where it is.

    Attributes:
        entities: what measures there: links, gauges, stations; at least one.
        name: as operators call it.
        h3_cell: of about 0.7 km2 (``features/geo.py``); empty where nobody knows the place.
        polygon: latitude and longitude of each corner, degrees; closed: the last is the first. Empty: none.
        is_estimate: the place has no measurements of its own.
    """

    entities: tuple[str, ...]
    name: Words
    h3_cell: str = ""
    polygon: tuple[tuple[float, float], ...] = ()
    is_estimate: bool = False

    def __post_init__(self) -> None:
        if not self.entities or not all(one.strip() for one in self.entities):
            raise BadInput(cause="An alert's area names no entity", mend="Name the links, gauges or stations it is at")
        self.name.refuse_blank("The name of an alert's area", "Name it in Korean and English")
        if not self.polygon:
            return
        if len(self.polygon) < 4 or self.polygon[0] != self.polygon[-1]:
            raise BadInput(
                cause=f"An alert's polygon of {len(self.polygon)} corners is not closed",
                mend="Give at least three corners and the first one again",
            )
        if not all(abs(lat) <= 90 and abs(lon) <= 180 for lat, lon in self.polygon):
            raise BadInput(
                cause="A corner of an alert's polygon is no place on Earth",
                mend="Give latitude first, then longitude, in degrees",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number behind an alert: something measured, or what drove the forecast.

    Attributes:
        name: in a table, e.g. ``speed_kmh``.
        words: as operators read it.
        value: in ``unit``.
        unit: e.g. ``km/h``; empty: none.
    """

    name: str
    words: Words
    value: float
    unit: str

    def __post_init__(self) -> None:
        if not isfinite(self.value):
            raise BadInput(cause=f"The figure '{self.name}' of an alert is {self.value}", mend="Leave it out instead")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What an alert says of its event; a domain writes it anew at each look.

    Attributes:
        status: ``Exercise`` for what is simulated.
        category: CAP's.
        severity: CAP's.
        urgency: CAP's.
        certainty: CAP's.
        onset: when it begins or began; aware, as all times here.
        expires: by when somebody must have looked again; after that nothing is known.
        area: where.
        event: what sort of event, in a few words.
        headline: what is the matter.
        advice: what an operator can do about it.
        probability: that the criterion is met, in [0, 1]; None where it was seen, not forecast.
        lead_min: from the time of issue to the onset; None where it has begun.
        measured: the values behind it.
        drivers: what speaks most for it, the strongest first.
        evidence: SHA-256 of the snapshot that it was made from; empty: none was kept.
        model: name of what forecast it; empty: nothing did.
        version: of the model.
        quality: ``ok``, ``degraded: reason`` or ``fallback: reason``.
    """

    status: Status
    category: Category
    severity: Severity
    urgency: Urgency
    certainty: Certainty
    onset: datetime
    expires: datetime
    area: Area
    event: Words
    headline: Words
    advice: Words
    probability: float | None = None
    lead_min: float | None = None
    measured: tuple[Figure, ...] = ()
    drivers: tuple[Figure, ...] = ()
    evidence: str = ""
    model: str = ""
    version: str = ""
    quality: str = "ok"

    def __post_init__(self) -> None:
        self.advice.refuse_blank(
            "The advice of an alert", "No alert without an action an operator can take: say what to do"
        )
        self.event.refuse_blank("The event of an alert", "Say in Korean and English what sort of event it is")
        self.headline.refuse_blank("The headline of an alert", "Say in Korean and English what is the matter")
        refuse_naive("onset", self.onset)
        refuse_naive("expires", self.expires)
        self._refuse_bad_figures()
        if not _QUALITY.fullmatch(self.quality):
            raise BadInput(
                cause=f"The quality of an alert is '{self.quality[:60]}'",
                mend="Use 'ok', 'degraded: REASON' or 'fallback: REASON'",
            )

    def _refuse_bad_figures(self) -> None:
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise BadInput(
                cause=f"The probability of an alert is {self.probability}", mend="Give a share from 0 to 1, or None"
            )
        if self.lead_min is not None and not (isfinite(self.lead_min) and self.lead_min >= 0):
            raise BadInput(
                cause=f"The lead time of an alert is {self.lead_min} min", mend="Give minutes from 0 on, or None"
            )
        if self.evidence and not _SHA256.fullmatch(self.evidence):
            raise BadInput(
                cause="The evidence of an alert is no SHA-256", mend="Give 64 hexadecimal digits, or leave it empty"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert for one event.

    Attributes:
        id: the same for as long as it lives.
        domain: that raised it.
        kind: of event, within the domain.
        place: which event of that kind; the domain's own name for it.
        life: how far operators have got.
        phase: how the event stands.
        revision: 1 when raised, one more with every step.
        raised_at: when it was raised.
        revised_at: when this revision was made.
        superseded_at: when the revision before was made; None of the first.
        merged_into: the alert that goes on in its place; empty: none.
        content: what it says.
    """

    id: str
    domain: str
    kind: str
    place: str
    life: Life
    phase: Phase
    revision: int
    raised_at: datetime
    revised_at: datetime
    superseded_at: datetime | None
    merged_into: str
    content: Content

    @property
    def is_open(self) -> bool:
        """Whether it stands in the queue."""
        return self.life.is_open


def refuse_naive(what: str, time: datetime) -> None:
    """Refuse a time without a zone.

    Raises:
        BadInput: naming ``what`` it is.
    """
    if time.tzinfo is None:
        raise BadInput(cause=f"{what} {time.isoformat()} of an alert has no zone", mend="Pass an aware time")


_ALERT = TypeAdapter(Alert)


def to_json(alert: Alert) -> str:
    """The alert as one line of JSON; equal alerts give equal text."""
    return _ALERT.dump_json(alert).decode()


def from_json(text: str) -> Alert:
    """The alert that ``to_json`` wrote."""
    return _ALERT.validate_json(text)
