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
    """Forecasts that look nothing up but the panel itself, and nothing in it that comes after the issue time.

    Where a baseline has nothing to go by (no value in the days or weeks before) the adaptive profile stands in; a
    baseline that never has anything is not offered at all.

    Attributes:
        values: (time, entity), NaN where missing.
        week_steps: rows of a week.
        weeks: how many weeks before a target are looked at; a horizon beyond a week begins with weeks that are over
            when the forecast is issued.
    """

    values: FloatArray
    week_steps: int
    weeks: range

    @classmethod
    def of(cls, values: FloatArray, *, steps_per_day: int, horizon_steps: int) -> "Baselines":
        """The baselines of ``values``, (time, entity) with NaN for missing."""
        week = 7 * steps_per_day
        first = -(-horizon_steps // week)
        has_weeks = not np.isnan(values[: max(len(values) - first * week, 0)]).all()
        return cls(values=values, week_steps=week, weeks=range(first, first + _WEEKS if has_weeks else first))

    def forecast(self, row: int, profile: FloatArray) -> dict[str, FloatArray]:
        """Every baseline issued at the start of ``row``.

        Args:
            row: of the interval that step 1 covers.
            profile: (entity, step), the adaptive profile at the targets.

        Returns:
            Name to (entity, step).
        """
        steps = profile.shape[1]
        found = {LAST_VALUE: np.repeat(self._last(row)[:, None], steps, axis=1)}
        if self.weeks:
            past = np.stack([self._rows(row - week * self.week_steps, steps) for week in self.weeks])
            found |= {LAST_WEEK: _first_known(past), FOUR_WEEKS: _mean_known(past)}
        filled = {name: np.where(np.isnan(ahead), profile, ahead) for name, ahead in found.items()}
        return filled | {PROFILE: profile}

    def _rows(self, first: int, steps: int) -> FloatArray:
        """(entity, step) from row ``first`` on, NaN before the panel begins."""
        rows = self.values[max(first, 0) : max(first + steps, 0)]
        found = np.full((self.values.shape[1], steps), np.nan, dtype=np.float32)
        found[:, steps - len(rows) :] = rows.T
        return found

    def _last(self, row: int) -> FloatArray:
        """(entity,), the last value before ``row``, from the interval just over to one a week older."""
        latest_first = self.values[max(row - 1 - self.week_steps, 0) : row][::-1]
        if not len(latest_first):
            return np.full(self.values.shape[1], np.nan, dtype=np.float32)
        last: FloatArray = latest_first[0].copy()
        # Most are there; a week is searched only where one is not.
        missing = np.flatnonzero(np.isnan(last))
        last[missing] = _first_known(latest_first[:, missing])
        return last


def _first_known(values: FloatArray) -> FloatArray:
    """The first value along the first axis that is not missing.

    >>> _first_known(np.array([[np.nan, 1], [2, 3], [np.nan, 4]], dtype=np.float32)).tolist()
    [2.0, 1.0]
    """
    at = np.argmin(np.isnan(values), axis=0, keepdims=True)
    found: FloatArray = np.take_along_axis(values, at, axis=0)[0]
    return found


def _mean_known(values: FloatArray) -> FloatArray:
    """The mean along the first axis of what is not missing; NaN where all is.

    >>> _mean_known(np.array([[np.nan, 1], [np.nan, 3]], dtype=np.float32)).tolist()
    [nan, 2.0]
    """
    count = (~np.isnan(values)).sum(axis=0)
    mean = np.where(count > 0, np.nansum(values, axis=0) / np.maximum(count, 1), np.nan)
    return mean.astype(np.float32)
