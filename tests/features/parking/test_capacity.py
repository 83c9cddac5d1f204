import numpy as np
import pytest

from features.parking.capacity import capacities

NAN = float("nan")


def found(stated, counts):
    return capacities(np.array([stated], dtype=np.float32), np.array(counts, dtype=np.float32)[:, None])


@pytest.mark.parametrize("stated", [NAN, 0, 65535, -1], ids=["blank", "none", "65535", "negative"])
def test_what_nobody_states_is_told_by_the_counts(stated):
    counts = np.arange(101)
    answer = found(stated, counts)
    assert answer.unstated.tolist() == [True]
    assert not answer.exceeded.any()
    assert answer.spaces.tolist() == [np.percentile(counts, 99)]


@pytest.mark.parametrize(
    ("above", "exceeded"),
    [pytest.param(5, False, id="exactly 5 % of the counts"), pytest.param(6, True, id="more than 5 %")],
)
def test_a_stated_capacity_that_is_exceeded_too_often_is_wrong(above, exceeded):
    counts = [100.0] * (100 - above) + [180.0] * above
    answer = found(120, counts)
    assert answer.exceeded.tolist() == [exceeded]
    assert answer.spaces.tolist() == [180 if exceeded else 120]


def test_gaps_and_counts_below_zero_are_no_counts():
    answer = found(120, [NAN] * 900 + [-5.0] * 900 + [100.0] * 94 + [180.0] * 6)
    assert answer.exceeded.tolist() == [True], "6 of 100, not 6 of 1900"
    assert found(NAN, [-5.0] * 50 + [40.0] * 50).spaces.tolist() == [40]


@pytest.mark.parametrize("counts", [[NAN, NAN], [0.0, 0.0]], ids=["never counted", "always nought"])
def test_without_counts_nothing_can_be_told(counts):
    assert np.isnan(found(NAN, counts).spaces).all()
    assert found(80, counts).spaces.tolist() == [80]


def test_a_single_jump_of_the_feed_does_not_make_a_lot_larger():
    counts = np.r_[np.full(500, 200.0), 24621.0]
    assert found(NAN, counts).spaces.tolist() == [200]
    assert found(250, counts).spaces.tolist() == [250]
