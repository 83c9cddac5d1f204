"""What Haechi's own detector is shown, and what it says, as detections; other graphs are refused."""

from types import SimpleNamespace

import numpy as np
import pytest

from features.cctv.detectors.small import Small, as_input, check_graph
from features.cctv.kinds import KINDS, UserKind
from features.cctv.view import View
from features.errors import BadInput


def port(name, shape, dtype="tensor(float)"):
    return SimpleNamespace(name=name, shape=shape, type=dtype)


VIEWS = port("views", ["batch", 5, "height", "width"])
BOXES, SCORES = port("boxes", ["batch", "n", 4]), port("scores", ["batch", "n", 7])


def view(width=70, height=40):
    picture = np.stack([np.full((height, width), level, np.uint8) for level in (10, 20, 30)], axis=2)
    slow, fast = np.full((height, width), 40, np.uint8), np.full((height, width), 50, np.uint8)
    return View(picture=picture, slow_difference=slow, fast_difference=fast)


def test_it_is_shown_five_planes_grown_to_multiples_of_32():
    shown = as_input(view())
    assert shown.shape == (5, 64, 96)
    assert shown.dtype == np.float32
    assert [plane[:40, :70].mean() for plane in shown] == [10, 20, 30, 40, 50]
    assert shown[:3, 40:].mean() == shown[:3, :, 70:].mean() == 114
    assert shown[3:, 40:].max() == shown[3:, :, 70:].max() == 0


def test_what_it_finds_is_told_once_and_within_the_picture():
    boxes = np.array([[[-5, 4, 20, 30], [-4, 4, 20, 30], [50, 10, 90, 39], [5, 5, 9, 9]]], np.float32)
    scores = np.full((1, 4, len(KINDS)), 0.01, np.float32)
    for number, (kind, score) in enumerate([(UserKind.CAR, 0.6), (UserKind.BUS, 0.9), (UserKind.PERSON, 0.3)]):
        scores[0, number, KINDS.index(kind)] = score
    found = Small(lambda _: (boxes, scores), "0" * 64, "haechi-small").detect(view())
    assert found.kinds() == [UserKind.BUS, UserKind.PERSON]
    assert found.xyxy_px.tolist() == [[0, 4, 20, 30], [50, 10, 70, 39]]


def test_nothing_found_is_no_error():
    nothing = np.zeros((1, 0, 4), np.float32), np.zeros((1, 0, 7), np.float32)
    assert len(Small(lambda _: nothing, "0" * 64, "haechi-small").detect(view())) == 0


def test_its_own_graph_fits():
    for outputs in ([BOXES, SCORES], [SCORES, BOXES]):
        assert check_graph([VIEWS], outputs) is None


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([port("images", [1, 3, 416, 416])], [BOXES, SCORES], id="pictures without differences"),
        pytest.param([port("views", [1, 3, 288, 352])], [BOXES, SCORES], id="three planes"),
        pytest.param([VIEWS], [BOXES], id="no scores"),
        pytest.param([VIEWS], [BOXES, port("scores", [1, "n", 80])], id="other kinds"),
        pytest.param([port("views", [1, 5, 288, 352], "tensor(float16)")], [BOXES, SCORES], id="half floats"),
    ],
)
def test_another_graph_is_refused(inputs, outputs):
    with pytest.raises(BadInput, match=r"This is no Haechi graph: it has .*'haechi train cctv' makes one"):
        check_graph(inputs, outputs)
