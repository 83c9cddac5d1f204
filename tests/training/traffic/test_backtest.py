"""``haechi backtest traffic``: rolling origin, from the file to one score."""

import json
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from features.clock import step_number
from features.console import progress
from features.errors import BadInput, HaechiError, UnknownName
from tests.features.traffic.city import newborn, small
from training.traffic import backtest as module
from training.traffic import leak_check, origin
from training.traffic.backtest import Plan, backtest
from training.traffic.job import read_job
from training.traffic.known import Past
from training.traffic.train import Candidates

DAYS, TEST, END = 30, 576, 720
SHORT = ("--set", "horizon_steps=6", "--set", "history_steps=6")


@pytest.fixture(scope="module")
def month(make_panel):
    """The small city's first month, of which six days are judged."""
    return make_panel(days=DAYS)


@pytest.fixture(scope="module")
def month_file(month, save_panel, tmp_path_factory):
    return save_panel(month, tmp_path_factory.mktemp("month") / "month.parquet")


@pytest.fixture(scope="module")
def job(make_options, month_file):
    return read_job(make_options(month_file, quick=True, config={"horizon_steps": 6, "history_steps": 6}))


def played(job, folder, days=None, choose_each=False, sink=None):
    with progress() as bar:
        return backtest(job, Plan(refit_days=days, choose_each=choose_each), folder, bar, sink)


def test_never_says_exactly_what_training_says(at_home, document, city_file, manifest, tmp_path):
    evaluated = document("evaluate", "traffic", "--data", city_file, "--out", tmp_path / "e.parquet")

    found = document("backtest", "traffic", "--data", city_file, "--quick", "--out", tmp_path / "b.parquet")

    for name in ("scores", "coverage", "pinball", "targets"):
        assert found[name] == evaluated[name], name
    trained = {(one.metric, one.model, one.horizon): one.value for one in manifest.scores}
    for row in found["scores"]:
        assert round(row["mae"], 6) == trained["mae", row["forecaster"], "1-24"]
    one, other = (pl.read_parquet(tmp_path / f"{name}.parquet").drop("version") for name in "eb")
    assert one.equals(other)
    assert found["refit_days"] is None
    assert [segment["origin"] for segment in found["segments"]] == [found["interval"][0]]
    # Nothing is registered.
    assert [path.name for path in (at_home / "artifacts" / "traffic").iterdir() if path.name.isdigit()] == ["1"]


def test_refits_are_stitched_into_one_score(home, document, month_file, tmp_path):
    out, png = tmp_path / "p.parquet", tmp_path / "p.png"

    found = document(
        *("backtest", "traffic", "--data", month_file, "--quick", *SHORT),
        *("--refit-days", 2, "--out", out, "--png", png),
    )

    assert found["leak_check"] == {"passed": True, "issue_times": 6}
    origins = [segment["origin"] for segment in found["segments"]]
    assert origins == ["2022-03-30T15:00:00+00:00", "2022-04-01T15:00:00+00:00", "2022-04-03T15:00:00+00:00"]
    values = [segment["values_fitted"] for segment in found["segments"]]
    assert values == sorted(set(values))
    assert sum(segment["issue_times"] for segment in found["segments"]) == found["issue_times_scored"] == END - TEST - 5
    frame = pl.read_parquet(out)
    issued = frame["issued_at"].unique().sort()
    assert (issued.diff().drop_nulls() == timedelta(hours=1)).all()
    assert len(issued) == END - TEST - 5
    mae = {row["forecaster"]: row["mae"] for row in found["scores"]}
    assert frame.select((pl.col("q50") - pl.col("observed")).abs().mean()).item() == pytest.approx(
        mae["linear"], rel=1e-5
    )
    first = frame.filter(pl.col("issued_at") < pl.lit(origins[1]).str.to_datetime(time_zone="UTC"))
    first_mae = first.select((pl.col("q50") - pl.col("observed")).abs().mean()).item()
    assert found["segments"][0]["mae"] == pytest.approx(first_mae, rel=1e-5)
    assert png.read_bytes().startswith(b"\x89PNG")
    assert list((home / "artifacts").glob("*/*")) == []


