"""What a caller may do: ``read``, ``infer``, ``operate`` or ``admin``, of every service and model or of some.

A scope is written ``WHAT[/SERVICE][:MODEL]``, for example::

    read                      ask what there is
    infer:traffic             infer with one model
    infer:traffic*            with all whose name begins so
    infer/TrafficService      by one service alone
    operate                   acknowledge, escalate and close alerts
    operate:traffic           those of one domain
    admin:traffic             load and unload one model

None implies another: who may infer may not therefore read.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from features.errors import BadInput
from features.manifest import NAME_PATTERN

ADMIN = "admin"
"""The scope of calls that change what is served; each is audited."""

_WHATS = ("read", "infer", "operate", ADMIN)
_FORM = re.compile(rf"({'|'.join(_WHATS)})(?:/([A-Za-z][A-Za-z0-9]*))?(?::({NAME_PATTERN})?(\*)?)?")


@dataclass(frozen=True, slots=True)
class Scope:
    """One thing that a caller may do.

    Attributes:
        what: ``read``, ``infer``, ``operate`` or ``admin``.
        service: the last part of a service's name; empty: any.
        model: a name, or the beginning of one where ``begins``; empty: any.
        begins: whether every model counts whose name begins with ``model``.
    """

    what: str
    service: str = ""
    model: str = ""
    begins: bool = False

    def of(self, what: str, method: str) -> bool:
        """Whether it lets its holder call ``method`` at all, which needs ``what``."""
        return self.what == what and (not self.service or f".{self.service}/" in method)

    def covers(self, model: str) -> bool:
        """Whether it is about ``model``.

        >>> [scope("infer:traffic*").covers(name) for name in ("traffic", "traffic-fast", "parking")]
        [True, True, False]
        """
        return not self.model or self.model == model or (self.begins and model.startswith(self.model))


def scope(text: str) -> Scope:
    """Read a scope.

    Raises:
        BadInput: it is none.
    """
    found = _FORM.fullmatch(text)
    if found is None or text.endswith(":"):
        raise BadInput(
            cause=f"'{text[:100]}' is no scope",
            mend=f"Write {', '.join(_WHATS[:-1])} or {ADMIN}, narrowed where you like: infer:traffic, infer:traffic*, "
            "infer/TrafficService",
        )
    what, service, model, begins = found.groups()
    return Scope(what, service or "", model or "", begins is not None)


def scopes(texts: Iterable[str]) -> frozenset[Scope]:
    """Read scopes; raises as ``scope``."""
    return frozenset(scope(text) for text in texts)


def known_scopes(texts: Iterable[str]) -> frozenset[Scope]:
    """Those of ``texts`` that are scopes: a token of the city's sign-in lists what other services ask for too."""
    return frozenset(scope(text) for text in texts if _FORM.fullmatch(text) and not text.endswith(":"))
