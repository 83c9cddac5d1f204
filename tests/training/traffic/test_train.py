"""Training looks at nothing of the test interval, and a seed's training is one model."""

from dataclasses import fields, replace

import numpy as np
import pytest

from features.clock import utc_times
from features.console import progress
from features.errors import BadInput
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState
from tests.training.traffic.rows import TINY
from training.split import Split
from training.traffic.fit import Ridge
from training.traffic.recipe import Recipe
from training.traffic.select import GAINS
from training.traffic.train import Candidates, train

SEED = 7
SPLIT = Split(validation=1008, test=1344, end=1680)
CONFIG = TrafficConfig(horizon_steps=6, history_steps=6)
ARRAYS = tuple(field.name for field in fields(TrafficState) if field.name not in {"entities", "as_of"})
RIDGES = (Ridge(), Ridge(errors=1e-3, older=1e-3, slow=1.0))


def trained_on(panel, split=SPLIT, gains=GAINS[:2]):
    tried = Candidates(gains=gains, ridges=RIDGES)
    with progress() as bar:
        [found] = train(panel, split, CONFIG, Recipe(members=("linear",)), SEED, bar, tried)
    return found


def blends_on(panel):
    """Every member, each tiny, in a city that is blended twice: with trees and without."""
    config = replace(CONFIG, horizon_steps=3, history_steps=3, seasonal_lags_days=(1,))
    tried = Candidates(gains=(), ridges=RIDGES[:1])
    with progress() as bar:
        return train(panel, Split(validation=384, test=528, end=672), config, TINY, SEED, bar, tried)


def weight(found):
    return found.blend.smooth.linear.weight.numpy()


@pytest.fixture(scope="module")
def trained(city):
    return trained_on(city)


def assert_same(one, other):
    assert weight(one).tobytes() == weight(other).tobytes()
    assert (one.choices, one.config, one.ridge) == (other.choices, other.config, other.ridge)
    assert one.validation_coverage == other.validation_coverage
    assert one.state.as_of == other.state.as_of
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(one.state, name), getattr(other.state, name), err_msg=name)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda values: values * 0 + 99999, id="other values"),
        pytest.param(lambda values: values * np.nan, id="nothing measured"),
    ],
)
def test_the_test_interval_changes_nothing(change, city, with_values, trained):
    values = city.values.copy()
    values[SPLIT.test :] = change(values[SPLIT.test :])

    assert_same(trained_on(with_values(city, values)), trained)


def test_a_value_that_came_in_the_test_interval_changes_nothing(city, with_values):
    ends = utc_times(city.start + city.step, city.step_min, len(city))[:, None]
    late = np.broadcast_to(ends + np.timedelta64(5, "h"), city.values.shape)
    values = city.values.copy()
    values[SPLIT.test - 5 : SPLIT.test] = 99999  # known five hours after their end: in the test interval

    one, other = (
        trained_on(replace(panel, available_at=late), gains=()) for panel in (city, with_values(city, values))
    )

    assert_same(one, other)


def test_the_same_measurements_give_the_same_bits(city, trained):
    assert_same(trained_on(city), trained)


def test_validation_does_change_the_choice(city, with_values, trained):
    values = city.values.copy()
    values[SPLIT.validation : SPLIT.test] *= 3

    assert trained_on(with_values(city, values)).choices != trained.choices


def test_everything_tried_is_told(trained):
    assert [choice.what for choice in trained.choices] == ["profile"] * 2 + ["ridge"] * 2
    best = min(trained.choices[2:], key=lambda choice: choice.validation_mae)
    assert f"errors {trained.ridge.errors:g}," in best.setting


def test_with_nothing_to_choose_from_the_config_stays(city):
    assert trained_on(city, gains=()).config == CONFIG


def test_the_state_has_seen_all_before_the_test(trained, city):
    assert trained.state.as_of == city.time(SPLIT.test)
    assert not np.isnan(trained.state.level).any()
    # The forecasts issued for the first test hours wait for their targets.
    assert not np.isnan(trained.state.pending).all()


