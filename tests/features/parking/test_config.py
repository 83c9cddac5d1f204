import pytest

from features.errors import BadInput, HaechiError, UnknownName
from features.parking.config import ParkingConfig


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        pytest.param({"measure": "freee"}, UnknownName, "Did you mean 'free'", id="an unknown measure"),
        pytest.param({"step_min": 25}, BadInput, "does not divide an hour.*--step-min", id="25 minutes"),
        pytest.param({"step_min": 2, "horizon_steps": 4}, BadInput, "below 5", id="2 minutes"),
        pytest.param({"step_min": 120}, BadInput, "does not divide", id="two hours"),
        pytest.param({"horizon_steps": 25}, BadInput, "not within a day", id="beyond a day"),
        pytest.param({"horizon_steps": 0}, BadInput, "not within a day", id="nothing ahead"),
        pytest.param({"full_share": 0.0}, BadInput, "no share", id="never full"),
        pytest.param({"frozen_h": 1}, BadInput, "outside 6 to 168", id="frozen at once"),
        pytest.param({"weeks": 1}, BadInput, "outside 2 to 12", id="one week"),
        pytest.param({"tracking_gain": 2.0}, BadInput, "outside 0 to 1", id="a wild gain"),
        pytest.param({"extremal_index": 0.0}, BadInput, "outside", id="no risk at all"),
        pytest.param({"quantiles": (0.5, 0.1, 0.9)}, BadInput, "rise|rising", id="falling quantiles"),
        pytest.param({"quantiles": (0.1, 0.4, 0.9)}, BadInput, "0.5|median", id="no median"),
        pytest.param({"timezone": "Europe/Berln"}, BadInput, "Europe/Berlin", id="a zone misspelt"),
        pytest.param({"country": "XX"}, HaechiError, "", id="a country that is none"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, error, words):
    with pytest.raises(error, match=f"(?s){words}"):
        ParkingConfig(**settings)


def test_lengths_follow_the_step():
    config = ParkingConfig(step_min=15, horizon_steps=96, weeks=3, frozen_h=12)
    assert (config.steps_per_hour, config.steps_per_day, config.frozen_steps) == (4, 96, 48)
    assert config.profile_days == 21
    assert config.memory_steps == 37 * 96
