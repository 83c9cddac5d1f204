"""Every error that Haechi raises on purpose, each with its cause and its mend.

HaechiError
├── BadInput            what came in cannot be understood           exit code 2
│   └── UnknownName     an entity, model, version or column that is not there
├── ArtifactMismatch    a model folder that is not what it claims   exit code 2
├── ModelNotLoaded      asked for a model that is not being served
├── UnknownCaller       who asks has not shown who they are
├── NotAllowed          who asks is known, and may not have this
├── Overloaded          more is asked than can be answered; come again later
├── TooLate             the caller's time was over before the answer was begun
└── StorageFailure      a disk that is full, a lock that is held

They know no wire: ``serving/status.py`` maps them to gRPC status codes.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class HaechiError(Exception):
    """An error that a user can act on.

    Args:
        cause: what is wrong, naming the file, row, column or field.
        mend: what to do about it.
    """

    exit_code = 1

    def __init__(self, *, cause: str, mend: str) -> None:
        super().__init__(f"{cause}. {mend}")
        self.cause = cause
        self.mend = mend


class BadInput(HaechiError):
    """What came in cannot be understood, so it is refused."""

    exit_code = 2


class UnknownName(BadInput):
    """A name that is not among the known ones; the mend offers the nearest.

    >>> str(UnknownName.among("column", "tme", ["time", "entity_id"]))
    "There is no column 'tme'. Did you mean 'time'? Known: time, entity_id"
    """

    @classmethod
    def among(cls, kind: str, name: str, known: Iterable[str]) -> "UnknownName":
        """The error for ``name``, which is none of ``known`` (at most ten are listed)."""
        names = sorted(known) if not isinstance(known, list) else known
        # A name may come from a stranger: the search for its nearest slows with its length.
        name = name if len(name) <= 100 else f"{name[:99]}…"
        near = get_close_matches(name, names, n=1)
        listed = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
        hint = f"Did you mean '{near[0]}'? " if near else ""
        return cls(cause=f"There is no {kind} '{name}'", mend=f"{hint}Known: {listed or 'none'}")


class ArtifactMismatch(HaechiError):
    """A model folder is not what its manifest or checksums claim; it is not loaded."""

    exit_code = 2


class ModelNotLoaded(HaechiError):
    """The server does not serve the model or version that was asked for."""


class UnknownCaller(HaechiError):
    """Who asks has not shown who they are, or what they showed does not hold."""


class NotAllowed(HaechiError):
    """Who asks is known, and may not have what they ask for."""


class Overloaded(HaechiError):
    """More is asked than this server can answer in time; nothing was begun.

    Args:
        cause: what is full.
        mend: what to do about it.
        retry_s: after how many seconds it is worth asking again.
    """

    def __init__(self, *, cause: str, mend: str, retry_s: float = 1.0) -> None:
        super().__init__(cause=cause, mend=mend)
        self.retry_s = retry_s


class TooLate(HaechiError):
    """The caller's deadline passed, or the caller hung up, before the answer was begun."""


class StorageFailure(HaechiError):
    """Something could not be written, or another process holds the lock."""
