"""One call as the answers of every service see it, whatever wire it came by: who calls, how long they wait."""

import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import IntEnum

from features.errors import NotAllowed, Overloaded, TooLate
from serving.scopes import Scope


class Priority(IntEnum):
    """Who goes first; the lower the sooner."""

    HIGH = 0
    NORMAL = 1
    BATCH = 2


def priority(said: object) -> Priority:
    """The priority that a caller asks for; what is not understood is normal.

    >>> priority("high"), priority(None)
    (<Priority.HIGH: 0>, <Priority.NORMAL: 1>)
    """
    return _PRIORITIES.get(said, Priority.NORMAL)


_PRIORITIES: dict[object, Priority] = {one.name.lower(): one for one in Priority}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls.

    Attributes:
        name: for logs and limits; empty where nobody asked.
        shown: what proves it: ``token``, ``jwt``, ``certificate``; empty: nothing.
        scopes: what they may do; None: everything, as on a server that asks nobody.
        zone: the part of the city that they ask for, which may be served by another version; empty: none.
        rate_per_s: how many calls a second they may make; None: as many as the server lets anyone.
    """

    name: str = ""
    shown: str = ""
    scopes: frozenset[Scope] | None = None
    zone: str = ""
    rate_per_s: float | None = None


ANYONE = Caller()
"""Whoever reaches a server that asks nobody who they are."""


def _nothing() -> None:
    return


def _never() -> bool:
    return False


@dataclass(slots=True, kw_only=True, eq=False)
class Call:
    """One call under way.

    Attributes:
        method: its full name, ``/package.Service/Method``.
        scope: what its method asks for (``serving/scopes.py``); empty: everybody may.
        caller: who asks.
        peer: where it came from, of administrative calls: they are audited.
        request: what was asked, of administrative calls.
        deadline_s: on ``time.monotonic``'s clock, when its answer is of no more use; None: they wait for ever.
        cancelled: whether the caller hung up.
        charge: counts one more message of a stream against the caller's rate; raises ``Overloaded`` beyond it.
        priority: who waits for whom.
        request_id: its name in logs, and in the trailing metadata of a reply to whoever named it and of a refusal
            (``serving/request_id.py``).
        traceparent: the caller's span, as W3C Trace Context writes it; whatever a stranger wrote, empty: none.
        asked_zone: the zone that the caller says to be of; counts where the door knows of none.
        overload: why it is refused if its caller may ask what it asks; None: it is not.
        model: ``NAME/VERSION`` of what answered, for logs and metrics; empty until it is known.
    """

    method: str
    scope: str = ""
    caller: Caller = ANYONE
    peer: str = ""
    request: str = ""
    deadline_s: float | None = None
    cancelled: Callable[[], bool] = field(default=_never)
    asked_zone: str = ""
    priority: Priority = Priority.NORMAL
    request_id: str = ""
    traceparent: str = ""
    charge: Callable[[], None] = field(default=_nothing)
    overload: Overloaded | None = None
    model: str = ""

    @property
    def zone(self) -> str:
        """The part of the city that the call is for; empty: none."""
        return self.caller.zone or self.asked_zone

    def may(self, model: str) -> bool:
        """Whether the caller may do with ``model`` what this call's method does."""
        scopes = self.caller.scopes
        return scopes is None or any(one.covers(model) and one.of(self.scope, self.method) for one in scopes)

    def refuse_other(self, model: str) -> None:
        """Hold the call against the caller's scopes: to be asked before a model is looked for.

        Raises:
            NotAllowed: the caller may not; whether there is such a model is not told.
        """
        if not self.may(model):
            raise NotAllowed(
                cause=f"'{self.caller.name}' may not {self.scope} the model '{model[:100]}', if there is one",
                mend=f"Ask whoever runs this server for the scope {self.scope}:{model[:100]}",
            )

    def refuse_if_over(self) -> None:
        """Compute nothing for nobody: to be asked before anything that costs, once it is known that they may ask.

        Raises:
            Overloaded: it is refused for what waits already.
            TooLate: the deadline has passed, or the caller hung up.
        """
        if self.overload is not None:
            raise self.overload
        if self.deadline_s is not None and time.monotonic() >= self.deadline_s:
            raise TooLate(cause="The call's deadline passed before its turn came", mend="Allow it more time, or retry")
        if self.cancelled():
            raise TooLate(cause="The caller hung up before its turn came", mend="Nothing: nobody waits for this answer")


UNDER_WAY: ContextVar[Call | None] = ContextVar("haechi-call", default=None)
"""The call that this thread answers, for what it logs."""
