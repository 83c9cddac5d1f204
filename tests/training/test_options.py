"""A training is asked for by flags, or by a run file whose keys are the flags' names."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.errors import BadInput, UnknownName
from training.options import split_instants
from training.traffic import commands


@pytest.fixture
def asked(run_command, monkeypatch, tmp_path):
    """The options that a command line, with or without a run file, comes down to."""
    monkeypatch.chdir(tmp_path)

    def ask(*words, run=None):
        found = []
        monkeypatch.setattr(commands, "train", lambda options, *, as_json: found.append(options))
        if run is not None:
            Path("run.toml").write_text(run, encoding="utf-8")
            words = (*words, "--run", "run.toml")
        run_command("train", "traffic", *words)
        return found[0]

    return ask


def test_flags_alone(asked):
    options = asked("--data", "a.parquet", "--data", "b.parquet", "--entity-col", "site_id,direction", "--seed", "3")

    assert options.data == (Path("a.parquet"), Path("b.parquet"))
    assert options.reading.columns.entity == ("site_id", "direction")
    assert (options.name, options.seed, options.quick, options.split) == ("traffic", 3, False, (0.6, 0.2, 0.2))


RUN = """
data = "volumes.parquet"
entity_col = ["site_id", "direction"]
split = [0.5, 0.25, 0.25]
seed = 11
quick = true
country = "JP"
name = "tokyo"
entities = "sites.csv"

[set]
horizon_steps = 12
seasonal_lags_days = [1, 14]
"""


def test_a_run_file_alone(asked):
    options = asked(run=RUN)

    assert options.data == (Path("volumes.parquet"),)
    assert options.reading.columns.entity == ("site_id", "direction")
    assert options.split == (0.5, 0.25, 0.25)
    assert (options.seed, options.quick, options.country, options.name) == (11, True, "JP", "tokyo")
    assert options.entities == Path("sites.csv")
    assert options.config == {"horizon_steps": 12, "seasonal_lags_days": [1, 14]}


def test_flags_beat_the_run_file(asked):
    options = asked("--seed", "7", "--data", "other.csv", "--set", "horizon_steps=6", run=RUN)

    # Seven is the default too; whoever writes it means it.
    assert options.seed == 7
    assert options.data == (Path("other.csv"),)
    assert options.config == {"horizon_steps": 6, "seasonal_lags_days": [1, 14]}
    assert options.country == "JP"


def test_several_files_in_a_run_file(asked):
    assert asked(run='data = ["a.csv", "b.csv"]').data == (Path("a.csv"), Path("b.csv"))


@pytest.mark.parametrize(
    ("run", "error", "message"),
    [
        pytest.param("data = 'a'\nsede = 3", UnknownName, "Did you mean 'seed'", id="an unknown key: the nearest"),
        pytest.param("data = 'a'\nentity-col = 'x'", UnknownName, "Did you mean 'entity_col'", id="a dash"),
        pytest.param("data = 'a'\nseed = 'seven'", BadInput, "seed = 'seven'", id="a text for a number"),
        pytest.param("data = 'a'\nseed = 7.5", BadInput, r"seed = 7\.5", id="half a seed"),
        pytest.param("data = 'a'\nseed = -1", BadInput, "seed = -1", id="out of its range"),
        pytest.param("data = 'a'\nquick = 'sometimes'", BadInput, "quick = 'sometimes'", id="neither yes nor no"),
        pytest.param("data = 'a'\nset = 3", BadInput, r"set = 3 is no table.*\[set\]", id="settings that are no table"),
        pytest.param("data = 'a'\nsplit = 'half'", BadInput, "--split half is not three numbers", id="no shares"),
        pytest.param("seed = 3", BadInput, "No measurements are named", id="no data"),
        pytest.param("data = [", BadInput, "run.toml is not valid TOML", id="no TOML"),
    ],
)
def test_a_run_file_that_makes_no_sense_is_refused(run, error, message, asked):
    with pytest.raises(error, match=message):
        asked(run=run)


def test_a_run_file_of_another_encoding_is_refused(asked):
    Path("run.toml").write_bytes("name = '해치'".encode("cp949"))

    with pytest.raises(BadInput, match=r"run\.toml is not valid TOML"):
        asked("--data", "a", "--run", "run.toml")


def test_a_run_file_that_is_not_there_is_named(asked):
    with pytest.raises(BadInput, match=r"gone\.toml cannot be read: No such file"):
        asked("--data", "a", "--run", "gone.toml")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("horizon_steps=12", {"horizon_steps": 12}, id="a whole number"),
        pytest.param("other_gain=0.9", {"other_gain": 0.9}, id="a fraction"),
        pytest.param("country=US", {"country": "US"}, id="a bare word is a text"),
        pytest.param("seasonal_lags_days=[1, 7]", {"seasonal_lags_days": [1, 7]}, id="a list"),
        pytest.param("timezone = Asia/Seoul", {"timezone": "Asia/Seoul"}, id="spaces around"),
        pytest.param("a=b=c", {"a": "b=c"}, id="another equals sign belongs to the value"),
    ],
)
def test_a_setting(text, found, asked):
    value = next(iter(asked("--data", "a", "--set", text).config.items()))

    assert {value[0]: value[1].strip() if isinstance(value[1], str) else value[1]} == found


def test_a_setting_without_a_value_is_refused(asked):
    with pytest.raises(BadInput, match="--set horizon_steps has no '='"):
        asked("--data", "a", "--set", "horizon_steps")


def test_no_data_is_refused(asked):
    with pytest.raises(BadInput, match="No measurements are named"):
        asked()


def test_an_unknown_domain_offers_the_known(run_command):
    with pytest.raises(UnknownName, match="Did you mean 'traffic'"):
        run_command("train", "trafic", "--data", "a")


def test_split_times_are_on_the_clock_of_the_city(asked):
    options = asked("--data", "a", "--split-at", "2022-08-08,2022-10-20T00:00+00:00")

    assert split_instants(options) == (datetime(2022, 8, 7, 15, tzinfo=UTC), datetime(2022, 10, 20, tzinfo=UTC))


def test_split_times_of_a_run_file_may_be_dates(asked):
    options = asked(run="data = 'a'\nsplit_at = [2022-08-08, 2022-10-20]")

    assert split_instants(options) == (datetime(2022, 8, 7, 15, tzinfo=UTC), datetime(2022, 10, 19, 15, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("2022-08-08", "is not two times", id="one"),
        pytest.param("2022-08-08,2022-09-08,2022-10-08", "is not two times", id="three"),
        pytest.param("2022-08-08,soon", "'soon' is no time", id="a word"),
    ],
)
def test_split_times_that_make_no_sense_are_refused(text, message, asked):
    with pytest.raises(BadInput, match=message):
        split_instants(asked("--data", "a", "--split-at", text))
