import polars as pl
import pytest

from features.errors import BadInput
from features.tables.hours import instants
from features.tables.source import open_table


@pytest.fixture
def opened(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("time,pm10\n2018-01-01,1\n")
    return open_table(path)


@pytest.mark.parametrize(
    ("written", "utc", "to_24"),
    [
        pytest.param("2018010124", "2018-01-01T15:00", True, id="digits, hour 24"),
        pytest.param("201801012400", "2018-01-01T15:00", True, id="digits, hour and minute 24:00"),
        pytest.param("2018-01-01 24:00", "2018-01-01T15:00", True, id="dashes"),
        pytest.param("2018.12.31 24", "2018-12-31T15:00", True, id="dots, the last hour of a year"),
        pytest.param("2018-02-28 24:00:00", "2018-02-28T15:00", True, id="the last hour of February"),
        pytest.param("2018010101", "2017-12-31T16:00", False, id="digits, the first hour"),
        pytest.param("2018/1/1 1:10", "2017-12-31T16:10", False, id="short numbers"),
        pytest.param("20180101", "2017-12-31T15:00", False, id="a day"),
        pytest.param("201805010010", "2018-04-30T15:10", False, id="ten minutes"),
        pytest.param("2018-01-01T00:00Z", "2018-01-01T00:00", False, id="a written zone wins"),
    ],
)
def test_korean_hours_become_utc(opened, written, utc, to_24):
    times, found_24 = instants(pl.Series("time", [written]), opened, timezone="Asia/Seoul")
    assert (times[0].isoformat()[:16], found_24) == (utc, to_24)


def test_whole_numbers_are_digits(opened):
    times, to_24 = instants(pl.Series("time", [2018010123, 2018010124]), opened, timezone="Asia/Seoul")
    assert [time.hour for time in times] == [14, 15]
    assert to_24


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("2018010125", id="hour 25"),
        pytest.param("2018-02-30 01:00", id="a day that no year has"),
        pytest.param("2018-01-01 24:10", id="past the end of the day"),
        pytest.param("soon", id="a word"),
    ],
)
def test_what_is_no_time_is_named_by_its_row(opened, written):
    with pytest.raises(BadInput, match=r"a\.csv, row 2 .*is no time"):
        instants(pl.Series("time", ["2018010101", written]), opened, timezone="Asia/Seoul")
