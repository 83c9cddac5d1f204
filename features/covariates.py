"""What is known of a city as a whole beside its measurements, such as weather and its forecasts, and since when."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from features.errors import BadInput, UnknownName

FloatArray = npt.NDArray[np.float32]
TimeArray = npt.NDArray[np.datetime64]
MOST = 32
"""Names of one table: each is seen at every step, so that many of them are mostly chance."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Covariates:
    """Rows of what became known, in any order; several of one time are revisions, of which the last known stands.

    Attributes:
        names: of the columns, each ending in its unit where it has one, e.g. ``temperature_c``.
        time: (row,), datetime64[s] UTC, the start of an interval on the measurements' clock.
        available_at: (row,), datetime64[s] UTC, when the row became known; a forecast's lies before ``time``.
        values: (row, name), float32; NaN where nothing is known.

    Raises:
        BadInput: no name, a name twice or too many of them, an infinite value, or arrays that do not fit together.
    """

    names: tuple[str, ...]
    time: TimeArray
    available_at: TimeArray
    values: FloatArray

    def __post_init__(self) -> None:
        refuse_unusable_names(self.names)
        if not self.names:
            raise BadInput(cause="The covariates have no name", mend="Name each column, e.g. temperature_c")
        rows = len(self.time)
        if self.available_at.shape != (rows,) or self.values.shape != (rows, len(self.names)):
            raise BadInput(
                cause=f"values has shape {self.values.shape}, time {self.time.shape}, available_at "
                f"{self.available_at.shape}",
                mend=f"Pass ({rows}, {len(self.names)} names) values and one time of each kind a row",
            )
        if np.isinf(self.values).any():
            row, column = (int(at) for at in np.argwhere(np.isinf(self.values))[0])
            raise BadInput(
                cause=f"{self.names[column]} at {self.time[row]} is infinite", mend="Pass NaN where nothing is known"
            )

    def __len__(self) -> int:
        return len(self.time)

    def select(self, names: tuple[str, ...]) -> "Covariates":
        """The same rows of ``names``, in that order.

        Raises:
            UnknownName: a name that is not there; offers the nearest.
        """
        for name in names:
            if name not in self.names:
                raise UnknownName.among("covariate", name, list(self.names))
        return replace(self, names=names, values=self.values[:, [self.names.index(name) for name in names]])

    def rows(self, chosen: slice | npt.NDArray[np.generic]) -> "Covariates":
        """The rows ``chosen``: a slice, a mask, or places in a new order."""
        return replace(self, time=self.time[chosen], available_at=self.available_at[chosen], values=self.values[chosen])


def refuse_unusable_names(names: tuple[str, ...]) -> None:
    """Refuse names of which one is blank or comes twice, or that are too many.

    Raises:
        BadInput: names the first.
    """
    for name in names:
        if not name.strip() or names.count(name) > 1:
            raise BadInput(cause=f"covariates={list(names)}: '{name}' is blank or twice", mend="Name each once")
    if len(names) > MOST:
        raise BadInput(
            cause=f"{len(names)} covariates, e.g. {names[0]}, are more than {MOST}",
            mend="Leave out the columns that say the least of what is measured",
        )
