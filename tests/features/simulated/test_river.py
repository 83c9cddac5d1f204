"""The river of the simulated Seoul: its water is the city's rain, the dam lets it go, the tide meets it."""

import numpy as np
import pytest

from features.simulated.chance import WEEK_H
from features.simulated.river import STEPS_AN_HOUR, river_readings
from features.simulated.traffic import volume_veh_h
from features.simulated.weather import rain_events, rain_mm
from tests.features.simulated.years import SEEDS, year

YEAR = year(2022)
FLOODED = 2  # the seed whose flood of 2022 is the highest


@pytest.fixture(scope="module")
def rivers():
    return {seed: river_readings(seed, YEAR) for seed in SEEDS}


def best_lag(cause, effect, lags):
    """The lag in steps at which the effect resembles its cause most."""
    return max(lags, key=lambda lag: np.corrcoef(cause[: len(cause) - lag], effect[lag:])[0, 1])


def test_the_lake_holds_what_flowed_in_and_was_not_let_go(rivers):
    dam = rivers[FLOODED]["paldang"]
    hourly = {name: values[::STEPS_AN_HOUR] for name, values in dam.items()}
    top = int(hourly["inflow_m3s"].argmax())
    week = slice(top - 48, top + 120)
    kept_m3 = 3600 * (hourly["inflow_m3s"] - hourly["release_m3s"])[week].cumsum()
    risen_m3 = 36.5e6 * (hourly["stage_m"][week] - hourly["stage_m"][week][0])
    assert np.corrcoef(kept_m3, risen_m3)[0, 1] > 0.9
    assert dam["stage_m"].min() > 24.5
    assert dam["stage_m"].max() < 26.5


def test_all_that_flows_in_is_let_go(rivers):
    for river in rivers.values():
        assert river["paldang"]["release_m3s"].sum() == pytest.approx(river["paldang"]["inflow_m3s"].sum(), rel=0.01)


def test_the_river_peaks_hours_after_the_rain_that_fills_it(rivers):
    for seed, river in rivers.items():
        stage = river["1018680"]["stage_cm"]
        top_h = YEAR.start + int(stage.argmax()) / STEPS_AN_HOUR
        spells = [each for each in rain_events(seed, YEAR) if each.onset_h < top_h and each.end_h > top_h - 60]
        assert sum(each.size for each in spells) > 30
        first = int(top_h) - YEAR.start
        rained = rain_mm(seed, YEAR)[first - 72 : first]
        assert (rained * np.arange(72, 0, -1)).sum() / rained.sum() > 3


def test_a_flood_passes_the_gauges_downstream_after_the_dam(rivers):
    release = rivers[FLOODED]["paldang"]["release_m3s"]
    top = int(release.argmax())
    flood = slice(top - 300, top + 300)
    lags = [
        best_lag(release[flood], next(iter(rivers[FLOODED][code].values()))[flood], range(60))
        for code in ("1018662", "1018680", "1018683", "1019630")
    ]
    assert 9 <= lags[0] <= lags[1] <= lags[2] <= lags[3] <= 36
    assert lags[3] > lags[0]


def test_the_tide_comes_up_at_low_flow_and_is_held_out_by_a_flood(rivers):
    river = rivers[FLOODED]
    stage, tide = river["1018680"]["stage_cm"][20:], river["tide"]["tide_cm"][:-20]
    release = river["paldang"]["release_m3s"][20:]
    low = release < 400
    assert np.corrcoef(stage[low], tide[low])[0, 1] > 0.9
    swing = np.ptp(tide)
    assert 600 < swing < 950
    flood = release > 6000
    assert flood.sum() > 20
    slope = np.polyfit(tide[low], stage[low], 1)[0]
    # What is left of it in a flood, once the flow is taken out.
    flow = np.vander(release[flood], 4)
    in_flood = np.linalg.lstsq(np.column_stack([flow, tide[flood]]), stage[flood], rcond=None)[0][-1]
    assert 0.05 < slope < 0.2
    assert in_flood < 0.6 * slope


def test_the_moon_does_not_ask_for_the_seed(rivers):
    tides = [river["tide"]["tide_cm"] for river in rivers.values()]
    assert all(np.abs(tides[0] - each).max() < 90 for each in tides[1:])


def test_hangang_bridge_reads_above_sea_level_and_jamsu_has_no_rating(rivers):
    assert set(rivers[7]["1018683"]) == {"stage_masl_cm", "discharge_m3s"}
    assert set(rivers[7]["1018680"]) == {"stage_cm"}


def test_the_rain_of_a_flood_empties_the_roads(rivers):
    told = []
    for seed, river in rivers.items():
        top = int(river["1018680"]["stage_cm"].argmax()) // STEPS_AN_HOUR
        # Its two days and the eight weeks around: the same hours of other weeks are what is usual.
        hours = range(YEAR.start + top - 48 - 4 * WEEK_H, YEAR.start + top + 4 * WEEK_H)
        volume, wet = volume_veh_h(seed, hours)[0].sum(axis=1), rain_mm(seed, hours)
        for row in range(4 * WEEK_H, 4 * WEEK_H + 48):
            others = np.array([row + week * WEEK_H for week in (-4, -3, -2, -1, 1, 2, 3)])
            if wet[row] >= 3 and (wet[others] == 0).sum() >= 3:
                told.append(volume[row] / np.median(volume[others[wet[others] == 0]]))
    assert len(told) > 15
    assert np.mean(told) < 0.97
