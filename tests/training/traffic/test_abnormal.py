"""Detectors are judged by what was put in, and by nothing that was there before."""

import numpy as np
import pytest

from training.traffic.abnormal import Found, judged, plain_detector
from training.traffic.incidents import Incident, inject

SITES = ("A-01", "A-01", "A-02", "A-02", "A-03", "서울역")
ROWS = range(1000, 1600)


@pytest.fixture
def full(city, with_values):
    """The small city with every gap closed."""
    return with_values(city, np.where(np.isnan(city.values), 500, city.values))


def test_incidents_alter_what_they_say_and_nothing_else(full):
    altered, incidents = inject(full, ROWS, 60, seed=3, sites=SITES)

    expected = full.values.copy()
    for one in incidents:
        assert ROWS.start <= one.first < one.last <= ROWS.stop
        assert 2 <= one.last - one.first <= 8
        assert 0.1 <= one.factor <= 0.6 or 1.5 <= one.factor <= 2.2
        assert len({SITES[link] for link in one.links}) == 1
        rows = np.s_[one.first : one.last, list(one.links)]
        expected[rows] = np.round(expected[rows] * one.factor)
    np.testing.assert_allclose(altered.values, expected)
    assert {len(one.links) for one in incidents} == {1, 2}
    assert {one.direction for one in incidents} == {"low", "high"}
    assert inject(full, ROWS, 60, seed=3, sites=SITES)[1] == incidents
    assert inject(full, ROWS, 60, seed=4, sites=SITES)[1] != incidents


def test_no_incident_lies_where_nothing_was_measured(full, with_values):
    values = full.values.copy()
    values[ROWS.start : ROWS.stop, :5] = np.nan
    _, incidents = inject(with_values(full, values), ROWS, 200, seed=3, sites=SITES)
    assert {one.links for one in incidents} == {(5,)}


def found(links, onset, *, last=None, direction="low"):
    return Found(links=frozenset(links), onset=onset, raised=onset + 1, last=last or onset + 4, direction=direction)


PAIR = Incident(links=(0, 1), first=100, last=104, factor=0.4)
ONE = Incident(links=(3,), first=200, last=203, factor=2.0)


def test_events_are_counted_by_what_was_put_in():
    before = [found({5}, 50)]
    told = [*before, found({0, 1}, 100), found({3}, 201, direction="high"), found({4}, 300)]

    figures = judged(told, before, [PAIR, ONE], link_days=50)

    assert (figures.incidents, figures.found, figures.pairs, figures.whole) == (2, 2, 1, 1)
    assert (figures.told, figures.false, figures.background) == (3, 1, 1)
    assert figures.delays == (2, 3)
    assert figures.recall == 1
    assert figures.precision == pytest.approx(2 / 3)
    assert figures.strict_precision == pytest.approx(2 / 4)
    assert figures.background_per_100_link_days == 2


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(found({2}, 100), id="another link"),
        pytest.param(found({0}, 100, direction="high"), id="another direction"),
        pytest.param(found({0}, 110), id="too late"),
        pytest.param(found({0}, 90), id="too early"),
    ],
)
def test_what_is_not_of_the_incident_is_false(event):
    figures = judged([event], [], [PAIR], link_days=50)
    assert (figures.found, figures.false) == (0, 1)


def test_a_pair_told_as_two_is_found_and_not_whole():
    figures = judged([found({0}, 100), found({1}, 100)], [], [PAIR], link_days=50)
    assert (figures.found, figures.whole, figures.false) == (1, 0, 0)


def test_nothing_told_is_no_division():
    figures = judged([], [], [PAIR], link_days=50)
    assert (figures.recall, figures.strict_precision, figures.f1) == (0, 0, 0)
    assert np.isnan(figures.delay_steps)


def test_the_plain_detector_takes_three_deviations_for_two_hours(city, with_values):
    week = np.arange(len(city)) // 168
    values = np.repeat(500.0 + 10 * (-1.0) ** week[:, None], 6, axis=1)
    values[1200:1204, 2] *= 5
    values[1300, 3] *= 5
    values[1400:1403, 4] = 0
    values[1500:1502, 5] = np.nan

    events = plain_detector(with_values(city, values), range(1176, 1600), 1176)

    assert [(set(event.links), event.onset, event.raised, event.last, event.direction) for event in events] == [
        ({2}, 1200, 1201, 1204, "high"),
        ({4}, 1400, 1401, 1403, "low"),
    ]
