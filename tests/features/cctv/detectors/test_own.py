"""Haechi's own detector comes with the package, is the file that it should be, and finds a car in a rendered road."""

from importlib import resources
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from features.cctv.background import Background
from features.cctv.detections import iou
from features.cctv.detectors import own
from features.cctv.detectors.small import Small, check_graph
from features.errors import ArtifactMismatch, BadInput
from features.simulated.cctv.motion import Traffic
from features.simulated.cctv.picture import Painter
from features.simulated.cctv.plan import scenes

MOST_BYTES = 4 * 2**20
HOUR = 473_355
"""2024-01-01T03Z, noon in Seoul, in hours since 1970."""


@pytest.fixture
def detector():
    session = onnxruntime.InferenceSession(own.graph(), providers=["CPUExecutionProvider"])
    check_graph(session.get_inputs(), session.get_outputs())
    return Small(lambda views: tuple(session.run(["boxes", "scores"], {"views": views})), own.SHA256, own.NAME)


def test_it_is_small_enough_for_a_package():
    assert len(own.graph()) <= MOST_BYTES


def test_it_finds_the_vehicles_of_a_rendered_road(detector):
    scene = scenes(7, range(HOUR, HOUR + 1), 1, 4.0)[0]
    painter, background, last = Painter(scene), Background((scene.pose.width_px, scene.pose.height_px)), []
    for number, users in enumerate(Traffic(scene=scene).frames()):
        picture, boxes = painter.draw(users)
        if number % 2 == 0:
            view, last = background.see(picture, number / scene.fps), boxes
    true = [
        (box.left_px, box.top_px, box.right_px, box.bottom_px)
        for box in last
        if box.user.kind.is_vehicle and box.visible_share > 0.8 and box.bottom_px - box.top_px > 16
    ]
    found = detector.detect(view)
    sure = found.take(found.score > 0.3)

    assert true
    assert (iou(np.array(true, np.float32), sure.xyxy_px).max(axis=1) > 0.5).mean() >= 0.8


def test_another_file_in_its_place_is_refused(tmp_path, monkeypatch):
    (tmp_path / "haechi-small.onnx").write_bytes(b"another")
    monkeypatch.setattr(resources, "files", lambda _: Path(tmp_path))

    with pytest.raises(ArtifactMismatch, match="was altered"):
        own.graph()


def test_a_package_without_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "files", lambda _: Path(tmp_path))

    with pytest.raises(BadInput, match="comes without") as refused:
        own.graph()
    assert "haechi train cctv" in refused.value.mend
