"""A gauge that stands still is stuck in a flood and at rest on the weir at low water; a stuck one is never calm."""

from datetime import timedelta

import numpy as np
import pytest

from features.disaster.advance import Raw
from features.disaster.build import QUALITIES, build
from features.disaster.measured import Measured
from tests.features.disaster.doubles import START, config_of, newborn

CONFIG = config_of("river_jamsu")
GAUGE = "1018680"


def quality_after(level_cm: float, still: int) -> str:
    """How the forecast is marked once the gauge has said the same so many times."""
    steps = CONFIG.memory_steps + still
    stage = np.linspace(level_cm - 50, level_cm - 1, steps).astype(np.float32)
    stage[-still:] = level_cm
    measured = Measured(start=START, step_min=10, entities=(GAUGE,), values={"stage_cm": stage[:, None]})
    now = START + timedelta(minutes=10 * (steps - 1))
    table = build(Raw(measured=measured), newborn(CONFIG, START), CONFIG, [now])
    assert bool(table.inputs["now_mask"][0]) == (
        table.quality[0, 0] != QUALITIES.index("fallback: no reading of its own")
    )
    return QUALITIES[int(table.quality[0, 0])]


@pytest.mark.parametrize(
    ("level_cm", "still"),
    [
        pytest.param(268, 300, id="on the weir"),
        pytest.param(420, 30, id="high, for 5 h"),
        pytest.param(560, 17, id="flood"),
    ],
)
def test_rest_is_no_fault(level_cm, still):
    # The other gauges say nothing here.
    assert quality_after(level_cm, still) == "degraded: a source is silent"


@pytest.mark.parametrize(
    ("level_cm", "still"),
    [
        pytest.param(330, 60 + 18, id="above the weir, for 13 h"),
        pytest.param(420, 36 + 18, id="high, for 9 h"),
        pytest.param(560, 18 + 18, id="flood, for 6 h"),
    ],
)
def test_a_stuck_gauge_has_no_reading_of_its_own(level_cm, still):
    assert quality_after(level_cm, still) == "fallback: no reading of its own"


def test_what_was_read_before_it_stuck_stands_for_a_while():
    assert quality_after(560, 18) == "degraded: the latest reading is missing"
