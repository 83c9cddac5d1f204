import math

import numpy as np
import polars as pl
import pytest

from features.errors import BadInput, UnknownName
from features.tables import Columns, ReadOptions, read_measures, read_panels

HEADER = "time,ta,rn,ws,hm,dsnw,vs"


def weather(tmp_path, *rows, header=HEADER):
    path = tmp_path / "asos.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return [path]


def sunny_days(tmp_path, *, shift_h=0, days=4):
    """Radiation of the hour that ends, highest at 13:00 KST, on a clock that is ``shift_h`` hours off."""
    rows = []
    for hour in range(days * 24):
        clock = hour + 24 + shift_h
        high = max(0.0, math.cos((hour % 24 - 13) / 24 * 2 * math.pi))
        sun = f"{3 * high:.2f}" if high > 0 else ""
        rows.append(f"2021-06-{1 + clock // 24:02} {clock % 24:02}:00,20,,2,60,{sun}")
    return weather(tmp_path, *rows, header="time,ta,rn,ws,hm,icsr")


def test_reading_keeps_its_instant_and_rain_the_start_of_its_hour(tmp_path):
    paths = weather(tmp_path, "2021-01-01 01:00,-9,1.5,2,60,,2000", "2021-01-01 02:00,-9.9,0.5,2,60,,1500")
    panels, _ = read_panels(paths, "asos", ReadOptions())
    cold, rain = panels["air_temperature_c"], panels["rain_mm"]
    assert cold.start == rain.start
    assert rain.start.isoformat() == "2020-12-31T15:00:00+00:00"
    np.testing.assert_allclose(cold.values[:, 0], [math.nan, -9, -9.9], rtol=1e-6)
    np.testing.assert_array_equal(rain.values[:, 0], [1.5, 0.5, math.nan])
    np.testing.assert_array_equal(panels["visibility_m"].values[1:, 0], [20_000, 15_000])
    assert cold.entities == ("108",)


def test_blank_rain_and_snow_are_none_only_where_something_was_read(tmp_path):
    rows = ["2021-01-01 01:00,-9,,2,60,,", "2021-01-01 02:00,,,,,,", "2021-01-01 03:00,-9,-,2,60,-999,900"]
    panels, findings = read_panels(weather(tmp_path, *rows), "asos", ReadOptions())
    np.testing.assert_array_equal(panels["rain_mm"].values[:3, 0], [0, math.nan, math.nan])
    np.testing.assert_array_equal(panels["snow_depth_cm"].values[1:, 0], [0, math.nan, math.nan])
    assert (findings["rain_mm"].none_as_zero, findings["rain_mm"].marked, findings["rain_mm"].blank) == (1, 1, 1)
    assert findings["visibility_m"].blank == 2


def test_headers_of_the_weather_portal_are_understood(tmp_path):
    header = "지점,지점명,일시,기온(°C),기온 QC플래그,강수량(mm),풍속(m/s),습도(%),적설(cm)"
    paths = weather(tmp_path, "108,서울,2021-01-01 01:00,-8.7,,,2.4,68,", header=header)
    frame = read_measures(paths, "asos", ReadOptions())
    assert frame["air_temperature_c"].drop_nulls().to_list() == [-8.7]
    assert frame["rain_mm"].drop_nulls().to_list() == [0.0]
    assert frame["entity_id"].cast(pl.String).unique().to_list() == ["108"]


@pytest.mark.parametrize("shift_h", [0, 1, -1])
def test_clock_that_the_sun_keeps_is_accepted(tmp_path, shift_h):
    assert len(read_measures(sunny_days(tmp_path, shift_h=shift_h), "asos", ReadOptions())) > 0


@pytest.mark.parametrize(
    ("shift_h", "words", "mend"),
    [
        pytest.param(-9, "near 4:00 by its times.*9 hours behind Asia/Seoul", "pass --timezone UTC", id="UTC as KST"),
        pytest.param(9, "9 hours ahead of Asia/Seoul", "Say which clock", id="nine hours the other way"),
        pytest.param(3, "3 hours ahead", "Say which clock", id="three hours"),
    ],
)
def test_clock_shifted_against_the_sun_is_refused(tmp_path, shift_h, words, mend):
    with pytest.raises(BadInput, match=words) as refused:
        read_measures(sunny_days(tmp_path, shift_h=shift_h), "asos", ReadOptions())
    assert mend in refused.value.mend


def test_utc_that_is_said_to_be_utc_is_honoured(tmp_path):
    options = ReadOptions(columns=Columns(timezone="UTC"))
    shifted = read_measures(sunny_days(tmp_path, shift_h=-9), "asos", options)
    straight = read_measures(sunny_days(tmp_path), "asos", ReadOptions())
    assert shifted.equals(straight)


def test_a_day_of_sun_is_too_little_to_judge_a_clock(tmp_path):
    assert len(read_measures(sunny_days(tmp_path, shift_h=-9, days=1), "asos", ReadOptions())) > 0


def test_slip_in_a_column_that_need_not_be_there_is_not_passed_over(tmp_path):
    with pytest.raises(UnknownName, match="a column 'dsnww' and none 'dsnw'"):
        read_measures(
            weather(tmp_path, "2021-01-01 01:00,1,,2,60,3", header="time,ta,rn,ws,hm,dsnww"), "asos", ReadOptions()
        )


def test_fifteen_months_of_seoul(real_data):
    paths = [real_data / "hazard" / "asos108_hourly_2021_2022q1.parquet"]
    panels, findings = read_panels(paths, "asos", ReadOptions())
    assert len(panels) == 15
    assert (findings["rain_mm"].none_as_zero, findings["snow_depth_cm"].none_as_zero) == (9889, 10_400)
    assert not any(found.out_of_range or found.marked for found in findings.values())
    with pytest.raises(BadInput, match="9 hours ahead"):
        read_measures(paths, "asos", ReadOptions(columns=Columns(timezone="UTC")))
