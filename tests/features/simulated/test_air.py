"""The air of the simulated Seoul: who drives, what blows and what falls are in it."""

import numpy as np
import pytest

from features.simulated.air import gases_ppm, particles_ug_m3
from features.simulated.hazes import dust, dust_events, smog, smog_events
from features.simulated.hours import local_hours
from features.simulated.station import wetness_mm
from features.simulated.weather import coldness
from tests.features.simulated.years import SEEDS, year

YEAR = year(2022)


def month(hours):
    return local_hours(hours).day.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12 + 1


@pytest.fixture(scope="module")
def air():
    """(PM10, PM2.5), each (hour, station), of every seed."""
    return {seed: particles_ug_m3(seed, YEAR) for seed in SEEDS}


def test_fine_dust_is_a_part_of_all_dust(air):
    for coarse, fine in air.values():
        assert (fine <= coarse).all()
        assert fine.min() >= 1


def test_levels_look_like_a_year_of_seoul(air):
    # Cleaner in summer than in winter; the year's means of the real city are about 20 and 37.
    winter, summer = np.isin(month(YEAR), (12, 1, 2)), np.isin(month(YEAR), (7, 8, 9))
    for coarse, fine in air.values():
        assert 14 < fine.mean() < 26
        assert 26 < coarse.mean() < 48
        assert fine[winter].mean() > 1.5 * fine[summer].mean()


@pytest.fixture(scope="module")
def dry_hours(air):
    """Of every seed's dry hours: PM10 and PM2.5 of the city's mean, what dust and smog add, each (hour,)."""
    rows = []
    for seed, (coarse, fine) in air.items():
        dry = wetness_mm(seed, YEAR) == 0
        columns = coarse.mean(axis=1), fine.mean(axis=1), dust(seed, YEAR)[0], smog(seed, YEAR)[0]
        rows.append(np.stack(columns)[:, dry])
    return np.concatenate(rows, axis=1)


def test_yellow_dust_raises_coarse_dust_more_than_fine(dry_hours):
    coarse, fine, dusty, smoggy = dry_hours
    high, calm = dusty > 100, (dusty == 0) & (smoggy == 0)
    rise = coarse[high].mean() - coarse[calm].mean(), fine[high].mean() - fine[calm].mean()
    assert rise[0] > 4 * rise[1] > 0


def test_smog_raises_fine_dust_and_most_of_it_is_fine(dry_hours):
    coarse, fine, dusty, smoggy = dry_hours
    thick, calm = (dusty == 0) & (smoggy > 40), (dusty == 0) & (smoggy == 0)
    assert fine[thick].mean() > 3 * fine[calm].mean()
    assert (fine[thick] / coarse[thick]).mean() > 0.6


def test_smog_comes_in_the_cold_half_of_the_year_and_dust_in_spring():
    starts = {"smog": [], "dust": []}
    for seed in SEEDS:
        for first in (2018, 2020, 2022):
            hours = year(first)
            starts["smog"] += [event.onset_h for event in smog_events(seed, hours)]
            starts["dust"] += [event.onset_h for event in dust_events(seed, hours)]
    cold = [float(coldness((onset_h + 9) / 24)) for onset_h in starts["smog"]]
    assert np.mean(np.array(cold) > 0.5) > 0.8
    spring = [month(range(int(onset_h), int(onset_h) + 1))[0] in (3, 4, 5) for onset_h in starts["dust"]]
    assert np.mean(spring) > 0.6


def test_rain_washes_the_air(air):
    for seed, (_, fine) in air.items():
        wet = wetness_mm(seed, YEAR)
        assert fine[wet > 8].mean() < 0.7 * fine[wet == 0].mean()


def test_exhaust_follows_traffic_and_ozone_the_sun():
    gases = gases_ppm(7, YEAR)
    hour, workday = local_hours(YEAR).hour, local_hours(YEAR).weekday < 5
    no2, ozone = gases["no2_ppm"].mean(axis=1), gases["o3_ppm"].mean(axis=1)
    assert no2[(hour == 9) & workday].mean() > 1.5 * no2[hour == 4].mean()
    assert no2[(hour == 9) & workday].mean() > 1.1 * no2[(hour == 9) & ~workday].mean()
    assert ozone[hour == 14].mean() > 2 * ozone[hour == 4].mean()
    assert ozone[np.isin(month(YEAR), (5, 6, 7))].mean() > 1.5 * ozone[np.isin(month(YEAR), (11, 12, 1))].mean()
    # Two zeros at a time would be instruments that are off.
    assert min(values.min() for values in gases.values()) > 0
