from datetime import UTC, date, datetime

import polars as pl
import pytest

from features.errors import BadInput
from features.tables import Columns, ReadOptions, read, value_name
from features.tables.grid import to_panel

HEADER = "time,entity_id,volume\n"


def read_csv(tmp_path, text, **columns):
    path = tmp_path / "measured.csv"
    path.write_text(text)
    return read([path], "long", ReadOptions(columns=Columns(**columns)))


def read_frame(tmp_path, frame, **columns):
    path = tmp_path / "measured.parquet"
    frame.write_parquet(path)
    return read([path], "long", ReadOptions(columns=Columns(**columns)))


@pytest.mark.parametrize(
    ("written", "timezone"),
    [
        pytest.param("2022-01-01T00:00:00Z", None, id="Z"),
        pytest.param("2022-01-01T09:00:00+09:00", None, id="an offset"),
        pytest.param("2022-01-01 09:00:00.000+0900", None, id="an offset without colon, a fraction"),
        pytest.param("2022-01-01 09:00+09", None, id="an offset in hours"),
        pytest.param("2021-12-31T20:30-03:30", None, id="west, with half an hour"),
        pytest.param("2022-01-01 09:00:00 +09:00", None, id="a space before the offset"),
        pytest.param("2022/01/01 09:00", "Asia/Seoul", id="slashes, local"),
        pytest.param("2022-01-01T09:00", "Asia/Seoul", id="no seconds, local"),
        pytest.param("2021-12-31T19:00:00", "America/New_York", id="another zone"),
        pytest.param("2022-01-01T00:00Z", "Asia/Seoul", id="a written zone wins over the flag"),
    ],
)
def test_text_times_become_utc(tmp_path, written, timezone):
    frame = read_csv(tmp_path, f"{HEADER}{written},a,1\n", timezone=timezone)
    assert frame["time"].to_list() == [datetime(2022, 1, 1, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("time", "timezone"),
    [
        pytest.param(datetime(2022, 1, 1, 9), "Asia/Seoul", id="naive datetimes"),  # noqa: DTZ001
        pytest.param(datetime(2022, 1, 1, tzinfo=UTC), None, id="aware datetimes"),
        pytest.param(date(2022, 1, 1), "UTC", id="dates are midnights"),
    ],
)
def test_typed_times_become_utc(tmp_path, time, timezone):
    frame = pl.DataFrame({"time": [time], "entity_id": ["a"], "volume": [1]})
    assert read_frame(tmp_path, frame, timezone=timezone)["time"].to_list() == [datetime(2022, 1, 1, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("written", "timezone", "words"),
    [
        pytest.param("2022-01-01T00:00", None, "'2022-01-01T00:00' .*has no zone.*--timezone", id="no zone"),
        pytest.param("noon", "Asia/Seoul", "'noon' .*is no time", id="no time"),
        pytest.param("2022-02-30T00:00", "Asia/Seoul", "is no time", id="a day that no month has"),
        pytest.param("2022-10-30T02:30", "Europe/Berlin", "twice or never", id="an hour that comes twice"),
        pytest.param("2022-03-27T02:30", "Europe/Berlin", "twice or never", id="an hour that never comes"),
        pytest.param("", "Asia/Seoul", "'time' is blank", id="blank"),
    ],
)
def test_times_that_cannot_be_placed_are_refused_by_row(tmp_path, written, timezone, words):
    good = "2022-01-01T00:00Z,a,1\n"
    with pytest.raises(BadInput, match=words) as refused:
        read_csv(tmp_path, f"{HEADER}{good}{written},a,1\n", timezone=timezone)
    assert "measured.csv, row 2 (line 3)" in refused.value.cause


def test_naive_datetimes_of_a_parquet_file_need_a_zone(tmp_path):
    frame = pl.DataFrame({"time": [datetime(2022, 1, 1)], "entity_id": ["a"], "volume": [1]})  # noqa: DTZ001
    with pytest.raises(BadInput, match=r"measured\.parquet, row 1: .*has no zone"):
        read_frame(tmp_path, frame)


def test_naive_datetimes_in_a_change_of_clocks_are_refused(tmp_path):
    frame = pl.DataFrame({"time": [datetime(2022, 10, 30, 2)], "entity_id": ["a"], "volume": [1]})  # noqa: DTZ001
    with pytest.raises(BadInput, match="twice or never in Europe/Berlin"):
        read_frame(tmp_path, frame, timezone="Europe/Berlin")


def test_step_numbers_are_no_times(tmp_path):
    frame = pl.DataFrame({"time": [0, 1], "entity_id": ["a", "a"], "volume": [1, 2]})
    with pytest.raises(BadInput, match="holds Int64, not times"):
        read_frame(tmp_path, frame)


def test_several_columns_make_one_identity(tmp_path):
    text = "time,site_id,direction,volume\n2022-01-01T00:00Z,A-01,in,1\n2022-01-01T00:00Z,A-01,out,2\n"
    frame = read_csv(tmp_path, text, entity=("site_id", "direction"))
    assert frame["entity_id"].cast(pl.String).to_list() == ["A-01/in", "A-01/out"]


def test_numbers_make_identities_too(tmp_path):
    frame = pl.DataFrame({"time": [datetime(2022, 1, 1, tzinfo=UTC)], "lot": [17], "volume": [1]})
    assert read_frame(tmp_path, frame, entity=("lot",))["entity_id"].cast(pl.String).to_list() == ["17"]


@pytest.mark.parametrize("cell", ["", " ", "NaN", "nan", "NA", "null", "None"])
def test_ways_of_writing_nothing_are_missing_and_kept_as_rows(tmp_path, cell):
    frame = read_csv(tmp_path, f"{HEADER}2022-01-01T00:00Z,a,{cell}\n2022-01-01T01:00Z,a,0\n")
    assert frame["volume"].to_list() == [None, 0.0]


def test_nan_of_a_parquet_file_is_missing(tmp_path):
    times = [datetime(2022, 1, 1, hour, tzinfo=UTC) for hour in range(3)]
    frame = pl.DataFrame({"time": times, "entity_id": ["a"] * 3, "volume": [1.0, float("nan"), None]})
    assert read_frame(tmp_path, frame)["volume"].to_list() == [1.0, None, None]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        pytest.param("12x", "'12x' in column 'volume' is no number", id="text"),
        pytest.param('"1,234"', "'1,234' in column 'volume' is no number", id="a thousands separator"),
        pytest.param("inf", "is infinite", id="an infinity"),
        pytest.param("-Infinity", "is infinite", id="a negative infinity"),
        pytest.param("-1", "is -1, and volume cannot be negative.*--missing-value -1", id="a negative volume"),
    ],
)
def test_what_no_sensor_measured_is_refused_by_row(tmp_path, cell, words):
    rows = "".join(f"2022-01-01T0{hour}:00Z,a,{value}\n" for hour, value in enumerate(["1", cell, "3"]))
    with pytest.raises(BadInput, match=words) as refused:
        read_csv(tmp_path, HEADER + rows)
    assert "measured.csv, row 2 (line 3)" in refused.value.cause


