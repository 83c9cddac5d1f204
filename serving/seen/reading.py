"""A number that another part of the server has, for whoever wants to see it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A number that a part of the server is asked for at each scrape.

    Attributes:
        name: of the metric; a counter's without its ``_total``.
        meaning: one line.
        read: returns it, quickly, from any thread.
        counts: whether it only ever rises.
    """

    name: str
    meaning: str
    read: Callable[[], float]
    counts: bool = False
