"""No storm in two parts: whole years, the last one judged."""

import numpy as np
import pytest

from features.errors import BadInput
from tests.features.disaster.doubles import config_of
from training.disaster.parts import parts

CONFIG = config_of("pm25")


def hours(first: str, last: str) -> np.ndarray:
    return np.arange(np.datetime64(first, "h"), np.datetime64(last, "h")).astype("datetime64[s]")


def test_the_last_year_is_judged_and_every_year_before_is_whole_in_one_fold():
    times = hours("2017-12-31T15", "2021-12-31T15")
    found = parts(times, np.ones(len(times), dtype=bool), CONFIG, None)
    assert str(found.test_from) == "2020-12-31T15:00:00", "midnight of Seoul"
    for year in np.unique(found.block):
        assert len(np.unique(found.fold[found.block == year])) == 1
    assert not (found.learned & found.test).any()
    assert (found.fold[found.test] == -1).all()
    assert len(np.unique(found.fold[found.learned])) == 3


def test_rows_whose_window_reaches_into_another_year_are_told():
    times = hours("2017-12-31T15", "2020-12-31T15")
    found = parts(times, np.ones(len(times), dtype=bool), CONFIG, None)
    apart = found.apart(24)
    edge = int(np.flatnonzero(np.diff(found.block))[0])
    assert not apart[edge - 23 : edge + 25].any()
    assert apart[edge - 24]
    assert apart[edge + 25]


def test_a_single_year_is_cut_into_stretches():
    times = hours("2017-01-01T00", "2017-10-01T00")
    found = parts(times, np.ones(len(times), dtype=bool), CONFIG, None)
    assert len(np.unique(found.block)) == 6
    assert 0.1 < found.test.mean() < 0.2


def test_nothing_to_judge_is_refused():
    times = hours("2017-01-01T00", "2017-02-01T00")
    with pytest.raises(BadInput, match="Nothing was measured"):
        parts(times, np.zeros(len(times), dtype=bool), CONFIG, None)
