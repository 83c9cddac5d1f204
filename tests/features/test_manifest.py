"""A manifest that says something impossible is refused, and the refusal names the field."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from features.errors import ArtifactMismatch
from features.manifest import Manifest, TensorSpec, parse, schema_sha256

SPEC = TensorSpec(name="x", dtype="float32", shape=("entity", 24), unit="veh/h", meaning="Volumes")


def test_a_manifest_survives_the_file(make_manifest: Callable[..., Manifest]) -> None:
    manifest = make_manifest(state_as_of="2022-12-31T14:00:00Z", config={"nested": {"list": [1, 2.5, None, "가"]}})

    assert parse(manifest.to_json().encode()) == manifest


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        pytest.param("version", 0, "version", id="versions start at one"),
        pytest.param("name", "../traffic", "name", id="a name is never a path"),
        pytest.param("name", "traffic\n", "name", id="nor ends in a line break"),
        pytest.param("created_at", "2022-12-31T15:00:00", "created_at", id="a time without a zone"),
        pytest.param("minimum_runtime", "latest", "minimum_runtime", id="a runtime that is no version"),
        pytest.param("inputs", [], "inputs", id="a model without inputs"),
        pytest.param("entities", ["a", "b", "a"], "entities", id="an entity twice"),
        pytest.param("quantiles", [0.5, 0.1], "quantiles", id="quantiles that fall"),
        pytest.param("quantiles", [0.5, 1.0], "quantiles", id="a quantile of one"),
        pytest.param("step_min", 0, "step_min", id="steps of no length"),
        pytest.param("config", [1], "config", id="a config that is no object"),
        pytest.param("feature_schema_sha256", "0" * 64, "feature_schema_sha256", id="the hash of another schema"),
        pytest.param("fallback", "other.onnx", "fallback", id="a fallback in another file"),
        pytest.param("non_finite", "zero", "non_finite", id="a policy that there is none of"),
        pytest.param("self_test", {"tolerance": 1e-3, "outputs": [], "fallback": []}, "self_test", id="no self-test"),
        pytest.param(
            "self_test",
            {"tolerance": 1e-3, "outputs": [{"output": "z", "shape": [1], "values": [1]}], "fallback": []},
            r"self_test.outputs is of \['z'\], not of \['y'\]",
            id="a self-test of another output",
        ),
        pytest.param("limits", {"ranges": [], "most_missing": 0.5}, "no fallback", id="limits, and nobody beyond them"),
        pytest.param(
            "deciles", [{"input": "y", "values": [[0] * 9]}], "'y' is no float input", id="deciles of nothing"
        ),
        pytest.param("deciles", [{"input": "x", "values": [[0] * 8]}], "deciles", id="eight deciles"),
        pytest.param(
            "deciles", [{"input": "x", "values": [[0] * 9] * 2}], "'x' has 2 ranges", id="deciles of two of three"
        ),
        pytest.param("accuracy", 0.99, "accuracy", id="a field nobody knows"),
    ],
)
def test_a_wrong_field_is_named(field: str, value: Any, named: str, make_manifest: Callable[..., Manifest]) -> None:
    text = json.dumps(json.loads(make_manifest().to_json()) | {field: value})

    with pytest.raises(ArtifactMismatch, match=named):
        parse(text.encode())


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        pytest.param({"ranges": [{"input": "x", "low": [1], "high": [0]}]}, "lies above high", id="low above high"),
        pytest.param({"ranges": [{"input": "x", "low": [0], "high": [1, 2]}]}, "not one for each", id="one low"),
        pytest.param({"ranges": [{"input": "z", "low": [0], "high": [1]}]}, "'z' is no float input", id="no input"),
        pytest.param({"ranges": [{"input": "x", "low": [0] * 2, "high": [1] * 2}]}, "last axis 3", id="two of three"),
        pytest.param({"ranges": [{"input": "x", "low": [0], "high": [1]}] * 2}, "two ranges", id="an input twice"),
        pytest.param({"most_missing": 1.5}, "most_missing", id="more than all"),
    ],
)
def test_limits_that_do_not_fit_are_named(
    limits: dict[str, Any], named: str, make_manifest: Callable[..., Manifest]
) -> None:
    fields = {"limits": {"ranges": [], "most_missing": None} | limits}
    text = json.dumps(json.loads(make_manifest(fallback="fallback.onnx").to_json()) | fields)

    with pytest.raises(ArtifactMismatch, match=named) as refusal:
        parse(text.encode())
    assert refusal.value.mend


@pytest.mark.parametrize(
    "shapes",
    [
        pytest.param((("entity", 3), ("step", 2)), id="an axis of another name"),
        pytest.param((("entity", 3), ()), id="a number without rows"),
        pytest.param(((3, 2), (3,)), id="a fixed number of rows"),
        pytest.param(((), ()), id="no rows at all"),
    ],
)
def test_a_fallback_needs_rows_that_come_first_everywhere(
    shapes: tuple[tuple[Any, ...], ...], make_manifest: Callable[..., Manifest]
) -> None:
    inputs, outputs = (
        (SPEC.model_copy(update={"name": name, "shape": s}),) for name, s in zip("xy", shapes, strict=True)
    )

    with pytest.raises(ValidationError, match="inputs and outputs have not one named first axis"):
        make_manifest(inputs=inputs, outputs=outputs, fallback="fallback.onnx")


@pytest.mark.parametrize("field", sorted(Manifest.model_fields))
def test_every_field_is_required(field: str, make_manifest: Callable[..., Manifest]) -> None:
    content = json.loads(make_manifest().to_json())
    del content[field]

    with pytest.raises(ArtifactMismatch, match=f"'{field}' is wrong: Field required"):
        parse(json.dumps(content).encode())


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        pytest.param(b"", "not JSON", id="an empty file"),
        pytest.param(b"\x80\x04K\x01.", "not JSON", id="a pickle"),
        pytest.param(b"[" * 100_000, "not JSON", id="brackets without end"),
        pytest.param(b"[]", "manifest", id="a list"),
        pytest.param(b'{"format": 3, "anything": "goes"}', "'format' is 3; this Haechi reads 2", id="the future"),
        pytest.param(b'{"format": 1}', "'format' is 1; this .* train the model again with this one", id="the past"),
        pytest.param(b'{"format": "1"}', "format", id="a format that is text"),
    ],
)
def test_what_is_no_manifest_is_refused(text: bytes, cause: str) -> None:
    with pytest.raises(ArtifactMismatch, match=cause) as refusal:
        parse(text)
    assert refusal.value.mend


def test_a_model_for_a_newer_haechi_is_refused(make_manifest: Callable[..., Manifest]) -> None:
    with pytest.raises(ArtifactMismatch, match=r"'minimum_runtime' is 99\.0\.0; this Haechi is"):
        parse(make_manifest(minimum_runtime="99.0.0").to_json().encode())


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param((0,), id="an axis of no length"),
        pytest.param((-1,), id="an axis of unknown length has a name"),
        pytest.param((True,), id="a truth is no length"),
        pytest.param(("Entity",), id="axes are lower case"),
        pytest.param(("24",), id="a number in quotes"),
    ],
)
def test_an_impossible_axis_is_refused(shape: tuple[Any, ...]) -> None:
    with pytest.raises(ValidationError):
        TensorSpec(name="x", dtype="float32", shape=shape, unit="1", meaning="?")


@given(
    change=st.sampled_from(
        [{"name": "z"}, {"dtype": "float64"}, {"shape": ("entity", 25)}, {"shape": ("time", 24)}, {"unit": "km/h"}]
    ),
    side=st.sampled_from(["input", "output"]),
)
def test_the_schema_hash_follows_every_field_that_a_caller_meets(change: dict[str, Any], side: str) -> None:
    changed = SPEC.model_copy(update=change)
    inputs, outputs = ([changed], [SPEC]) if side == "input" else ([SPEC], [changed])

    assert schema_sha256(inputs, outputs) != schema_sha256([SPEC], [SPEC])


def test_the_schema_hash_ignores_prose() -> None:
    reworded = SPEC.model_copy(update={"meaning": "Vehicles counted"})

    assert schema_sha256([reworded], [SPEC]) == schema_sha256([SPEC], [SPEC])
