"""What can be trained, and what is refused with cause and mend."""

import numpy as np
import pytest

from features.errors import BadInput, HaechiError, UnknownName
from features.tables.options import read_options
from tests.training.conftest import command
from tests.training.parking.city import CAPACITY, SMALL, free, options, table, write
from training.parking.job import interval_of, known_settings, read_job

NAMES = tuple(CAPACITY)


def test_what_is_asked_for_becomes_a_job(tmp_path, capsys):
    job = read_job(options(write(tmp_path, free(56)), table(tmp_path)))
    assert job.panel.entities == NAMES
    assert job.learned.all()
    assert (job.config.measure, job.config.step_min, job.config.timezone) == ("free", 60, "Europe/Berlin")
    assert (job.config.horizon_steps, job.recipe.network_width) == (6, SMALL["network_width"])
    assert not job.simulated
    assert interval_of(job).startswith("test 2024-02-14T")
    past = job.past()
    assert np.isnan(past.start.trait).all(), "nothing is fitted yet"
    assert past.start.city.tolist() == [1, 1, 1, 1, 1, 0]
    assert "6 of 6 lots are learned from" in capsys.readouterr().err


def test_a_lot_two_days_old_is_not_learned_from_and_still_answered(tmp_path, capsys):
    values = np.hstack([free(56), np.full((56 * 24, 1), np.nan, dtype=np.float32)])
    values[-48:, 6] = 30
    job = read_job(options(write(tmp_path, values, (*NAMES, "neu")), table(tmp_path, (*NAMES, "neu"), [300] * 7)))
    assert job.panel.entities == tuple(sorted((*NAMES, "neu")))
    assert dict(zip(job.panel.entities, job.learned.tolist(), strict=True)) == dict.fromkeys(NAMES, True) | {
        "neu": False
    }
    assert "1 lack 20% or more of their counts before the test part: neu (100%)" in capsys.readouterr().err


def test_occupied_spaces_are_forecast_as_free_ones(tmp_path):
    values = np.array(list(CAPACITY.values()), dtype=np.float32) - free(56)
    data = write(tmp_path, values, value="occupied")
    job = read_job(options(data, table(tmp_path)))
    assert job.config.measure == "occupied"
    np.testing.assert_allclose(job.past().shares(), free(56) / list(CAPACITY.values()), atol=1e-6)


def test_quick_is_below_what_is_set(tmp_path):
    data, lots = write(tmp_path, free(56)), table(tmp_path)
    quick = read_job(options(data, lots, quick=True, config={"horizon_steps": 6, "trees_count": 11}))
    slow = read_job(options(data, lots, config={"horizon_steps": 6}))
    assert quick.recipe.trees_count == 11
    assert quick.recipe.issues < slow.recipe.issues


def test_utc_as_the_clock_of_a_city_is_said(tmp_path, capsys):
    read_job(options(write(tmp_path, free(56)), table(tmp_path), timezone="UTC"))
    assert "--set timezone=Europe/Berlin" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        pytest.param({"hazard": "pm25"}, BadInput, "--hazard pm25 is not of parking", id="a hazard"),
        pytest.param({"measure": "cars"}, UnknownName, "cars.*'free'|cars.*free, occupied", id="an unknown measure"),
        pytest.param({"config": {"netwrk_width": 3}}, UnknownName, "network_width", id="a setting misspelt"),
        pytest.param({"config": {"network_width": 1}}, BadInput, "outside 4 to 4096", id="a width of one"),
        pytest.param({"config": {"weeks": "six"}}, HaechiError, "weeks", id="a word for a number"),
        pytest.param({"country": "XX"}, HaechiError, "XX", id="no country"),
        pytest.param({"split": (0.1, 0.2, 0.7)}, BadInput, "train part has", id="too little to learn from"),
        pytest.param({"split_at": ("2025-01-01", "2025-02-01")}, BadInput, "into three parts", id="beyond the counts"),
    ],
)
def test_what_cannot_be_trained_is_refused(tmp_path, changes, error, words):
    with pytest.raises(error, match=words):
        read_job(options(write(tmp_path, free(56)), table(tmp_path), **changes))


@pytest.mark.parametrize("step_min", [25, 120])
def test_a_step_that_does_not_divide_an_hour_is_refused(tmp_path, step_min):
    data = write(tmp_path, free(56, step_min=60), step_min=step_min)
    with pytest.raises(BadInput, match=f"{step_min} minutes apart, which does not divide an hour.*--step-min"):
        read_job(options(data, table(tmp_path)))


def test_lots_that_are_hardly_ever_counted_are_refused(tmp_path):
    values = free(56)
    values[np.random.default_rng(1).random(values.shape) < 0.5] = np.nan
    with pytest.raises(BadInput, match=r"Every lot lacks 20% or more.*fewer gaps"):
        read_job(options(write(tmp_path, values), table(tmp_path)))


def test_a_lot_that_is_open_by_day_alone_lacks_nothing_by_night(tmp_path):
    values = free(56)
    hour = np.arange(len(values)) % 24
    values[(hour < 8) | (hour > 16)] = np.nan
    assert read_job(options(write(tmp_path, values), table(tmp_path))).learned.all()


@pytest.mark.parametrize("time", ["2024-03-31T02:00", "2024-10-27T02:00"], ids=["never", "twice"])
def test_a_time_without_a_zone_where_clocks_change_is_refused(tmp_path, time):
    path = tmp_path / "counts.csv"
    path.write_text(f"time,lot_id,free_spaces\n2024-03-30T00:00,dom,100\n{time},dom,120\n")
    flags = {"value_col": None, "start": None, "step_min": 60, "missing_value": None}
    reading = read_options(time_col="time", entity_col="lot_id", timezone="Europe/Berlin", **flags)
    with pytest.raises(BadInput, match=r"comes twice or never in Europe/Berlin.*in UTC or with their offset"):
        read_job(options(path, None, reading=reading))


def test_a_setting_that_there_is_none_of_is_refused_with_the_nearest():
    known_settings({"trees_count": 3, "full_share": 0.1})
    with pytest.raises(UnknownName, match="Did you mean 'full_share'"):
        known_settings({"fullshare": 0.1})
    for name in ("step_min", "measure", "extremal_index", "unforeseen_risk"):
        with pytest.raises(UnknownName):
            known_settings({name: 1})


@pytest.mark.parametrize("domain", ["traffic", "disaster"])
def test_a_measure_is_of_parking_alone(home, tmp_path, domain):
    data = write(tmp_path, free(14), value="volume_veh_h")
    hazard = ("--hazard", "pm25") if domain == "disaster" else ()
    with pytest.raises(BadInput, match=r"--measure.*(of parking, not of traffic|not of disaster)"):
        command("train", domain, "--data", data, "--entity-col", "lot_id", "--measure", "free", *hazard)


def test_what_is_of_other_domains_is_refused_where_a_model_is_judged(home, tmp_path):
    data = write(tmp_path, free(14))
    with pytest.raises(BadInput, match="not of parking"):
        command("evaluate", "parking", "--data", data, "--entity-col", "lot_id", "--events", tmp_path / "x.jsonl")
