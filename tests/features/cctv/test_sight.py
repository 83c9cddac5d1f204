"""Looks put together: what only a closer one finds, what it must not take for a vehicle, and what is gained on film."""

import zipfile
from dataclasses import replace
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from features.cctv.background import Background
from features.cctv.detections import Detections, iou
from features.cctv.detectors.yolox import Yolox
from features.cctv.gate import GateConfig
from features.cctv.kinds import UserKind
from features.cctv.sight import FRUGAL, USUAL, Sight
from features.cctv.view import View

SIZE = (352, 288)
MOVES = np.full((288, 352), 255, np.uint8)
BLANK = np.zeros((288, 352), np.uint8)
VIEW = View(picture=np.zeros((288, 352, 3), np.uint8), slow_difference=BLANK, fast_difference=BLANK)


THOROUGH = GateConfig(full_s=0.2, close_s=0.4)


class Told:
    """Finds what it is told to: in a whole picture, and in each part."""

    name, sha256 = "told", "0" * 64

    def __init__(self, whole=(), part=()):
        self.whole, self.part, self.shown = Detections.of(whole), Detections.of(part), []

    def detect(self, view):
        self.shown.append(view.picture.shape[:2])
        return self.whole if view.picture.shape[:2] == (288, 352) else self.part


def first_look(detector, config=THOROUGH):
    return Sight(detector, SIZE, config).see(VIEW, MOVES, 0.0)


def test_between_two_looks_nothing_is_fresh_and_what_was_found_is_held():
    detector = Told([(100, 100, 140, 130, 0.8, UserKind.CAR)])
    sight = Sight(detector, SIZE, FRUGAL)
    first, second = (sight.see(VIEW, MOVES, time_s) for time_s in (0.0, 0.2))
    assert first.looked == [(0, 0, 352, 288)]
    assert len(first.fresh) == len(first.held) == 1
    assert second.looked == []
    assert len(second.fresh) == 0
    assert second.held.xyxy_px.tolist() == [[100, 100, 140, 130]]
    assert detector.shown == [(288, 352)]


def test_what_only_a_closer_look_finds_lies_where_it_is_in_the_picture():
    seen = first_look(Told(part=[(50, 60, 70, 75, 0.8, UserKind.CAR)]))
    left, top = seen.looked[1][:2]
    assert seen.fresh.xyxy_px.tolist() == [[50 + left, 60 + top, 70 + left, 75 + top]]
    assert seen.fresh.score[0] < 0.8


@pytest.mark.parametrize(
    "box",
    [
        pytest.param((208, 60, 211, 75), id="cut at the part's edge"),
        pytest.param((40, 20, 160, 90), id="too large for a part"),
        pytest.param((50, 60, 60, 70), id="a piece of a bus"),
    ],
)
def test_what_a_closer_look_takes_for_a_vehicle_is_none(box):
    bus = (30, 30, 130, 130, 0.7, UserKind.BUS)
    seen = first_look(Told([bus], part=[(*box, 0.9, UserKind.CAR)]))
    # The part begins at the picture's own corner, so that only its other edges cut.
    assert seen.looked[1][:2] == (0, 0)
    assert seen.fresh.kinds() == [UserKind.BUS]


def test_a_part_for_a_detector_that_needs_less_for_less_is_believed_as_the_whole_is():
    detector = Told(part=[(10, 10, 30, 30, 0.8, UserKind.CAR)])
    sight = Sight(detector, SIZE, GateConfig(full_s=0.4, part_s=0.2))
    moving = BLANK.copy()
    moving[100:140, 100:160] = 255
    sight.see(VIEW, moving, 0.0)
    seen = sight.see(VIEW, moving, 0.2)
    assert seen.looked == [(92, 92, 168, 148)]
    assert seen.fresh.xyxy_px.tolist() == [[102, 102, 122, 122]]
    assert seen.fresh.score[0] == pytest.approx(0.8)