def test_negative_temperatures_are_measurements(tmp_path):
    text = "time,entity_id,temperature_c\n2022-01-01T00:00Z,a,-12.5\n"
    assert read_csv(tmp_path, text)["temperature_c"].to_list() == [-12.5]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        pytest.param({"time": "tme"}, "no column 'tme'.*'time'.*--time-col", id="time"),
        pytest.param({"entity": ("entity",)}, "no column 'entity'.*'entity_id'.*--entity-col", id="entity"),
        pytest.param({"value": "volumes"}, "no column 'volumes'.*'volume'.*--value-col", id="value"),
    ],
)
def test_missing_column_gets_the_nearest(tmp_path, columns, words):
    with pytest.raises(BadInput, match=words):
        read_csv(tmp_path, HEADER + "2022-01-01T00:00Z,a,1\n", **columns)


@pytest.mark.parametrize(
    ("header", "row", "found"),
    [
        pytest.param("time,entity_id,road,volume", "2022-01-01T00:00Z,a,main road,5", "volume", id="text beside it"),
        pytest.param(
            "time,entity_id,volume,available_at", "2022-01-01T00:00Z,a,5,2022-01-01T01:00Z", "volume", id="at"
        ),
    ],
)
def test_only_column_of_numbers_is_taken(tmp_path, header, row, found):
    frame = read_csv(tmp_path, f"{header}\n{row}\n")
    assert value_name(frame) == found
    assert frame[found].to_list() == [5.0]


def test_several_columns_of_numbers_are_listed(tmp_path):
    with pytest.raises(BadInput, match="--value-col; there are: lat, volume"):
        read_csv(tmp_path, "time,entity_id,lat,volume\n2022-01-01T00:00Z,a,37.5,1\n")


def test_column_of_another_type_is_refused(tmp_path):
    frame = pl.DataFrame({"time": [datetime(2022, 1, 1, tzinfo=UTC)], "entity_id": ["a"], "volume": [True]})
    with pytest.raises(BadInput, match="holds Boolean, not numbers"):
        read_frame(tmp_path, frame, value="volume")


def test_blank_entity_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"row 1 .*'entity_id' is blank"):
        read_csv(tmp_path, HEADER + "2022-01-01T00:00Z,,1\n")


def test_availability_is_read_where_the_file_states_it(tmp_path):
    (tmp_path / "a.csv").write_text(
        "time,entity_id,volume,available_at\n2022-01-01T00:00Z,a,1,2022-01-01T03:00Z\n2022-01-01T01:00Z,a,2,\n"
    )
    (tmp_path / "b.csv").write_text(HEADER + "2022-01-01T02:00Z,a,3\n")
    frame = read([tmp_path], "long", ReadOptions())
    assert frame["available_at"].to_list() == [datetime(2022, 1, 1, 3, tzinfo=UTC), None, None]


def test_seoul_year_is_read_whole(real_data):
    columns = Columns(entity=("site_id", "direction"), value="volume_veh_h")
    frame = read([real_data / "traffic" / "seoul_volume_2022.parquet"], "long", ReadOptions(columns=columns))
    panel, findings = to_panel(frame, value="volume_veh_h")
    assert (findings.rows, findings.entities, findings.steps, findings.step_min) == (2_116_891, 278, 8760, 60)
    assert panel.start == datetime(2021, 12, 31, 15, tzinfo=UTC)
    assert findings.missing == 278 * 8760 - 2_116_891
    assert (findings.duplicates_merged, findings.conflicts, findings.off_clock) == (0, 0, 0)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_number_that_stands_for_missing_is_missing(tmp_path, suffix):
    frame = pl.DataFrame(
        {"time": ["2022-01-01T00:00Z", "2022-01-01T01:00Z"], "entity_id": ["a", "a"], "volume_veh_h": [-999.0, 0.0]}
    )
    path = tmp_path / f"volumes.{suffix}"
    frame.write_csv(path) if suffix == "csv" else frame.write_parquet(path)

    table = read([path], "long", ReadOptions(columns=Columns(missing=-999)))

    assert table["volume_veh_h"].to_list() == [None, 0.0]
