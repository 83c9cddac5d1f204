"""A gauge whose readings are of another datum is refused, not forecast."""

from datetime import timedelta

import numpy as np
import pytest

from features.disaster.measured import Measured
from features.errors import BadInput
from tests.features.disaster.doubles import START, config_of
from training.disaster.job import places_of

CONFIG = config_of("river_jamsu")
SEASON = timedelta(days=120) // timedelta(minutes=10)


def _river(stage_cm: float, steps: int = SEASON) -> Measured:
    values = {"stage_cm": np.full((steps, 1), stage_cm, dtype=np.float32)}
    return Measured(start=START, step_min=10, entities=("1018680",), values=values)


def test_a_season_above_sea_level_is_not_the_staff_gauges():
    with pytest.raises(BadInput, match="lie below 490 cm, where 220 to 440 cm was expected: another gauge, or another"):
        places_of(_river(283 + 207), CONFIG)


def test_a_gauge_whose_column_is_empty_is_named():
    with pytest.raises(BadInput, match="None of the places of river_jamsu is measured: no stage_cm of 1018680"):
        places_of(_river(float("nan")), CONFIG)


@pytest.mark.parametrize(
    ("stage_cm", "steps"),
    [
        pytest.param(283, SEASON, id="a season as it is"),
        pytest.param(640, SEASON // 4, id="a month of flood"),
    ],
)
def test_what_can_be_is_taken(stage_cm, steps):
    assert places_of(_river(stage_cm, steps), CONFIG) == ("1018680",)
