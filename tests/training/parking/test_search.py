"""What a search makes small, before the test part only."""

from datetime import timedelta

import numpy as np
import pytest

from features.errors import BadInput, UnknownName
from tests.training.parking.city import SMALL, START, free, options, table, write
from training.parking.search import DEFAULTS, problem

TINY = SMALL | {"network_steps": 30, "trees_count": 4, "issues": 60}


def silent(step, error):
    assert error > 0


@pytest.fixture
def searched(tmp_path):
    return problem(options(write(tmp_path, free(42)), table(tmp_path), config=TINY))


def test_the_figure_is_an_error_and_stands_beside_a_baseline(searched):
    found = searched.baselines((), silent)
    assert set(found) == {DEFAULTS, "last value + profile change"}
    assert next(iter(found)) == DEFAULTS
    assert searched.objective({}, silent) == found[DEFAULTS], "the same settings give the same figure"
    assert searched.objective({"trees_count": 1, "network_steps": 1}, silent) > found[DEFAULTS]
    assert (searched.unit, searched.simulated) == ("% of capacity", False)


def test_the_test_part_is_not_there(searched, tmp_path):
    values = free(42)
    cut = len(searched.objective.job.panel)
    assert searched.objective.job.panel.end == START + timedelta(hours=cut)
    assert cut == searched.objective.job.split.test == round(0.8 * len(values))
    values[cut:] = np.random.default_rng(1).integers(0, 60, values[cut:].shape)
    other = problem(options(write(tmp_path, values), table(tmp_path), config=TINY))
    assert other.identity == searched.identity
    assert other.objective({}, silent) == searched.objective({}, silent)


def test_settings_that_no_training_takes_are_refused_at_once(searched):
    searched.check({"network_width": 32, "weeks": 3})
    with pytest.raises(UnknownName, match="trees_leaves"):
        searched.check({"trees_leafs": 5})
    with pytest.raises(BadInput, match="outside"):
        searched.check({"trees_leaves": 1})
    assert set(searched.space) <= set(searched.known)
    assert set(searched.not_searched) <= set(searched.known)
    assert not set(searched.space) & set(searched.not_searched)
