"""Whether a file's times are what they say: what follows the sun is a clock that nobody sets wrong."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from features.errors import BadInput
from features.tables.published import TIMEZONE

_LEAST_SWING = 0.1
"""Share of its mean by which a quantity must swing over the day to tell the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyClock:
    """A quantity that follows the sun over Seoul.

    Attributes:
        words: what it does, e.g. ``the sun stands highest``.
        peak_h: hour of the day about which it lies on average, by the first harmonic of its hourly means.
        most_off_h: by which it may lie off.
        least_days: with fewer days nothing is told.
    """

    words: str
    peak_h: float
    most_off_h: float
    least_days: int

    def off_h(self, times: pl.Series, values: pl.Series) -> float | None:
        """Hours by which times are ahead of Seoul's, -12 to 12; None where the quantity does not tell.

        Args:
            times: aware.
            values: the quantity at those times; what is missing, or not above zero, is left out.
        """
        local = times.dt.convert_time_zone(TIMEZONE)
        seen = pl.DataFrame([local.dt.hour().alias("hour"), local.dt.date().alias("day"), values.alias("value")])
        seen = seen.drop_nulls().filter(pl.col("value") > 0)
        if seen["day"].n_unique() < self.least_days:
            return None
        mean = seen.group_by("hour").agg(pl.col("value").mean())
        angle, value = mean["hour"].to_numpy() * (2 * np.pi / 24), mean["value"].to_numpy()
        east, north = (float((value * part).sum()) / 24 for part in (np.sin(angle), np.cos(angle)))
        if 2 * np.hypot(east, north) < _LEAST_SWING * float(value.sum()) / 24:
            return None
        peak_h = float(np.arctan2(east, north)) * 24 / (2 * np.pi)
        return (peak_h - self.peak_h + 12) % 24 - 12

    def refuse_shifted(self, times: pl.Series, values: pl.Series, path: Path) -> None:
        """Refuse a file whose times are some hours off.

        Args:
            times: aware.
            values: the quantity at those times.
            path: of the file.

        Raises:
            BadInput: by its times the quantity peaks at another hour of Seoul's day.
        """
        off_h = self.off_h(times, values)
        if off_h is None or abs(off_h) <= self.most_off_h:
            return
        peak_h = (self.peak_h + off_h) % 24
        raise BadInput(
            cause=f"{path}: {self.words} near {peak_h:.0f}:00 by its times, not near {self.peak_h:.0f}:00, so they are "
            f"some {abs(off_h):.0f} hours {'behind' if off_h < 0 else 'ahead of'} {TIMEZONE}",
            mend="They look like UTC: pass --timezone UTC"
            if round(off_h) in (-10, -9, -8)
            else "Say which clock it is with --timezone",
        )
