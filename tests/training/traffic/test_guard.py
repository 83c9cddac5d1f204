"""Limits that a bad day does not break, a fallback that is the profile, and rows for the self-test."""

from dataclasses import replace

import numpy as np
import pytest

from features.errors import ArtifactMismatch
from features.self_test import compare
from features.traffic import schema
from features.traffic.build import build
from features.traffic.config import TrafficConfig
from features.traffic.state import load
from serving.limits import RowLimits
from serving.outputs import MISSING, OUTSIDE
from serving.runtime import Runtime
from tests.training.traffic.rows import CONFIG, masked, rows
from training.export import Graph
from training.traffic import guard

UNIT = "veh/h"
KNOWN = 0.95
INPUTS, OUTPUTS = schema.inputs(CONFIG, UNIT), schema.outputs(CONFIG, UNIT)


@pytest.fixture(scope="module")
def limits():
    return guard.limits([rows(300, known=KNOWN), rows(200, seed=4, known=KNOWN)], CONFIG, UNIT)


@pytest.fixture
def faults(limits, make_manifest):
    """The rows of a call that lie beyond the limits of a quiet training."""
    manifest = make_manifest(inputs=INPUTS, outputs=OUTPUTS, limits=limits, fallback="fallback.onnx")
    return RowLimits(manifest).faults


@pytest.mark.parametrize("seed", range(5))
def test_rows_like_those_of_training_pass(seed, faults):
    print(f"seed {seed}")  # noqa: T201
    assert faults(rows(200, seed=100 + seed, known=KNOWN)) == {}


@pytest.mark.parametrize(
    "burst",
    [
        pytest.param({"recent_error": (0, -300), "neighbour_error": (None, -300)}, id="a road closed, its like too"),
        pytest.param({"recent_error": (1, -1), "seasonal_error": (1, -1)}, id="a city that stands still"),
        pytest.param({"recent_error": (1, 3)}, id="a night with three times the usual"),
        pytest.param({"calendar": (None, 1)}, id="a holiday, when training saw none"),
        pytest.param({"usual_error": (None, 200), "spread": (None, 250)}, id="a week of large errors"),
    ],
)
def test_a_burst_alone_breaks_no_limit(burst, make_manifest):
    quiet = rows(300, known=KNOWN)
    quiet["calendar"][:] = 0
    seen = guard.limits([quiet], CONFIG, UNIT)
    manifest = make_manifest(inputs=INPUTS, outputs=OUTPUTS, limits=seen, fallback="fallback.onnx")
    changed = rows(10, known=KNOWN)
    for name, (channel, value) in burst.items():
        changed[name][..., slice(None) if channel is None else channel] = value

    assert RowLimits(manifest).faults(changed) == {}


@pytest.mark.parametrize(
    ("name", "channel", "value"),
    [
        pytest.param("profile", None, 6000, id="vehicles a day for vehicles an hour"),
        pytest.param("recent_error", 0, -6000, id="an error of a city that is twenty times as large"),
        pytest.param("recent_error", 1, 100, id="a share in percent"),
        pytest.param("calendar", 0, 9, id="a flag that is none"),
        pytest.param("profile", None, np.nan, id="no profile at all"),
    ],
)
def test_what_no_day_brings_lies_outside(name, channel, value, faults):
    changed = rows(10, known=KNOWN)
    changed[name][3, ..., slice(None) if channel is None else channel] = value

    assert faults(changed) == {3: OUTSIDE}


def test_nothing_known_at_all_is_too_much_missing(faults, limits):
    assert limits.most_missing == 0.5
    assert faults(masked(rows(3))) == dict.fromkeys(range(3), MISSING)


def test_a_city_full_of_gaps_may_miss_more_but_never_nearly_everything():
    some, none = (guard.limits([rows(200, known=known)], CONFIG, UNIT).most_missing for known in (0.5, 0.0))

    assert 0.5 < some < 0.95
    assert none == 0.95


def test_a_city_without_its_covariates_stays_the_models_though_a_sensor_is_silent(make_manifest):
    config = replace(CONFIG, covariates=("rain_mm", "temperature_c", "wind_m_s"))
    seen = guard.limits([rows(300, known=KNOWN, config=config)], config, UNIT)
    inputs = schema.inputs(config, UNIT)
    manifest = make_manifest(inputs=inputs, outputs=OUTPUTS, limits=seen, fallback="fallback.onnx")
    changed = rows(3, known=1.0, config=config)
    changed["covariate_mask"][:] = False
    changed["recent_mask"][1, ..., 0] = changed["seasonal_mask"][1, ..., 0] = False
    changed["recent_mask"][2] = changed["seasonal_mask"][2] = False

    assert RowLimits(manifest).faults(changed) == {2: MISSING}


