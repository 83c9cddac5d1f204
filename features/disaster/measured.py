"""Readings of several quantities at several entities on one clock, each known from its own instant or from a later."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from features.errors import BadInput
from features.series import Panel

FloatArray = npt.NDArray[np.float32]
TimeArray = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """What a hazard's ``build`` takes; a row is the instant of a reading, and of a day's extreme the day's end.

    Attributes:
        start: instant of the first row, aware.
        step_min: minutes between rows.
        entities: names of the columns, unique.
        values: quantity to (time, entity), float32 in the unit that its name ends in; NaN where nothing was measured.
        available_at: quantity to (time, entity), datetime64[s] UTC, when each reading became known, of those that did
            not at their own instant: a late one after it, a forecast before it; NaT where nothing was measured.

    Raises:
        BadInput: a start without a zone, an entity twice, an infinite reading, arrays that do not fit together.
    """

    start: datetime
    step_min: int
    entities: tuple[str, ...]
    values: Mapping[str, FloatArray]
    available_at: Mapping[str, TimeArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise BadInput(cause=f"The readings start at {self.start}, without a zone", mend="Pass an aware datetime")
        if len(set(self.entities)) != len(self.entities):
            twice = next(name for name in self.entities if self.entities.count(name) > 1)
            raise BadInput(cause=f"Entity '{twice}' has two columns", mend="Pass one column an entity")
        shape = (len(self), len(self.entities))
        for name, array in (*self.values.items(), *self.available_at.items()):
            if array.shape != shape:
                raise BadInput(
                    cause=f"{name} has shape {array.shape}, expected {shape}", mend="Pass (time, entity) for each"
                )
        for name, array in self.values.items():
            if np.isinf(array).any():
                row, column = (int(at) for at in np.argwhere(np.isinf(array))[0])
                raise BadInput(
                    cause=f"{name} of {self.entities[column]} at {self.time(row).isoformat()} is infinite",
                    mend="Pass NaN where nothing was measured",
                )

    def __len__(self) -> int:
        return len(next(iter(self.values.values()), ()))

    def time(self, row: int) -> datetime:
        """The instant of ``row``, which may lie beyond the readings."""
        return self.start + row * timedelta(minutes=self.step_min)

    @property
    def step(self) -> timedelta:
        """The time between two rows."""
        return timedelta(minutes=self.step_min)

    def known_by(self, instant: datetime) -> "Measured":
        """Only the readings, and forecasts, that were known at that instant."""
        rows = (instant - self.start) // self.step + 1
        limit = np.datetime64(instant.astimezone(UTC).replace(tzinfo=None), "s")
        values, known = dict(self.values), dict(self.available_at)
        if not known:
            return replace(self, values={name: array[: max(rows, 0)] for name, array in values.items()})
        for name, array in values.items():
            own = np.zeros(array.shape, dtype=np.bool_)
            own[max(rows, 0) :] = True
            hidden = ~(known[name] <= limit) if name in known else own
            values[name] = np.where(hidden, np.float32(np.nan), array)
            if name in known:
                known[name] = np.where(hidden, np.datetime64("NaT", "s"), known[name])
        return replace(self, values=values, available_at=known)


def from_panels(panels: Mapping[str, Panel]) -> Measured:
    """One ``Measured`` of the panels of several quantities; of a day's extreme the row becomes the day's end.

    Args:
        panels: quantity to panel, all of one start, length and step, each of the entities that measure it.

    Raises:
        BadInput: no panel, or panels that share no clock.
    """
    if not panels:
        raise BadInput(cause="Nothing was measured", mend="Give a file with measurements")
    first = next(iter(panels.values()))
    for name, panel in panels.items():
        if (panel.start, panel.step_min, len(panel)) != (first.start, first.step_min, len(first)):
            raise BadInput(cause=f"{name} is on another clock", mend="Give quantities of one clock")
    entities = tuple(dict.fromkeys(entity for panel in panels.values() for entity in panel.entities))
    whole = {name: panel.select(entities) for name, panel in panels.items()}
    return Measured(
        start=first.start + (first.step if first.step_min == 1440 else timedelta(0)),
        step_min=first.step_min,
        entities=entities,
        values={name: panel.values for name, panel in whole.items()},
        available_at={name: panel.available_at for name, panel in whole.items() if panel.available_at is not None},
    )
