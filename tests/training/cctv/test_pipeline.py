"""Detectors by name or file, and what is none."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from features.cctv.kinds import UserKind
from features.cctv.view import View
from features.errors import BadInput, UnknownName
from training.cctv.pipeline import Pipeline

WEIGHTS = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "weights" / "yolox_nano.onnx"
needs_weights = pytest.mark.skipif(not WEIGHTS.is_file(), reason=f"no {WEIGHTS}")


def graph(path, name, shape):
    """A graph that gives what it takes."""
    taken, given = (helper.make_tensor_value_info(one, TensorProto.FLOAT, shape) for one in (name, "same"))
    made = helper.make_graph([helper.make_node("Identity", [name], ["same"])], "g", [taken], [given])
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def test_a_name_that_is_none_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(UnknownName, match="yolox-nano"):
        Pipeline(detector_name="yolox-nan", home=tmp_path).detector()


def test_weights_that_were_never_fetched_are_named_with_how_to(tmp_path):
    with pytest.raises(BadInput, match="haechi weights get yolox-nano"):
        Pipeline(detector_name="yolox-nano", home=tmp_path).detector()


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        Pipeline(detector_name=str(tmp_path / "mine.onnx"), home=tmp_path).detector()


def test_what_is_no_graph_is_refused(tmp_path):
    (tmp_path / "mine.onnx").write_bytes(b"not a graph")
    with pytest.raises(BadInput, match="no ONNX graph"):
        Pipeline(detector_name=str(tmp_path / "mine.onnx"), home=tmp_path).detector()


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        pytest.param("views", [1, 3, 32, 32], id="named as ours, of other channels"),
        pytest.param("x", [1, 8], id="of no family"),
    ],
)
def test_a_graph_of_another_family_is_refused(tmp_path, name, shape):
    path = graph(tmp_path / "mine.onnx", name, shape)
    with pytest.raises(BadInput, match="graph"):
        Pipeline(detector_name=str(path), home=tmp_path).detector()


@needs_weights
@pytest.mark.parametrize("named", [pytest.param(True, id="by name"), pytest.param(False, id="by file")])
def test_public_weights_find_road_users(tmp_path, named):
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / WEIGHTS.name).symlink_to(WEIGHTS)

    detector = Pipeline(detector_name="yolox-nano" if named else str(WEIGHTS), home=tmp_path).detector()
    flat = np.full((288, 352), 114, np.uint8)
    found = detector.detect(View(picture=np.dstack([flat] * 3), slow_difference=flat, fast_difference=flat))

    assert detector.name == ("yolox-nano" if named else "yolox_nano")
    assert len(detector.sha256) == 64
    assert set(found.kinds()) <= set(UserKind)
