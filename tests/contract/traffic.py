"""Traffic's part of the contract suite."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from features.series import Panel
from features.traffic.advance import Raw, advance
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState
from tests.contract.doubles import Double
from tests.features.traffic.city import START, cut, delays, newborn, panel, small, volumes, with_another_future
from tests.features.traffic.test_covariate import NAMES, known_at, random_weather, utc

_STEPS, _LIVED = 80, 50


def _measured(config: TrafficConfig, seed: int) -> Panel:
    """Every third value comes half a step late."""
    values = volumes(seed, _STEPS)
    measured = panel(values, step_min=config.step_min)
    late = (values % 3 == 0).astype(int) * (config.step_min // 2)
    covariates = random_weather(seed, measured) if config.covariates else None
    return panel(values, step_min=config.step_min, available_at=delays(measured, late), covariates=covariates)


def _cut(measured: Panel, at: datetime) -> Panel:
    known = None if measured.covariates is None else known_at(measured.covariates, at)
    return replace(cut(measured, at), covariates=known)


def _state(config: TrafficConfig) -> TrafficState:
    until = START + _LIVED * timedelta(minutes=config.step_min)
    return advance(newborn(config), Raw(measured=_measured(config, 1)), config, until)


def _issued_at(state: TrafficState, config: TrafficConfig) -> list[datetime]:
    return [state.as_of + step * timedelta(minutes=config.step_min) for step in (1, 2, 5, 20)]


def _raw(state: TrafficState, config: TrafficConfig, seed: int, known_by: datetime) -> Raw:
    return Raw(measured=_cut(_measured(config, seed), known_by))


def _raw_of_another_future(
    state: TrafficState, config: TrafficConfig, seed: int, known_by: datetime, now: datetime
) -> Raw:
    other = with_another_future(_measured(config, seed), now, seed + 1)
    if other.covariates is not None:
        colder = np.where(other.covariates.available_at > utc(now), np.float32(30), np.float32(0))[:, None]
        other = replace(other, covariates=replace(other.covariates, values=other.covariates.values - colder))
    return Raw(measured=_cut(other, known_by))


DOUBLE = Double(
    rising=("forecast",),
    unit="veh/h",
    configs={
        "hours": small(),
        "quarters of an hour": small(step_min=15, horizon_steps=8, history_steps=4),
        "two days ahead": small(horizon_steps=48, history_steps=24, seasonal_lags_days=(2, 7)),
        "with weather": small(covariates=NAMES),
        "Berlin": small(timezone="Europe/Berlin", country="DE"),
    },
    state=_state,
    issued_at=_issued_at,
    raw=_raw,
    raw_of_another_future=_raw_of_another_future,
)
