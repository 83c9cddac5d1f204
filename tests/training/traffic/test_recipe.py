"""A recipe that cannot be followed is refused before anything is trained."""

import json

import pytest

from features.errors import BadInput, UnknownName
from features.plain import from_plain
from features.traffic.config import TrafficConfig
from training.traffic.recipe import MEMBERS, Recipe


def test_all_members_take_part_unless_said_otherwise():
    assert Recipe().members == MEMBERS


def test_a_recipe_survives_a_file():
    recipe = Recipe(members=("trees", "linear"), network_dropout=0.25, trees_count=7)

    assert from_plain(Recipe, json.loads(json.dumps(recipe.to_json()))) == recipe


def test_no_setting_is_the_features_too():
    assert not Recipe().to_json().keys() & TrafficConfig().to_json().keys()


@pytest.mark.parametrize("name", [name for name in Recipe().to_json() if name != "members"])
def test_every_number_has_its_bounds(name):
    for value in (-1, 10**9):
        with pytest.raises(BadInput, match=rf"{name}=.* is outside"):
            Recipe(**{name: value})


def test_a_number_that_is_none_is_refused():
    with pytest.raises(BadInput, match="network_dropout=nan is outside"):
        Recipe(network_dropout=float("nan"))


@pytest.mark.parametrize("members", [(), ("linear", "linear")])
def test_members_are_some_and_each_once(members):
    with pytest.raises(BadInput, match="is empty or names one twice"):
        Recipe(members=members)


@pytest.mark.parametrize(
    ("values", "nearest"),
    [
        pytest.param({"members": ["tree"]}, "trees", id="a member"),
        pytest.param({"members": ["networks"]}, "network", id="another"),
        pytest.param({"trees_cout": 5}, "trees_count", id="a setting"),
    ],
)
def test_a_slip_of_the_pen_offers_the_nearest(values, nearest):
    with pytest.raises(UnknownName, match=f"Did you mean '{nearest}'"):
        from_plain(Recipe, values)
