"""The weather station of the simulated Seoul reads the weather that slows its roads."""

import numpy as np
import pytest

from features.simulated.hazes import dust, smog
from features.simulated.hours import local_hours
from features.simulated.station import station_weather, wetness_mm
from features.simulated.weather import rain_mm, temperature_c
from tests.features.simulated.years import SEEDS, year

YEAR = year(2022)


@pytest.fixture(scope="module")
def weather():
    return station_weather(7, YEAR)


def test_rain_and_temperature_are_those_that_the_roads_feel(weather):
    np.testing.assert_array_equal(weather["rain_mm"], rain_mm(7, YEAR))
    np.testing.assert_array_equal(weather["air_temperature_c"], temperature_c(7, YEAR))


def test_humidity_follows_from_temperature_and_dew_point(weather):
    saturated = weather["dew_point_c"] == weather["air_temperature_c"]
    assert (weather["humidity_pct"][saturated] == 100).all()
    assert (weather["dew_point_c"] <= weather["air_temperature_c"]).all()
    hour = local_hours(YEAR).hour
    assert weather["humidity_pct"][hour == 5].mean() > weather["humidity_pct"][hour == 15].mean() + 10


def test_rain_fills_the_air_with_vapour(weather):
    wet = np.roll(weather["rain_mm"], 1) >= 2
    assert weather["humidity_pct"][wet].mean() > weather["humidity_pct"][~wet].mean() + 10


def test_smog_is_still_and_a_dusty_front_blows():
    speeds = {"still": [], "blown": [], "usual": []}
    for seed in SEEDS:
        wind = station_weather(seed, YEAR)["wind_speed_ms"]
        still, blown = smog(seed, YEAR)[1], dust(seed, YEAR)[1]
        dry = wetness_mm(seed, YEAR) == 0
        speeds["still"].extend(wind[dry & (still > 0.7)])
        speeds["blown"].extend(wind[dry & (blown > 0.7)])
        speeds["usual"].extend(wind[dry & (still == 0) & (blown == 0)])
    mean = {name: np.mean(values) for name, values in speeds.items()}
    assert mean["still"] < 0.6 * mean["usual"] < mean["usual"] < mean["blown"]
