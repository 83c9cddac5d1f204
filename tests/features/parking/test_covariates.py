"""What parking sees of the whole city: the newest intervals, the reading of the issue, and those ahead."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from features.covariates import Covariates
from features.errors import ArtifactMismatch, BadInput
from features.parking.advance import Raw, advance
from features.parking.build import QUALITIES, Table, build
from features.parking.config import ParkingConfig
from features.parking.schema import inputs
from features.parking.state import load, save
from tests.features.parking.town import LOTS, START, counts, newborn, panel, small

HOUR = timedelta(hours=1)
CONFIG = small(covariates=("rain_mm",))
DAYS = 15
NOW = DAYS * 24 - 1
"""Row of the newest reading."""


def rain(rows: list[tuple[float, float, float]]) -> Covariates:
    """Rows of hours from ``START``, hours from it at which they are known, and millimetres."""
    times = np.datetime64(START.replace(tzinfo=None), "s") + (np.array(rows)[:, :2] * 3600).astype("timedelta64[s]")
    values = np.array(rows, dtype=np.float32)[:, 2:]
    return Covariates(names=("rain_mm",), time=times[:, 0], available_at=times[:, 1], values=values)


DRY = [(hour, hour + 1, 0.0) for hour in range(NOW)]


def at(row: int) -> datetime:
    return START + row * HOUR


def raw(rows: list[tuple[float, float, float]] | None, config: ParkingConfig = CONFIG) -> Raw:
    measured = panel(counts(1, NOW + 1, config), config)
    return Raw(measured=measured if rows is None else replace(measured, covariates=rain(rows)))


def table(rows: list[tuple[float, float, float]] | None) -> Table:
    return build(raw(rows), newborn(CONFIG), CONFIG, [at(NOW)])


def test_the_latest_stand_first_then_the_reading_of_the_issue_then_each_target() -> None:
    known = NOW - 2
    ahead = [(NOW + step, known, 10.0 + step) for step in range(CONFIG.horizon_steps + 3)]
    found = table([*DRY[:-1], (NOW - 1, NOW, 7.0), *ahead]).inputs
    assert found["covariate"].shape == (len(LOTS), 3 + 1 + CONFIG.horizon_steps, 1)
    assert found["covariate"][0, :, 0].tolist() == [7, 0, 0, 10, 11, 12, 13, 14, 15, 16]
    assert found["covariate_mask"].all()
    assert (found["covariate"] == found["covariate"][0]).all()


def test_a_covariate_of_the_future_is_refused_with_a_mend() -> None:
    with pytest.raises(BadInput, match=r"The covariates of .* after") as refused:
        table([*DRY, (NOW, NOW + 1, 1.0)])
    assert "Leave out covariates" in refused.value.mend


def test_others_than_those_of_the_config_are_refused() -> None:
    with pytest.raises(BadInput, match="the model looks at"):
        build(raw(DRY, small()), newborn(small()), small(), [at(NOW)])
    with pytest.raises(BadInput, match="the model looks at"):
        advance(newborn(small()), raw(DRY, small()), small(), at(NOW))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        pytest.param(None, "degraded: no covariate", id="none at all"),
        pytest.param(DRY[:-3], "degraded: no covariate", id="none of the newest and no forecast"),
        pytest.param(DRY, "ok", id="observed ones"),
        pytest.param([*DRY[:-9], (NOW + 6, NOW - 4, 1.0)], "ok", id="a forecast alone"),
    ],
)
def test_a_forecast_without_any_covariate_says_so(rows: list[tuple[float, float, float]] | None, said: str) -> None:
    assert QUALITIES[table(rows).quality[0, 0]] == said


def test_what_is_worse_is_said_in_its_place() -> None:
    state = newborn(CONFIG)
    state.capacity[1] = np.nan
    found = build(raw(None), state, CONFIG, [at(NOW)]).quality[0]
    assert QUALITIES[found[1]] == "fallback: its capacity is not known"


def test_without_covariates_nothing_is_new(tmp_path) -> None:
    config, now = small(), at(NOW)
    assert "covariates" not in config.to_json()
    plain = build(raw(None, config), newborn(config), config, [now]).inputs
    weathered = table(DRY).inputs
    assert list(weathered) == [*plain, "covariate", "covariate_mask"]
    for name, array in plain.items():
        np.testing.assert_array_equal(array, weathered[name], err_msg=name)
    save(advance(newborn(config), raw(None, config), config, now), tmp_path / "state.parquet")
    assert "covariate" not in set(pl.read_parquet(tmp_path / "state.parquet")["array"])
    assert load(tmp_path / "state.parquet", config).covariate.shape[1] == 0
    with pytest.raises(ArtifactMismatch):
        load(tmp_path / "state.parquet", CONFIG)


def test_models_of_other_covariates_have_other_schemas() -> None:
    assert inputs(CONFIG, "spaces") != inputs(small(covariates=("wind_ms",)), "spaces")
