import polars as pl
import pytest

from features.errors import BadInput, UnknownName
from features.tables import ReadOptions, read_measures, read_panels

HEADER = "time,station,pm10,pm25"


def districts(tmp_path, *rows, header=HEADER):
    path = tmp_path / "gu.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return [path]


def test_hour_is_named_by_its_start(tmp_path):
    paths = districts(tmp_path, "2017-01-01 00:00,101,73,57", "2017-01-01 01:00,101,71,59", "2017-01-01 00:00,125,9,8")
    panels, _ = read_panels(paths, "air-gu", ReadOptions())
    assert panels["pm10_ug_m3"].start.isoformat() == "2016-12-31T15:00:00+00:00"
    assert panels["pm10_ug_m3"].entities == ("101", "125")
    assert panels["pm10_ug_m3"].values[0].tolist() == [73, 9]


def test_file_that_counts_hours_to_24_names_them_by_their_end(tmp_path):
    paths = districts(tmp_path, "2017010101,101,73,57", "2017010124,101,71,59")
    frame = read_measures(paths, "air-gu", ReadOptions())
    assert [time.hour for time in frame["time"]] == [15, 14]


def test_districts_by_name_are_the_same_entities(tmp_path):
    header = "측정일시,측정소명,미세먼지(㎍/㎥),초미세먼지(㎍/㎥)"
    paths = districts(tmp_path, "2017010101,종로구,73,57", "2017010101,강동구,9,8", header=header)
    frame = read_measures(paths, "air-gu", ReadOptions())
    assert frame["entity_id"].cast(pl.String).to_list() == ["101", "125"]


def test_unknown_district_is_named_by_its_row(tmp_path):
    header = "측정일시,측정소명,미세먼지,초미세먼지"
    with pytest.raises(UnknownName, match=r"row 1 \(line 2\): there is no district '관낙구'. Did you mean '관악구'"):
        read_measures(districts(tmp_path, "2017010101,관낙구,73,57", header=header), "air-gu", ReadOptions())


@pytest.mark.parametrize(
    ("header", "row", "words"),
    [
        pytest.param("time,pm10,pm25", "2017010101,3,4", "It looks like --shape air-city", id="no station"),
        pytest.param(HEADER, "2017010101,,3,4", r"row 1 \(line 2\): column 'station' is blank", id="a blank station"),
        pytest.param("date,station,pm10,pm25", "20170101,101,3,4", "no column 'time'", id="daily means"),
    ],
)
def test_file_without_a_place_or_an_hour_is_refused(tmp_path, header, row, words):
    with pytest.raises(BadInput, match=words):
        read_measures(districts(tmp_path, row, header=header), "air-gu", ReadOptions())


def test_ten_months_of_25_districts(real_data):
    panels, findings = read_panels([real_data / "hazard" / "air_gu_hourly_2017.parquet"], "air-gu", ReadOptions())
    dust = findings["pm10_ug_m3"]
    assert (dust.entities, dust.out_of_range) == (25, 1)  # 3403 ug/m3
    assert dust.marked > 900  # zeros of instruments that are off
    assert len({(panel.start, len(panel)) for panel in panels.values()}) == 1
