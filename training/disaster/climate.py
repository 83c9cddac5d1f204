"""What the state knows from training alone: the usual, the normal and the tide, of the years learned from."""

import numpy as np
import numpy.typing as npt

from features.disaster.build import month_and_hour
from features.disaster.config import DisasterConfig
from features.disaster.derived import base_of, days_of_year, needs_normal
from features.disaster.measured import Measured
from features.disaster.state import DAYS, HOURS, MONTHS, DisasterState
from features.disaster.tide import COLUMNS, design
from training.disaster.labels import Labels

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

_NORMAL_HALF_DAYS = 7
"""Of a normal: the mean over so many days before and after, of all years."""
_TIDE_EVERY = 3
_TIDE_RIDGE = 1e-3


def with_normal(
    state: DisasterState,
    measured: Measured,
    times: npt.NDArray[np.datetime64],
    learned: BoolArray,
    config: DisasterConfig,
) -> DisasterState:
    """The state with its normals and its tide fitted on the rows learned from.

    Args:
        state: left untouched.
        measured: all of it.
        times: (time,), of its rows.
        learned: (time,).
        config: of the hazard.
    """
    found = state.copy()
    wanted = [each for each in config.hazard.quantities if needs_normal([each])]
    if wanted:
        values = measured.values[base_of(wanted[0])]
        found.normal = _normal(values, _columns(measured, state.sources), times, learned, config)
    if config.hazard.tide is not None:
        found.tide = _tide(measured, times, learned, config)
    return found


def with_usual(state: DisasterState, labels: Labels, learned: BoolArray, config: DisasterConfig) -> DisasterState:
    """The state with how often each level is met, by month and hour, over the rows learned from and all places.

    Args:
        state: left untouched.
        labels: of all rows.
        learned: (time,), of the labels' rows.
        config: of the hazard.
    """
    found = state.copy()
    month, hour = month_and_hour(labels.times, config)
    within = labels.met_within()
    for level in range(len(labels.met)):
        found.usual[level] = _share(labels.met[level], month, hour, learned)
        for horizon in range(len(config.horizons_steps)):
            found.usual_within[level, horizon] = _share(within[:, :, level, horizon], month, hour, learned)
    return found


def _columns(measured: Measured, sources: tuple[str, ...]) -> list[int]:
    return [measured.entities.index(name) if name in measured.entities else -1 for name in sources]


def _share(
    met: FloatArray, month: npt.NDArray[np.int64], hour: npt.NDArray[np.int64], learned: BoolArray
) -> FloatArray:
    """(month, hour): how often; where a month was never seen, as often as over all."""
    known = ~np.isnan(met) & learned[:, None]
    count, came = np.zeros((MONTHS, HOURS)), np.zeros((MONTHS, HOURS))
    np.add.at(count, (month, hour), known.sum(axis=1))
    np.add.at(came, (month, hour), np.where(known, met, 0).sum(axis=1))
    whole = came.sum() / max(count.sum(), 1)
    return np.where(count > 0, came / np.maximum(count, 1), whole).astype(np.float32)


def _normal(
    values: FloatArray,
    columns: list[int],
    times: npt.NDArray[np.datetime64],
    learned: BoolArray,
    config: DisasterConfig,
) -> FloatArray:
    """(day of the year, source): the mean over the days around it."""
    day = days_of_year(times, config.timezone, config.step_min)
    found = np.full((DAYS, len(columns)), np.nan, dtype=np.float32)
    for source, column in enumerate(columns):
        if column < 0:
            continue
        known = learned & ~np.isnan(values[:, column])
        count = np.bincount(day[known], minlength=DAYS).astype(np.float64)
        total = np.bincount(day[known], weights=values[known, column], minlength=DAYS)
        around = np.arange(-_NORMAL_HALF_DAYS, _NORMAL_HALF_DAYS + 1)
        near = (np.arange(DAYS)[:, None] + around) % DAYS
        found[:, source] = total[near].sum(axis=1) / np.where(
            count[near].sum(axis=1) > 0, count[near].sum(axis=1), np.nan
        )
    return found


def _tide(
    measured: Measured, times: npt.NDArray[np.datetime64], learned: BoolArray, config: DisasterConfig
) -> FloatArray:
    """(column,): of the tide's design; the river's own flow, which stands in the gauge too, is left out of it."""
    tide = config.hazard.tide
    if tide is None or tide.quantity not in measured.values or tide.at not in measured.entities:
        return np.zeros(COLUMNS, dtype=np.float32)
    height = measured.values[tide.quantity][:, measured.entities.index(tide.at)]
    signal = next((each for each in config.hazard.signals if each.quantity == tide.quantity), None)
    low, high = (-np.inf, np.inf) if signal is None else signal.plausible
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(learned & (height >= low) & (height <= high))[::_TIDE_EVERY]
    if not len(rows):
        return np.zeros(COLUMNS, dtype=np.float32)
    columns = design(times[rows])
    system = columns.T @ columns + _TIDE_RIDGE * len(rows) * np.eye(COLUMNS)
    found: FloatArray = np.linalg.solve(system, columns.T @ height[rows]).astype(np.float32)
    return found
