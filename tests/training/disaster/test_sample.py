"""Rows to learn from and to judge: each as it was known then, also while a gauge is stuck and nobody knows yet."""

import numpy as np
from rich.progress import Progress

from features.disaster.measured import Measured
from features.disaster.state import fresh
from tests.features.disaster.doubles import START, config_of
from training.disaster.sample import sample_of

CONFIG = config_of("pm25")
FIRST, LAST = 200, 260
STATION = ("101",)


def _sample(hours: int):
    seed = 8
    values = 60 + 10 * np.random.default_rng(seed).random(300, dtype=np.float32)
    values[FIRST:LAST] = 80
    measured = Measured(start=START, step_min=60, entities=STATION, values={"pm25_ug_m3": values[:hours, np.newaxis]})
    return sample_of(measured, fresh(STATION, STATION, START, CONFIG), CONFIG, Progress(disable=True))


def test_a_gauge_that_will_prove_stuck_is_looked_at_as_it_was_then():
    whole, cut = _sample(300), _sample(FIRST + 6)
    row = whole.issue.tolist().index(FIRST + 5)
    assert set(range(FIRST, LAST)) <= set(whole.issue.tolist())
    for name, array in cut.inputs.items():
        if not name.startswith("usual"):
            np.testing.assert_array_equal(whole.inputs[name][row], array[row], err_msg=name)
    assert whole.inputs["now"][row] == 80


def test_what_a_stuck_gauge_said_never_came():
    whole = _sample(300)
    stuck = np.flatnonzero((whole.issue >= FIRST - 1) & (whole.issue < LAST - 1))
    assert np.isnan(whole.at[stuck, 0]).all()
    assert not whole.inputs["now_mask"][stuck[-1]].any()
