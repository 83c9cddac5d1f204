"""Detectors by name or file: what is loaded stands alone, and is of a family that is known."""

import hashlib

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from features.cctv.kinds import KINDS, UserKind
from features.cctv.view import View
from features.errors import ArtifactMismatch, BadInput, UnknownName
from serving.cctv import detectors
from serving.cctv.detectors import open_detector

FLOAT = TensorProto.FLOAT
CELLS = 52**2 + 26**2 + 13**2


def graph(inputs, outputs, nodes, initializers=()):
    sides = [[helper.make_tensor_value_info(*one) for one in side] for side in (inputs, outputs)]
    made = helper.make_graph(nodes, "g", *sides, initializer=list(initializers))
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def constant(name, values):
    return helper.make_node("Constant", [], [name], value=onnx.numpy_helper.from_array(np.asarray(values, np.float32)))


def own():
    """Haechi's own family: finds one bus, whatever it is shown."""
    scores = np.zeros((1, 1, len(KINDS)))
    scores[0, 0, KINDS.index(UserKind.BUS)] = 0.9
    return graph(
        [("views", FLOAT, ["batch", 5, "height", "width"])],
        [("boxes", FLOAT, [1, 1, 4]), ("scores", FLOAT, [1, 1, len(KINDS)])],
        [constant("boxes", [[[10, 20, 50, 60]]]), constant("scores", scores)],
    )


def yolox():
    """The YOLOX family: finds nothing."""
    return graph(
        [("images", FLOAT, [1, 3, 416, 416])],
        [("output", FLOAT, [1, CELLS, 85])],
        [constant("output", np.zeros((1, CELLS, 85)))],
    )


def other():
    return graph([("x", FLOAT, [1, 3])], [("y", FLOAT, [1, 3])], [helper.make_node("Relu", ["x"], ["y"])])


def scattered():
    """The YOLOX family, whose weights lie in another file."""
    model = yolox()
    tensor = onnx.numpy_helper.from_array(np.zeros(4, np.float32), name="w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    model.graph.initializer.append(tensor)
    return model


@pytest.fixture
def saved(tmp_path):
    def save(model, name="own.onnx"):
        path = tmp_path / name
        path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
        return path

    return save


def view():
    picture = np.zeros((64, 96, 3), np.uint8)
    return View(picture=picture, slow_difference=picture[..., 0], fast_difference=picture[..., 0])


def test_a_file_of_a_known_family_detects(saved, tmp_path):
    path = saved(own())
    opened = open_detector(str(path), tmp_path)
    assert (opened.name, opened.sha256) == ("own", hashlib.sha256(path.read_bytes()).hexdigest())
    found = opened.make().detect(view())
    assert found.kinds() == [UserKind.BUS]
    assert found.xyxy_px.tolist() == [[10, 20, 50, 60]]


def test_the_yolox_family_is_recognised_by_its_graph(saved, tmp_path):
    assert len(open_detector(str(saved(yolox())), tmp_path).make().detect(view())) == 0


def test_every_camera_has_its_own_on_one_graph(saved, tmp_path):
    opened = open_detector(str(saved(yolox())), tmp_path)
    assert opened.make() is not opened.make()


@pytest.mark.parametrize(
    ("model", "error", "cause", "mend"),
    [
        pytest.param(other, BadInput, "no detector that is known here", "haechi-small", id="another graph"),
        pytest.param(scattered, ArtifactMismatch, "lies in another file", "weights inside", id="weights elsewhere"),
        pytest.param(lambda: b"dear diary", ArtifactMismatch, "not an ONNX graph", "haechi-small", id="no graph"),
    ],
)
def test_what_is_no_detector_is_refused(saved, tmp_path, model, error, cause, mend):
    with pytest.raises(error, match=cause) as refused:
        open_detector(str(saved(model())), tmp_path)
    assert mend in refused.value.mend


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        open_detector(str(tmp_path / "gone.onnx"), tmp_path)


def test_weights_that_were_never_fetched_say_how(tmp_path):
    with pytest.raises(BadInput, match="haechi weights get yolox-nano"):
        open_detector("yolox-nano", tmp_path)


def test_weights_that_were_altered_are_refused_with_both_hashes(saved, tmp_path):
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "yolox_nano.onnx").write_bytes(b"other")
    with pytest.raises(ArtifactMismatch) as refused:
        open_detector("yolox-nano", tmp_path)
    assert hashlib.sha256(b"other").hexdigest() in refused.value.cause
    assert detectors.weights.KNOWN["yolox-nano"].sha256 in refused.value.cause


def test_a_name_that_is_none_is_refused(tmp_path):
    with pytest.raises(UnknownName, match="haechi-small"):
        open_detector("haechi-smal", tmp_path)
