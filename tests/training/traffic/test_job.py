"""What was asked for becomes what is worked on; what a setting leaves open is chosen on validation."""

from dataclasses import replace

import pytest

from features.errors import BadInput, UnknownName
from training.traffic.fit import Ridge
from training.traffic.job import read_job, with_settings
from training.traffic.select import GAINS, RIDGES


@pytest.fixture
def options(make_options, city_file):
    return make_options(city_file)


@pytest.mark.parametrize(
    ("settings", "gains", "ridges"),
    [
        pytest.param({}, GAINS, RIDGES, id="nothing is set: all is tried"),
        pytest.param({"other_gain": 0.0}, (), RIDGES, id="a gain is set: the profile is"),
        pytest.param({"ridge_slow": 3}, GAINS, (Ridge(slow=3.0),), id="a ridge is set: the regression is"),
        pytest.param({"history_steps": 6}, GAINS, RIDGES, id="a setting of the features decides neither"),
    ],
)
def test_whoever_sets_one_has_chosen(settings, gains, ridges, options):
    job = read_job(replace(options, config=settings))

    assert (job.gains, job.ridges) == (gains, ridges)


def test_quick_tries_nothing(options):
    job = read_job(replace(options, quick=True))

    assert (job.gains, job.ridges) == ((), (Ridge(),))


def test_other_settings_keep_the_measurements(options):
    job = read_job(replace(options, config={"history_steps": 6}))
    other = with_settings(job, options, {"ridge_errors": 0.5, "horizon_steps": 3})

    assert other.panel is job.panel
    assert (other.config.horizon_steps, other.config.history_steps) == (3, 24)
    assert other.ridges == (Ridge(errors=0.5),)


@pytest.mark.parametrize("value", [0, -1.0, float("inf"), float("nan"), "0.1", True])
def test_a_ridge_that_shrinks_nothing_is_refused(value, options):
    with pytest.raises(BadInput, match=r"ridge_errors=.* is no share above 0"):
        read_job(replace(options, config={"ridge_errors": value}))


@pytest.mark.parametrize("name", ["history_steps", "ridge_errors"])
def test_an_unknown_setting_offers_the_nearest(name, options):
    with pytest.raises(UnknownName, match=f"Did you mean '{name}'"):
        read_job(replace(options, config={name[:-1]: 6}))
