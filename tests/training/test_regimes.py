"""Every hour has one regime, and an odd day is one on which the whole city is off."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from training.regimes import DAYS, PARTS, day_kinds, parts

SEOUL = {"country": "KR", "timezone": "Asia/Seoul"}


def part_at(local, step_min=60):
    time = np.array([local], dtype="datetime64[s]") - np.timedelta64(9, "h")
    return PARTS[parts(time, step_min, **SEOUL)[0]]


@pytest.mark.parametrize(
    ("local", "part"),
    [
        pytest.param("2022-03-07T07:00", "rush hour", id="Monday at seven"),
        pytest.param("2022-03-07T08:59", "rush hour", id="Monday before nine"),
        pytest.param("2022-03-07T09:00", "ordinary", id="Monday at nine"),
        pytest.param("2022-03-07T18:00", "rush hour", id="Monday at six"),
        pytest.param("2022-03-06T18:00", "ordinary", id="Sunday at six"),
        pytest.param("2022-03-09T08:00", "ordinary", id="election day at eight: nobody works"),
        pytest.param("2022-03-06T22:00", "night", id="Sunday at ten"),
        pytest.param("2022-03-07T04:59", "night", id="before five"),
        pytest.param("2022-03-07T05:00", "ordinary", id="at five"),
    ],
)
def test_the_clock_gives_the_part_of_the_day(local, part):
    assert part_at(local) == part


def test_intervals_of_half_a_day_are_of_no_hour():
    assert part_at("2022-03-07T00:00", step_min=720) == "ordinary"


def kinds(panel):
    found = day_kinds(panel, **SEOUL)
    return [DAYS[kind] for kind in found.kind], found.first


def test_a_day_on_which_the_whole_city_is_off_is_odd(city, with_values):
    values = city.values.copy()
    values[50 * 24 : 51 * 24] *= 0.6

    found, first = kinds(with_values(city, values))

    assert found[50] == "odd day"
    assert timedelta(days=first) + datetime(1970, 1, 1, tzinfo=UTC) == datetime(2022, 3, 7, tzinfo=UTC)


def test_one_place_that_is_off_makes_no_day_odd(make_panel, with_values):
    panel = make_panel()
    values = panel.values.copy()
    values[50 * 24 : 51 * 24, 0] *= 0.6  # the smallest: 1/20 of the city

    assert kinds(with_values(panel, values))[0][50] == kinds(panel)[0][50] == "plain"


def test_days_later_change_no_label(city, with_values):
    values = city.values.copy()
    values[50 * 24 :] *= 3

    assert kinds(with_values(city, values))[0][:50] == kinds(city)[0][:50]


def test_a_holiday_is_a_holiday_and_before_twenty_days_nothing_is_odd(city):
    found, _ = kinds(city)

    # The election, Children's Day and Buddha's Birthday.
    assert [day for day, kind in enumerate(found) if kind == "holiday"] == [2, 59, 62]
    assert "odd day" not in found[:27]


def test_what_was_not_measured_is_not_odd(city, with_values):
    values = city.values.copy()
    values[50 * 24 : 51 * 24] = np.nan
    values[52 * 24 : 53 * 24, :5] = np.nan

    found, _ = kinds(with_values(city, values))

    assert found[50] == "plain"
    assert found[52] == "plain"
