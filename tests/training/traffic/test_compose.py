"""One graph says what the members say together, whatever rows come, and takes what every model takes."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch

from features.console import progress
from features.traffic import schema
from tests.training.traffic.rows import CONFIG, ENTITIES, TINY, masked, persistent, rows, sample
from training.export import Graph, check_parity
from training.traffic.compose import export_blend
from training.traffic.members import fit_members
from training.traffic.model import LinearCorrection

SEED = 8
INPUTS = schema.inputs(CONFIG, "veh/h")
SHARES = {
    "all": {"linear": 0.25, "network": 0.35, "trees": 0.4},
    "no trees": {"linear": 0.5, "network": 0.5},
    "trees alone": {"trees": 1.0},
    "network alone": {"network": 1.0},
}
WITH_TREES = [name for name, shares in SHARES.items() if "trees" in shares]


@pytest.fixture(scope="module")
def members():
    inputs = rows(600)
    linear = LinearCorrection(CONFIG)
    linear.weight.copy_(torch.randn(linear.weight.shape, generator=torch.Generator().manual_seed(5)) / 50)
    recipe = replace(TINY, network_seeds=2, network_epochs=3, network_learning_rate=0.02)
    known = sample(inputs, persistent(inputs))
    with progress() as bar:
        return fit_members(linear, known, np.arange(600), CONFIG, recipe, SEED, bar)


@pytest.fixture(scope="module")
def exported(members, tmp_path_factory):
    """By what it is made of: blend, native model, graph and its file."""

    def export(shares):
        blend, path = members.blend(shares), tmp_path_factory.mktemp("graph") / "model.onnx"
        native = export_blend(blend, CONFIG, "veh/h", path)
        return blend, native, Graph(path), path

    return {name: export(shares) for name, shares in SHARES.items()}


def on_thresholds(trees, count=600):
    """Rows whose own errors lie on what the first group's trees split them at, or a float32 beside it.

    Typical errors are one: what is divided by them stays as it is.
    """
    made = rows(count, seed=21, known=1.0)
    made["typical_error"] = np.ones_like(made["typical_error"])
    chance = np.random.default_rng(SEED)
    hit = 0
    for feature, values in _thresholds(trees.boosters[0]).items():
        if feature < trees.features.latest:
            at = np.float32(chance.choice(sorted(values), count))
            beside = [np.nextafter(at, np.float32(to)) for to in (-np.inf, np.inf)]
            made["recent_error"][:, feature, 0] = np.choose(chance.integers(0, 3, count), [at, *beside])
            hit += len(values)
    assert hit > 3, "no tree looks at the latest errors"
    return made


def _thresholds(boosters):
    found = {}
    for booster in boosters:
        for line in booster.model_to_string().split("\n"):
            if line.startswith("split_feature="):
                features = [int(each) for each in line.removeprefix("split_feature=").split()]
            if line.startswith("threshold="):
                for feature, value in zip(features, line.removeprefix("threshold=").split(), strict=True):
                    found.setdefault(feature, set()).add(float(value))
    return found


def cases(trees):
    held_out = rows(200, seed=31)
    never = rows(20, seed=33)
    never["profile"][::2] = np.nan
    return {
        "held out": held_out,
        "one row": rows(1, seed=32),
        "many rows": rows(2000, seed=34),
        "nothing known": masked(held_out),
        "under the masks": masked(held_out)
        | {f"{name}_error": held_out[f"{name}_error"] * np.nan for name in ("recent", "seasonal", "neighbour")},
        "nobody's code": held_out | {"entity_code": held_out["entity_code"] * 0 - 1},
        "codes too large": held_out | {"entity_code": held_out["entity_code"] + 10**6},
        "no time of any day": held_out | {"clock": held_out["clock"] * 99 - 40},
        "errors beyond measure": held_out | {"recent_error": held_out["recent_error"] * np.float32(1e6)},
        "a spread the wrong way round": held_out | {"spread": -held_out["spread"]},
        "never errs": held_out | {"typical_error": held_out["typical_error"] * 0},
        "never measured": never,
        "on thresholds": on_thresholds(trees),
    }


@pytest.mark.parametrize("made_of", SHARES)
def test_graph_and_model_agree_on_every_kind_of_row(made_of, exported, members):
    _, native, graph, _ = exported[made_of]

    check_parity(native, graph, cases(members.trees))


@pytest.mark.parametrize("made_of", WITH_TREES)
def test_what_was_judged_natively_is_what_is_served(made_of, exported):
    """The model's own rows may differ from the graph's by a bit, and then a tree may jump: nearly never."""
    blend, _, graph, _ = exported[made_of]
    inputs = rows(3000, seed=41)

    same = np.isclose(blend(inputs), graph(inputs), rtol=1e-4, atol=1e-2)

    assert same.mean() > 0.999


@pytest.mark.parametrize("made_of", WITH_TREES)
def test_rows_on_thresholds_fall_the_same_way_natively(made_of, exported, members):
    blend, _, graph, _ = exported[made_of]
    inputs = on_thresholds(members.trees)

    same = np.isclose(blend(inputs), graph(inputs), rtol=1e-4, atol=1e-2)

    assert same.mean() > 0.999


@pytest.mark.parametrize("made_of", SHARES)
def test_no_row_depends_on_another(made_of, exported):
    _, _, graph, _ = exported[made_of]
    inputs = rows(9, seed=51)

    alone = [graph({name: array[row : row + 1] for name, array in inputs.items()}) for row in range(9)]

    np.testing.assert_allclose(np.concatenate(alone), graph(inputs), rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("made_of", SHARES)
def test_no_row_at_all_is_no_forecast(made_of, exported):
    assert exported[made_of][2](rows(0)).shape == (0, 4, 3)


@pytest.mark.parametrize("made_of", SHARES)
def test_quantiles_of_the_graph_rise(made_of, exported, members):
    _, _, graph, _ = exported[made_of]

    for name, inputs in cases(members.trees).items():
        found = graph(inputs)
        if name == "never measured":
            assert np.isnan(found[::2]).all()
            found = found[1::2]
        assert np.isfinite(found).all(), name
        assert (found >= 0).all(), name
        assert (np.diff(found) >= 0).all(), name


@pytest.mark.parametrize("made_of", SHARES)
def test_every_graph_takes_what_every_other_takes(made_of, exported):
    """Though a model may look away from some of it: one stands in for another."""
    found = onnx.load(exported[made_of][3]).graph

    assert [one.name for one in found.input] == [spec.name for spec in INPUTS]
    assert [one.name for one in found.output] == ["forecast"]
    assert {one.type.tensor_type.shape.dim[0].dim_param for one in (*found.input, *found.output)} == {"entity"}
    for one, spec in zip(found.input, INPUTS, strict=True):
        assert [axis.dim_param or axis.dim_value for axis in one.type.tensor_type.shape.dim] == list(spec.shape)


@pytest.mark.parametrize("made_of", SHARES)
def test_the_graph_is_sound(made_of, exported):
    onnx.checker.check_model(onnx.load(exported[made_of][3]), full_check=True)


def test_a_graph_without_trees_has_none(exported):
    kinds = {name: {node.op_type for node in onnx.load(made[3]).graph.node} for name, made in exported.items()}

    assert "TreeEnsembleRegressor" in kinds["all"]
    assert "TreeEnsembleRegressor" not in kinds["no trees"]


def test_codes_are_of_the_entities_of_training(members):
    assert members.networks[0].entities == ENTITIES
