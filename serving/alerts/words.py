"""The words of an alert: those of CAP 1.2 (OASIS), those of its life, and text in Korean and English."""

from dataclasses import dataclass
from enum import StrEnum

from features.errors import BadInput


class Status(StrEnum):
    """Whether an alert is meant."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"  # simulated


class Severity(StrEnum):
    """How bad it is; ``rank`` orders them."""

    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"
    MINOR = "Minor"
    UNKNOWN = "Unknown"

    @property
    def rank(self) -> int:
        """The higher the worse.

        >>> Severity.EXTREME.rank > Severity.MINOR.rank > Severity.UNKNOWN.rank
        True
        """
        return -list(Severity).index(self)


class Urgency(StrEnum):
    """How soon something has to be done."""

    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"
    FUTURE = "Future"
    PAST = "Past"
    UNKNOWN = "Unknown"


class Certainty(StrEnum):
    """How sure it is."""

    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"
    UNKNOWN = "Unknown"


class Category(StrEnum):
    """What sort of thing it is."""

    GEO = "Geo"
    MET = "Met"
    SAFETY = "Safety"
    SECURITY = "Security"
    RESCUE = "Rescue"
    FIRE = "Fire"
    HEALTH = "Health"
    ENV = "Env"
    TRANSPORT = "Transport"
    INFRA = "Infra"
    OTHER = "Other"


class Life(StrEnum):
    """How far operators have got with an alert."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    ESCALATED = "escalated"
    CLOSED = "closed"
    FALSE_ALARM = "false alarm"

    @property
    def is_open(self) -> bool:
        """Whether it stands in the queue."""
        return self not in (Life.CLOSED, Life.FALSE_ALARM)


class Phase(StrEnum):
    """How the event behind an alert stands, whatever operators did."""

    ONGOING = "ongoing"
    RELEASED = "released"
    # Nobody refreshed it in time: nothing is known, which is not calm.
    EXPIRED = "expired"
    # It turned out to be another alert's.
    MERGED = "merged"


class Action(StrEnum):
    """What may happen to an alert."""

    RAISED = "raised"
    REVISED = "revised"
    EXTENDED = "extended"
    MERGED = "merged"
    RELEASED = "released"
    EXPIRED = "expired"
    ACKNOWLEDGED = "acknowledged"
    ESCALATED = "escalated"
    CLOSED = "closed"
    FALSE_ALARM = "false alarm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One text in both languages that operators read."""

    ko: str
    en: str

    def refuse_blank(self, what: str, mend: str) -> None:
        """Refuse a text that is missing in one of its languages.

        Raises:
            BadInput: naming ``what`` it is.
        """
        for language in ("ko", "en"):
            if not getattr(self, language).strip():
                raise BadInput(cause=f"{what} is blank ({language})", mend=mend)
