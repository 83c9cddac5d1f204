import json

import pytest

from features.errors import BadInput, UnknownName
from features.traffic.config import TrafficConfig


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(TrafficConfig(), id="an hour, a day"),
        pytest.param(TrafficConfig(step_min=5, horizon_steps=12, history_steps=12), id="five minutes, an hour"),
        pytest.param(TrafficConfig(horizon_steps=48, seasonal_lags_days=(2, 7)), id="two days ahead"),
        pytest.param(
            TrafficConfig(step_min=1440, horizon_steps=7, history_steps=7, seasonal_lags_days=(7, 14)), id="days"
        ),
        pytest.param(TrafficConfig(timezone="Europe/Berlin", country="DE"), id="elsewhere"),
        pytest.param(TrafficConfig(quantiles=(0.05, 0.25, 0.5, 0.6, 0.975)), id="five quantiles"),
    ],
)
def test_config_travels_through_json(config):
    assert TrafficConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"step_min": 7}, "step_min=7 does not divide a day", id="a step that drifts over the day"),
        pytest.param({"step_min": 0}, "step_min=0", id="no step"),
        pytest.param({"step_min": 2880}, "step_min=2880", id="a step of two days"),
        pytest.param({"horizon_steps": 0}, "horizon_steps=0 is outside", id="no horizon"),
        pytest.param({"horizon_steps": 337}, "horizon_steps=337 is outside 1 to 336", id="beyond fourteen days"),
        pytest.param({"history_steps": -1}, "history_steps=-1", id="a negative history"),
        pytest.param({"horizon_steps": 25}, "holds 1, not yet measured at the horizon", id="yesterday is ahead"),
        pytest.param({"horizon_steps": 169, "seasonal_lags_days": (7,)}, "holds 7", id="a week is ahead"),
        pytest.param({"seasonal_lags_days": ()}, "seasonal_lags_days is empty", id="no lag"),
        pytest.param({"seasonal_lags_days": (0,)}, "holds 0", id="a lag of none"),
        pytest.param({"seasonal_lags_days": (29,)}, "holds 29", id="a lag that no state keeps"),
        pytest.param({"same_type_gain": 1.1}, "same_type_gain=1.1", id="a gain beyond 1"),
        pytest.param({"dispersion_gain": -0.1}, "dispersion_gain=-0.1", id="a negative gain"),
        pytest.param({"calibration_gain": float("nan")}, "calibration_gain=nan", id="a gain that is no number"),
        pytest.param({"quantiles": ()}, "quantiles=.* has 0 levels", id="no quantile"),
        pytest.param({"quantiles": (0.5,)}, "has 1 levels", id="the median alone"),
        pytest.param({"quantiles": (0.1, 0.2, 0.5, 0.9)}, "has 4 levels", id="an even count"),
        pytest.param(
            {"quantiles": (0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9)}, "has 11 levels", id="too many"
        ),
        pytest.param({"quantiles": (0.1, 0.4, 0.9)}, "has not 0.5 in the middle", id="no median"),
        pytest.param({"quantiles": (0.5, 0.7, 0.9)}, "has not 0.5 in the middle", id="nothing below the median"),
        pytest.param({"quantiles": (0.9, 0.5, 0.1)}, "does not rise", id="falling"),
        pytest.param({"quantiles": (0.1, 0.1, 0.5, 0.9, 0.9)}, "does not rise", id="one twice"),
        pytest.param({"quantiles": (0.0, 0.5, 1.0)}, "holds a level outside 0 to 1", id="never and always"),
        pytest.param({"quantiles": (float("nan"), 0.5, 0.9)}, "holds a level outside", id="no number"),
        pytest.param({"timezone": "Seoul"}, "no time zone 'Seoul'", id="no such zone"),
        pytest.param({"country": "Korea"}, "no country 'Korea'", id="no such country"),
    ],
)
def test_nonsense_is_refused_at_birth(changes, words):
    with pytest.raises(BadInput, match=words):
        TrafficConfig(**changes)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        pytest.param({"horizon_steps": "24"}, "horizon_steps='24' is not int", id="text"),
        pytest.param({"horizon_steps": 24.0}, "horizon_steps=24.0 is not int", id="a fraction"),
        pytest.param({"horizon_steps": True}, "horizon_steps=True is not int", id="yes"),
        pytest.param({"horizon_steps": None}, "horizon_steps=None is not int", id="nothing"),
        pytest.param({"other_gain": "0.8"}, "other_gain='0.8' is not float", id="a share as text"),
        pytest.param({"timezone": 9}, "timezone=9 is not str", id="an offset"),
        pytest.param({"seasonal_lags_days": 7}, "seasonal_lags_days=7 is no list", id="a lag alone"),
        pytest.param({"seasonal_lags_days": ["7"]}, r"seasonal_lags_days=\['7'\] is no list", id="lags as text"),
        pytest.param({"quantiles": 0.9}, "quantiles=0.9 is no list of numbers", id="a quantile alone"),
        pytest.param({"seasonal_lags_days": [1.5]}, r"\[1.5\] is no list of whole", id="a day and a half"),
    ],
)
def test_value_of_another_type_is_refused(values, words):
    with pytest.raises(BadInput, match=words):
        TrafficConfig.from_json(values)


def test_unknown_key_names_the_nearest():
    with pytest.raises(UnknownName, match="'horizon_step'") as refused:
        TrafficConfig.from_json({"horizon_step": 24})
    assert "Did you mean 'horizon_steps'?" in refused.value.mend


def test_whole_number_will_do_for_a_share():
    assert TrafficConfig.from_json({"dispersion_gain": 1}).dispersion_gain == 1.0


@pytest.mark.parametrize(
    ("config", "memory_steps"),
    [
        pytest.param(TrafficConfig(), 7 * 24, id="the longest lag"),
        pytest.param(
            TrafficConfig(seasonal_lags_days=(1,), history_steps=30), 30, id="or the history where it is longer"
        ),
        pytest.param(TrafficConfig(step_min=5), 7 * 288, id="in steps"),
    ],
)
def test_memory_reaches_as_far_back_as_features_look(config, memory_steps):
    assert config.memory_steps == memory_steps


def test_the_interval_is_what_the_columns_are_called():
    assert TrafficConfig().quantiles == (0.1, 0.5, 0.9)
    assert TrafficConfig().interval == pytest.approx(0.8)
    assert TrafficConfig(quantiles=(0.05, 0.25, 0.5, 0.75, 0.95)).interval == pytest.approx(0.9)
    with pytest.raises(UnknownName, match="interval"):
        TrafficConfig.from_json({"interval": 0.9})
