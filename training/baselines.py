"""What anyone could forecast without a model; every score stands beside these."""

from dataclasses import dataclass

import numpy as np

from features.series import FloatArray

LAST_VALUE, LAST_WEEK, FOUR_WEEKS, PROFILE = (
    "last value",
    "same hour last week",
    "mean of four weeks",
    "adaptive profile",
)
_WEEKS = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Baselines:
    """Forecasts of a whole panel at once, so that asking at an issue time is a look-up.

    Where a baseline has nothing to go by (no value in the days or weeks before) the adaptive profile stands in; a
    baseline that never has anything is not offered at all.

    Attributes:
        last: (time, entity), the last value measured up to and including that row.
        weekly: name to (time, entity), the forecast of that row from the weeks before it.
    """

    last: FloatArray
    weekly: dict[str, FloatArray]

    @classmethod
    def of(cls, values: FloatArray, *, steps_per_day: int, horizon_steps: int) -> "Baselines":
        """The baselines of ``values``, (time, entity) with NaN for missing."""
        week = 7 * steps_per_day
        # A horizon beyond a week may only look at weeks that are over when the forecast is issued.
        first = -(-horizon_steps // week)
        past = [_shifted(values, week * number) for number in range(first, first + _WEEKS)]
        latest, count, total = np.full_like(values, np.nan), np.zeros_like(values), np.zeros_like(values)
        for week_before in past:
            latest = np.where(np.isnan(latest), week_before, latest)
            count += ~np.isnan(week_before)
            total += np.nan_to_num(week_before)
        mean = np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
        weekly = {} if np.isnan(latest).all() else {LAST_WEEK: latest, FOUR_WEEKS: mean}
        return cls(last=_carried_forward(values, limit=week), weekly=weekly)

    def forecast(self, row: int, profile: FloatArray) -> dict[str, FloatArray]:
        """Every baseline issued at the start of ``row``.

        Args:
            row: of the interval that step 1 covers.
            profile: (entity, step), the adaptive profile at the targets.

        Returns:
            Name to (entity, step).
        """
        steps = profile.shape[1]
        now = self.last[row - 1] if row else np.full_like(profile[:, 0], np.nan)
        found = {LAST_VALUE: np.repeat(now[:, None], steps, axis=1)}
        for name, values in self.weekly.items():
            ahead = np.full(profile.shape, np.nan, dtype=np.float32)
            rows = values[row : row + steps].T
            ahead[:, : rows.shape[1]] = rows
            found[name] = ahead
        filled = {name: np.where(np.isnan(ahead), profile, ahead) for name, ahead in found.items()}
        return filled | {PROFILE: profile}


def _shifted(values: FloatArray, steps: int) -> FloatArray:
    shifted = np.full_like(values, np.nan)
    if steps < len(values):
        shifted[steps:] = values[: len(values) - steps]
    return shifted


def _carried_forward(values: FloatArray, limit: int) -> FloatArray:
    """The last value of each column up to each row, no older than ``limit`` rows.

    >>> _carried_forward(np.array([[1.0], [np.nan], [np.nan]], dtype=np.float32), limit=1).ravel().tolist()
    [1.0, 1.0, nan]
    """
    rows = np.arange(len(values))[:, None]
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, rows), axis=0)
    carried = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return np.where((last >= 0) & (rows - last <= limit), carried, np.nan).astype(np.float32)
