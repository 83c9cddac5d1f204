"""The detector's network answers for pictures of any size, in pixels, and says where each answer sits."""

import pytest
import torch

from features.cctv.kinds import KINDS
from training.cctv.network import STRIDES, Network, places

WIDTH = 8


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(7)
    return Network(WIDTH).eval()


@pytest.mark.parametrize(
    ("height", "width"), [pytest.param(64, 96, id="small"), pytest.param(288, 352, id="as cameras have it")]
)
def test_each_place_tells_of_a_box_and_a_score_for_each_kind(height, width, network):
    with torch.inference_mode():
        boxes, scores = network(torch.rand(2, 5, height, width) * 255)

    count = sum((height // stride) * (width // stride) for stride in STRIDES)
    assert boxes.shape == (2, count, 4)
    assert scores.shape == (2, count, len(KINDS))
    assert ((scores > 0) & (scores < 1)).all()
    assert (boxes[..., 2:] >= boxes[..., :2]).all()


def test_at_first_nothing_is_anything(network):
    with torch.inference_mode():
        _, scores = network(torch.rand(1, 5, 64, 64) * 255)

    assert scores.max() < 0.1


def test_a_box_lies_around_its_place(network):
    blind = Network(WIDTH).eval()
    for head in blind.heads:
        torch.nn.init.zeros_(head.box.weight)
        torch.nn.init.zeros_(head.box.bias)
    with torch.inference_mode():
        boxes, _ = blind(torch.rand(1, 5, 64, 96))
    middles, strides = places(64, 96)

    torch.testing.assert_close((boxes[0, :, :2] + boxes[0, :, 2:]) / 2, middles)
    torch.testing.assert_close(boxes[0, :, 2] - boxes[0, :, 0], strides)


def test_pictures_of_a_batch_do_not_see_each_other(network):
    views = torch.rand(3, 5, 64, 64) * 255
    with torch.inference_mode():
        together, alone = network(views)[1][1], network(views[1:2])[1][0]

    torch.testing.assert_close(together, alone)
