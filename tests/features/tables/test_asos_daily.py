import numpy as np
import pytest

from features.errors import BadInput
from features.tables import ReadOptions, read_panels


def days(tmp_path, *rows, header="date,ta_mean,ta_min,ta_max"):
    path = tmp_path / "days.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return [path]


@pytest.mark.parametrize(
    ("first", "second", "before"),
    [
        pytest.param("1954-07-01", "1954-07-02", "1954-06-30", id="clocks half an hour behind"),
        pytest.param("1987-07-01", "1987-07-02", "1987-06-30", id="summer time"),
        pytest.param("2021-07-01", "2021-07-02", "2021-06-30", id="now"),
    ],
)
def test_a_day_is_one_of_standard_time_in_every_year(tmp_path, first, second, before):
    paths = days(tmp_path, f"{first},10,5,15", f"{second},11,6,16")
    lowest = read_panels(paths, "asos-daily", ReadOptions())[0]["air_temperature_min_c"]
    assert (lowest.start.isoformat(), lowest.step_min) == (f"{before}T15:00:00+00:00", 1440)
    assert lowest.entities == ("108",)
    assert lowest.values[:, 0].tolist() == [5, 6]


def test_the_headers_of_the_portal_are_understood(tmp_path):
    header = "지점,일시,평균기온(°C),최저기온(°C),최고기온(°C)"
    panels, _ = read_panels(
        days(tmp_path, "112,2021-01-01,-3,-8,2", "112,2021-01-02,,-9,1", header=header), "asos-daily", ReadOptions()
    )
    assert panels["air_temperature_max_c"].entities == ("112",)
    assert panels["air_temperature_max_c"].values[:, 0].tolist() == [2, 1]
    assert np.isnan(panels["air_temperature_mean_c"].values[1, 0])


def test_kelvin_is_named(tmp_path):
    with pytest.raises(BadInput, match="kelvin"):
        read_panels(days(tmp_path, "2021-01-01,270,265,275", "2021-01-02,271,266,276"), "asos-daily", ReadOptions())


def test_hourly_weather_is_of_another_shape(tmp_path):
    rows = days(tmp_path, "2021-01-01 00:00,1,0,2,50", header="time,ta,rn,ws,hm")
    with pytest.raises(BadInput, match="--shape asos"):
        read_panels(rows, "asos-daily", ReadOptions())