def test_a_storm_breaks_no_limit_and_what_never_varied_has_none(make_manifest):
    config = replace(CONFIG, covariates=("rain_mm", "snow_cm"))
    seen = rows(300, known=KNOWN, config=config)
    seen["covariate"][..., 0] = np.random.default_rng(1).uniform(0, 20, seen["covariate"].shape[:-1])
    seen["covariate"][..., 1] = 0
    limits = guard.limits([seen], config, UNIT)
    manifest = make_manifest(
        inputs=schema.inputs(config, UNIT), outputs=OUTPUTS, limits=limits, fallback="fallback.onnx"
    )
    changed = rows(3, known=1.0, config=config)
    changed["covariate"][:] = (50, 40)
    changed["covariate"][2, 0, 0] = 5000

    assert RowLimits(manifest).faults(changed) == {2: OUTSIDE}


@pytest.mark.parametrize("levels", [(0.1, 0.5, 0.9), (0.05, 0.25, 0.5, 0.75, 0.95)])
def test_the_fallback_is_the_profile_with_its_spread(levels, tmp_path):
    config = TrafficConfig(horizon_steps=4, history_steps=3, quantiles=levels)
    chance = np.random.default_rng(7)
    outer = len(levels) - 1
    profile = chance.uniform(300, 900, (6, 4)).astype(np.float32)
    spread = np.sort(chance.uniform(1, 99, (6, 4, outer)).astype(np.float32))
    spread[..., : outer // 2] = spread[..., : outer // 2][..., ::-1]
    guard.export_fallback(config, UNIT, tmp_path / "fallback.onnx")

    found = Graph(tmp_path / "fallback.onnx")({"profile": profile, "spread": spread})

    below, above = profile[..., None] - spread[..., : outer // 2], profile[..., None] + spread[..., outer // 2 :]
    np.testing.assert_allclose(found, np.concatenate([below, profile[..., None], above], axis=-1), rtol=1e-6)


def test_self_test_rows_are_of_known_places_one_missing_all_and_one_unseen():
    held_out = rows(40)
    held_out["profile"][::2] = np.nan
    found = guard.self_test_rows(held_out)

    assert {len(array) for array in found.values()} == {6}
    assert np.isfinite(found["profile"]).all()
    assert not any(found[name][4].any() for name in found if name.endswith("_mask"))
    assert found["entity_code"].tolist()[5] == -1
    np.testing.assert_array_equal(found["profile"][[4, 5]], found["profile"][[0, 0]])


def test_the_self_test_holds_for_its_graphs_and_for_no_others(tmp_path):
    guard.export_fallback(CONFIG, UNIT, tmp_path / "fallback.onnx")
    graph, tried = Graph(tmp_path / "fallback.onnx"), guard.self_test_rows(rows(40))
    test = guard.self_test(tried, graph, graph, CONFIG, UNIT)
    name = OUTPUTS[0].name

    for recorded in (test.outputs, test.fallback):
        compare("it", recorded, {name: graph(tried)}, test.tolerance)
        with pytest.raises(ArtifactMismatch, match=f"it fails its self-test: output '{name}'"):
            compare("it", recorded, {name: graph(tried) * np.float32(1.1)}, test.tolerance)


@pytest.mark.parametrize("seed", range(3))
def test_deciles_are_those_of_the_rows(seed):
    print(f"seed {seed}")  # noqa: T201
    parts = [rows(300, seed=seed), rows(200, seed=seed + 50)]
    found = {one.input: np.array(one.values) for one in guard.deciles(parts, CONFIG, UNIT)}

    assert set(found) == {spec.name for spec in INPUTS if spec.dtype == "float32"}
    for name, channels in (("profile", slice(None)), ("recent_error", 0), ("recent_error", 1)):
        values = np.concatenate([part[name][..., channels].ravel() for part in parts])
        place = channels if isinstance(channels, int) else 0
        expected = np.quantile(values, np.arange(1, 10) / 10)
        np.testing.assert_allclose(found[name][place], expected, rtol=1e-3, atol=1e-4)


def test_a_trained_model_is_served_with_its_guard_and_answers_for_its_own_city(trained_home):
    folder = trained_home / "artifacts" / "traffic" / "1"
    runtime = Runtime()
    manifest = runtime.load(folder)
    config = TrafficConfig.from_json(dict(manifest.config))
    state = load(folder / "state.parquet", config)
    table = build(None, state, config, [state.as_of])

    outputs = runtime.run("traffic", table.inputs)
    assert outputs.fallback == {}
    assert (manifest.non_finite, manifest.fallback) == ("refuse", "fallback.onnx")
    assert len((folder / "manifest.json").read_bytes()) < 100 << 10

    wrong = table.inputs | {"profile": table.inputs["profile"].copy()}
    wrong["profile"][2] *= 50
    answered = runtime.run("traffic", wrong)
    assert answered.fallback == {2: OUTSIDE}
    np.testing.assert_array_equal(answered["forecast"][2, :, 1], wrong["profile"][2])
    np.testing.assert_array_equal(np.delete(answered["forecast"], 2, 0), np.delete(outputs["forecast"], 2, 0))
