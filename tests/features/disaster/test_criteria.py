"""The official criteria, as specs: on the threshold, just below it, for how long, and until when."""

from datetime import UTC, datetime

import numpy as np
import pytest

from features.disaster.criteria import in_force, margin
from features.disaster.table import hazard
from features.errors import BadInput

NAN = float("nan")
NIGHT = datetime(2021, 1, 1, tzinfo=UTC)


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)[:, None]


def force(name: str, level: str, **quantities: list[float]) -> list[float]:
    """What is in force at each reading of the quantities: 1, 0, or None where nobody knows."""
    row = hazard(name)
    readings = {quantity: column(*values) for quantity, values in quantities.items()}
    found = in_force(row, row.level(level), readings).now[:, 0]
    return [None if np.isnan(each) else int(each) for each in found]


# --- fine dust --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "level", "on", "calm"),
    [
        pytest.param("pm25", "advisory", 75, 35, id="PM2.5 advisory"),
        pytest.param("pm25", "warning", 150, 75, id="PM2.5 warning"),
        pytest.param("pm10", "advisory", 150, 100, id="PM10 advisory"),
        pytest.param("pm10", "warning", 300, 150, id="PM10 warning"),
    ],
)
def test_dust_is_in_force_from_the_second_hour_on_the_threshold_until_it_is_below_the_release(name, level, on, calm):
    quantity = f"{name}_ug_m3"
    assert force(name, level, **{quantity: [0, on, on, on - 1, calm, calm - 0.5]}) == [0, 0, 1, 1, 1, 0]
    just_below = np.nextafter(np.float32(on), np.float32(0))
    assert force(name, level, **{quantity: [0, just_below, just_below]}) == [0, 0, 0], "just below"
    assert force(name, level, **{quantity: [0, on, 0, on, 0]}) == [0, 0, 0, 0, 0], "one hour alone"


def test_dust_between_threshold_and_release_is_as_it_was():
    assert force("pm25", "advisory", pm25_ug_m3=[0, 60, 80, 80, 60, 34, 60]) == [0, 0, 0, 1, 1, 0, 0]


def test_nobody_knows_of_dust_between_threshold_and_release_as_long_as_nothing_decisive_was_seen():
    assert force("pm25", "advisory", pm25_ug_m3=[60, 60, 34, 60]) == [None, None, 0, 0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([0, NAN, 0], [0, None, 0], id="a missing hour is not calm"),
        pytest.param([0, 80, NAN, 80], [0, 0, None, None], id="nobody knows whether the missing hour was the second"),
        pytest.param([0, 80, 80, NAN, 60], [0, 0, 1, None, 1], id="still in force after a gap without release"),
        pytest.param([0, NAN, 34], [0, None, 0], id="a low reading settles it"),
    ],
)
def test_a_dead_station_is_never_calm(values, expected):
    assert force("pm25", "advisory", pm25_ug_m3=values) == expected


# --- the river --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "line_cm"),
    [
        pytest.param("pedestrians", 550, id="closed to people"),
        pytest.param("vehicles", 620, id="closed to vehicles"),
        pytest.param("submerged", 650, id="submerged"),
    ],
)
def test_jamsu_is_closed_from_the_line_up_and_opened_below_it(level, line_cm):
    assert force("river_jamsu", level, stage_cm=[400, line_cm - 1, line_cm, line_cm + 90, line_cm - 1]) == [
        0,
        0,
        1,
        1,
        0,
    ]
    assert force("river_jamsu", level, stage_cm=[line_cm, NAN, NAN]) == [1, None, None], "a dead gauge"


@pytest.mark.parametrize(
    ("level", "line_cm"), [pytest.param("advisory", 850, id="advisory"), pytest.param("warning", 1050, id="warning")]
)
def test_hangang_bridge_is_judged_on_its_staff_gauge(level, line_cm):
    assert force("river_hangang", level, stage_cm=[line_cm - 1, line_cm]) == [0, 1]
    place = hazard("river_hangang").places[0]
    assert (place.measured, place.add) == ("stage_masl_cm", -207)


# --- heat and cold ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "on"), [pytest.param("advisory", 33, id="advisory"), pytest.param("warning", 35, id="warning")]
)
def test_heat_needs_two_days_of_apparent_temperature(level, on):
    assert force("heat", level, apparent_temperature_max_c=[30, on, on, on - 0.1]) == [0, 0, 1, 0]


