"""The figure that is searched: a training's own, by rolling origin, and blind to the test interval."""

from dataclasses import replace

import numpy as np
import pytest

from features.errors import BadInput
from training.baselines import PROFILE
from training.search.space import read_space
from training.traffic.job import read_job
from training.traffic.search import DEFAULTS, problem

SEED = 7
TEST = 1344
SETTINGS = ({"history_steps": 6}, {"other_gain": 0.0, "ridge_errors": 0.5}, {"seasonal_lags_days": [7]})


@pytest.fixture(scope="module")
def options(make_options, city_file):
    return make_options(city_file, quick=True)


@pytest.fixture(scope="module")
def figures(options):
    found = problem(options)
    return [found.objective(one, lambda *_: None) for one in SETTINGS]


def test_settings_come_to_figures_of_their_own(figures):
    assert all(np.isfinite(figures))
    assert len(set(figures)) == len(SETTINGS)


def test_the_test_interval_changes_no_figure(figures, city, options, make_options, save_panel, with_values, tmp_path):
    print(f"seed {SEED}")  # noqa: T201
    chance = np.random.default_rng(SEED)
    values = city.values.copy()
    values[TEST:] = chance.random(values[TEST:].shape) * 5000
    other = make_options(save_panel(with_values(city, values), tmp_path / "other.parquet"), quick=True)

    found = problem(other)

    assert len(found.objective.job.panel) == TEST
    assert [found.objective(one, lambda *_: None) for one in SETTINGS] == figures
    # Not even the study is another.
    assert found.identity == problem(options).identity


def test_it_reports_every_later_fold(options):
    reports = []

    value = problem(options).objective({}, lambda *report: reports.append(report))

    assert [fold for fold, _ in reports] == [0, 1, 2, 3]
    assert reports[-1][1] == value


def test_what_stands_beside_it(options):
    found = problem(options)

    baselines = found.baselines(lambda *_: None)

    assert list(baselines) == [DEFAULTS, PROFILE]
    assert baselines[DEFAULTS] == found.objective({}, lambda *_: None)


@pytest.mark.parametrize("step_min", [5, 60, 180, 1440])
def test_its_own_space_can_be_sampled(step_min, make_panel, save_panel, make_options, tmp_path):
    days = 70 if step_min >= 60 else 14
    path = save_panel(make_panel(days=days, step_min=step_min), tmp_path / "city.parquet")

    assert read_space(None, problem(make_options(path)), SEED)


def test_settings_that_change_the_question_are_not_searched(options, tmp_path):
    path = tmp_path / "space.toml"
    path.write_text("[space]\nhorizon_steps = [12, 24]\n")

    with pytest.raises(BadInput, match="horizon_steps cannot be searched"):
        read_space(path, problem(options), SEED)


def test_what_is_set_holds_in_every_trial(options):
    fixed = replace(options, config={"horizon_steps": 3})

    job = problem(fixed).objective._with({"history_steps": 6})

    assert (job.config.horizon_steps, job.config.history_steps) == (3, 6)


def test_a_history_too_short_is_refused_before_any_trial(make_panel, save_panel, make_options, tmp_path):
    path = save_panel(make_panel(days=3), tmp_path / "city.parquet")

    with pytest.raises(BadInput, match="part has"):
        problem(make_options(path))


def test_the_panel_of_a_training_is_the_searchs_until_the_test(options):
    np.testing.assert_array_equal(read_job(options).panel.values[:TEST], problem(options).objective.job.panel.values)
