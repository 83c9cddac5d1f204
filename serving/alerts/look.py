"""What a domain reports each time that it looks at an event, and how often it must be seen before that counts."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import TypeAdapter

from features.errors import BadInput
from serving.alerts.alert import Content, refuse_naive
from serving.alerts.words import Severity

_DOMAIN = re.compile(r"[a-z][a-z0-9]{0,39}")


class Criterion(StrEnum):
    """How the rule of an event stands at one look."""

    MET = "met"
    # Below what raises, above what releases.
    BETWEEN = "between"
    RELEASED = "released"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hysteresis:
    """How long a rule must hold without a break before an alert is raised, or released; looks and minutes both.

    Attributes:
        raise_looks: looks that meet the criterion.
        raise_min: minutes from the first of them to the last.
        release_looks: looks that meet the release rule.
        release_min: minutes from the first of them to the last.
    """

    raise_looks: int = 1
    raise_min: float = 0
    release_looks: int = 1
    release_min: float = 0

    def __post_init__(self) -> None:
        for name in ("raise_looks", "release_looks"):
            if getattr(self, name) < 1:
                raise BadInput(cause=f"{name}={getattr(self, name)} is no number of looks", mend="Use 1 or more")
        for name in ("raise_min", "release_min"):
            if not getattr(self, name) >= 0:
                raise BadInput(cause=f"{name}={getattr(self, name)} is no duration", mend="Use minutes from 0 on")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at one event, which is known by domain, kind and place.

    Attributes:
        domain: who looks.
        kind: of event, within the domain.
        place: which event of that kind: where it is, or whatever name the domain keeps for it.
        at: when it was looked, aware; an event is looked at forward in time, and a look that was taken is not taken
            again.
        criterion: how the rule stands.
        reason: why, for the audit.
        content: what an alert would say now; needed where the criterion is met.
        absorbs: places of other events of this kind that turned out to be this one.
        quiet_min: minutes after its release within which what is met there again is still the same event.
    """

    domain: str
    kind: str
    place: str
    at: datetime
    criterion: Criterion
    reason: str
    content: Content | None = None
    absorbs: tuple[str, ...] = ()
    quiet_min: float = 0

    def __post_init__(self) -> None:
        for name in ("domain", "kind", "place", "reason"):
            if not getattr(self, name).strip():
                raise BadInput(cause=f"A look's {name} is blank", mend="Say who looks at what, and why it counts")
        if not _DOMAIN.fullmatch(self.domain):
            raise BadInput(cause=f"'{self.domain[:40]}' is no domain", mend="Use small letters and digits")
        refuse_naive("The look", self.at)
        if self.criterion is Criterion.MET and self.content is None:
            raise BadInput(
                cause=f"A look at {self.place} meets the criterion of '{self.kind}' and has no content",
                mend="No alert without an action an operator can take: say what is the matter and what to do",
            )
        if not self.quiet_min >= 0:
            raise BadInput(cause=f"quiet_min={self.quiet_min} is no duration", mend="Use minutes from 0 on")
        if self.content is not None and self.content.expires <= self.at:
            raise BadInput(
                cause=f"What is said of {self.place} expires at {self.content.expires.isoformat()}, before the look",
                mend="Let it last until the next look is due",
            )

    @property
    def key(self) -> str:
        """Names the event."""
        return event_key(self.domain, self.kind, self.place)

    def is_same(self, released_at: datetime | None) -> bool:
        """Whether an event that was released then still takes this look in; None: nobody knows when it was."""
        return released_at is not None and self.at - released_at <= timedelta(minutes=self.quiet_min)

    @property
    def absorbed_keys(self) -> tuple[str, ...]:
        """Name the events that turned out to be this one."""
        keys = (event_key(self.domain, self.kind, place) for place in self.absorbs)
        return tuple(key for key in dict.fromkeys(keys) if key != self.key)


def event_key(domain: str, kind: str, place: str) -> str:
    """One name of 64 hexadecimal digits for an event, however it is written."""
    return hashlib.sha256(json.dumps([domain, kind, place]).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What is remembered of an event between looks.

    Attributes:
        last_at: of the last look that counted.
        met: looks in a row that met the criterion.
        met_since: the first of them.
        clear: looks in a row that met the release rule.
        clear_since: the first of them.
        alert: id of its alert, also of one that is over; empty: it never had one.
        suppressed: how bad it was when an operator closed its alert while it lasted: until it was released once, only
            worse raises again. None: nothing is suppressed.
        released_at: when its alert was last released; None: never.
    """

    last_at: datetime | None = None
    met: int = 0
    met_since: datetime | None = None
    clear: int = 0
    clear_since: datetime | None = None
    alert: str = ""
    suppressed: Severity | None = None
    released_at: datetime | None = None

    def saw(self, look: Look) -> "Event":
        """The event after ``look``."""
        if look.criterion is Criterion.MET:
            since = self.met_since or look.at
            return replace(self, last_at=look.at, met=self.met + 1, met_since=since, clear=0, clear_since=None)
        if look.criterion is Criterion.RELEASED:
            since = self.clear_since or look.at
            return replace(self, last_at=look.at, met=0, met_since=None, clear=self.clear + 1, clear_since=since)
        # What is unknown ends no row of looks that met the criterion: a dead gauge is never calm.
        met = (0, None) if look.criterion is Criterion.BETWEEN else (self.met, self.met_since)
        return replace(self, last_at=look.at, met=met[0], met_since=met[1], clear=0, clear_since=None)

    def is_certain(self, look: Look, rule: Hysteresis) -> bool:
        """Whether ``look``, which it saw, met the criterion often and long enough."""
        met = look.criterion is Criterion.MET
        return met and self.met >= rule.raise_looks and _lasted(self.met_since, look.at, rule.raise_min)

    def is_clear(self, look: Look, rule: Hysteresis) -> bool:
        """Whether ``look``, which it saw, met the release rule often and long enough."""
        clear = look.criterion is Criterion.RELEASED
        return clear and self.clear >= rule.release_looks and _lasted(self.clear_since, look.at, rule.release_min)


def _lasted(since: datetime | None, until: datetime, least_min: float) -> bool:
    return since is not None and until - since >= timedelta(minutes=least_min)


def events(looks: Iterable[Look]) -> int:
    """How many events there are in looks at one place, each of which ends with its first look that is released.

    Args:
        looks: forward in time.
    """
    count, ongoing, released_at = 0, False, None
    for look in looks:
        if look.criterion is Criterion.MET:
            count += not ongoing and not look.is_same(released_at)
            ongoing = True
        elif look.criterion is Criterion.RELEASED and ongoing:
            ongoing, released_at = False, look.at
    return count


_EVENT = TypeAdapter(Event)


def to_json(event: Event) -> str:
    """The event as one line of JSON."""
    return _EVENT.dump_json(event).decode()


def from_json(text: str) -> Event:
    """The event that ``to_json`` wrote."""
    return _EVENT.validate_json(text)
