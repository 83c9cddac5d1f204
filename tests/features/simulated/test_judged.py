"""The truth log's episodes: official criteria that the simulated Seoul really meets, each told once."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.simulated.air import particles_ug_m3
from features.simulated.judged import episodes
from features.simulated.places import AIR_STATIONS
from features.simulated.river import river_readings
from features.simulated.weather import rain_mm, temperature_c
from tests.features.simulated.years import SEEDS, year

YEARS = (2020, 2021, 2022)


@pytest.fixture(scope="module")
def told():
    return {(seed, number): episodes(seed, year(number)) for seed in SEEDS for number in YEARS}


@pytest.mark.parametrize(
    ("hazard", "level", "most_a_year"),
    [
        pytest.param("pm25", "advisory", 80, id="PM2.5 of 75 for two hours"),
        pytest.param("pm25", "warning", 20, id="PM2.5 of 150 for two hours"),
        pytest.param("pm10", "advisory", 60, id="PM10 of 150 for two hours"),
        pytest.param("pm10", "warning", 25, id="PM10 of 300 for two hours"),
        pytest.param("rain", "advisory", 8, id="60 mm in three hours"),
        pytest.param("rain", "warning", 4, id="90 mm in three hours"),
        pytest.param("river_jamsu", "pedestrians", 6, id="Jamsu at 5.5 m"),
        pytest.param("river_jamsu", "vehicles", 4, id="Jamsu at 6.2 m"),
        pytest.param("river_jamsu", "submerged", 4, id="Jamsu at 6.5 m"),
        pytest.param("heat", "advisory", 5, id="33 C felt on two days"),
        pytest.param("heat", "warning", 3, id="35 C felt on two days"),
        pytest.param("cold", "advisory", 10, id="-12 C on two days"),
        pytest.param("cold", "warning", 6, id="-15 C on two days"),
    ],
)
def test_every_criterion_is_met_now_and_then(told, hazard, level, most_a_year):
    counts = [Counter((each.hazard, each.level) for each in found)[hazard, level] for found in told.values()]
    assert sum(counts) >= 1
    assert max(counts) <= most_a_year


def test_an_episode_lasts_far_less_than_it_is_looked_for(told):
    assert max(each.end_h - each.onset_h for found in told.values() for each in found) < 20 * 24


def test_the_higher_level_lies_within_the_lower(told):
    for found in told.values():
        for each in found:
            if each.level == "warning" and each.hazard != "cold":
                assert any(
                    other.hazard == each.hazard
                    and other.level == "advisory"
                    and other.entity_id == each.entity_id
                    and other.onset_h <= each.onset_h
                    and other.end_h >= each.end_h
                    for other in found
                )


def test_bridge_episodes_are_the_readings_at_or_above_the_line(told):
    hours = year(2022)
    stage = river_readings(7, hours)["1018680"]["stage_cm"]
    at_h = hours.start + np.arange(len(stage)) / 6
    inside = np.zeros(len(stage), dtype=bool)
    for each in told[7, 2022]:
        if (each.hazard, each.level) == ("river_jamsu", "pedestrians"):
            rows = (at_h >= each.onset_h) & (at_h < each.end_h)
            assert each.peak == stage[rows].max()
            inside |= rows
    np.testing.assert_array_equal(inside, stage >= 550)
    assert inside.any()


def test_fine_dust_is_met_by_two_hours_and_lifted_below_35(told):
    hours = year(2022)
    fine = particles_ug_m3(7, hours)[1]
    column = {station.entity_id: number for number, station in enumerate(AIR_STATIONS)}
    judged = [each for each in told[7, 2022] if (each.hazard, each.level) == ("pm25", "advisory")]
    assert judged
    for each in judged:
        # The reading of an hour is there at its end.
        first, end = int(each.onset_h) - 1 - hours.start, int(each.end_h) - 1 - hours.start
        values = fine[:, column[each.entity_id]]
        if first >= 1 and end < len(values):
            assert (values[first - 1 : first + 1] >= 75).all()
            assert (values[first:end] >= 35).all()
            assert values[end] < 35


def test_heavy_rain_and_cold_are_those_of_the_weather_table(told):
    hours = year(2022)
    rain, celsius = rain_mm(7, hours), temperature_c(7, hours)
    for each in told[7, 2022]:
        row = int(each.onset_h) - hours.start
        if each.hazard == "rain":
            assert rain[max(row - 3, 0) : row].sum() >= 59.9 or rain[max(row - 12, 0) : row].sum() >= 109.9
        if each.hazard == "cold" and row >= 48:
            assert celsius[row - 24 : row].min() <= 3
            assert (each.onset_h + 9) % 24 == 0


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 2**63 - 1),
    first=st.integers(-200_000, 600_000),
    before=st.integers(0, 2000),
    after=st.integers(0, 2000),
)
def test_a_part_of_a_span_tells_the_same_episodes_as_the_whole(seed, first, before, after):
    part, whole = range(first, first + 400), range(first - before, first + 400 + after)
    touching = [each for each in episodes(seed, whole) if each.onset_h < part.stop and each.end_h > part.start]
    assert episodes(seed, part) == touching
