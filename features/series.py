"""A panel: many entities measured on one regular clock, with every missing value kept missing."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from features.covariates import Covariates
from features.errors import BadInput

FloatArray = npt.NDArray[np.float32]
TimeArray = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Panel:
    """Measurements on a regular grid; the shape that every domain's ``build`` takes.

    Attributes:
        start: the first interval's start, aware.
        step_min: minutes between rows.
        entities: names of the columns, unique.
        values: (time, entity), float32, in the unit that ``quantity`` ends in; NaN where nothing was measured.
        quantity: what was measured, ending in its unit, e.g. ``volume_veh_h``.
        available_at: (time, entity), datetime64[s] UTC, when each value became known, never before its interval's
            end whatever is stated; NaT where nothing was measured. None where every value is known at that end.
        covariates: what else is known of all entities together, such as weather, each row with its own time; None
            where nothing is.

    Raises:
        BadInput: a start without a zone, an entity twice, an infinite value, or arrays that do not fit together.
    """

    start: datetime
    step_min: int
    entities: tuple[str, ...]
    values: FloatArray
    quantity: str
    available_at: TimeArray | None = None
    covariates: Covariates | None = None

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise BadInput(cause=f"The panel starts at {self.start}, which has no zone", mend="Pass an aware datetime")
        if self.values.ndim != 2 or self.values.shape[1] != len(self.entities):
            raise BadInput(
                cause=f"values has shape {self.values.shape}, expected (time, {len(self.entities)} entities)",
                mend="Pass one column an entity",
            )
        if len(set(self.entities)) != len(self.entities):
            twice = next(name for name in self.entities if self.entities.count(name) > 1)
            raise BadInput(cause=f"Entity '{twice}' has two columns", mend="Pass one column an entity")
        self._refuse_where(np.isinf(self.values), "is infinite", "Pass NaN where nothing was measured")
        if self.available_at is not None:
            self._check_available_at(self.available_at)

    def _check_available_at(self, available_at: TimeArray) -> None:
        if available_at.shape != self.values.shape:
            raise BadInput(
                cause=f"available_at has shape {available_at.shape}, values has {self.values.shape}",
                mend="Pass one time a value",
            )
        unsaid = np.isnat(available_at) & ~np.isnan(self.values)
        self._refuse_where(unsaid, "has a value that never became known", "Say when each value became available")

    def _refuse_where(self, wrong: npt.NDArray[np.bool_], what: str, mend: str) -> None:
        if wrong.any():
            row, column = (int(at) for at in np.argwhere(wrong)[0])
            raise BadInput(cause=f"{self.entities[column]} at {self.time(row).isoformat()} {what}", mend=mend)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def step(self) -> timedelta:
        """The time between two rows."""
        return timedelta(minutes=self.step_min)

    @property
    def end(self) -> datetime:
        """The instant at which the last interval ends."""
        return self.start + len(self) * self.step

    def time(self, index: int) -> datetime:
        """The start of interval ``index``, which may lie beyond the panel."""
        return self.start + index * self.step

    def index(self, time: datetime) -> int:
        """The row whose interval starts at ``time``, which may lie beyond the panel.

        Raises:
            BadInput: ``time`` is not on the panel's clock.
        """
        steps, rest = divmod(time - self.start, self.step)
        if rest:
            raise BadInput(
                cause=f"{time.isoformat()} is not on the {self.step_min}-minute clock of the measurements",
                mend=f"Use a whole number of steps from {self.start.isoformat()}",
            )
        return steps

    def window(self, first: int, last: int) -> "Panel":
        """Rows ``first`` up to, not including, ``last``."""
        known = None if self.available_at is None else self.available_at[first:last]
        return replace(self, start=self.time(first), values=self.values[first:last], available_at=known)

    def select(self, entities: tuple[str, ...]) -> "Panel":
        """The same clock for ``entities``, in that order; an entity that is not measured is all missing."""
        column = {name: i for i, name in enumerate(self.entities)}
        chosen = np.array([column.get(name, -1) for name in entities], dtype=np.intp)
        padded = np.column_stack([self.values, np.full(len(self), np.nan, dtype=np.float32)])
        known = None
        if self.available_at is not None:
            never = np.full(len(self), np.datetime64("NaT", "s"))
            known = np.column_stack([self.available_at, never])[:, chosen]
        return replace(self, entities=entities, values=padded[:, chosen], available_at=known)


_UNITS = {
    "_veh_h": "veh/h", "_kmh": "km/h", "_mph": "mph", "_mps": "m/s", "_ms": "m/s", "_veh": "veh", "_share": "1",
    "_ug_m3": "ug/m3", "_w_m2": "W/m2", "_ppm": "ppm", "_m3s": "m3/s", "_cm": "cm", "_mm": "mm", "_m": "m", "_c": "C",
    "_pct": "%", "_hpa": "hPa", "_deg": "deg", "_spaces": "spaces",
}  # fmt: skip


def unit_of(quantity: str) -> str:
    """The unit that a quantity's name ends in; ``unknown`` where it ends in none.

    >>> unit_of("volume_veh_h"), unit_of("count")
    ('veh/h', 'unknown')
    """
    return next((unit for ending, unit in _UNITS.items() if quantity.endswith(ending)), "unknown")


def without_unit(quantity: str) -> str:
    """A quantity's name as people say it, without its unit.

    >>> without_unit("air_temperature_min_c"), without_unit("count")
    ('air temperature min', 'count')
    """
    ending = next((ending for ending in _UNITS if quantity.endswith(ending)), "")
    return quantity.removesuffix(ending).replace("_", " ")
