"""What came, as labels: then, on the way there, and unknown where a reading is missing."""

import numpy as np
import pytest

from features.disaster.measured import Measured
from features.disaster.state import fresh
from tests.features.disaster.doubles import START, config_of
from training.disaster.labels import labels_of

NAN = float("nan")


@pytest.fixture
def labels():
    """Jamsu's stage every ten minutes, an hour ahead, and what followed."""
    config = config_of("river_jamsu", horizons_h=(1,), alarm_h=1)

    def of(*stage_cm: float):
        values = {"stage_cm": np.array(stage_cm, dtype=np.float32)[:, None]}
        measured = Measured(start=START, step_min=10, entities=("1018680",), values=values)
        state = fresh(("1018680",), ("1018680",), measured.start, config)
        return labels_of(measured, state, config)

    return of


def test_within_an_hour_is_any_of_its_six_readings(labels):
    found = labels(400, 400, 400, 400, 400, 400, 550, 400, 400)
    assert found.met_within()[0, 0, :, 0].tolist() == [1, 0, 0], "the sixth"
    assert found.met_at()[0, 0, :, 0].tolist() == [1, 0, 0]
    assert found.met_at()[1, 0, 0, 0] == 0, "over by then"
    assert found.met_within()[1, 0, 0, 0] == 1
    assert found.peak()[1, 0, 0, 0] == 550
    assert found.at()[0, 0, 0] == 550


def test_what_is_now_does_not_count(labels):
    assert labels(560, 400, 400, 400, 400, 400, 400).met_within()[0, 0, 0, 0] == 0


def test_a_missing_reading_leaves_it_open_unless_another_settles_it(labels):
    assert np.isnan(labels(400, 400, NAN, 400, 400, 400, 400).met_within()[0, 0, 0, 0])
    assert labels(400, 400, NAN, 560, 400, 400, 400).met_within()[0, 0, 0, 0] == 1


def test_what_lies_beyond_the_readings_is_unknown(labels):
    found = labels(400, 400, 400)
    assert np.isnan(found.at()).all()
    assert np.isnan(found.met_within()).all()


def test_a_reading_that_cannot_be_true_is_none(labels):
    assert np.isnan(labels(400, 9000, 400).quantity[1, 0])
