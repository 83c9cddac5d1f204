import numpy as np
import pytest

from features.parking.readings import free_shares, frozen, newest, unchanged

NAN = float("nan")


def column(*values):
    return np.array(values, dtype=np.float32)[:, None]


@pytest.mark.parametrize(
    ("count", "measure", "free", "wrong"),
    [
        pytest.param(150, "free", 0.5, False, id="half is free"),
        pytest.param(100, "occupied", 2 / 3, False, id="a third is taken"),
        pytest.param(24621, "free", NAN, True, id="24621 free in a lot of 300"),
        pytest.param(-4, "free", NAN, True, id="fewer than none"),
        pytest.param(-4, "occupied", NAN, True, id="fewer cars than none"),
        pytest.param(329, "free", 329 / 300, False, id="a gate missed some exits"),
        pytest.param(331, "free", NAN, True, id="more than a tenth above the capacity"),
        pytest.param(329, "occupied", 1 - 329 / 300, False, id="a few cars stand where no bay is"),
        pytest.param(NAN, "free", NAN, False, id="a gap is not a mistake"),
        pytest.param(0, "free", 0, False, id="full"),
    ],
)
def test_a_count_becomes_the_share_that_is_free(count, measure, free, wrong):
    shares, impossible = free_shares(column(count), np.array([300.0]), measure=measure)
    assert shares.dtype == np.float32
    np.testing.assert_allclose(shares, [[free]], rtol=1e-6)
    assert impossible.tolist() == [[wrong]]


def test_without_a_capacity_no_share_is_known():
    shares, wrong = free_shares(column(10), np.array([np.nan]), measure="free")
    assert np.isnan(shares).all()
    assert not wrong.any()


def test_a_gap_does_not_break_a_row_of_equal_readings():
    values = column(0.5, 0.5, NAN, 0.5, 0.4, 0.4)
    found = unchanged(values, np.array([NAN]), np.array([0.0]))
    assert found.ravel().tolist() == [1, 2, 0, 3, 1, 2]


def test_it_counts_on_from_what_was_before():
    whole = np.random.default_rng(3).integers(0, 2, (40, 3)).astype(np.float32)
    nothing, none = np.full(3, np.nan, dtype=np.float32), np.zeros(3, dtype=np.float32)
    expected = unchanged(whole, nothing, none)
    first = unchanged(whole[:17], nothing, none)
    np.testing.assert_array_equal(unchanged(whole[17:], *newest(whole[:17], first)), expected[17:])


def test_the_newest_is_the_last_that_came_in_time():
    values, alike = column(0.2, 0.3, NAN), column(1, 1, 0)
    assert [each.tolist() for each in newest(values, alike)] == [[np.float32(0.3)], [1.0]]
    value, count = newest(column(NAN, 0.3), column(0, 0))
    assert np.isnan(value).all()
    assert count.tolist() == [0], "what came late is not the newest"


@pytest.mark.parametrize(
    ("share", "alike", "stands_still"),
    [
        pytest.param(0.4, 25, True, id="between full and empty, for longer than a day"),
        pytest.param(0.4, 24, False, id="for a day and no longer"),
        pytest.param(0.0, 500, False, id="full for weeks"),
        pytest.param(1.0, 500, False, id="closed and empty for weeks"),
        pytest.param(NAN, 500, False, id="no reading"),
    ],
)
def test_a_frozen_feed(share, alike, stands_still):
    assert frozen(column(share), column(alike), 24).tolist() == [[stands_still]]
