"""A table of weather comes onto the measurements' clock, says what was found, and is refused with a mend."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from features.errors import BadInput
from features.tables.covariates import read_covariates

START = datetime(2022, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NAN = float("nan")


def read(path, *, timezone=None, start=START, step_min=60):
    return read_covariates(path, timezone=timezone, start=start, step_min=step_min)


def csv(tmp_path, *lines):
    path = tmp_path / "weather.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def rows(covariates):
    """(minutes from START, minutes from START at which it is known, values) of each row."""
    minutes = [
        (times - np.datetime64(START.replace(tzinfo=None), "s")).astype("timedelta64[m]").astype(int).tolist()
        for times in (covariates.time, covariates.available_at)
    ]
    return list(zip(*minutes, covariates.values.tolist(), strict=True))


def every(step_min, values, **more):
    times = [START + at * step_min * MINUTE for at in range(len(values))]
    return pl.DataFrame({"time": times, "rain_mm": values, **more})


def test_rows_of_the_same_step_stay_and_are_known_once_their_interval_is_over(tmp_path):
    path = csv(tmp_path, "time,rain_mm,temperature_c", "2022-01-01T00:00Z,0.5,-3", "2022-01-01T01:00Z,,-2")
    covariates, findings = read(path)
    assert covariates.names == ("rain_mm", "temperature_c")
    found = rows(covariates)
    assert [row[:2] for row in found] == [(0, 60), (60, 120)]
    np.testing.assert_array_equal([row[2] for row in found], [[0.5, -3], [NAN, -2]])
    assert findings.lines() == ["covariates rain_mm, temperature_c: 2 rows of 60 min"]


def test_times_without_a_zone_follow_the_zone_that_is_given(tmp_path):
    path = csv(tmp_path, "time,rain_mm", "2022-01-01 09:00,1", "2022-01-01 10:00,2")
    assert [row[0] for row in rows(read(path, timezone="Asia/Seoul")[0])] == [0, 60]
    with pytest.raises(BadInput, match=r"row 1 \(line 2\): '2022-01-01 09:00' in column 'time' has no zone") as refused:
        read(path)
    assert "--timezone" in refused.value.mend


def test_a_forecast_is_known_when_it_was_issued_and_a_blank_is_the_end_of_the_interval(tmp_path):
    path = csv(
        tmp_path,
        "time,available_at,rain_mm",
        "2022-01-01T05:00Z,2022-01-01T02:00Z,1",
        "2022-01-01T05:00Z,,2",
        "2022-01-01T06:00Z,2022-01-01T02:00:00.5Z,3",
    )
    covariates, findings = read(path)
    assert rows(covariates)[:2] == [(300, 360, [2.0]), (300, 120, [1.0])]
    # Half a second past is known a second past: never before it was.
    assert covariates.available_at[2] == np.datetime64("2022-01-01T02:00:01")
    assert findings.ahead == 2


@pytest.mark.parametrize(
    ("step_min", "expected"),
    [
        pytest.param(60, [(0, 180, [1.0]), (60, 180, [1.0]), (120, 180, [1.0]), (180, 360, [2.0])], id="hours"),
        pytest.param(120, [(0, 180, [1.0]), (120, 180, [1.0]), (240, 360, [2.0])], id="a step that does not divide"),
    ],
)
def test_a_coarser_file_counts_for_every_step_that_begins_in_its_interval(step_min, expected, tmp_path):
    every(180, [1.0, 2.0]).write_parquet(tmp_path / "weather.parquet")
    assert rows(read(tmp_path / "weather.parquet", step_min=step_min)[0])[: len(expected)] == expected


def test_a_value_of_a_week_counts_for_a_day_at_most(tmp_path):
    every(7 * 1440, [1.0, 2.0]).write_parquet(tmp_path / "weather.parquet")
    assert len(read(tmp_path / "weather.parquet")[0]) == 2 * 24


def test_of_a_finer_file_each_step_takes_the_mean_known_with_its_last_part(tmp_path):
    every(20, [0.0, 3.0, None, 9.0, 9.0, 3.0]).write_parquet(tmp_path / "weather.parquet")
    # The hour's third part is unknown: the mean is of the other two, the last of which ends at minute 40.
    assert rows(read(tmp_path / "weather.parquet")[0]) == [(0, 40, [1.5]), (60, 120, [7.0])]


def test_a_late_part_of_a_finer_file_revises_its_step(tmp_path):
    late = [START + 20 * MINUTE, START + 40 * MINUTE, START + 150 * MINUTE]
    every(20, [0.0, 3.0, 6.0], available_at=late).write_parquet(tmp_path / "weather.parquet")
    assert rows(read(tmp_path / "weather.parquet")[0]) == [(0, 40, [1.5]), (0, 150, [3.0])]


def test_the_clock_of_the_measurements_may_begin_at_half_past(tmp_path):
    every(60, [1.0, 2.0]).write_parquet(tmp_path / "weather.parquet")
    covariates, findings = read(tmp_path / "weather.parquet", start=START + 30 * MINUTE)
    assert [row[0] for row in rows(covariates)] == [-30, 30]
    assert findings.off_clock == 2


def test_shuffled_doubled_blank_and_gappy_rows_are_told(tmp_path):
    path = csv(
        tmp_path,
        "time,rain_mm",
        "2022-01-01T03:00Z,3",
        "2022-01-01T00:00Z,1",
        "2022-01-01T01:00Z,1",
        "2022-01-01T01:00Z,1",
        "2022-01-01T01:00Z,8",
        "2022-01-01T02:00Z,",
        "2022-01-01T07:00Z,7",
        "2022-01-01T08:00Z,7",
    )
    covariates, findings = read(path)
    assert [row[2] for row in rows(covariates)] == [[1.0], [8.0], [3.0], [7.0], [7.0]]
    assert findings.lines() == [
        "covariates rain_mm: 8 rows of 60 min",
        "covariates: 1 rows without any value: unknown, never zero",
        "covariates: 1 duplicates merged",
        "covariates: 1 conflicting rows: the last in the file was kept",
        "covariates: 1 rows out of order: sorted",
        "covariates: 4 times missing",
    ]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        pytest.param(["when,rain_mm", "2022-01-01T00:00Z,1"], "no column 'time'", id="no time"),
        pytest.param(["time", "2022-01-01T00:00Z"], "no column beside its times", id="times alone"),
        pytest.param(
            ["time,sky", "2022-01-01T00:00Z,3", "2022-01-01T01:00Z,cloudy"],
            r"row 2 \(line 3\): 'cloudy' in column 'sky' is no number",
            id="a word",
        ),
        pytest.param(["time,rain_mm", "2022-01-01T00:00Z,inf"], "is infinite", id="an infinity"),
        pytest.param(["time,rain_mm", ",1"], r"row 1 \(line 2\): column 'time' is blank", id="a value at no time"),
        pytest.param(["time,rain_mm", "yesterday,1"], "'yesterday' in column 'time' is no time", id="a word as a time"),
        pytest.param(
            ["time,available_at,rain_mm", "2022-01-01T00:00Z,soon,1"], "'soon' in column 'available_at'", id="soon"
        ),
        pytest.param(["time,rain_mm", "2022-01-01T00:00Z,"], "blank in every row", id="nothing known"),
        pytest.param(
            ["time," + ",".join(f"c{n}" for n in range(33)), "2022-01-01T00:00Z" + ",1" * 33], "33 columns", id="many"
        ),
    ],
)
def test_what_cannot_be_understood_is_refused_with_a_mend(lines, words, tmp_path):
    with pytest.raises(BadInput, match=words) as refused:
        read(csv(tmp_path, *lines))
    assert refused.value.mend


def test_a_column_that_holds_no_numbers_and_several_files_are_refused(tmp_path):
    every(60, [1.0], dry=[True]).write_parquet(tmp_path / "one.parquet")
    with pytest.raises(BadInput, match="column 'dry' holds Boolean"):
        read(tmp_path / "one.parquet")
    every(60, [1.0]).write_parquet(tmp_path / "two.parquet")
    with pytest.raises(BadInput, match="means 2 files"):
        read(tmp_path)
