"""A detector is exported only if its graph says what the network says, and fits into the package."""

import numpy as np
import onnxruntime
import pytest
import torch

from features.cctv.detectors.small import check_graph
from features.errors import HaechiError
from training.cctv import export as exporting
from training.cctv.export import export
from training.cctv.network import Network
from training.export import Graph


@pytest.fixture
def network():
    """Whose scores are anything but nothing."""
    torch.manual_seed(7)
    made = Network(4).eval()
    for head in made.heads:
        torch.nn.init.normal_(head.logits.weight)
    return made


@pytest.fixture
def views():
    return np.random.default_rng(7).uniform(0, 255, (3, 5, 96, 128)).astype(np.float32)


def test_graph_and_network_say_the_same(network, views, tmp_path):
    apart = export(network, tmp_path / "a.onnx", views)

    assert apart < 1e-3
    session = onnxruntime.InferenceSession(tmp_path / "a.onnx", providers=["CPUExecutionProvider"])
    check_graph(session.get_inputs(), session.get_outputs())


def test_the_graph_takes_pictures_of_any_size(network, views, tmp_path):
    export(network, tmp_path / "a.onnx", views)
    graph = Graph(tmp_path / "a.onnx")

    for height, width in ((32, 32), (288, 352), (480, 640)):
        boxes, scores = graph.outputs({"views": np.zeros((1, 5, height, width), np.float32)})
        assert boxes.shape[1] == scores.shape[1] == height * width * 21 // 256


def test_a_graph_that_differs_is_refused(network, views, tmp_path, monkeypatch):
    class Other(Graph):
        def outputs(self, inputs):
            boxes, scores = super().outputs(inputs)
            return boxes, scores + 0.1

    monkeypatch.setattr(exporting, "Graph", Other)
    with pytest.raises(HaechiError, match="Graph and network differ by"):
        export(network, tmp_path / "a.onnx", views)


def test_one_too_large_for_the_package_is_refused(network, views, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "MOST_BYTES", 1000)

    with pytest.raises(HaechiError, match="MiB, and may have") as refused:
        export(network, tmp_path / "a.onnx", views)
    assert "--set width" in refused.value.mend
