"""One happening on the roads: links whose flow is abnormal together, or a sensor that is not to be believed."""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What an event is taken for."""

    ABNORMAL = "abnormal flow"
    SENSOR = "sensor fault suspected"


class Ending(StrEnum):
    """How an event came to an end."""

    INSIDE = "back inside"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What else could have explained an event, at its largest deviation.

    Attributes:
        city_share: the city's common error, removed before the link was found outside; None where too few links are
            measured to speak of a city.
        city_unrest: how much more than usual the city's links were off; the link's deviation was divided by it.
        neighbours: neighbours that were measured.
        neighbours_likewise: those of them that lay outside their own bands on the same side.
        ruled_out: of ``city`` and ``neighbours`` (at most half of which went along), what does not explain it.
    """

    city_share: float | None
    city_unrest: float
    neighbours: int
    neighbours_likewise: int
    ruled_out: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AbnormalFlow:
    """One event over one or several links; measured values are those of the link and step that were furthest off.

    Attributes:
        id: of the first link and the onset; updates keep it.
        entity_ids: the links, in the order in which they joined.
        kind: what it is taken for.
        direction: ``low`` or ``high``.
        onset: start of the first interval outside.
        raised_at: end of the interval by which it was certain enough.
        cleared_at: end of the interval by which it was over; None while it lasts.
        ending: how it ended; None while it lasts.
        steps: intervals from the onset to the latest one outside.
        measured: in the unit measured.
        expected: the median forecast.
        band_low: lower end of the 95 % band.
        band_high: upper end.
        size: distance from what was expected, without the city's share, in usual errors, signed.
        witness: what else could have explained it.
    """

    id: str
    entity_ids: tuple[str, ...]
    kind: Kind
    direction: str
    onset: datetime
    raised_at: datetime
    cleared_at: datetime | None = None
    ending: Ending | None = None
    steps: int
    measured: float
    expected: float
    band_low: float
    band_high: float
    size: float
    witness: Witness

    def to_json(self) -> dict[str, Any]:
        """Plain values, times as ISO text, figures to three decimals."""
        row = asdict(self)
        for name in ("onset", "raised_at", "cleared_at"):
            row[name] = row[name] and row[name].isoformat()
        row["entity_ids"], row["witness"]["ruled_out"] = list(self.entity_ids), list(self.witness.ruled_out)
        for place in (row, row["witness"]):
            place |= {name: round(value, 3) for name, value in place.items() if isinstance(value, float)}
        return row
