"""The past is played as it was lived, and judged where all of it was measured."""

from dataclasses import replace

import numpy as np
import pytest

from features.console import progress
from features.traffic.config import TrafficConfig
from features.traffic.state import fresh
from training.scores import Scoreboard
from training.traffic.judge import judge
from training.traffic.replay import replay

CONFIG = TrafficConfig(horizon_steps=6, history_steps=6)


def profile(inputs):
    """A model that forecasts the profile, 10 % up and down."""
    return np.stack([inputs["profile"] * share for share in (0.9, 1, 1.1)], axis=-1)


def issues(panel, rows):
    return list(replay(profile, fresh(panel.entities, panel.start, CONFIG), panel, rows, CONFIG))


def judged(panel, rows, sink=None):
    scores = Scoreboard(model="linear", quantiles=(0.1, 0.5, 0.9), unit="veh/h")
    with progress() as bar:
        return judge(profile, fresh(panel.entities, panel.start, CONFIG), panel, rows, CONFIG, scores, bar, sink)


def test_no_forecast_changes_when_the_future_does(city, with_values):
    values = city.values.copy()
    values[300:] *= 7

    for one, other in zip(
        issues(city, range(280, 301)), issues(with_values(city, values), range(280, 301)), strict=True
    ):
        np.testing.assert_array_equal(one.forecast, other.forecast, err_msg=str(one.row))
        for name, array in one.table.inputs.items():
            np.testing.assert_array_equal(array, other.table.inputs[name], err_msg=name)


def test_the_forecast_follows_what_was_measured_before(city, with_values):
    values = city.values.copy()
    values[300 - 24] *= 7  # the same hour yesterday

    last = issues(with_values(city, values), range(280, 301))[-1]

    assert not np.array_equal(last.forecast, issues(city, range(280, 301))[-1].forecast)


def test_step_one_is_the_interval_that_starts_when_it_is_issued(city):
    [issue] = issues(city, range(300, 301))

    assert issue.issued_at == city.time(300)
    np.testing.assert_array_equal(issue.measured[:, 0], city.values[300])
    assert issue.forecast.shape == (6, 6, 3)


def test_the_last_issue_may_come_when_all_is_measured(city):
    issue = issues(city, range(len(city) - 1, len(city) + 1))[-1]

    assert np.isnan(issue.measured).all()
    assert issue.state.as_of == city.end


def test_only_issue_times_whose_targets_are_all_inside_are_scored(city):
    seen = []

    found = judged(city, range(400, 500), seen.append)

    assert [issue.row for issue in seen] == list(range(400, 495))
    assert found.scores.issues == 95
    assert found.scores.count.sum() == sum((~np.isnan(issue.measured)).sum() for issue in seen)
    assert found.state.as_of == city.time(500)


def test_the_score_is_that_of_the_forecasts(city):
    seen = []
    found = judged(city, range(400, 500), seen.append)

    off = np.concatenate([np.abs(issue.forecast[..., 1] - issue.measured).ravel() for issue in seen])

    assert found.scores.mae("linear") == pytest.approx(np.nanmean(off), rel=1e-5)
    assert found.scores.mae("linear") == pytest.approx(found.scores.mae("adaptive profile"))


def test_the_ledger_is_of_the_same_forecasts_as_the_scores(city):
    found = judged(city, range(400, 500))
    ledger, scores = found.ledger, found.scores

    assert (ledger.start, ledger.end) == (city.time(400), city.time(500))
    assert (ledger.steps, ledger.unit, ledger.meant) == (6, "veh/h", 0.8)
    np.testing.assert_allclose(ledger.by_issue["error"].sum(axis=0), scores.absolute["linear"], rtol=1e-5)
    np.testing.assert_array_equal(ledger.by_issue["count"].sum(axis=0), scores.count)
    assert ledger.by_issue["pinball"].sum() == pytest.approx(scores.pinball.mean(), rel=1e-5)
    for sums in (ledger.by_place, ledger.by_part):
        assert sums["error"].sum() == pytest.approx(scores.absolute["linear"].sum(), rel=1e-5)
        assert sums["inside"].sum() == scores.inside.sum()
        assert sums["count"].sum() == scores.count.sum()
    np.testing.assert_allclose(ledger.by_place["error"].sum(axis=0), scores.by_entity["error"], rtol=1e-5)


def test_where_another_model_takes_over_the_targets_beyond_are_in_the_ledger_too(city):
    scores = Scoreboard(model="linear", quantiles=(0.1, 0.5, 0.9), unit="veh/h")
    with progress() as bar:
        state = fresh(city.entities, city.start, CONFIG)
        found = judge(profile, state, city, range(400, 450), CONFIG, scores, bar, until=500)

    assert found.ledger.end == city.time(455)
    np.testing.assert_array_equal(found.ledger.by_issue["count"].sum(axis=0), found.scores.count)
    assert len(found.ledger.by_issue["count"]) == found.scores.issues == 50


def test_pictures_show_the_last_week_of_midnights(city):
    found = judged(city, range(400, 700))

    assert len(found.examples) == 7
    assert {example.issued_at.hour for example in found.examples} == {15}  # midnight in Seoul


def test_a_zone_that_is_half_an_hour_off_has_midnights_too(city):
    config = replace(CONFIG, timezone="Asia/Kolkata", country="IN")
    scores = Scoreboard(model="linear", quantiles=(0.1, 0.5, 0.9), unit="veh/h")
    with progress() as bar:
        state = fresh(city.entities, city.start, config)
        found = judge(profile, state, city, range(400, 500), config, scores, bar)

    assert found.examples