def test_what_is_printed_names_baseline_origins_and_the_check(home, run_command, month_file):
    said = run_command("backtest", "traffic", "--data", month_file, "--quick", *SHORT, "--refit-days", "2")

    for text in ("refit every 2 days", "adaptive profile", "2022-04-01T15:00", "leak check: passed, 6 issue times"):
        assert text in said


def test_each_fit_forecasts_until_the_next_and_the_state_goes_on(job, tmp_path):
    issues = []

    found = played(job, tmp_path, days=2, sink=lambda issue: issues.append(replace(issue, state=issue.state.copy())))

    assert [segment.rows for segment in found.segments] == [range(576, 624), range(624, 672), range(672, 720)]
    assert [issue.row for issue in issues] == list(range(TEST, END - 5))
    at = {issue.row: issue for issue in issues}
    later = found.segments[1].fitted
    # Another model, and the interval as it was lived: what was issued before the origin still waits for its targets.
    np.testing.assert_array_equal(later.predict(at[624].table.inputs), at[624].forecast)
    assert not np.array_equal(found.segments[0].fitted.predict(at[624].table.inputs), at[624].forecast)
    target = step_number(at[624].issued_at, 60) % (6 + 24)
    np.testing.assert_array_equal(at[624].state.pending[target, 1, 0], at[623].forecast[:, 1, 0])
    assert not np.array_equal(at[624].state.width, later.state.width)


def test_what_the_first_fit_chose_is_kept_or_chosen_again(make_options, month_file, tmp_path, monkeypatch):
    tried = []

    def told(known, split, config, recipe, seed, bar, some):
        tried.append((len(known), split.validation, split.test, len(some.gains), len(some.ridges)))
        few = Candidates(gains=some.gains[:1], ridges=some.ridges[:1])
        return train(known, split, config, recipe, seed, bar, few)

    train = origin.train
    monkeypatch.setattr(origin, "train", told)
    monkeypatch.setattr(module, "check_origin", lambda *_: 1)
    job = read_job(make_options(month_file, config={"horizon_steps": 6, "history_steps": 6, "members": ["linear"]}))

    for choose_each in (False, True):
        played(job, tmp_path, days=3, choose_each=choose_each)

    every = (len(job.gains), len(job.ridges))
    first, second = (576, 432, 576), (648, 504, 648)
    assert tried == [(*first, *every), (*second, 0, 1), (*first, *every), (*second, *every)]


def test_a_fit_that_knows_the_future_is_found(job, tmp_path, monkeypatch):
    def leaking(job, graph, bar):
        fitted = origin.fit_before(job, graph, bar)
        ahead = np.nan_to_num(job.panel.values[job.split.test + 3, 3])
        extra = np.zeros((6, 1, 1), dtype=np.float32)
        extra[3] = ahead
        return replace(fitted, predict=lambda inputs: fitted.predict(inputs) + extra)

    for name in (module, leak_check):
        monkeypatch.setattr(name, "fit_before", leaking)

    with pytest.raises(HaechiError, match=r"issued at 2022-03-30T15:00:00\+00:00 for A-02/out changes .*\(1 of 6"):
        played(job, tmp_path)


def test_features_that_know_the_future_are_found_where_they_begin_to(job, tmp_path, monkeypatch):
    honest = Past.known

    def known(self, since, row):
        found = honest(self, since, row)
        if TEST < row < END and len(found):
            values = found.values.copy()
            values[-1] = self.panel.values[row]
            found = replace(found, values=values)
        return found

    monkeypatch.setattr(Past, "known", known)

    with pytest.raises(HaechiError, match=r"Leak: the forecast issued at 2022-0[34]-.* for A-01/in changes"):
        played(job, tmp_path)


