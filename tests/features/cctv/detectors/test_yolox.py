"""A YOLOX graph's cells as boxes of the picture, whatever its size; other graphs are refused."""

from types import SimpleNamespace

import numpy as np
import pytest

from features.cctv.detectors.yolox import Yolox, check_graph
from features.cctv.kinds import UserKind
from features.cctv.view import View
from features.errors import BadInput

CELLS = 52**2 + 26**2 + 13**2


def port(shape, name="images", dtype="tensor(float)"):
    return SimpleNamespace(name=name, shape=shape, type=dtype)


def view(width, height, aspect=1.0):
    plane = np.zeros((height, width), np.uint8)
    picture = np.full((height, width, 3), 7, np.uint8)
    return View(picture=picture, slow_difference=plane, fast_difference=plane, pixel_aspect=aspect)


class Graph:
    """Finds what it is told to, and keeps what it was shown."""

    def __init__(self, *found):
        self.rows = np.zeros((1, CELLS, 85), np.float32)
        for cell, (right, down, width, height), there, number, score in found:
            self.rows[0, cell, :5] = (right, down, np.log(width), np.log(height), there)
            self.rows[0, cell, 5 + number] = score

    def __call__(self, sheet):
        self.sheet = sheet
        return self.rows


def detect(graph, shown, **options):
    return Yolox(graph, "0" * 64, "yolox-nano", **options).detect(shown)


def test_a_cell_is_a_box_in_pixels_of_the_picture():
    # The second cell of the third row at stride 16, in a picture that is shown twice as large.
    graph = Graph((52**2 + 2 * 26 + 1, (0.5, 0.5, 2, 1), 0.9, 2, 0.8))
    found = detect(graph, view(208, 144))
    assert found.kinds() == [UserKind.CAR]
    assert found.score == pytest.approx([0.72])
    assert found.xyxy_px[0] == pytest.approx([4, 16, 20, 24])


def test_the_picture_is_shown_upper_left_on_grey_as_it_is():
    graph = Graph()
    detect(graph, view(208, 144))
    assert graph.sheet.shape == (1, 3, 416, 416)
    assert graph.sheet.dtype == np.float32
    assert (graph.sheet[0, :, :288] == 7).all()
    assert (graph.sheet[0, :, 288:] == 114).all()


def test_pixels_that_are_not_square_are_made_so_and_boxes_come_back_in_them():
    graph = Graph((52**2 + 2 * 26 + 1, (0.5, 0.5, 2, 1), 0.9, 2, 0.8))
    found = detect(graph, view(208, 144, aspect=1.2))
    assert (graph.sheet[0, :, :240] == 7).all()
    assert (graph.sheet[0, :, 240:] == 114).all()
    assert found.xyxy_px[0] == pytest.approx([4, 16 * 1.2, 20, 24 * 1.2])


@pytest.mark.parametrize(
    ("number", "kind"),
    [(0, UserKind.PERSON), (1, UserKind.BICYCLE), (3, UserKind.MOTORBIKE), (5, UserKind.BUS), (7, UserKind.TRUCK)],
)
def test_cocos_classes_are_our_kinds(number, kind):
    assert detect(Graph((0, (5, 5, 4, 4), 1, number, 0.5)), view(416, 416)).kinds() == [kind]


@pytest.mark.parametrize(
    ("there", "number", "score"),
    [
        pytest.param(0.05, 2, 1, id="nothing is there"),
        pytest.param(0.3, 2, 0.3, id="unlikely"),
        pytest.param(1, 14, 0.9, id="a bird"),
    ],
)
def test_what_is_unlikely_or_not_on_a_road_is_no_detection(there, number, score):
    assert len(detect(Graph((0, (5, 5, 4, 4), there, number, score)), view(416, 416), least_score=0.1)) == 0


def test_one_road_user_in_two_cells_is_found_once_and_boxes_end_at_the_edge():
    graph = Graph((0, (1, 1, 4, 4), 1, 2, 0.5), (1, (0.1, 1, 4, 4), 1, 7, 0.7))
    found = detect(graph, view(416, 416))
    assert found.kinds() == [UserKind.TRUCK]
    assert found.xyxy_px.min() == 0


def test_a_graph_of_another_size_is_told_its_side():
    assert check_graph([port([1, 3, 640, 640])], [port([1, 8400, 85])]) == 640
    assert check_graph([port(["batch", 3, 416, 416])], [port(["batch", CELLS, 85])]) == 416


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([port([1, 3, 416, 320])], [port([1, CELLS, 85])], id="not square"),
        pytest.param([port([1, 3, 400, 400])], [port([1, CELLS, 85])], id="no multiple of 32"),
        pytest.param([port([1, 3, "height", "width"])], [port([1, CELLS, 85])], id="a free side"),
        pytest.param([port([1, 3, 416, 416], dtype="tensor(uint8)")], [port([1, CELLS, 85])], id="bytes"),
        pytest.param([port([1, 3, 416, 416])], [port([1, 84, CELLS])], id="YOLOv8's output"),
        pytest.param([port([1, 3, 416, 416])], [port([1, CELLS, 6])], id="another data set's classes"),
        pytest.param([port([1, 3, 416, 416])] * 2, [port([1, CELLS, 85])], id="two inputs"),
    ],
)
def test_a_graph_that_is_no_yolox_is_refused(inputs, outputs):
    with pytest.raises(BadInput, match=r"This is no YOLOX graph.*'haechi weights get'"):
        check_graph(inputs, outputs)
