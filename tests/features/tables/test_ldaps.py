import numpy as np
import polars as pl
import pytest

from features.errors import BadInput, UnknownName
from features.tables import ReadOptions, read_entities, read_measures, read_panels

HEADER = (
    "station,date,Present_Tmax,Present_Tmin,LDAPS_Tmax_lapse,LDAPS_Tmin_lapse,Next_Tmax,Next_Tmin,lat,lon,DEM,Slope"
)
PLACE = "37.6,127.0,212.3,2.8"
MINIMA = f",,20,11,17,14,17,11,{PLACE}"


def summer(tmp_path, *rows, header=HEADER):
    path = tmp_path / "ldaps.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return [path]


def day(date, *, station="1.0", present="28.7", ldaps="28.1", coming="29.1"):
    return f"{station},{date},{present},21.4,{ldaps},23.0,{coming},21.2,{PLACE}"


def test_each_value_stands_at_its_own_day_and_is_known_when_it_was(tmp_path):
    paths = summer(tmp_path, day("2013-06-30"), day("2013-07-01", present="29.0", ldaps="31", coming="30.5"))
    frame = read_measures(paths, "ldaps", ReadOptions())

    def rows(name):
        found = frame.filter(pl.col(name).is_not_null()).select("time", "available_at", name)
        return [(str(time)[:16], known and str(known)[:16], value) for time, known, value in found.rows()]

    first, second, third = "2013-06-29 15:00", "2013-06-30 15:00", "2013-07-01 15:00"
    assert rows("air_temperature_max_to_21h_c") == [(first, None, 28.7), (second, None, 29.0)]
    assert rows("air_temperature_max_c") == [(second, None, 29.1), (third, None, 30.5)]
    assert rows("ldaps_tmax_c") == [(second, second, 28.1), (third, third, 31.0)]


def test_forecast_is_known_as_its_day_begins_and_the_truth_when_it_is_over(tmp_path):
    panels, _ = read_panels(summer(tmp_path, day("2013-06-30"), day("2013-07-01")), "ldaps", ReadOptions())
    forecast, truth = panels["ldaps_tmax_c"], panels["air_temperature_max_c"]
    assert (forecast.start, len(forecast), forecast.step_min) == (truth.start, len(truth), 1440)
    assert truth.available_at is None
    assert forecast.available_at[1, 0] == np.datetime64("2013-06-30T15:00")
    assert np.isnat(forecast.available_at[0, 0])
    assert forecast.time(1).isoformat() == "2013-06-30T15:00:00+00:00"
    assert forecast.entities == ("1",)


def test_minima_and_maxima_of_the_data_set_are_no_measurements(tmp_path):
    paths = summer(tmp_path, day("2013-06-30"), day("2013-07-01"), MINIMA)
    _, findings = read_panels(paths, "ldaps", ReadOptions())
    assert (findings["ldaps_tmax_c"].dropped, findings["ldaps_tmax_c"].rows) == (1, 2)
    assert "1 rows that are no measurements: left out" in findings["ldaps_tmax_c"].lines()


def test_row_with_a_station_and_no_day_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"row 2 \(line 3\): column 'date' is blank"):
        read_measures(summer(tmp_path, day("2013-06-30"), day("")), "ldaps", ReadOptions())


def test_stations_are_places(tmp_path):
    places = read_entities(summer(tmp_path, day("2013-06-30"), day("2013-06-30", station="2"), MINIMA), "ldaps")
    assert places.columns == ["entity_id", "name", "lat", "lon", "height_m", "slope_deg"]
    assert places.row(1) == ("2", "LDAPS 2", 37.6, 127.0, 212.3, 2.8)


def test_file_of_live_forecasts_has_no_truth_yet(tmp_path):
    paths = summer(tmp_path, "1,2013-06-30,28.1,23.0", header="station,date,LDAPS_Tmax_lapse,LDAPS_Tmin_lapse")
    assert read_measures(paths, "ldaps", ReadOptions()).columns[2:] == ["available_at", "ldaps_tmax_c", "ldaps_tmin_c"]


def test_missing_forecast_is_named(tmp_path):
    paths = summer(tmp_path, "1,2013-06-30,28.1,23.0", header="station,date,LDAPS_Tmx_lapse,LDAPS_Tmin_lapse")
    with pytest.raises(UnknownName, match=r"no column 'LDAPS_Tmax_lapse'.*Did you mean 'LDAPS_Tmx_lapse'"):
        read_measures(paths, "ldaps", ReadOptions())


def test_five_summers_of_25_stations(real_data):
    paths = [real_data / "hazard" / "uci_ldaps_bias_2013_2017.parquet"]
    panels, findings = read_panels(paths, "ldaps", ReadOptions())
    truth, forecast = panels["air_temperature_max_c"], panels["ldaps_tmax_c"]
    assert findings["air_temperature_max_c"].entities == 25
    assert findings["air_temperature_max_c"].dropped == 2
    apart = np.nanmean(np.abs(truth.values - forecast.values))
    assert apart < 2, "the forecast stands at the day that it is for"
    assert apart < np.nanmean(np.abs(truth.values[:-1] - forecast.values[1:]))
    assert read_entities(paths, "ldaps").height == 25