def test_the_state_goes_on_with_what_was_fitted_anew_and_begins_anew_under_other_settings():
    config = small()
    lived, fitted = (newborn(config) for _ in range(2))
    lived.level[:], fitted.level[:], fitted.neighbour[:] = 5, 7, 1
    before, same, other = (SimpleNamespace(config=one, state=fitted) for one in (config, config, small(other_gain=0.2)))

    carried = module._carried_on(lived, before, same)

    assert (carried.level == 5).all()
    assert (carried.neighbour == 1).all()
    assert module._carried_on(lived, before, other) is fitted


def test_from_says_when_the_first_origin_is(home, document, month_file):
    found = document(
        *(
            "backtest",
            "traffic",
            "--data",
            month_file,
            "--quick",
            *SHORT,
            "--from",
            "2022-04-02",
            "--split",
            "0.7,0.1,0.2",
        )
    )

    assert found["interval"] == ["2022-04-01T15:00:00+00:00", "2022-04-05T15:00:00+00:00"]


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        pytest.param(("--refit-days", "0"), BadInput, "no positive whole number", id="no days"),
        pytest.param(("--refit-days", "6"), BadInput, r"6\.0 days that are judged .* equals 'never'", id="too many"),
        pytest.param(("--from", "2022-03-07T03"), BadInput, "The train part has", id="no room before the first origin"),
        pytest.param(("--from", "2022-03-07"), BadInput, "nothing to train on", id="where the measurements begin"),
        pytest.param(("--from", "2022-04-06"), BadInput, "nothing to judge", id="where they end"),
        pytest.param(("--from", "2022-04-02T00:30"), BadInput, "not on the 60-minute clock", id="off the clock"),
        pytest.param(("--from", "May"), BadInput, "'May' is no time", id="no time"),
        pytest.param(
            ("--from", "2022-04-02", "--split-at", "2022-03-30,2022-04-02"), BadInput, "Leave one out", id="said twice"
        ),
        pytest.param(("--set", "horizon_step=3"), UnknownName, "Did you mean 'horizon_steps'", id="an unknown setting"),
        pytest.param(("--png", "p.jpg"), BadInput, r"does not end in \.png", id="another picture"),
        pytest.param(("--out", "gone/p.parquet"), BadInput, "is not there", id="no such folder"),
    ],
)
def test_what_makes_no_sense_is_refused(words, error, message, home, run_command, month_file, tmp_path):
    with pytest.raises(error, match=message):
        run_command("backtest", "traffic", "--data", month_file, "--quick", *words)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]


def test_a_run_file_of_a_training_serves(home, document, month_file, tmp_path):
    (tmp_path / "run.toml").write_text(
        f"data = {json.dumps(str(month_file))}\nquick = true\nname = 'mine'\n"
        "[set]\nhorizon_steps = 6\nhistory_steps = 6\n"
    )

    found = document("backtest", "traffic", "--run", "run.toml")

    assert (found["model"], found["config"]["horizon_steps"]) == ("mine", 6)


def test_an_unknown_key_of_a_run_file_offers_the_nearest(home, run_command, tmp_path):
    (tmp_path / "run.toml").write_text("data = 'a'\nquik = true\n")

    with pytest.raises(UnknownName, match="Did you mean 'quick'"):
        run_command("backtest", "traffic", "--run", "run.toml")


def test_the_order_of_rows_and_entities_in_the_file_changes_nothing(home, document, month_file, tmp_path):
    pl.read_parquet(month_file).sample(fraction=1, shuffle=True, seed=3).write_parquet(tmp_path / "shuffled.parquet")

    found = [
        document("backtest", "traffic", "--data", path, "--quick", *SHORT, "--out", tmp_path / f"{number}.parquet")
        for number, path in enumerate((month_file, tmp_path / "shuffled.parquet"))
    ]

    assert found[0]["scores"] == found[1]["scores"]
    assert pl.read_parquet(tmp_path / "0.parquet").equals(pl.read_parquet(tmp_path / "1.parquet"))
