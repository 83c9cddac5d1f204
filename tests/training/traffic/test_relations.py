"""Places that err alike find each other, by what was measured before validation and nothing later."""

from dataclasses import replace

import numpy as np
import pytest

from features.console import progress
from features.traffic.config import TrafficConfig
from features.traffic.state import fresh
from training.traffic.relations import with_relations

SEED = 20
CONFIG = TrafficConfig(horizon_steps=3, history_steps=3, seasonal_lags_days=(1,), neighbours=2, factors=2)
DAYS = 40
LAST = 35 * 24


def related(panel, config=CONFIG, last=LAST):
    with progress() as bar:
        return with_relations(fresh(panel.entities, panel.start, config), panel, last, config, 3, bar)


@pytest.fixture(scope="module")
def town(make_panel):
    """Entities 0 and 3 err alike, 1 and 4 likewise, 2 and 5 as it happens."""
    print(f"seed {SEED}")  # noqa: T201
    chance = np.random.default_rng(SEED)
    panel = make_panel(days=DAYS)
    base = np.linspace(300, 800, 6) * (1 + 0.5 * np.sin(np.arange(DAYS * 24) / 24 * 2 * np.pi))[:, None]
    shocks = chance.normal(0, 1, (DAYS * 24, 2))
    errors = chance.normal(0, 0.3, base.shape)
    errors[:, [0, 3]] += shocks[:, :1]
    errors[:, [1, 4]] += shocks[:, 1:] / 2
    return replace(panel, values=(base * (1 + 0.1 * errors)).astype(np.float32))


def test_those_that_err_alike_are_each_others_neighbours(town):
    found = related(town)

    assert found.neighbour[0, [0, 3, 1, 4]].tolist() == [3, 0, 4, 1]
    assert (found.neighbour_weight[0, [0, 3, 1, 4]] > 0.5).all()


def test_nobody_is_a_neighbour_of_itself_and_weights_fall(town):
    found = related(town)

    assert not (found.neighbour == np.arange(6)).any()
    known = ~np.isnan(found.neighbour)
    np.testing.assert_array_equal(known, ~np.isnan(found.neighbour_weight))
    assert (found.neighbour_weight[known] > 0).all()
    assert (found.neighbour_weight[known] <= 1 + 1e-5).all()
    both = known.all(axis=0)
    assert (found.neighbour_weight[0, both] >= found.neighbour_weight[1, both]).all()


def test_patterns_are_those_that_the_city_shares(town):
    size = np.abs(related(town).loading)

    for pair, others in (([0, 3], [1, 2, 4, 5]), ([1, 4], [0, 2, 3, 5])):
        pattern = size[size[:, pair].sum(axis=1).argmax()]
        assert pattern[pair].min() > 2 * pattern[others].max()


def test_patterns_are_of_length_one_and_square_to_each_other(town):
    loading = related(town).loading

    np.testing.assert_allclose(loading @ loading.T, np.eye(2), atol=1e-4)


def test_what_comes_later_changes_nothing(town):
    values = town.values.copy()
    values[LAST:] *= np.random.default_rng(1).random(values[LAST:].shape)

    one, other = related(town), related(replace(town, values=values))

    for name in ("neighbour", "neighbour_weight", "loading"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def test_the_rest_of_the_state_stays_newborn(town):
    assert np.isnan(related(town).level).all()


def test_gaps_hide_no_neighbour(town):
    values = town.values.copy()
    values[np.random.default_rng(2).random(values.shape) < 0.3] = np.nan

    found = related(replace(town, values=values))

    assert found.neighbour[0, [0, 3, 1, 4]].tolist() == [3, 0, 4, 1]
    assert np.isfinite(found.loading).all()


def test_two_that_were_hardly_measured_together_are_no_neighbours(town):
    values = town.values.copy()
    values[: LAST - 50, 3] = np.nan

    found = related(replace(town, values=values))

    assert 3 not in found.neighbour[:, 0]
    assert np.isnan(found.neighbour[:, 3]).all()


@pytest.mark.parametrize("entities", [1, 2])
def test_fewer_entities_than_neighbours_leave_places_empty(entities, town):
    config = replace(CONFIG, neighbours=8, factors=6)
    panel = town.select((town.entities[0], town.entities[3])[:entities])

    found = related(panel, config)

    assert found.neighbour.shape == (8, entities)
    assert (~np.isnan(found.neighbour)).sum(axis=0).tolist() == [entities - 1] * entities
    assert np.isnan(found.loading[entities:]).all()
    assert np.isfinite(found.loading[:entities]).all()


def test_one_bad_hour_makes_no_two_places_alike(town):
    values = town.values.copy()
    values[500, [2, 5]] = 0

    found = related(replace(town, values=values))

    weight = found.neighbour_weight[:, 2][found.neighbour[:, 2] == 5]
    assert (weight < 0.5).all()
