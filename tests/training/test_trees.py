"""LightGBM and onnxruntime say the same, on the very thresholds too; what would not is refused."""

from concurrent.futures import CancelledError
from itertools import pairwise

import lightgbm
import numpy as np
import onnxruntime
import pytest

from features.errors import BadInput
from training.export import TREE_OPSET
from training.trees import grow, refuse_inconvertible, to_onnx

SEED = 5
PLAIN = {
    "objective": "regression_l1",
    "num_leaves": 15,
    "min_data_in_leaf": 5,
    "seed": SEED,
    "deterministic": True,
    "num_threads": 1,
}


def data(seed=SEED, count=800, kind=np.float32):
    print(f"seed {seed}")  # noqa: T201
    chance = np.random.default_rng(seed)
    rows = chance.normal(0, 3, (count, 4)).astype(kind)
    rows[:, 3] = chance.integers(0, 4, count)  # a number of few values: thresholds between them
    rows[::7, 2] = 0
    target = np.sin(rows[:, 0]) * 50 + rows[:, 1] * rows[:, 3] + chance.normal(0, 1, count)
    return rows, target.astype(np.float32), np.ones(count, np.float32)


def grown(parameters=PLAIN, count=20):
    return grow(*data(), parameters, count)


@pytest.fixture(scope="module")
def trees():
    return grown()


def thresholds(booster):
    """(feature, threshold) of every split."""
    found = {}
    features = []
    for line in booster.model_to_string().split("\n"):
        if line.startswith("split_feature="):
            features = [int(each) for each in line.removeprefix("split_feature=").split()]
        if line.startswith("threshold="):
            values = [float(each) for each in line.removeprefix("threshold=").split()]
            for feature, value in zip(features, values, strict=True):
                found.setdefault(feature, set()).add(value)
    return found


def on_thresholds(booster):
    """A row for each threshold, and one a float32 below and above it, the others as drawn."""
    rows = []
    for feature, values in thresholds(booster).items():
        for number, value in enumerate(sorted(values)):
            at = np.float32(value)
            for one in (np.nextafter(at, np.float32(-np.inf)), at, np.nextafter(at, np.float32(np.inf))):
                row = data(seed=number)[0][number % 800].copy()
                row[feature] = one
                rows.append(row)
    return np.array(rows, dtype=np.float32)


def exported(booster, rows):
    session = onnxruntime.InferenceSession(to_onnx(booster, TREE_OPSET).SerializeToString())
    return session.run(None, {"rows": rows})[0][:, 0]


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param(PLAIN, id="the median"),
        pytest.param(PLAIN | {"objective": "quantile", "alpha": 0.9}, id="a quantile"),
        pytest.param(PLAIN | {"bagging_fraction": 0.5, "bagging_freq": 1, "lambda_l2": 10.0}, id="bagged"),
    ],
)
def test_both_say_the_same_on_every_threshold_and_beside_it(parameters):
    booster = grown(parameters)
    rows = on_thresholds(booster)

    assert len(rows) > 100
    np.testing.assert_allclose(exported(booster, rows), booster.predict(rows), rtol=1e-5, atol=1e-4)


def test_every_threshold_is_a_float32(trees):
    values = [value for some in thresholds(trees).values() for value in some]

    assert all(float(np.float32(value)) == value for value in values)


def test_rounding_moves_no_row_to_another_leaf():
    rows, target, weight = data()
    whole = lightgbm.train({**PLAIN, "verbosity": -1}, lightgbm.Dataset(rows, target, weight=weight), 20)

    np.testing.assert_array_equal(grown().predict(rows), whole.predict(rows))
    # Those who were not rounded are no float32, else this would prove nothing.
    assert any(float(np.float32(value)) != value for some in thresholds(whole).values() for value in some)


