"""Each stretch of the past is forecast by a model that had not seen it."""

import json

import pytest

from features.errors import BadInput, HaechiError
from tests.training.conftest import command
from tests.training.parking.city import flags, free, options, settings, table, write
from training.parking import backtest_command
from training.parking.job import read_job
from training.parking.learn import Learned

TINY = {"network_steps": 30, "trees_count": 4, "issues": 60}


def test_a_stretch_is_played_with_models_fitted_as_it_went_on(home, tmp_path):
    data, lots = write(tmp_path, free(42)), table(tmp_path)
    words = ("--country", "DE", "--timezone", "Europe/Berlin", *settings(**TINY))
    found = json.loads(command("backtest", "parking", *flags(data, lots), *words, "--refit-days", "5", "--json"))
    assert [row["origin"][:10] for row in found["segments"]] == ["2024-02-03", "2024-02-08"]
    assert found["leak_check"] == {"passed": True, "issue_times": 6}
    for row in found["segments"]:
        assert 0 < row["mae"] < 10
        assert 0.5 < row["coverage"] < 1
        assert row["issue_times"] > 60
    assert min(row["mae"] for row in found["segments"]) <= found["mae"] <= max(row["mae"] for row in found["segments"])
    assert found["refit_days"] == 5
    assert not found["simulated"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--choose-each"], "nothing is chosen at a fit", id="a choice at every fit"),
        pytest.param(["--refit-days", "0"], "no positive whole number", id="no days"),
        pytest.param(["--from", "2024-02-01", "--split-at", "2024-01-20,2024-02-01"], "both say where", id="twice"),
        pytest.param(["--from", "2025-02-01"], "nothing to train on or nothing to judge", id="beyond the counts"),
        pytest.param(["--out", "x.parquet"], "are not of parking", id="predictions"),
    ],
)
def test_what_cannot_be_played_is_refused(home, tmp_path, words, said):
    data, lots = write(tmp_path, free(42)), table(tmp_path)
    given = words if "--refit-days" in words else [*words, "--refit-days", "never"]
    with pytest.raises(BadInput, match=said):
        command("backtest", "parking", *flags(data, lots), *given)


def test_a_forecast_that_knows_its_future_is_found_out(tmp_path, monkeypatch):
    job = read_job(options(write(tmp_path, free(42)), table(tmp_path)))
    past = job.past()
    learned = Learned(fitted=None, native=None, graph=tmp_path, past=past, config=job.config, validation=None)
    rows = range(job.split.test, job.split.end)
    assert backtest_command._check_leaks(learned, rows, 7) == 3
    honest, calls = backtest_command.build, iter(range(100))

    def knowing(raw, state, config, issued_at):
        found = honest(raw, state, config, issued_at)
        found.inputs["now"] = found.inputs["now"] + float(next(calls))
        return found

    monkeypatch.setattr(backtest_command, "build", knowing)
    with pytest.raises(HaechiError, match=r"'now' issued at .* changes with what came after it"):
        backtest_command._check_leaks(learned, rows, 7)