@pytest.fixture(scope="module")
def judged(real_data):
    """(config or None) to AP50 of vehicles on the annotated films, every 5th picture; None: one look at each."""
    ort = pytest.importorskip("onnxruntime")
    folder, weights = real_data / "cctv" / "tfl_annotated", real_data / "weights" / "yolox_nano.onnx"
    if not weights.is_file() or not folder.is_dir():
        pytest.skip(f"no weights or no films in {real_data}")
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = ort.InferenceSession(weights, options, providers=["CPUExecutionProvider"])

    def judge(config):
        return average_precision(
            [
                scored
                for film in sorted(folder.glob("*.mp4"))
                for scored in watched(film, lambda sheet: session.run(None, {"images": sheet})[0], config)
            ]
        )

    return judge


def watched(film, infer, config):
    """Of every 5th picture of a film: boxes, scores, true boxes."""
    detector = Yolox(infer, "", "yolox-nano", least_score=0.03)
    background, sight = Background(SIZE), Sight(detector, SIZE, config or USUAL)
    truth, video = annotated(film.with_suffix(".zip")), cv2.VideoCapture(str(film))
    for number in range(10_000):
        more, picture = video.read()
        if not more:
            return
        if number % 5:
            continue
        view = background.see(picture, number / 25)
        if config is None:
            found = detector.detect(replace(view, pixel_aspect=1.0))
        else:
            found = sight.see(view, background.moving, number / 25, background.slow_picture).held
        vehicles = found.take(np.array([kind.is_vehicle for kind in found.kinds()], bool))
        yield vehicles.xyxy_px, vehicles.score, np.array(truth.get(number, []), np.float32).reshape(-1, 4)


def annotated(path):
    """Boxes of each frame of a CVAT-for-video file."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        for box in ElementTree.fromstring(archive.read("annotations.xml")).iter("box"):  # noqa: S314
            if box.get("outside") != "1":
                sides = [float(box.get(side)) for side in ("xtl", "ytl", "xbr", "ybr")]
                found.setdefault(int(box.get("frame")), []).append(sides)
    return found


def average_precision(frames):
    """AP50: the area under precision over recall, each truth found once."""
    rows, count = [], 0
    for boxes, scores, truth in frames:
        count += len(truth)
        shared = iou(boxes, truth)
        for number in np.argsort(-scores, kind="stable"):
            hit = len(truth) > 0 and shared[number].max() >= 0.5
            rows.append((scores[number], hit))
            if hit:
                shared[:, shared[number].argmax()] = 0
    hits = np.array([hit for _, hit in sorted(rows, key=lambda row: -row[0])])
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float((np.maximum.accumulate(precision[::-1])[::-1] * hits).sum() / count)


@pytest.mark.parametrize(
    ("config", "least"),
    [
        pytest.param(FRUGAL, 0.635, id="frugal"),
        pytest.param(USUAL, 0.645, id="usual"),
        pytest.param(THOROUGH, 0.67, id="thorough"),
    ],
)
def test_on_film_more_is_found_than_by_a_look_at_each_picture(judged, config, least):
    assert judged(config) > least


def test_on_film_a_look_at_each_picture_by_itself_finds_what_is_to_be_beaten(judged):
    assert judged(None) == pytest.approx(0.595, abs=0.01)


def test_who_stands_hidden_is_seen_in_the_slow_background_until_they_leave():
    slow = np.full((288, 352, 3), 9, np.uint8)

    class Still(Told):
        def detect(self, view):
            return self.part if view.picture[0, 0, 0] == 9 else self.whole

    detector = Still(part=[(100, 100, 140, 130, 0.8, UserKind.CAR), (200, 100, 240, 130, 0.8, UserKind.CAR)])
    left = BLANK.copy()
    left[90:140, 190:250] = 60
    sight, view = Sight(detector, SIZE, FRUGAL), replace(VIEW, slow_difference=left)
    found = [sight.see(view, MOVES, 0.4 * number, slow).fresh for number in range(14)]
    assert [len(one) for one in found] == [0] * 13 + [1]
    assert found[-1].xyxy_px.tolist() == [[100, 100, 140, 130]]
