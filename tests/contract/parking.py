"""Parking's part of the contract suite."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from features.covariates import Covariates
from features.parking.advance import Raw, advance
from features.parking.config import ParkingConfig
from features.parking.state import ParkingState
from features.parking.track import IssuedInterval
from features.series import Panel
from tests.contract.doubles import Double
from tests.features.parking.town import START, counts, known_at, lived, panel, small

_DAYS = 12
NAMES = ("rain_mm", "temperature_c")


def _lived(config: ParkingConfig) -> int:
    return _DAYS * config.steps_per_day


def _measured(config: ParkingConfig, seed: int) -> Panel:
    """Every fifth count comes late by one and a half steps; a feed stands still for two days; some are impossible."""
    values = counts(seed, _lived(config) + 3 * config.steps_per_day, config)
    values[_lived(config) - config.steps_per_day :, 1] = 33
    values[_lived(config) + 2 :: 7, 0] = 24621
    values[_lived(config) + 3 :: 11, 2] = -4
    times = np.datetime64(START.replace(tzinfo=None), "s") + np.arange(len(values)) * np.timedelta64(
        60 * config.step_min, "s"
    )
    late = (values % 5 == 0) * np.timedelta64(90 * config.step_min, "s")
    measured = panel(values, config, available_at=times[:, None] + late)
    return replace(measured, covariates=_weather(seed, measured)) if config.covariates else measured


def _weather(seed: int, measured: Panel) -> Covariates:
    """Observations, forecasts and revisions, blanks among them, around what was counted and beyond it."""
    chance, step_s, count = np.random.default_rng(seed), measured.step_min * 60, 1500
    number = chance.integers(0, len(measured) + 10, count)
    time = np.datetime64(START.replace(tzinfo=None), "s") + number * np.timedelta64(step_s, "s")
    values = chance.normal(0, 5, (count, len(NAMES))).astype(np.float32)
    values[chance.random(values.shape) < 0.2] = np.nan
    known = time + np.timedelta64(1, "s") * chance.integers(-12 * step_s, 6 * step_s, count)
    return Covariates(names=NAMES, time=time, available_at=known, values=values)


def _known_at(measured: Panel, at: datetime) -> Panel:
    covariates = measured.covariates
    if covariates is not None:
        covariates = covariates.rows(covariates.available_at <= _utc(at))
    return replace(known_at(measured, at), covariates=covariates)


def _utc(time: datetime) -> np.datetime64:
    return np.datetime64(time.replace(tzinfo=None), "s")


def _state(config: ParkingConfig) -> ParkingState:
    state = lived(config, _lived(config))
    return advance(state, Raw(measured=_known_at(_measured(config, 1), state.as_of)), config, state.as_of)


def _issued_at(state: ParkingState, config: ParkingConfig) -> list[datetime]:
    return [state.as_of + ahead * timedelta(minutes=config.step_min) for ahead in (1, 2, 5, 30)]


def _issued(state: ParkingState, config: ParkingConfig, seed: int, known_by: datetime) -> tuple[IssuedInterval, ...]:
    chance, step = np.random.default_rng(seed), timedelta(minutes=config.step_min)
    middle = np.sort(chance.uniform(0, 1, state.width.shape), axis=0) * state.capacity
    found = [
        IssuedInterval(issued_at=state.as_of + at * step, bounds=middle.astype(np.float32)) for at in range(0, 40, 3)
    ]
    return tuple(one for one in found if one.issued_at <= known_by)


def _raw(state: ParkingState, config: ParkingConfig, seed: int, known_by: datetime) -> Raw:
    return Raw(measured=_known_at(_measured(config, seed), known_by), issued=_issued(state, config, 3, known_by))


def _raw_of_another_future(
    state: ParkingState, config: ParkingConfig, seed: int, known_by: datetime, now: datetime
) -> Raw:
    mine, other = _measured(config, seed), _measured(config, seed + 1)
    assert mine.available_at is not None
    unknown = mine.available_at > _utc(now)
    values = np.where(unknown, other.values, mine.values)
    covariates = mine.covariates
    if covariates is not None:
        colder = np.where(covariates.available_at > _utc(now), np.float32(30), np.float32(0))[:, None]
        covariates = replace(covariates, values=covariates.values - colder)
    mixed = panel(values, config, available_at=mine.available_at)
    return Raw(
        measured=_known_at(replace(mixed, covariates=covariates), known_by), issued=_issued(state, config, 3, known_by)
    )


DOUBLE = Double(
    rising=("free",),
    unit="spaces",
    configs={
        "hours": small(),
        "half hours, counted occupied": small(step_min=30, horizon_steps=4, measure="occupied"),
        "with weather": small(covariates=NAMES),
        "Berlin": small(timezone="Europe/Berlin", country="DE", horizon_steps=24),
    },
    state=_state,
    issued_at=_issued_at,
    raw=_raw,
    raw_of_another_future=_raw_of_another_future,
)
