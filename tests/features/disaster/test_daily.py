"""From hourly weather to a day's extremes."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from features.disaster.daily import apparent_temperature, daily
from features.disaster.measured import Measured
from features.errors import BadInput

MIDNIGHT = datetime(2021, 7, 1, 15, tzinfo=UTC)  # of Seoul


def hourly(values: np.ndarray, name: str = "air_temperature_c", step_min: int = 60) -> Measured:
    humid = np.full_like(values, 60)
    return Measured(start=MIDNIGHT, step_min=step_min, entities=("108",), values={name: values, "humidity_pct": humid})


def test_a_day_is_seouls_and_known_at_its_end():
    values = np.arange(48, dtype=np.float32)[:, None]
    found = daily(hourly(values), "Asia/Seoul")
    assert found.start == MIDNIGHT + timedelta(days=1)
    assert found.values["air_temperature_max_c"][:, 0].tolist() == [23, 47]
    assert found.values["air_temperature_min_c"][:, 0].tolist() == [0, 24]


def test_a_day_with_many_gaps_has_no_extreme():
    values = np.arange(48, dtype=np.float32)[:, None]
    values[3:9] = np.nan
    found = daily(hourly(values), "Asia/Seoul").values["air_temperature_max_c"][:, 0]
    np.testing.assert_array_equal(found, [np.nan, 47])


def test_humid_air_feels_hotter():
    dry, humid = apparent_temperature(np.float32([33, 33]), np.float32([40, 80]))
    assert dry < 33 < humid


def test_what_is_not_hourly_weather_is_refused():
    with pytest.raises(BadInput, match="hourly air_temperature_c"):
        daily(hourly(np.zeros((48, 1), dtype=np.float32), name="pm10_ug_m3"), "Asia/Seoul")
