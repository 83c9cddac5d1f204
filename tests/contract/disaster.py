"""The hazards' part of the contract suite."""

from datetime import datetime

from features.disaster.advance import Raw
from features.disaster.config import DisasterConfig
from features.disaster.state import DisasterState
from tests.contract.doubles import Double
from tests.features.disaster.doubles import config_of, lived, readings, step, with_another_future

_LIVED = 60


def _steps(config: DisasterConfig) -> int:
    return _LIVED + 60


def _state(config: DisasterConfig) -> DisasterState:
    return lived(config, _LIVED)


def _issued_at(state: DisasterState, config: DisasterConfig) -> list[datetime]:
    return [state.as_of + ahead * step(config) for ahead in (1, 2, 5, 40)]


def _raw(state: DisasterState, config: DisasterConfig, seed: int, known_at: datetime) -> Raw:
    return Raw(measured=readings(config, seed, _steps(config)).known_by(known_at))


def _raw_of_another_future(
    state: DisasterState, config: DisasterConfig, seed: int, known_at: datetime, now: datetime
) -> Raw:
    other = with_another_future(readings(config, seed, _steps(config)), now, seed + 1)
    return Raw(measured=other.known_by(known_at))


DOUBLE = Double(
    rising=("level", "within"),
    unit="ug/m3",
    configs={name: config_of(name) for name in ("pm25", "river_jamsu", "river_hangang", "heat", "cold", "rain")},
    state=_state,
    issued_at=_issued_at,
    raw=_raw,
    raw_of_another_future=_raw_of_another_future,
)