@pytest.mark.parametrize("value", [-2e-35, -1e-35, -5e-36, 0.0, 5e-36, 1e-35, 2e-35])
def test_what_is_nearly_zero_falls_the_same_way(value):
    rows = data()[0]
    rows[::2, 0] = 0
    booster = grow(rows, np.sign(rows[:, 0]) * 5, np.ones(len(rows), np.float32), PLAIN, 1)
    some = np.array([np.nextafter(np.float32(value), np.float32(to)) for to in (-1, value, 1)])
    probe = np.zeros((3, 4), np.float32)
    probe[:, 0] = some

    assert any(0 < abs(one) < 1e-34 for one in thresholds(booster)[0])
    np.testing.assert_array_equal(exported(booster, probe), booster.predict(probe).astype(np.float32))


@pytest.mark.parametrize("rows", [1, 2, 5000])
def test_any_number_of_rows(rows, trees):
    some = data(seed=9, count=rows)[0]

    np.testing.assert_allclose(exported(trees, some), trees.predict(some), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("size", [0.0, -0.0, 1e-30, 1e6, -1e6, 3e38])
def test_numbers_of_every_size(size, trees):
    rows = np.full((1, 4), size, dtype=np.float32)

    np.testing.assert_allclose(exported(trees, rows), trees.predict(rows), rtol=1e-5, atol=1e-4)


def test_a_target_that_never_varies_is_one_leaf():
    rows, target, weight = data()

    booster = grow(rows, target * 0 + 3, weight, PLAIN, 5)

    np.testing.assert_allclose(exported(booster, rows), 3, atol=1e-5)


def test_more_trees_fit_better():
    rows, target, _ = data()

    errors = [np.abs(grown(count=count).predict(rows) - target).mean() for count in (1, 10, 60)]

    assert all(later < earlier for earlier, later in pairwise(errors))


@pytest.mark.parametrize(
    "setting",
    [
        pytest.param({"zero_as_missing": True}, id="zeros that are missing"),
        pytest.param({"linear_tree": True}, id="lines in leaves"),
        pytest.param({"linear_trees": True}, id="lines in leaves, by another name"),
        pytest.param({"reg_sqrt": True}, id="roots of targets"),
        pytest.param({"objective": "multiclassova"}, id="one class against all"),
        pytest.param({"boosting": "rf"}, id="a forest"),
        pytest.param({"boosting_type": "rf"}, id="a forest, by another name"),
        pytest.param({"boosting": "random_forest"}, id="a forest, by another word"),
        pytest.param({"linear_tree": "true"}, id="lines in leaves, as text"),
        pytest.param({"zero_as_missing": "1"}, id="zeros that are missing, as a number"),
        pytest.param({"application": "multiclass_ova"}, id="one class against all, by another name and word"),
        pytest.param({"loss": "ova"}, id="one class against all, in short"),
        pytest.param({"cat_column": 3}, id="codes, by a third name"),
        pytest.param({"categorical_features": [3]}, id="codes, in the plural"),
        pytest.param({"categorical_feature": [3]}, id="codes"),
        pytest.param({"cat_feature": "name:x"}, id="codes, by another name"),
    ],
)
def test_a_setting_that_would_not_export_is_refused_by_name(setting):
    [name] = setting

    with pytest.raises(BadInput, match=name):
        grown(PLAIN | setting)


def test_growing_ends_where_nobody_waits_for_it():
    grown_trees = []

    def on_tree(one):
        grown_trees.append(one)
        if len(grown_trees) == 3:
            raise CancelledError

    rows = np.random.default_rng(3).standard_normal((500, 4)).astype(np.float32)
    with pytest.raises(CancelledError):
        grow(rows, rows[:, 0].copy(), np.ones(500, np.float32), PLAIN, 1000, on_tree)
    assert len(grown_trees) == 3


def test_what_exports_is_not_refused():
    refuse_inconvertible(PLAIN | {"zero_as_missing": False, "boosting": "gbdt", "linear_tree": False})


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda rows: np.where(rows > 2, np.float32(np.nan), rows), id="no number"),
        pytest.param(lambda rows: np.where(rows > 2, np.float32(np.inf), rows), id="without end"),
        pytest.param(lambda rows: rows.astype(np.float64), id="double precision"),
    ],
)
def test_rows_that_could_be_read_in_two_ways_are_refused(change):
    rows, target, weight = data()

    with pytest.raises(BadInput, match="not finite float32"):
        grow(change(rows), target, weight, PLAIN, 2)
