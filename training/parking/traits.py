"""What a state carries of each lot from training: how it usually fills, what its city does, which lots fill alike."""

import numpy as np
import numpy.typing as npt

from features.calendar import DAY_TYPES, days
from features.clock import utc_times
from features.parking.config import ParkingConfig
from features.parking.profile import Clock, profiles
from features.parking.state import TRAITS, ParkingState
from features.series import FloatArray, Panel

_SUNDAY, _HOLIDAY = DAY_TYPES.index("sun"), DAY_TYPES.index("holiday")
_LEAST_ALIKE = 0.05
"""Correlation of deviations below which two lots have nothing to do with each other."""
_LEAST_SHARED = 0.2
"""Share of the rows at which both lots must be known."""


def fit_traits(state: ParkingState, panel: Panel, shares: FloatArray, learned: int, config: ParkingConfig) -> None:
    """Fill in what training fits of a fresh state, from the rows before ``learned`` alone.

    Args:
        state: of which ``trait``, ``typical`` and ``neighbour`` are written.
        panel: of the counts.
        shares: (time, lot), the same as free shares.
        learned: rows that may be looked at.
        config: of the features.
    """
    known, times = shares[:learned], utc_times(panel.start, panel.step_min, learned)
    clock = Clock.of(times, days(times, country=config.country, timezone=config.timezone), config)
    state.trait = _traits(known, config)
    state.typical = _typical(known, clock, state.city, config)
    first = config.profile_days * config.steps_per_day
    if len(known) > first:
        usual = profiles(known, clock, state.typical, config, first)
        state.neighbour = _neighbours(known[first:] - usual.level[first:], config)


def _traits(shares: FloatArray, config: ParkingConfig) -> FloatArray:
    found = np.full((len(TRAITS), shares.shape[1]), np.nan, dtype=np.float32)
    some = np.flatnonzero((~np.isnan(shares)).sum(axis=0) > 1)
    own = shares[:, some].astype(np.float64)
    found[0, some], found[1, some] = np.nanmean(own, axis=0), np.nanstd(own, axis=0)
    change = np.abs(np.diff(own, axis=0))
    moved = (~np.isnan(change)).sum(axis=0)
    found[2, some] = np.where(moved > 0, np.nansum(change, axis=0) / np.maximum(moved, 1), np.nan)
    counted = (~np.isnan(own)).sum(axis=0)
    with np.errstate(invalid="ignore"):
        # As precise as everywhere else, or a lot of 100 with 5 free would not be full here alone.
        found[3, some] = (shares[:, some] <= config.full_share).sum(axis=0) / counted
    return found


def _typical(shares: FloatArray, clock: Clock, city: FloatArray, config: ParkingConfig) -> FloatArray:
    """(slot, day type, lot): the mean over a city's lots, a holiday like a Sunday; NaN where nothing was counted."""
    kind = np.where(clock.kind == _HOLIDAY, _SUNDAY, clock.kind)
    shape = (config.steps_per_day, len(DAY_TYPES))
    found = np.full((*shape, shares.shape[1]), np.nan, dtype=np.float32)
    for number in np.unique(city):
        lots = np.flatnonzero(city == number)
        own = shares[:, lots]
        count, total = np.zeros(shape), np.zeros(shape)
        np.add.at(count, (clock.slot, kind), (~np.isnan(own)).sum(axis=1))
        np.add.at(total, (clock.slot, kind), np.nansum(own, axis=1, dtype=np.float64))
        with np.errstate(invalid="ignore"):
            mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        mean[:, _HOLIDAY] = mean[:, _SUNDAY]
        found[:, :, lots] = mean[..., None]
    return found


def _neighbours(deviation: FloatArray, config: ParkingConfig) -> FloatArray:
    """(neighbour, lot): columns of the lots whose deviations go along with each lot's, most alike first."""
    known = ~np.isnan(deviation)
    value = np.where(known, deviation, 0).astype(np.float64)
    together = known.T.astype(np.float64) @ known
    covariance, variance = value.T @ value, (value**2).T @ known
    with np.errstate(invalid="ignore", divide="ignore"):
        alike = covariance / np.sqrt(variance * variance.T)
    alike[(together < _LEAST_SHARED * len(value)) | ~np.isfinite(alike)] = -1
    np.fill_diagonal(alike, -1)
    order = np.argsort(-alike, axis=1, kind="stable")[:, : config.neighbours]
    found = np.full((config.neighbours, deviation.shape[1]), np.nan, dtype=np.float32)
    best = np.take_along_axis(alike, order, axis=1)
    found[: order.shape[1]] = np.where(best >= _LEAST_ALIKE, order, np.nan).T
    return found


def share_missing(shares: FloatArray, panel: Panel, config: ParkingConfig) -> npt.NDArray[np.float64]:
    """(lot,): the share of readings that are missing, at those times of the day at which any lot is ever counted."""
    times = utc_times(panel.start, panel.step_min, len(shares))
    slot = Clock.of(times, days(times, country=config.country, timezone=config.timezone), config).slot
    open_slots = np.unique(slot[(~np.isnan(shares)).any(axis=1)])
    found: npt.NDArray[np.float64] = np.isnan(shares[np.isin(slot, open_slots)]).mean(axis=0)
    return found
