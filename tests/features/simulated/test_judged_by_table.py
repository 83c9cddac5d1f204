"""The truth of the simulated Seoul, written apart from the hazard table on purpose, agrees with it at each reading."""

import numpy as np
import pytest

from features.disaster.criteria import in_force
from features.disaster.daily import apparent_temperature
from features.disaster.table import hazard
from features.simulated.air import particles_ug_m3
from features.simulated.judged import episodes
from features.simulated.places import AIR_STATIONS, HANGANG, JAMSU, WEATHER_STATION
from features.simulated.river import river_readings
from features.simulated.station import station_weather
from tests.features.simulated.years import SEEDS, year

HOURS = year(2022)


def true_readings(name: str, seed: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Entities, instants in hours since 1970, and (time, entity) readings of a hazard's quantity."""
    if name in ("pm25", "pm10"):
        coarse, fine = particles_ug_m3(seed, HOURS)
        values = fine if name == "pm25" else coarse
        return [one.entity_id for one in AIR_STATIONS], np.arange(HOURS.start, HOURS.stop) + 1.0, values
    if name == "rain":
        rain = station_weather(seed, HOURS)["rain_mm"][:, None]
        return [WEATHER_STATION], np.arange(HOURS.start, HOURS.stop) + 1.0, rain
    river = river_readings(seed, HOURS)
    entity, stage = (JAMSU, river[JAMSU]["stage_cm"]) if name == "river_jamsu" else (HANGANG, None)
    if stage is None:
        stage = river[HANGANG]["stage_masl_cm"] + hazard(name).places[0].add
    return [entity], HOURS.start + np.arange(len(stage)) / 6, stage[:, None]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["pm25", "pm10", "rain", "river_jamsu", "river_hangang"])
def test_what_is_told_is_what_the_table_finds_in_force(name, seed):
    row = hazard(name)
    entities, instants, values = true_readings(name, seed)
    told = [one for one in episodes(seed, HOURS) if one.hazard == name]
    for level in row.levels:
        found = in_force(row, level, {row.quantity: values}).now
        for column, entity in enumerate(entities):
            said = np.zeros(len(instants))
            for one in told:
                if (one.level, one.entity_id) == (level.name, entity):
                    said[(instants >= one.onset_h) & (instants < one.end_h)] = 1
            known = ~np.isnan(found[:, column])
            assert known.mean() > 0.9
            np.testing.assert_array_equal(said[known], found[known, column], err_msg=f"{level.name} at {entity}")


@pytest.mark.parametrize("seed", SEEDS)
def test_days_of_heat_are_those_of_the_table(seed):
    row = hazard("heat")
    weather = station_weather(seed, HOURS)
    felt = apparent_temperature(weather["air_temperature_c"], weather["humidity_pct"])
    # The year begins at Seoul's midnight.
    days = felt.reshape(-1, 24).max(axis=1)[:, None]
    ends = HOURS.start + 24 * (1 + np.arange(len(days)))
    told = [one for one in episodes(seed, HOURS) if one.hazard == "heat"]
    for level in row.levels:
        found = in_force(row, level, {row.quantity: days}).now[:, 0]
        said = [any(one.level == level.name and one.onset_h <= end < one.end_h for one in told) for end in ends]
        known = ~np.isnan(found)
        np.testing.assert_array_equal(np.array(said)[known], found[known] == 1, err_msg=level.name)