@pytest.mark.parametrize(
    ("level", "on", "drop"),
    [pytest.param("advisory", -12, -10, id="advisory"), pytest.param("warning", -15, -15, id="warning")],
)
def test_cold_needs_two_days_of_frost_or_one_sharp_drop(level, on, drop):
    def cold(minimum, change, anomaly):
        return force(
            "cold",
            level,
            air_temperature_min_c=minimum,
            air_temperature_min_change_c=change,
            air_temperature_min_anomaly_c=anomaly,
        )

    mild = [0.0, 0.0, 0.0]
    assert cold([0, on, on], mild, mild) == [0, 0, 1]
    assert cold([0, on, on + 0.1], mild, mild) == [0, 0, 0], "one day alone"
    assert cold([0, 3, 3], [0, drop, 0], [0, -3, -3]) == [0, 1, 0], "a drop"
    assert cold([0, 3, 3], [0, drop + 0.1, 0], [0, -3, -3]) == [0, 0, 0], "a smaller drop"
    assert cold([0, 3, 3], [0, drop, 0], [0, -2.9, -3]) == [0, 0, 0], "not below normal"
    assert cold([0, 3.1, 3], [0, drop, 0], [0, -3, -3]) == [0, 0, 0], "above 3 C"


def test_a_hot_day_without_humidity_is_named_after_what_it_is():
    row = hazard("tmax33")
    assert [level.name for level in row.levels] == ["tmax33"]
    assert force("tmax33", "tmax33", air_temperature_max_c=[32.9, 33.0]) == [0, 1]
    assert "advisory" not in f"{row.words} {row.levels}"


# --- rain -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "three_h", "twelve_h"),
    [pytest.param("advisory", 60, 110, id="advisory"), pytest.param("warning", 90, 180, id="warning")],
)
def test_rain_is_summed_over_three_or_twelve_hours(level, three_h, twelve_h):
    dry = [0.0] * 11
    assert force("rain", level, rain_mm=[*dry, three_h / 2, 0, three_h / 2, 0])[-4:] == [0, 0, 1, 0]
    assert force("rain", level, rain_mm=[*dry, three_h / 2, 0, three_h / 2 - 0.1])[-1] == 0, "just below"
    steady = [twelve_h / 12] * 12
    assert force("rain", level, rain_mm=[*dry, *steady])[-2:] == [0, 1]


def test_a_missing_hour_of_rain_may_have_been_the_decisive_one():
    dry = [0.0] * 12
    assert force("rain", "advisory", rain_mm=[*dry, NAN, 0.0])[-2:] == [None, None]
    assert force("rain", "advisory", rain_mm=[*dry, 60.0, NAN, 0.0])[-1] == 1, "what was measured is enough"


# --- margins ----------------------------------------------------------------------------------------------------------


def test_margin_is_the_distance_to_the_nearest_way_in_the_unit_compared():
    rain = hazard("rain")
    found = margin(rain.level("advisory"), {"rain_mm": column(*[5.0] * 12)}, rain.step_min)
    assert found.known[-1, 0] == pytest.approx(15 - 60)
    cold = hazard("cold")
    readings = {
        "air_temperature_min_c": column(-13, -11),
        "air_temperature_min_change_c": column(0, 2),
        "air_temperature_min_anomaly_c": column(-5, -4),
    }
    assert margin(cold.level("advisory"), readings, cold.step_min).known[1, 0] == pytest.approx(-1)


def test_margin_is_met_exactly_where_the_level_is():
    seed = 5
    chance = np.random.default_rng(seed)
    for name in ("pm25", "river_jamsu", "rain", "heat"):
        row = hazard(name)
        values = (chance.random((400, 3)) * 1.6 * row.levels[0].met[0][0].threshold).astype(np.float32)
        values[chance.random(values.shape) < 0.1] = np.nan
        for level in row.levels:
            found = margin(level, {row.quantity: values}, row.step_min)
            assert (found.least <= found.most).all(), seed
            known = ~np.isnan(found.known)
            np.testing.assert_array_equal(found.met[known], found.known[known] >= 0, err_msg=f"{name}, seed {seed}")


def test_a_higher_level_is_never_in_force_without_the_lower():
    seed = 6
    chance = np.random.default_rng(seed)
    for name in ("pm25", "pm10", "river_jamsu", "rain", "heat"):
        row = hazard(name)
        top = 1.5 * row.levels[-1].met[0][0].threshold
        values = np.abs(chance.normal(0, top / 3, (2000, 1)).cumsum(axis=0) / 5 % (2 * top) - top).astype(np.float32)
        lower, higher = (in_force(row, level, {row.quantity: values}).now for level in row.levels[:2])
        assert ((higher == 1) <= (lower == 1)).all(), f"{name}, seed {seed}"


def test_one_go_equals_two_pieces_that_remember():
    row, seed = hazard("pm25"), 8
    level = row.level("advisory")
    values = (np.random.default_rng(seed).random((60, 2)) * 120).astype(np.float32)
    whole = in_force(row, level, {row.quantity: values})
    # Two in a row are what the level asks for: one reading is looked back on.
    later = in_force(row, level, {row.quantity: values[30:]}, whole.carried[30], lookback=1)
    np.testing.assert_array_equal(later.now[1:], whole.now[31:], err_msg=f"seed {seed}")


def test_a_quantity_that_is_not_measured_is_named():
    row = hazard("pm25")
    with pytest.raises(BadInput, match="'pm25_ug_m3', which is not measured"):
        in_force(row, row.levels[0], {"pm10_ug_m3": column(1)})
