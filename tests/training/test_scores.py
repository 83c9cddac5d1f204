"""Scores count what was measured and nothing else."""

import numpy as np
import pytest

from training.scores import Scoreboard

NAN = np.nan


def scored(forecast, measured, baselines=None, hours=(0, 1)):
    scores = Scoreboard(model="linear", quantiles=(0.1, 0.5, 0.9), unit="veh/h")
    arrays = {name: np.array(values, dtype=np.float32) for name, values in (baselines or {}).items()}
    scores.add(
        np.array(forecast, dtype=np.float32),
        np.array(measured, dtype=np.float32),
        arrays,
        np.array(hours, dtype=np.int64),
    )
    return scores


@pytest.fixture
def two_places():
    """Two places, two steps; one target was never measured, and its forecast is far off."""
    return scored(
        [[[8, 10, 12], [18, 20, 22]], [[25, 30, 35], [0, 9999, 9999]]],
        [[13, 20], [34, NAN]],
        {"same hour last week": [[11, 26], [30, 0]]},
    )


def test_a_target_that_was_not_measured_counts_nowhere(two_places):
    assert two_places.count.tolist() == [2, 1]
    assert two_places.mae("linear") == pytest.approx((3 + 0 + 4) / 3)
    assert two_places.mae("linear", 1) == pytest.approx((3 + 4) / 2)
    assert two_places.mae("linear", 2) == pytest.approx(0)
    assert two_places.mae("same hour last week") == pytest.approx((2 + 6 + 4) / 3)


def test_root_mean_squared_error_by_hand(two_places):
    assert two_places.rmse("linear") == pytest.approx(((9 + 0 + 16) / 3) ** 0.5)
    assert two_places.rmse("linear", 1) == pytest.approx((25 / 2) ** 0.5)


def test_the_interval_holds_its_own_ends():
    scores = scored([[[8, 10, 12], [8, 10, 12], [8, 10, 12]]], [[8, 12, 12.5]], hours=(0, 1, 2))

    assert scores.coverage() == pytest.approx(2 / 3)
    assert scores.coverage(3) == 0


def test_pinball_loss_by_hand():
    # Measured 13: q10=8 misses by 5 (0.1 each), q50=10 by 3 (0.5), q90=15 lies 2 above (0.1).
    assert scored([[[8, 10, 15]]], [[13]], hours=(0,)).mean_pinball() == pytest.approx((0.5 + 1.5 + 0.2) / 3)


def test_errors_are_kept_by_place_and_by_hour(two_places):
    assert two_places.by_entity["error"].tolist() == [3, 4]
    assert two_places.by_entity["count"].tolist() == [2, 1]
    assert two_places.by_hour["count"][0].tolist() == [2, 0]
    assert two_places.by_hour["count"][1].tolist() == [0, 1]


def test_issue_times_add_up():
    scores = scored([[[8, 10, 12]]], [[13]], hours=(0,))
    scores.add(np.full((1, 1, 3), 10, np.float32), np.array([[11]], np.float32), {}, np.array([5]))

    assert scores.issues == 2
    assert scores.mae("linear") == pytest.approx(2)


def test_nothing_measured_is_no_figure_instead_of_zero():
    scores = scored([[[8, 10, 12]]], [[NAN]], hours=(0,))

    assert np.isnan([scores.mae("linear"), scores.rmse("linear"), scores.coverage(), scores.mean_pinball()]).all()
    assert scores.to_manifest("test") == ()


@pytest.mark.parametrize(
    ("steps", "shown"),
    [
        pytest.param(24, [1, 3, 6, 12, 24], id="a day of hours"),
        pytest.param(12, [1, 3, 6, 12], id="an hour of five minutes"),
        pytest.param(7, [1, 3, 6, 7], id="the last step is always there"),
        pytest.param(1, [1], id="one step"),
    ],
)
def test_tables_show_a_few_steps(steps, shown):
    scores = scored(np.zeros((1, steps, 3)), np.zeros((1, steps)), hours=range(steps))

    assert scores.shown_steps() == shown


def test_every_figure_in_the_manifest_has_the_baselines_beside_it(two_places):
    found = two_places.to_manifest("test 2022")
    mae = {(score.model, score.horizon): score.value for score in found if score.metric == "mae"}

    assert mae[("linear", "1-2")] == pytest.approx(7 / 3, abs=1e-6)
    assert {horizon for model, horizon in mae if model == "linear"} == {
        horizon for model, horizon in mae if model == "same hour last week"
    }
    assert {score.interval for score in found} == {"test 2022"}


def test_a_run_records_it_under_names_that_mlflow_takes():
    scores = scored([[[8, 10, 12], [18, 20, 22]]], [[13, 20]], {"last value + profile change": [[11, 26]]})
    names = {name for name, _, _ in scores.metrics()}
    assert "mae/last_value_profile_change" in names
    assert {"mae/linear", "coverage"} < names
