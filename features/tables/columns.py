"""What a user says about a file: which column is what, on which clock."""

from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from features.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which column is what.

    Attributes:
        time: the column of times.
        entity: the columns that name an entity; several are joined by ``/``: ``site_id, direction`` gives ``A-01/in``.
        value: the measured column; None takes the only other column of numbers.
        timezone: IANA name of the zone of times that carry none.
        missing: a number that stands for "nothing was measured", such as 0 or -999.
    """

    time: str = "time"
    entity: tuple[str, ...] = ("entity_id",)
    value: str | None = None
    timezone: str | None = None
    missing: float | None = None

    def __post_init__(self) -> None:
        names = [self.time, *self.entity, *([self.value] if self.value else [])]
        for name in names:
            if names.count(name) > 1:
                raise BadInput(
                    cause=f"Column '{name}' is named more than once among time, entity and value",
                    mend="Give each its own column with --time-col, --entity-col and --value-col",
                )
        if not self.entity:
            raise BadInput(cause="No entity column is named", mend="Name one with --entity-col, e.g. site_id,direction")
        if self.timezone is not None:
            _zone(self.timezone)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How to read a file of any shape.

    Attributes:
        columns: which column is what.
        start: aware start of step 0, for a ``wide`` file that counts steps, or of slot 0 of day 0 (``day-slot``).
        step_min: minutes of one step; None infers it from the times.
    """

    columns: Columns = field(default_factory=Columns)
    start: datetime | None = None
    step_min: int | None = None

    def __post_init__(self) -> None:
        if self.step_min is not None and self.step_min < 1:
            raise BadInput(cause=f"step_min={self.step_min} is no step", mend="Use whole minutes, 1 or more")
        if self.start is not None and self.start.tzinfo is None:
            raise BadInput(cause=f"start={self.start.isoformat()} has no zone", mend="Add an offset, or --timezone")


def instant(text: str, timezone: str | None) -> datetime:
    """The aware time that ``text`` names.

    Args:
        text: ISO 8601; a text without an offset is local to ``timezone``.
        timezone: IANA name, or None.

    Raises:
        BadInput: the text is no time, has no zone where none is given, or falls into a change of clocks.

    >>> instant("2022-01-01T00:00", "Asia/Seoul").isoformat()
    '2022-01-01T00:00:00+09:00'
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(cause=f"'{text}' is no time", mend="Write it as 2022-01-01T00:00+09:00") from None
    if time.tzinfo is not None:
        return time
    if timezone is None:
        raise BadInput(cause=f"'{text}' has no zone", mend="Add an offset (2022-01-01T00:00+09:00) or pass --timezone")
    early, late = (time.replace(tzinfo=_zone(timezone), fold=fold) for fold in (0, 1))
    if early.utcoffset() != late.utcoffset():
        raise BadInput(
            cause=f"'{text}' comes twice or never in {timezone}, where clocks change then",
            mend="Write it with its offset, e.g. +01:00",
        )
    return early


def _zone(name: str) -> tzinfo:
    # Imported late: the clock brings polars with it, and every command's --help passes through here.
    from features.clock import zone

    return zone(name)
