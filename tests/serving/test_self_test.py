"""A version that does not answer as it did where it was made is never served."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper

from features import self_test
from features.artifact import MANIFEST, SELF_TEST, seal
from features.errors import ArtifactMismatch
from features.manifest import TensorSpec
from serving.runtime import Runtime

X = np.array([[1, 2, 3]], dtype=np.float32)

Make = Callable[..., Path]


@pytest.fixture
def make_version(make_model: Make, make_spec: Callable[..., TensorSpec], tmp_path: Path) -> Make:
    """``traffic/VERSION`` that doubles, or does what ``operator`` does."""

    def make(version: int, operator: str = "Add", **changes: Any) -> Path:
        node = helper.make_node(operator, ["x", "x"], ["y"])
        return make_model(tmp_path, [node], [make_spec("x")], [make_spec("y")], version=version, **changes)

    return make


def rewritten(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """The artifact with another manifest, sealed again: every checksum holds."""
    content = json.loads((folder / MANIFEST).read_bytes())
    change(content)
    (folder / MANIFEST).write_text(json.dumps(content))
    seal(folder, None)
    return folder


def scaled(times: float) -> Callable[[dict[str, Any]], object]:
    def change(content: dict[str, Any]) -> None:
        output = content["self_test"]["outputs"][0]
        output["values"] = [value * times for value in output["values"]]

    return change


def test_a_self_test_that_fails_is_refused_and_the_old_version_stays(make_version: Make) -> None:
    runtime = Runtime()
    runtime.load(make_version(1))
    tampered = rewritten(make_version(2), scaled(1.01))

    with pytest.raises(
        ArtifactMismatch, match=r"model\.onnx fails its self-test: output 'y' expected .* got "
    ) as refused:
        runtime.load(tampered)

    assert "train the model again" in refused.value.mend
    assert [served.label for served in runtime.models()] == ["traffic/1"]
    np.testing.assert_array_equal(runtime.run("traffic", {"x": X})["y"], 2 * X)


def test_another_graph_under_the_same_name_is_refused(make_version: Make) -> None:
    folder, other = make_version(1), make_version(2, "Mul")
    (folder / "model.onnx").write_bytes((other / "model.onnx").read_bytes())
    seal(folder, None)

    with pytest.raises(ArtifactMismatch, match="fails its self-test: output 'y'"):
        Runtime().load(folder)


def test_what_another_processor_may_differ_by_is_let_through(make_version: Make) -> None:
    runtime = Runtime()
    runtime.load(rewritten(make_version(1), scaled(1 + self_test.TOLERANCE / 2)))
    assert [served.label for served in runtime.models()] == ["traffic/1"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is no table of self-test rows", id="an empty file"),
        pytest.param(b"\x80\x04K\x01.", "is no table of self-test rows", id="a pickle"),
        pytest.param({"x": X[:, :2]}, "cannot take its own self-test: Input 'x' .* got \\[1, 2\\]", id="another shape"),
        pytest.param({"x": X.astype("f8")}, "cannot take its own self-test: Input 'x' .* float64", id="another type"),
        pytest.param({"z": X}, "cannot take its own self-test: There is no input .* 'z'", id="another input"),
        pytest.param({"x": X}, r"output 'y' expected the shape \[2, 3\], got the shape \[1, 3\]", id="other rows"),
    ],
)
def test_rows_that_are_not_the_models_are_refused(content: Any, message: str, make_version: Make) -> None:
    folder = make_version(1)
    if isinstance(content, bytes):
        (folder / SELF_TEST).write_bytes(content)
    else:
        self_test.save_rows(content, folder / SELF_TEST)
    seal(folder, None)

    with pytest.raises(ArtifactMismatch, match=message) as refused:
        Runtime().load(folder)
    assert refused.value.mend


def test_nothing_in_the_rows_is_ever_unpickled(make_version: Make) -> None:
    folder = make_version(1)
    with (folder / SELF_TEST).open("wb") as file:
        np.savez(file, **{"input.x": np.array([{"a": 1}], dtype=object)})
    seal(folder, None)

    with pytest.raises(ArtifactMismatch, match="is no table of self-test rows: Object arrays cannot be loaded"):
        Runtime().load(folder)


def test_rows_without_measure_are_not_unpacked(make_version: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_version(1)
    np.savez_compressed(folder / SELF_TEST, **{"input.x": np.zeros((6_000_000, 3), np.float32)})
    seal(folder, None)

    with pytest.raises(ArtifactMismatch, match="holds 68 MiB, not a few rows"):
        Runtime().load(folder)


def test_a_promised_file_that_is_missing_is_named(make_version: Make) -> None:
    folder = make_version(1)
    (folder / SELF_TEST).unlink()
    seal(folder, None)

    with pytest.raises(ArtifactMismatch, match=r"'self_test' is given, but self_test\.npz is missing"):
        Runtime().load(folder)


@pytest.mark.parametrize(
    "array",
    [
        pytest.param(np.array([[0.1, np.nan], [np.inf, -3e30]], dtype="f4"), id="floats, some not finite"),
        pytest.param(np.array([2**62, -1]), id="integers that no float holds"),
        pytest.param(np.array([True, False]), id="truths"),
        pytest.param(np.array(["강남", ""], dtype=object), id="text"),
        pytest.param(np.zeros((0, 3), dtype="f4"), id="no row"),
    ],
)
def test_every_kind_of_output_can_be_recorded(array: np.ndarray) -> None:
    recorded = self_test.record({"y": array})

    self_test.compare("g", recorded, {"y": array}, self_test.TOLERANCE)
    for other in (array[:-1], None) if len(array) else (None,):
        with pytest.raises(ArtifactMismatch, match="output 'y' expected the shape"):
            self_test.compare("g", recorded, {} if other is None else {"y": other}, self_test.TOLERANCE)
