"""What a training is set to where nothing is set, and which places take part."""

import numpy as np
import pytest

from features.errors import BadInput, UnknownName
from training.split import Split
from training.traffic.fitting import fitting_config, measured_entities


def config(panel, **chosen):
    return fitting_config(panel, Split.by_shares(panel, (0.6, 0.2, 0.2)), chosen)


@pytest.mark.parametrize(
    ("step_min", "steps", "lags"),
    [
        pytest.param(5, 12, (1, 7), id="five minutes: an hour"),
        pytest.param(60, 24, (1, 7), id="an hour: a day"),
        pytest.param(180, 8, (1, 7), id="three hours: a day"),
        pytest.param(1440, 1, (1, 7), id="a day: a day"),
    ],
)
def test_horizon_and_history_fit_the_clock(step_min, steps, lags, make_panel):
    found = config(make_panel(step_min=step_min))

    assert (found.step_min, found.horizon_steps, found.history_steps) == (step_min, steps, steps)
    assert found.seasonal_lags_days == lags


@pytest.mark.parametrize(
    ("days", "lags"),
    [
        pytest.param(28, (1, 7), id="four weeks: half of the training knows last week"),
        pytest.param(21, (1,), id="three weeks: it does not"),
        pytest.param(2, (1,), id="two days: yesterday is all there is"),
    ],
)
def test_a_lag_that_could_hardly_be_known_is_left_out(days, lags, make_panel):
    assert config(make_panel(days=days)).seasonal_lags_days == lags


@pytest.mark.parametrize(
    ("horizon", "lags"),
    [
        pytest.param(24, (1, 7), id="a day"),
        pytest.param(25, (7,), id="more than a day"),
        pytest.param(200, (9,), id="more than a week"),
    ],
)
def test_lags_reach_beyond_the_horizon(horizon, lags, city):
    assert config(city, horizon_steps=horizon).seasonal_lags_days == lags


def test_what_was_set_stays(city):
    found = config(city, seasonal_lags_days=[2], history_steps=3, country="US", timezone="America/New_York")

    assert (found.seasonal_lags_days, found.history_steps) == ((2,), 3)
    assert (found.country, found.timezone) == ("US", "America/New_York")


@pytest.mark.parametrize(
    ("chosen", "error", "message"),
    [
        pytest.param({"horizon_step": 12}, UnknownName, "Did you mean 'horizon_steps'", id="a slip of the pen"),
        pytest.param({"horizon_steps": "12"}, BadInput, "horizon_steps='12' is not int", id="a text"),
        pytest.param({"horizon_steps": 12.5}, BadInput, r"horizon_steps=12\.5 is not int", id="half a step"),
        pytest.param({"horizon_steps": True}, BadInput, "horizon_steps=True is not int", id="a yes"),
        pytest.param({"horizon_steps": 0}, BadInput, "outside 1 to 336", id="no step"),
        pytest.param({"horizon_steps": 9999}, BadInput, "outside 1 to 336", id="a year"),
        pytest.param({"other_gain": 1.5}, BadInput, r"other_gain=1\.5", id="more than all"),
        pytest.param({"seasonal_lags_days": ["a"]}, BadInput, "seasonal_lags_days", id="a lag that is no number"),
        pytest.param({"seasonal_lags_days": []}, BadInput, "seasonal_lags_days", id="no lag at all"),
        pytest.param(
            {"horizon_steps": 48, "seasonal_lags_days": [1]}, BadInput, "not yet measured", id="a lag too short"
        ),
        pytest.param({"step_min": 30}, BadInput, "the measurements step by 60 min", id="another step"),
        pytest.param({"timezone": "Asia/Soul"}, BadInput, "Asia/Seoul", id="no such zone"),
        pytest.param({"country": "Korea"}, BadInput, "There is no country 'Korea'", id="no such country"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(chosen, error, message, city):
    with pytest.raises(error, match=message):
        config(city, **chosen)


def test_a_place_never_measured_in_training_is_left_out(city, with_values):
    values = city.values.copy()
    values[:1008, 2] = np.nan

    panel, dropped = measured_entities(with_values(city, values), Split(validation=1008, test=1344, end=1680))

    assert dropped == ("A-02/in",)
    assert panel.entities == tuple(name for name in city.entities if name != "A-02/in")
    np.testing.assert_array_equal(panel.values, np.delete(city.values, 2, axis=1))


def test_nothing_measured_in_training_is_refused(city, with_values):
    values = city.values.copy()
    values[:1008] = np.nan

    with pytest.raises(BadInput, match="Nothing was measured in the training interval"):
        measured_entities(with_values(city, values), Split(validation=1008, test=1344, end=1680))