def test_the_interval_was_learned_on_forecasts_of_a_model_that_had_not_seen_their_targets(trained):
    assert 0.7 < trained.validation_coverage < 0.9


@pytest.mark.parametrize(
    ("split", "message"),
    [
        pytest.param(Split(validation=20, test=200, end=400), "The train part has 20 steps", id="train"),
        pytest.param(Split(validation=300, test=305, end=600), "The validation part has 5 steps", id="validation"),
        pytest.param(Split(validation=300, test=400, end=404), "The test part has 4 steps", id="test"),
    ],
)
def test_a_history_too_short_is_refused(split, message, city):
    with pytest.raises(BadInput, match=message):
        trained_on(city.window(0, split.end), split)


@pytest.mark.parametrize(
    ("silent", "message"),
    [
        pytest.param(slice(0, 1008), "No target in the training interval was measured", id="in training"),
        pytest.param(slice(600, 1344), "No target in the validation interval was measured", id="in validation"),
    ],
)
def test_nothing_measured_is_refused(silent, message, city, with_values):
    values = city.values.copy()
    values[silent] = np.nan

    with pytest.raises(BadInput, match=message):
        trained_on(with_values(city, values), gains=())


def test_a_place_that_falls_silent_for_good_does_not_stop_the_others(city, with_values):
    values = city.values.copy()
    values[700:, 0] = np.nan

    assert np.isfinite(weight(trained_on(with_values(city, values), gains=()))).all()


@pytest.fixture(scope="module")
def month(make_panel):
    return make_panel(days=28)


@pytest.fixture(scope="module")
def blends(month):
    return blends_on(month)


def assert_same_blend(one, other):
    assert_same(one, other)
    assert (one.name, one.shares) == (other.name, other.shares)
    for network, twin in zip(one.blend.smooth.networks, other.blend.smooth.networks, strict=True):
        for name, array in network.state_dict().items():
            np.testing.assert_array_equal(array.numpy(), twin.state_dict()[name].numpy(), err_msg=name)
    assert texts(one) == texts(other)


def texts(found):
    trees = found.blend.trees
    return None if trees is None else [[one.model_to_string() for one in some] for some in trees.boosters]


def test_the_test_interval_changes_no_weight_share_or_choice_of_any_member(month, with_values, blends):
    values = month.values.copy()
    values[528:] = np.random.default_rng(SEED).random(values[528:].shape) * 5000

    for one, other in zip(blends, blends_on(with_values(month, values)), strict=True):
        assert_same_blend(one, other)


def test_with_trees_come_two_models(blends):
    best, fast = blends

    assert (best.name, fast.name) == ("blend", "fast blend")
    assert set(best.shares) == {"linear", "network", "trees"}
    assert set(fast.shares) == {"linear", "network"}
    assert fast.blend.trees is None
    for one in blends:
        assert sum(one.shares.values()) == pytest.approx(1)
        assert not one.blend.smooth.training


def test_the_blend_errs_no_more_on_validation_than_its_members(blends):
    best, fast = ({choice.what: choice.validation_mae for choice in one.choices} for one in blends)
    alone = {choice.setting: choice.validation_mae for choice in blends[0].choices if choice.what == "member"}

    assert set(alone) == {"linear", "network", "trees"}
    assert best["blend"] <= min(alone.values()) + 1e-3
    assert best["blend"] <= fast["fast blend"] + 1e-3
    assert fast["fast blend"] <= min(alone["linear"], alone["network"]) + 1e-3


def test_a_place_that_is_measured_later_than_the_others_is_learned_too(month, with_values):
    values = month.values.copy()
    values[:200, 0] = np.nan

    best, _ = blends_on(with_values(month, values))

    assert all(np.isfinite(choice.validation_mae) for choice in best.choices)
    assert best.state.neighbour.shape == (16, 6)
