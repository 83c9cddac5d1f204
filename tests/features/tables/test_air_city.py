import numpy as np
import polars as pl
import pytest

from features.errors import BadInput, UnknownName
from features.tables import Columns, ReadOptions, read, read_measures, read_panels

HEADER = "time,so2,no2,co,o3,pm10,pm25"
KOREAN = (
    "측정일시,측정소명,이산화질소농도(ppm),오존농도(ppm),일산화탄소농도(ppm),아황산가스(ppm),미세먼지(㎍/㎥)"
    ",초미세먼지(㎍/㎥)"
)


def city(tmp_path, *rows, header=HEADER, name="city.csv"):
    path = tmp_path / name
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return [path]


def hour(time, pm10="31", *, so2="0.005"):
    return f"{time},{so2},0.021,0.4,0.018,{pm10},17"


def test_hour_is_moved_from_its_end_to_its_start(tmp_path):
    paths = city(tmp_path, hour("2018-01-01 01:00"), hour("2018-01-01 02:00"))
    frame = read_measures(paths, "air-city", ReadOptions())
    assert [time.isoformat() for time in frame["time"]] == ["2017-12-31T15:00:00+00:00", "2017-12-31T16:00:00+00:00"]
    assert frame["entity_id"].cast(pl.String).to_list() == ["seoul"] * 2
    assert frame.columns[2:] == ["so2_ppm", "no2_ppm", "co_ppm", "o3_ppm", "pm10_ug_m3", "pm25_ug_m3"]
    assert frame["pm10_ug_m3"].to_list() == [31.0, 31.0]


def test_korean_headers_and_hour_24_are_understood(tmp_path):
    rows = ["2018010123,평균,0.02,0.01,0.4,0.004,30,12", "2018010124,평균,0.02,0.01,0.4,0.004,40,13"]
    panels, _ = read_panels(city(tmp_path, *rows, header=KOREAN), "air-city", ReadOptions())
    assert panels["pm10_ug_m3"].values[:, 0].tolist() == [30, 40]
    assert panels["pm25_ug_m3"].values[:, 0].tolist() == [12, 13]
    assert panels["no2_ppm"].start.isoformat() == "2018-01-01T13:00:00+00:00"


def test_upper_case_and_a_point_are_understood(tmp_path):
    paths = city(tmp_path, "2018010101,30,12", "2018010102,31,13", header="MSRDT,PM10,PM2.5")
    panels, _ = read_panels(paths, "air-city", ReadOptions())
    assert panels["pm25_ug_m3"].values[:, 0].tolist() == [12, 13]


def test_what_was_found_is_counted(tmp_path):
    cells = ["31", "31", "-", "-999", "3403", "", "통신장애", "40"]
    times = [f"2018-01-01 0{at}:00" for at in (1, 1, 2, 3, 4, 5, 6, 7)]
    rows = [hour(time, cell) for time, cell in zip(times, cells, strict=True)]
    panels, findings = read_panels(city(tmp_path, *rows, hour(times[-1], "41")), "air-city", ReadOptions())
    found = findings["pm10_ug_m3"]
    assert (found.marked, found.out_of_range, found.blank) == (3, 1, 1)
    assert (found.duplicates_merged, found.conflicts, found.missing) == (1, 1, 5)
    assert panels["pm10_ug_m3"].values[-1, 0] == 41
    lines = " / ".join(found.lines())
    assert "3 cells that say so" in lines
    assert "1 out of range" in lines


def test_zeros_of_instruments_that_are_off_are_missing_and_a_lone_zero_stays(tmp_path):
    rows = ["2018-01-01 01:00,0,0,0,0,0,0", hour("2018-01-01 02:00", so2="0"), hour("2018-01-01 03:00")]
    panels, findings = read_panels(city(tmp_path, *rows), "air-city", ReadOptions())
    assert panels["so2_ppm"].values[1, 0] == 0
    assert {name: found.missing for name, found in findings.items()} == dict.fromkeys(panels, 1)
    assert findings["so2_ppm"].marked == 1


@pytest.mark.parametrize(
    ("row", "words"),
    [
        pytest.param(
            hour("2018-01-01 02:00", "many"), r"row 2 \(line 3\): 'many' in column 'pm10' is no number", id="word"
        ),
        pytest.param(hour("soon"), r"row 2 \(line 3\): 'soon' in column 'time' is no time", id="no time"),
        pytest.param(hour(""), r"row 2 \(line 3\): column 'time' is blank", id="no time at all"),
    ],
)
def test_cell_that_cannot_be_understood_is_named_by_its_row(tmp_path, row, words):
    with pytest.raises(BadInput, match=words):
        read_measures(city(tmp_path, hour("2018-01-01 01:00"), row), "air-city", ReadOptions())


def test_missing_column_is_named_with_the_nearest(tmp_path):
    paths = city(tmp_path, "2018-01-01 01:00,31,17", header="time,pm_10um,pm25")
    with pytest.raises(UnknownName, match="no column 'pm10'") as refused:
        read_measures(paths, "air-city", ReadOptions())
    assert "Did you mean 'pm_10um'" in refused.value.mend


def test_several_stations_are_those_of_districts(tmp_path):
    paths = city(tmp_path, "2018-01-01 01:00,101,31,17", "2018-01-01 01:00,102,3,1", header="time,station,pm10,pm25")
    with pytest.raises(BadInput, match="holds 2 stations") as refused:
        read_measures(paths, "air-city", ReadOptions())
    assert refused.value.mend == "It looks like --shape air-gu"


def test_another_zone_is_honoured(tmp_path):
    options = ReadOptions(columns=Columns(timezone="UTC"))
    frame = read_measures(city(tmp_path, hour("2018-01-01 01:00")), "air-city", options)
    assert frame["time"][0].isoformat() == "2018-01-01T00:00:00+00:00"


def test_one_quantity_is_picked_by_name_and_several_are_refused_with_their_names(tmp_path):
    paths = city(tmp_path, hour("2018-01-01 01:00"))
    frame = read(paths, "air-city", ReadOptions(columns=Columns(value="pm25_ug_m3")))
    assert frame.columns == ["time", "entity_id", "pm25_ug_m3"]
    with pytest.raises(BadInput, match="6 quantities") as refused:
        read(paths, "air-city", ReadOptions())
    assert "--value-col: so2_ppm, no2_ppm" in refused.value.mend
    with pytest.raises(UnknownName, match="Did you mean 'pm25_ug_m3'"):
        read(paths, "air-city", ReadOptions(columns=Columns(value="pm25_ugm3")))


def test_four_years_of_the_city(real_data):
    paths = [real_data / "hazard" / "air_seoul_city_hourly_2018_2021.parquet"]
    panels, findings = read_panels(paths, "air-city", ReadOptions())
    assert all(found.missing <= 49 and not found.out_of_range for found in findings.values())
    # The yellow dust of May 2021 was worst in the hour that ended at one.
    dust = panels["pm10_ug_m3"]
    assert dust.time(int(np.nanargmax(dust.values[:, 0]))).isoformat() == "2021-05-07T15:00:00+00:00"
