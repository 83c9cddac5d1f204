"""What came: the quantity at each horizon, and which levels were in force then and on the way there."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from features.clock import step_on_clock, utc_times
from features.disaster.config import DisasterConfig
from features.disaster.criteria import groups, in_force, margin, value
from features.disaster.force import place_columns
from features.disaster.measured import Measured
from features.disaster.rows import rows_of
from features.disaster.sight import screened
from features.disaster.state import DisasterState

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labels:
    """What was measured, row by row of the clock; NaN where nobody knows.

    Attributes:
        start: instant of the first row, aware.
        step_min: minutes between rows.
        horizons_steps: of what comes ahead.
        heard: (time, place), whether a gauge said anything, true or not.
        quantity: (time, place), what was measured of the hazard's own quantity, where it can be true.
        value: (group, time, place), what each group of levels compares with its thresholds.
        rises: of each group, whether a larger value meets it.
        met: (level, time, place), 1 met, 0 not.
        force: (level, time, place), 1 in force, 0 not.
    """

    start: datetime
    step_min: int
    horizons_steps: tuple[int, ...]
    heard: npt.NDArray[np.bool_]
    quantity: FloatArray
    value: FloatArray
    rises: tuple[bool, ...]
    met: FloatArray
    force: FloatArray

    def __len__(self) -> int:
        return len(self.quantity)

    @property
    def times(self) -> npt.NDArray[np.datetime64]:
        """(time,), UTC."""
        return utc_times(self.start, self.step_min, len(self))

    def at(self) -> FloatArray:
        """(time, place, horizon): the quantity at each horizon after a row."""
        return np.stack([_ahead(self.quantity, steps) for steps in self.horizons_steps], axis=-1)

    def value_at(self) -> FloatArray:
        """(time, place, group, horizon): the value at each horizon after a row."""
        return _by_row([[_ahead(one, steps) for steps in self.horizons_steps] for one in self.value])

    def peak(self) -> FloatArray:
        """(time, place, group, horizon): the worst value after a row up to the horizon, NaN where one is missing."""
        signs = [1.0 if rises else -1.0 for rises in self.rises]
        found = [
            [sign * _largest(sign * one, steps) for steps in self.horizons_steps]
            for sign, one in zip(signs, self.value, strict=True)
        ]
        return _by_row(found)

    def met_at(self) -> FloatArray:
        """(time, place, level, horizon): whether a level is met at each horizon."""
        return _by_row([[_ahead(level, steps) for steps in self.horizons_steps] for level in self.met])

    def met_within(self) -> FloatArray:
        """(time, place, level, horizon): whether it is met at any time after a row up to the horizon."""
        return _by_row([[_any_within(level, steps) for steps in self.horizons_steps] for level in self.met])


def labels_of(measured: Measured, state: DisasterState, config: DisasterConfig) -> Labels:
    """The labels of every row from ``state.as_of`` on.

    Args:
        measured: all that was ever measured.
        state: as of the first row or before.
        config: of the hazard.
    """
    last = measured.time(len(measured) - 1)
    rows = rows_of(state, measured, config, last)
    skip = rows.row(step_on_clock(state.as_of, config.step_min, like=state.as_of))
    end = rows.row(step_on_clock(last, config.step_min, like=state.as_of)) + 1
    columns = place_columns(state)
    readings = {name: rows.values[number][:end, columns] for number, name in enumerate(rows.names)}
    lookback, hazard = config.lookback_steps, config.hazard
    heard = ~np.isnan(readings[hazard.quantity])
    # What a stuck gauge says never came.
    readings[hazard.quantity] = screened(readings[hazard.quantity].T, hazard.own_signal).T
    own = groups(hazard)
    force = [
        in_force(hazard, level, readings, state.before[number], lookback).now[skip:]
        for number, level in enumerate(hazard.levels)
    ]
    return Labels(
        start=state.as_of,
        step_min=config.step_min,
        horizons_steps=config.horizons_steps,
        heard=heard[skip:],
        quantity=readings[config.hazard.quantity][skip:],
        value=np.array([value(hazard, group, readings)[skip:] for group in own], dtype=np.float32),
        rises=tuple(group.rises for group in own),
        met=np.array([margin(level, readings, hazard.step_min).met[skip:] for level in hazard.levels], np.float32),
        force=np.array(force, dtype=np.float32),
    )


def _ahead(values: FloatArray, steps: int) -> FloatArray:
    found = np.full_like(values, np.nan)
    found[: max(len(values) - steps, 0)] = values[steps:]
    return found


def _largest(values: FloatArray, steps: int) -> FloatArray:
    """The largest of the next ``steps`` rows, NaN where one is missing."""
    filled = np.where(np.isnan(values), -np.inf, values)
    largest = _running(filled, steps, np.maximum)
    missing = _running(np.isnan(values).astype(np.float32), steps, np.maximum)
    return np.where(missing > 0, np.nan, largest).astype(np.float32)


def _by_row(found: list[list[FloatArray]]) -> FloatArray:
    """(time, place, first, second) of lists of (time, place)."""
    return np.moveaxis(np.array(found, dtype=np.float32), (0, 1), (2, 3))


def _any_within(met: FloatArray, steps: int) -> FloatArray:
    """1 where any of the next ``steps`` rows is 1; 0 where all are 0."""
    on = _running((met == 1).astype(np.float32), steps, np.maximum)
    known = 1 - _running(np.isnan(met).astype(np.float32), steps, np.maximum)
    return np.where(on == 1, np.float32(1), np.where(known == 1, np.float32(0), np.float32(np.nan)))


def _running(values: FloatArray, steps: int, best: np.ufunc) -> FloatArray:
    """The best of the next ``steps`` rows; NaN, or at least as good, where the readings end before."""
    padded = np.vstack([values[1:], np.full((steps, values.shape[1]), np.nan, dtype=values.dtype)])
    found = padded[: len(values)].copy()
    width = 1
    # Each turn doubles the window, so that a long one costs little more than a short one.
    while width < steps:
        shift = min(width, steps - width)
        found[:-shift] = best(found[:-shift], found[shift:])
        found[-shift:] = np.nan
        width += shift
    return found
