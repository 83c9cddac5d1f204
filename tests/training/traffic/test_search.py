"""The figure that is searched: a training's own, by rolling origin, and blind to the test interval."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from features.clock import utc_times
from features.errors import BadInput
from tests.training.traffic.rows import TINY
from training.baselines import PROFILE
from training.search.space import read_space
from training.traffic.job import read_job
from training.traffic.recipe import MEMBERS, Recipe
from training.traffic.search import DEFAULTS, problem
from training.traffic.search_members import judged_members

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

    baselines = found.baselines((), lambda *_: None)

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


def test_a_value_that_came_in_the_test_interval_is_not_there(options, city, with_values, monkeypatch):
    ends = utc_times(city.start + city.step, city.step_min, len(city))[:, None]
    late = np.broadcast_to(ends + np.timedelta64(5, "h"), city.values.shape)
    job = read_job(options)

    monkeypatch.setattr(
        "training.traffic.search.read_job", lambda _: replace(job, panel=replace(city, available_at=late))
    )
    values = problem(options).objective.job.panel.values

    assert np.isnan(values[TEST - 5 :]).all()
    np.testing.assert_array_equal(values[: TEST - 5], city.values[: TEST - 5])


@pytest.mark.parametrize(
    ("searched", "fixed", "members"),
    [
        pytest.param({"history_steps"}, (), (), id="the linear model alone"),
        pytest.param({"network_width"}, (), ("linear", "network"), id="the network"),
        pytest.param({"history_steps"}, {"trees_leaves"}, ("linear", "trees"), id="trees that are set"),
        pytest.param({"members"}, (), MEMBERS, id="which members"),
        pytest.param({"factors"}, (), MEMBERS, id="what network and trees are given"),
    ],
)
def test_members_are_fitted_whose_settings_are_touched(searched, fixed, members):
    assert judged_members(Recipe(), searched, fixed) == members


def test_a_recipe_of_the_linear_model_alone_stays_fast_unless_its_members_are_searched():
    alone = Recipe(members=("linear",))

    assert judged_members(alone, {"history_steps"}, {"members"}) == ()
    assert judged_members(alone, {"members"}, ()) == ("linear",)


def test_a_member_that_is_left_out_is_not_searched(options):
    with pytest.raises(BadInput, match="network_width moves nothing") as refused:
        problem(options).check({"network_width": 64})

    assert "--quick" in refused.value.mend


@pytest.fixture(scope="module")
def blended(make_options, make_panel, save_panel, tmp_path_factory):
    """A search of tiny members in four weeks of the small city."""
    path = save_panel(make_panel(days=28), tmp_path_factory.mktemp("blended") / "city.parquet")
    tiny = {key: value for key, value in asdict(TINY).items() if key != "members"}
    short = {"horizon_steps": 3, "history_steps": 3, "seasonal_lags_days": [1], "members": list(MEMBERS)}
    fixed = {key: value for key, value in (tiny | short).items() if key not in {"network_width", "trees_leaves"}}
    return make_options(path, quick=True, config=fixed)


def test_a_blend_is_judged_member_by_member(blended):
    reports = []
    found = problem(blended)

    mae = found.objective({"network_width": 8, "trees_leaves": 7}, lambda *report: reports.append(report))

    assert [number for number, _ in reports] == [0, 1, 2, 3, 4, 5, 6]
    # A member that joins can be left at nothing.
    assert reports[4][1] >= reports[5][1] >= reports[6][1] == mae
    assert found.objective({"network_width": 8, "trees_leaves": 3}, lambda *_: None) != mae


def test_what_stands_beside_a_blend_is_judged_as_it_is(blended):
    found = problem(blended)
    searched = {"network_width": Recipe().network_width, "trees_leaves": Recipe().trees_leaves}

    baselines = found.baselines(searched.keys(), lambda *_: None)

    assert list(baselines) == [DEFAULTS, PROFILE]
    assert baselines[DEFAULTS] == found.objective(searched, lambda *_: None)
